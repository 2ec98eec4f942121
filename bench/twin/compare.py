"""The numbers of a twin on given weights, images and draws, for the test that holds them against those of catrs."""
import torch

import networks
from attacks import copies_of, smoothed_pgd, worst_noise
from losses import LOSSES, Batch
from tensors import GivenDraws, channels_first, read


def opened(network, weights, data):
    given = read(data)
    x = channels_first(given["x"])
    return networks.make(network, read(weights)), given, x


def loss(*, network, weights, data, method, options):
    """The value of a loss and the norm of its gradient with respect to each weight."""
    net, given, x = opened(network, weights, data)
    net.train()
    batch = Batch(x, given["labels"].long(), given.get("soft"))
    value = LOSSES[method](net, batch, GivenDraws(given), **options)
    value.backward()
    norms = {name: parameter.grad.norm().item() for name, parameter in net.named_parameters()}
    return {"value": value.item(), "norms": norms}


def counts(*, network, weights, data):
    """Votes of the images `x` under the noises [copies, batch, ...], per image."""
    net, given, x = opened(network, weights, data)
    noise = channels_first(given["noise"])
    with torch.inference_mode():
        logits = net.eval()(copies_of(x, noise))
    votes = logits.argmax(1).view(noise.shape[:2])
    return {"counts": [torch.bincount(row, minlength=logits.shape[1]).tolist() for row in votes.T]}


def attacked(*, network, weights, data, epsilon, steps):
    """What the attacks of SmoothAdv and of CAT-RS return, as lists in the order of catrs."""
    net, given, x = opened(network, weights, data)
    noise = channels_first(given["noise"])
    images = smoothed_pgd(net, x, given["labels"].long(), noise, epsilon=epsilon, steps=steps)
    noises = worst_noise(net, x, noise, given["soft"], epsilon=epsilon, steps=steps)
    return {name: rows.movedim(-3, -1).flatten().tolist() for name, rows in (("images", images), ("noises", noises))}
