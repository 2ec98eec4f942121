"""The attacks that the losses and `catrs attack` run: gradients with respect to inputs, in inference mode, weights frozen."""
import math
from contextlib import contextmanager

import torch
import torch.nn.functional as F


@contextmanager
def frozen(net):
    """Inference mode of the layers and no gradients of the weights; both come back as they were."""
    trained = net.training
    net.eval()
    net.requires_grad_(False)
    try:
        yield
    finally:
        net.requires_grad_(True)
        net.train(trained)


def lengths(rows):
    """The l2 norm of each example, to divide by."""
    return rows.flatten(1).norm(dim=1).view(-1, *[1] * (rows.dim() - 1))


def shortened(rows, length):
    """Each example brought back to at most this l2 norm."""
    norms = lengths(rows)
    return torch.where(norms <= length, rows, rows * (length / (norms + 1e-7)))


def gradient_at(inputs, objective):
    inputs = inputs.detach().requires_grad_(True)
    return torch.autograd.grad(objective(inputs), inputs)[0]


def kl_rows(targets, logits):
    """KL(targets || softmax(logits)) of each row, with 0 ln 0 = 0."""
    return F.kl_div(F.log_softmax(logits, -1), targets, reduction="none").sum(-1)


def copies_of(x, noise):
    """x + each noise, the copies of one noise after another: [copies * batch, ...]."""
    return (x + noise).flatten(0, 1)


def smoothed_loss(net, x, noise, labels):
    """-ln of the mean probability of the label over the noisy copies, summed over the images."""
    copies, batch = noise.shape[:2]
    probabilities = F.softmax(net(copies_of(x, noise)), 1).view(copies, batch, -1).mean(0)
    return F.nll_loss(probabilities.clamp_min(1e-20).log(), labels, reduction="sum")


def smoothed_pgd(net, x, labels, noise, *, epsilon, steps):
    """x + delta of SmoothAdv: steps along the normalised gradient, clamped to [0, 1], shortened to epsilon."""
    delta = torch.zeros_like(x)
    with frozen(net):
        for _ in range(steps):
            gradient = gradient_at(delta, lambda moved: smoothed_loss(net, x + moved, noise, labels))
            norms = lengths(gradient)
            lost = norms == 0
            if lost.any():
                gradient = torch.where(lost, torch.randn_like(gradient), gradient)
                norms = torch.where(lost, torch.ones_like(norms), norms)
            delta = delta + 2 * epsilon / steps * gradient / norms
            delta = (x + delta).clamp(0, 1) - x
            delta = shortened(delta, epsilon)
    return x + delta


def mix_pgd(net, x, labels, noise, *, step_size, steps, mix_step, strength=1):
    """The pair of SmoothMix: the image after `mix_step` steps, brought back, and the adversary after all."""
    moved, passed = x, x
    with frozen(net):
        for step in range(steps):
            if step == mix_step:
                passed = moved
            gradient = gradient_at(moved, lambda image: smoothed_loss(net, image, noise, labels))
            moved = (moved + step_size * gradient / (lengths(gradient) + 1e-8)).clamp(0, 1)
    clean = (x + shortened(passed - x, strength * step_size * mix_step)).clamp(0, 1)
    return clean, moved


def root_mean_square(rows):
    return rows.square().mean(1, keepdim=True).sqrt()


def restandardized(rows, reference):
    """Mean and root-mean-square of each noise as they were."""
    flat, first = rows.flatten(1), reference.flatten(1)
    centred = flat - flat.mean(1, keepdim=True)
    scaled = first.mean(1, keepdim=True) + centred * root_mean_square(first) / root_mean_square(flat)
    return scaled.view_as(rows)


def worst_noise(net, x, noise, soft, *, epsilon, steps):
    """The attack of CAT-RS on the noise of all copies of all images: x stays, each noise moves by at most epsilon."""
    copies = noise.shape[0]
    start = noise.flatten(0, 1)
    images, targets = x.repeat(copies, *[1] * (x.dim() - 1)), soft.repeat(copies, 1)
    moved = start
    with frozen(net):
        for _ in range(steps):
            gradient = gradient_at(moved, lambda rows: kl_rows(targets, net(images + rows)).sum() / copies)
            moved = moved + 2 * epsilon / steps * gradient / (lengths(gradient) + 1e-8)
            moved = restandardized(start + shortened(moved - start, epsilon), start)
    return moved.view_as(noise)


def binomial_p_value(most, second):
    """Two-sided exact test of `most` out of both at 1/2."""
    n = most + second
    tail = sum(math.comb(n, i) for i in range(second + 1))
    return 1.0 if most == second else min(1.0, 2 * tail / 2**n)
