"""Steps in PyTorch: a line with a subject's name and how often to step comes in, the milliseconds of every step go out."""

import os
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

threads, batch = (int(argument) for argument in sys.argv[1:3])
counts = [int(argument) for argument in sys.argv[3:]]
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


def manifold_step(count, project, retract):
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


def planes_step(count, project, retract):
    """The same tuned by hand: [3, 3, count], so that every entry is a plane of its own, and in place where that is possible."""
    x = torch.randn(3, 3, count)
    retract(x)
    m, g = torch.zeros(3, 3, count), torch.randn(3, 3, count)

    def step():
        m.mul_(0.9).add_(project(x, g.clone()))
        x.add_(m, alpha=-0.01)
        retract(x)
        project(x, m)

    return step


def planes_unit(dims):
    def project(x, u):
        return u.addcmul_(x, (x * u).sum(dims, keepdim=True), value=-1)

    def retract(x):
        x.mul_((x * x).sum(dims, keepdim=True).rsqrt_())

    return project, retract


def planes_stiefel_project(x, u):
    xu = [[(x[:, j] * u[:, k]).sum(0) for k in range(3)] for j in range(3)]
    for k in range(3):
        for j in range(3):
            u[:, k].addcmul_(x[:, j], (xu[j][k] + xu[k][j]).mul_(0.5), value=-1)
    return u


def planes_stiefel_retract(x):
    for j in range(3):
        for k in range(j):
            x[:, j].addcmul_(x[:, k], (x[:, k] * x[:, j]).sum(0), value=-1)
        x[:, j].mul_((x[:, j] * x[:, j]).sum(0).rsqrt_())


def geoopt_step(count, manifold, *shape):
    """geoopt's own optimizer on as many kernels."""
    point = geoopt.ManifoldParameter(manifold.projx(torch.randn(count, *shape)), manifold=manifold)
    optimizer = geoopt.optim.RiemannianSGD([point], lr=0.01, momentum=0.9)
    point.grad = torch.randn(count, *shape)
    return optimizer.step


subjects = {"ResNet-20": network_step(torch.contiguous_format)}
if counts:
    subjects["ResNet-20, channels last"] = network_step(torch.channels_last)
for count in counts:
    subjects |= {
        f"sphere {count}": manifold_step(count, sphere_project, lambda x: x / x.norm(dim=(1, 2), keepdim=True)),
        f"oblique {count}": manifold_step(count, oblique_project, lambda x: x / x.norm(dim=1, keepdim=True)),
        f"Stiefel {count}": manifold_step(count, stiefel_project, stiefel_retract),
        f"sphere, planes {count}": planes_step(count, *planes_unit((0, 1))),
        f"oblique, planes {count}": planes_step(count, *planes_unit((0,))),
        f"Stiefel, planes {count}": planes_step(count, planes_stiefel_project, planes_stiefel_retract),
    }
if counts and "GEOOPT" in os.environ:
    sys.path.insert(0, os.environ["GEOOPT"])
    import geoopt

    # Its sphere is the last axis; columns of spheres are the oblique manifold.
    for count in counts:
        subjects |= {
            f"sphere, geoopt {count}": geoopt_step(count, geoopt.Sphere(), 9),
            f"oblique, geoopt {count}": geoopt_step(count, geoopt.Sphere(), 3, 3),
            f"Stiefel, geoopt {count}": geoopt_step(count, geoopt.EuclideanStiefel(), 3, 3),
        }
print(torch.__version__, flush=True)
for line in sys.stdin:
    subject, times = line.strip().rsplit(" ", 1)
    if subject == "memory":
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)
        continue
    taken = []
    for _ in range(int(times)):
        start = time.perf_counter()
        subjects[subject]()
        taken.append(1000 * (time.perf_counter() - start))
    print(*taken, flush=True)
