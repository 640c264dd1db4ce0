"""Steps in PyTorch: of networks, eager and compiled, and on manifolds, as users write them, by hand, and in geoopt."""

import sys

import torch
from torch import nn
from torch.nn import functional as F

from steps import serve

device = torch.device(sys.argv[2] if len(sys.argv) > 2 else "cpu")
torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(1)
if device.type == "cuda":
    # What the other side computes: float32 without tensor cores' shorter mantissas.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False


def convolution(inputs, outputs, size, stride):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs)
    )


class PadChannels(nn.Module):
    """A shortcut that pads channels (He et al. 2016, option A)."""

    def __init__(self, stride, more):
        super().__init__()
        self.stride, self.more = stride, more

    def forward(self, x):
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))


class Residual(nn.Module):
    def __init__(self, branch, shortcut):
        super().__init__()
        self.branch, self.shortcut = branch, shortcut

    def forward(self, x):
        return F.relu(self.branch(x) + self.shortcut(x))


def basic(inputs, outputs, stride, shortcut):
    branch = [convolution(inputs, outputs, 3, stride), nn.ReLU(), convolution(outputs, outputs, 3, 1)]
    return Residual(nn.Sequential(*branch), nn.Identity() if inputs == outputs else shortcut)


def bottleneck(inputs, inner, stride):
    outputs = 4 * inner
    branch = [
        convolution(inputs, inner, 1, stride),
        nn.ReLU(),
        convolution(inner, inner, 3, 1),
        nn.ReLU(),
        convolution(inner, outputs, 1, 1),
    ]
    shortcut = nn.Identity() if inputs == outputs else convolution(inputs, outputs, 1, stride)
    return Residual(nn.Sequential(*branch), shortcut)


def head(width):
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10)]


def small(channels, count):
    widths = [16] * (count + 1) + [32] * count + [64] * count
    blocks = [basic(a, b, b // a, PadChannels(b // a, b - a)) for a, b in zip(widths, widths[1:])]
    return nn.Sequential(convolution(channels, 16, 3, 1), nn.ReLU(), *blocks, *head(64))


def resnet18(channels):
    widths = [64] * 3 + [128] * 2 + [256] * 2 + [512] * 2
    blocks = [basic(a, b, b // a, convolution(a, b, 1, b // a)) for a, b in zip(widths, widths[1:])]
    stem = [convolution(channels, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    return nn.Sequential(*stem, *blocks, *head(512))


def resnet50(channels):
    blocks, inputs = [], 64
    for stage, count in enumerate([3, 4, 6, 3]):
        for block in range(count):
            inner = 64 * 2**stage
            blocks.append(bottleneck(inputs, inner, 2 if stage > 0 and block == 0 else 1))
            inputs = 4 * inner
    stem = [convolution(channels, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    return nn.Sequential(*stem, *blocks, *head(2048))


models = {
    "ResNet-8": lambda channels: small(channels, 1),
    "ResNet-20": lambda channels: small(channels, 3),
    "ResNet-18": resnet18,
    "ResNet-50": resnet50,
}


def settled(step):
    """A GPU computes while Python goes on."""
    if device.type != "cuda":
        return step

    def wait():
        step()
        torch.cuda.synchronize()

    return wait


def network_step(model, side, channels, batch, layout, compiled):
    layout = torch.channels_last if layout == "channels last" else torch.contiguous_format
    network = models[model](channels).to(device, memory_format=layout)
    x = torch.randn(batch, channels, side, side).to(device, memory_format=layout)
    y = (torch.arange(batch) % 10).to(device)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, fused=True)
    torch._dynamo.reset()
    loss = (torch.compile if compiled else lambda f: f)(lambda x, y: F.cross_entropy(network(x), y))

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss(x, y).backward()
        optimizer.step()

    return settled(step)


def optimizer_step(model, channels):
    parameters = list(models[model](channels).parameters())
    for parameter in parameters:
        parameter.grad = 0.01 * torch.randn_like(parameter)
    return torch.optim.SGD(parameters, lr=0.01, momentum=0.9, fused=True).step


def written_step(count, n, project, retract):
    """Riemannian SGD with momentum on `count` kernels of n×n, as a user writes it on [count, n, n]."""
    state = [retract(torch.randn(count, n, n)), torch.zeros(count, n, n)]
    g = torch.randn(count, n, n)

    def step():
        x, m = state
        m = 0.9 * m + project(x, g)
        y = retract(x - 0.01 * m)
        state[:] = [y, project(y, m)]

    return step


def stiefel_project(x, u):
    xu = x.transpose(1, 2) @ u
    return u - x @ (xu + xu.transpose(1, 2)) / 2


def stiefel_retract(x):
    q, r = torch.linalg.qr(x)
    return q * torch.diagonal(r, dim1=1, dim2=2).sign().unsqueeze(1)


written = {
    "sphere": (
        lambda x, u: u - (x * u).sum((1, 2), keepdim=True) * x,
        lambda x: x / x.norm(dim=(1, 2), keepdim=True),
    ),
    "oblique": (lambda x, u: u - (x * u).sum(1, keepdim=True) * x, lambda x: x / x.norm(dim=1, keepdim=True)),
    "Stiefel": (stiefel_project, stiefel_retract),
}


def planes_step(count, n, project, retract):
    """
    The same tuned by hand: [n, n, count], so that every entry is a plane of its own, and in place where that is possible.
    """
    x = torch.randn(n, n, count)
    retract(x)
    m, g = torch.zeros(n, n, count), torch.randn(n, n, count)

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
    n = x.shape[1]
    xu = [[(x[:, j] * u[:, k]).sum(0) for k in range(n)] for j in range(n)]
    for k in range(n):
        for j in range(n):
            u[:, k].addcmul_(x[:, j], (xu[j][k] + xu[k][j]).mul(0.5), value=-1)
    return u


def planes_stiefel_retract(x):
    for j in range(x.shape[1]):
        for k in range(j):
            x[:, j].addcmul_(x[:, k], (x[:, k] * x[:, j]).sum(0), value=-1)
        x[:, j].mul_((x[:, j] * x[:, j]).sum(0).rsqrt_())


planes = {
    "sphere": planes_unit((0, 1)),
    "oblique": planes_unit((0,)),
    "Stiefel": (planes_stiefel_project, planes_stiefel_retract),
}


def geoopt_step(count, n, manifold):
    """geoopt's own optimizer on as many kernels. Its sphere is the last axis; columns of spheres are the oblique manifold."""
    on, *shape = {
        "sphere": (geoopt.Sphere(), n * n),
        "oblique": (geoopt.Sphere(), n, n),
        "Stiefel": (geoopt.EuclideanStiefel(), n, n),
    }[manifold]
    point = geoopt.ManifoldParameter(on.projx(torch.randn(count, *shape)), manifold=on)
    optimizer = geoopt.optim.RiemannianSGD([point], lr=0.01, momentum=0.9)
    point.grad = torch.randn(count, *shape)
    return optimizer.step


def layer_step(manifold, n, inputs, outputs, way):
    count = inputs * outputs
    if way == "geoopt":
        return geoopt_step(count, n, manifold)
    if way == "planes":
        return planes_step(count, n, *planes[manifold])
    if way == "planes, compiled":
        torch._dynamo.reset()
        return torch.compile(planes_step(count, n, *planes[manifold]))
    return written_step(count, n, *written[manifold])


try:
    import geoopt
except ImportError:
    geoopt = None

kinds = {"network": network_step, "optimizer": optimizer_step, "layer": layer_step}
about = {"PyTorch": torch.__version__}
if geoopt is not None:
    about["geoopt"] = geoopt.__version__
if device.type == "cuda":
    about["card"] = torch.cuda.get_device_name()
serve(about, lambda kind, **work: kinds[kind](**work))
