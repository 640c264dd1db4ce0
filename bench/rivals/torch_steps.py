"""Steps in PyTorch, one per line of standard input: a subject's name comes in, its milliseconds go out."""

import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

threads, batch, count = (int(argument) for argument in sys.argv[1:4])
torch.set_num_threads(threads)
torch.manual_seed(1)


class Block(nn.Module):
    """Two 3x3 convolutions with a shortcut that pads channels (He et al. 2016, option A)."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.one = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.two = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm_one, self.norm_two = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
        self.stride, self.more = stride, outputs - inputs

    def forward(self, x):
        y = self.norm_two(self.two(F.relu(self.norm_one(self.one(x)))))
        if self.more:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))
        return F.relu(x + y)


def resnet20():
    widths = [16] * 4 + [32] * 3 + [64] * 3
    blocks = [Block(a, b, 1 if a == b else 2) for a, b in zip(widths, widths[1:])]
    stem = [nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def network_step(layout):
    model = resnet20().to(memory_format=layout)
    x = torch.randn(batch, 1, 28, 28).to(memory_format=layout)
    y = torch.arange(batch) % 10
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step():
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def manifold_step(project, retract):
    """Riemannian SGD with momentum on `count` kernels of 3x3, as a user writes it on [count, 3, 3]."""
    state = [retract(torch.randn(count, 3, 3)), torch.zeros(count, 3, 3)]
    g = torch.randn(count, 3, 3)

    def step():
        x, m = state
        m = 0.9 * m + project(x, g)
        y = retract(x - 0.01 * m)
        state[:] = [y, project(y, m)]

    return step


def sphere_project(x, u):
    return u - (x * u).sum((1, 2), keepdim=True) * x


def oblique_project(x, u):
    return u - (x * u).sum(1, keepdim=True) * x


def stiefel_project(x, u):
    xu = x.transpose(1, 2) @ u
    return u - x @ (xu + xu.transpose(1, 2)) / 2


def stiefel_retract(x):
    q, r = torch.linalg.qr(x)
    return q * torch.diagonal(r, dim1=1, dim2=2).sign().unsqueeze(1)


subjects = {
    "ResNet-20": network_step(torch.contiguous_format),
    "ResNet-20, channels last": network_step(torch.channels_last),
    "sphere": manifold_step(sphere_project, lambda x: x / x.norm(dim=(1, 2), keepdim=True)),
    "oblique": manifold_step(oblique_project, lambda x: x / x.norm(dim=1, keepdim=True)),
    "Stiefel": manifold_step(stiefel_project, stiefel_retract),
}
print(torch.__version__, flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    subjects[line.strip()]()
    print(1000 * (time.perf_counter() - start), flush=True)
