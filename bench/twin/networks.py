"""The networks of the benchmarks, with the names of their weights as catrs writes them."""
import torch
import torch.nn as nn
import torch.nn.functional as F

CIFAR10_MEAN, CIFAR10_STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.201)


class LeNet(nn.Module):
    """Two convolutions of 5x5 with pooling, two dense layers, for one channel of 28x28."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 20, 5), nn.Conv2d(20, 50, 5)
        self.fc1, self.fc2 = nn.Linear(800, 500), nn.Linear(500, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


def convolution3(inputs, filters, stride=1):
    return nn.Conv2d(inputs, filters, 3, stride, padding=1, bias=False)


class Block(nn.Module):
    """Two convolutions beside a shortcut, which halves with a convolution of 1x1."""

    def __init__(self, inputs, filters, halves):
        super().__init__()
        self.conv1, self.bn1 = convolution3(inputs, filters, 2 if halves else 1), nn.BatchNorm2d(filters)
        self.conv2, self.bn2 = convolution3(filters, filters), nn.BatchNorm2d(filters)
        self.downsample = None
        if halves:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, filters, 1, 2, bias=False), nn.BatchNorm2d(filters))

    def forward(self, x):
        residual = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(residual + (x if self.downsample is None else self.downsample(x)))


class CifarResNet(nn.Module):
    """Three stages of 16, 32 and 64 filters on images of 32x32, which it normalises itself."""

    def __init__(self, depth):
        super().__init__()
        self.register_buffer("mean", torch.tensor(CIFAR10_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(CIFAR10_STD).view(1, 3, 1, 1), persistent=False)
        self.conv1, self.bn1 = convolution3(3, 16), nn.BatchNorm2d(16)
        self.layer1, self.layer2, self.layer3 = (stage(width, (depth - 2) // 6) for width in (16, 32, 64))
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1((x - self.mean) / self.std)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))


def stage(filters, blocks):
    halves = filters > 16
    first = Block(filters // 2 if halves else filters, filters, halves)
    return nn.Sequential(first, *(Block(filters, filters, False) for _ in range(blocks - 1)))


def make(name, weights):
    """`lenet`, or `resnet20` with its depth, with the weights of a file."""
    net = LeNet() if name == "lenet" else CifarResNet(int(name.removeprefix("resnet")))
    missing, unexpected = net.load_state_dict(weights, strict=False)
    lacking = [key for key in missing if not key.endswith("num_batches_tracked")]
    assert not lacking and not unexpected, f"weights that do not fit: {lacking} {unexpected}"
    return net
