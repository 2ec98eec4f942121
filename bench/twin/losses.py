"""The losses of the seven methods on one batch: scalars on the tape. README.md says what of each is the same as in catrs."""
import math

import torch
import torch.nn.functional as F

from attacks import copies_of, kl_rows, mix_pgd, smoothed_pgd, worst_noise


class Batch:
    """Images [batch, channels, height, width], labels [batch], and soft targets [batch, classes] for CAT-RS."""

    def __init__(self, x, labels, soft=None):
        self.x, self.labels, self.soft = x, labels, soft


def noisy_logits(net, x, noise):
    """Logits [copies, batch, classes] of one pass over all copies."""
    return net(copies_of(x, noise)).unflatten(0, noise.shape[:2])


def mean_cross_entropy(logits, labels):
    return F.cross_entropy(logits.flatten(0, 1), labels.repeat(logits.shape[0]))


def gaussian(net, batch, draws, *, numNoise):
    noise = draws.noise(batch.x, numNoise)
    return mean_cross_entropy(noisy_logits(net, batch.x, noise), batch.labels)


def stability(net, batch, draws, *, numNoise, **options):
    noise = draws.noise(batch.x, numNoise)
    clean, noisy = net(batch.x), noisy_logits(net, batch.x, noise)
    agreement = -(F.softmax(clean, 1) * F.log_softmax(noisy, 2)).sum(2).mean()
    return F.cross_entropy(clean, batch.labels) + options["lambda"] * agreement


def smoothadv(net, batch, draws, *, numNoise, attack):
    noise = draws.noise(batch.x, numNoise)
    attacked = smoothed_pgd(net, batch.x, batch.labels, noise, **attack)
    return mean_cross_entropy(noisy_logits(net, attacked, noise), batch.labels)


def quantile(p):
    return math.sqrt(2) * torch.erfinv(2 * p - 1)


def macer(net, batch, draws, *, numNoise, sigma, beta, gamma, **options):
    labels = batch.labels
    logits = noisy_logits(net, batch.x, draws.noise(batch.x, numNoise))
    classification = F.nll_loss((F.softmax(logits, 2).mean(0) + 1e-10).log(), labels, reduction="sum")
    (first, second), winners = best_two(F.softmax(beta * logits, 2).mean(0))
    margin = quantile(second) - quantile(first)
    counted = (winners == labels) & margin.isfinite() & (margin.abs() <= gamma)
    # Taken again of the images that count, since an infinite quantile of another would make the gradient NaN.
    kept = quantile(second[counted]) - quantile(first[counted]) + gamma
    robustness = sigma / 2 * kept.sum()
    return (classification + options["lambda"] * robustness) / len(labels)


def best_two(scores):
    values, classes = scores.topk(2)
    return values.unbind(1), classes[:, 0]


def consistency(net, batch, draws, *, numNoise, eta, **options):
    logits = noisy_logits(net, batch.x, draws.noise(batch.x, numNoise))
    mean = F.softmax(logits, 2).mean(0)
    divergence = kl_rows(mean, logits).mean(0)
    entropy = -(mean * mean.clamp_min(1e-20).log()).sum(1)
    return mean_cross_entropy(logits, batch.labels) + (options["lambda"] * divergence + eta * entropy).mean()


def smoothmix(net, batch, draws, *, numNoise, eta, attack):
    noise = draws.noise(batch.x, numNoise)
    clean, adversary = mix_pgd(net, batch.x, batch.labels, noise, **attack)
    logits = noisy_logits(net, clean, noise)
    mean = F.softmax(logits, 2).mean(0)
    share = draws.mixing(batch.x)
    wide = share.view(-1, 1, 1, 1)
    mixed = noisy_logits(net, (1 - wide) * clean + wide * adversary, noise)
    targets = (1 - share[:, None]) * mean + share[:, None] / mean.shape[1]
    mask = (mean.argmax(1) == batch.labels).to(mean.dtype)
    mixup = (mask * kl_rows(targets, mixed).mean(0)).mean()
    return mean_cross_entropy(logits, batch.labels) + eta * mixup


def catrs(net, batch, draws, *, numNoise, attack, **options):
    noise = draws.noise(batch.x, numNoise)
    logits = noisy_logits(net, batch.x, noise)
    labels = batch.labels.repeat(numNoise)
    each = F.cross_entropy(logits.flatten(0, 1), labels, reduction="none").view(numNoise, -1)
    hits = (logits.argmax(2) == batch.labels).to(each.dtype).mean(0)
    k = draws.successes(hits, numNoise).clamp_min(1)
    attacked = worst_noise(net, batch.x, noise, batch.soft, **attack)
    ranks = torch.arange(numNoise, device=k.device)[:, None]
    low = (each.sort(0)[0] * (ranks < k)).sum(0) / numNoise
    high = kl_rows(batch.soft, noisy_logits(net, batch.x, attacked)).max(0)[0]
    return (low + options["lambda"] * (k == numNoise) * high).mean()


LOSSES = {
    "gaussian": gaussian,
    "stability": stability,
    "smoothadv": smoothadv,
    "macer": macer,
    "consistency": consistency,
    "smoothmix": smoothmix,
    "catrs": catrs,
}
