"""The pieces of work that are timed."""
import torch
import torch.distributed as distributed

import networks
from attacks import binomial_p_value, gradient_at, smoothed_pgd
from losses import LOSSES, Batch
from tensors import Draws, channels_first, read

CLASSES = 10


class Worker:
    """One network with its images, on one device, and everything that is asked of it."""

    def __init__(self, *, network, weights, data, device="cpu"):
        self.device = torch.device(device)
        self.net = networks.make(network, read(weights)).to(self.device).eval()
        held = read(data)
        self.images = channels_first(held["images"]).to(self.device)
        self.labels = held["labels"].long().to(self.device)
        self.soft = held["soft"].to(self.device)
        self.optimizer = None
        self.steps = 0

    def batch(self, size):
        """The next images, as many as asked for, over and over."""
        order = (torch.arange(size) + self.steps * size) % len(self.images)
        self.steps += 1
        return Batch(self.images[order], self.labels[order], self.soft[order])

    def repeated(self, size):
        return self.images[torch.arange(size) % len(self.images)]

    @torch.inference_mode()
    def forward(self, *, batch, count):
        """Bare forward passes over one batch of noisy images."""
        x = self.repeated(batch) + 0.25 * torch.randn((batch, *self.images.shape[1:]), device=self.device)
        for _ in range(count):
            self.net(x).sum().item()

    @torch.inference_mode()
    def counts(self, image, *, sigma, batch, count):
        """Votes of `count` noisy batches of one image: the loop of Cohen et al., counted by `bincount` instead of a loop of Python."""
        counts = torch.zeros(CLASSES, dtype=torch.long, device=self.device)
        for _ in range(count):
            copies = image.repeat(batch, 1, 1, 1)
            votes = self.net(copies + torch.randn_like(copies) * sigma).argmax(1)
            counts += torch.bincount(votes, minlength=CLASSES)
        return counts

    def certify(self, *, sigma, batch, count):
        self.counts(self.images[:1], sigma=sigma, batch=batch, count=count).tolist()

    def predict(self, *, sigma, images, samples, batch):
        """Images one after the other: votes, and the test of the two best classes."""
        for i in range(images):
            image = self.images[i % len(self.images)][None]
            votes = self.counts(image, sigma=sigma, batch=batch, count=samples // batch).tolist()
            second, most = sorted(votes)[-2:]
            binomial_p_value(most, second)

    def gradient(self, *, batch, count):
        """Gradients of a scalar with respect to the images of one batch, weights frozen."""
        x = self.repeated(batch)
        self.net.requires_grad_(False)
        for _ in range(count):
            gradient_at(x, lambda moved: self.net(moved).square().sum())
        self.net.requires_grad_(True)

    def attack(self, *, sigma, batch, copies, epsilon, steps):
        """A batch attacked under fixed noises, as `catrs attack` does."""
        x = self.repeated(batch)
        labels = self.labels[torch.arange(batch) % len(self.labels)]
        smoothed_pgd(self.net, x, labels, Draws(sigma).noise(x, copies), epsilon=epsilon, steps=steps)

    def step(self, *, method, options, sigma, batch, count, rate):
        """Training steps of one method; where several processes train together, their gradients are averaged."""
        self.optimizer = self.optimizer or torch.optim.SGD(
            self.net.parameters(), lr=rate, momentum=0.9, weight_decay=1e-4
        )
        self.net.train()
        for _ in range(count):
            loss = LOSSES[method](self.net, self.batch(batch), Draws(sigma), **options)
            self.optimizer.zero_grad()
            loss.backward()
            average([parameter.grad for parameter in self.net.parameters()])
            self.optimizer.step()
            loss.item()
        self.net.eval()


def average(gradients):
    """The mean of the gradients over all processes, sent as one array."""
    if not distributed.is_initialized():
        return
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    for gradient, mean in zip(gradients, flat.split([gradient.numel() for gradient in gradients])):
        gradient.copy_(mean.view_as(gradient))


def join(*, rank, world, store):
    """Lets processes of one machine train together."""
    distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=world)


def normals(*, values, count):
    """Normal numbers into memory that is there."""
    out = torch.empty(values)
    for _ in range(count):
        out.normal_(0, 0.25)


def product(*, size, count):
    """Products of square matrices."""
    a, b = torch.ones(size, size), torch.ones(size, size)
    with torch.inference_mode():
        for _ in range(count):
            a @ b
