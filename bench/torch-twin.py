"""The same work in plain PyTorch: reads a line of JSON, does the work, answers with the seconds that it took."""
import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

SIGMA, EPSILON, STEPS, M, LAMBDA = 0.25, 1.0, 4, 4, 0.5
torch.manual_seed(5)


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(20, 50, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10),
    )


class Twin:
    def __init__(self, device):
        self.device = device
        self.net = lenet().to(device)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.01, momentum=0.9)
        self.image = torch.rand(1, 1, 28, 28, device=device)

    def forward(self, batch, count):
        """Bare forward passes of one batch."""
        x = torch.rand(batch, 1, 28, 28, device=self.device)
        self.net.eval()
        with torch.no_grad():
            for _ in range(count):
                self.net(x).sum().item()

    def certify(self, batch, count):
        """Votes of `count` noisy batches of one image, as the certify loop of Cohen et al. counts them."""
        self.net.eval()
        counts = torch.zeros(10, dtype=torch.long, device=self.device)
        with torch.no_grad():
            for _ in range(count):
                x = self.image.repeat(batch, 1, 1, 1)
                votes = self.net(x + torch.randn_like(x) * SIGMA).argmax(1)
                counts += torch.bincount(votes, minlength=10)
        return counts.tolist()

    def normals(self, batch, count):
        """Normal numbers for `count` batches of images, into memory that is there."""
        out = torch.empty(batch, 784, device=self.device)
        for _ in range(count):
            out.normal_(0, SIGMA)

    def step(self, batch, count):
        """Steps of CAT-RS: M noisy copies, a worst-case noise by projected gradients, momentum SGD."""
        x = torch.rand(batch, 1, 28, 28, device=self.device)
        labels = torch.arange(batch, device=self.device) % 10
        for _ in range(count):
            self.cat_rs(x, labels)

    def cat_rs(self, x, labels):
        copies = x.repeat(M, 1, 1, 1)
        labels = labels.repeat(M)
        noise = torch.randn_like(copies) * SIGMA
        soft, attacked = self.attack(copies, noise)
        self.net.train()
        logits = self.net(copies + noise)
        losses = F.cross_entropy(logits, labels, reduction="none").view(M, -1)
        hits = (logits.argmax(1) == labels).float().view(M, -1).mean(0)
        k = torch.binomial(torch.full_like(hits, M), hits).clamp_min(1).long()
        low = losses.sort(0)[0].cumsum(0).gather(0, (k - 1)[None])[0] / M
        high = self.divergence(attacked + copies, soft).view(M, -1).max(0)[0]
        loss = (low + LAMBDA * (k == M).float() * high).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        loss.item()

    def attack(self, copies, noise):
        self.net.eval()
        self.net.requires_grad_(False)
        with torch.no_grad():
            soft = F.softmax(self.net(copies + noise), 1).view(M, -1, 10).mean(0).repeat(M, 1)
        moved = noise
        for _ in range(STEPS):
            moved = moved.detach().requires_grad_(True)
            (gradient,) = torch.autograd.grad(self.divergence(copies + moved, soft).sum(), moved)
            with torch.no_grad():
                moved = moved + 2 * EPSILON / STEPS * gradient / self.norms(gradient)
                offset = moved - noise
                moved = noise + offset * (EPSILON / self.norms(offset)).clamp(max=1)
        self.net.requires_grad_(True)
        return soft, moved.detach()

    def divergence(self, inputs, soft):
        return F.kl_div(F.log_softmax(self.net(inputs), 1), soft, reduction="none").sum(1)

    @staticmethod
    def norms(tensor):
        return tensor.flatten(1).norm(dim=1).view(-1, 1, 1, 1).clamp_min(1e-12)


def main():
    twins = {}
    print(json.dumps({"version": torch.__version__, "cuda": torch.cuda.is_available()}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        device = request.get("device", "cpu")
        torch.set_num_threads(request["threads"])
        twin = twins.setdefault(device, None) or Twin(device)
        twins[device] = twin
        begin = time.perf_counter()
        getattr(twin, request["work"])(request["batch"], request["count"])
        if device == "cuda":
            torch.cuda.synchronize()
        print(json.dumps({"seconds": time.perf_counter() - begin}), flush=True)


main()
