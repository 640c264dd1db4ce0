"""Steps of networks in JAX with optax's momentum, as one function that XLA compiles."""

import os
import sys

# Read when JAX is loaded; the number of threads is that of the processors that the process may use.
threads = int(sys.argv[1])
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])

import jax
import jax.numpy as jnp
import optax
from jax import lax, random

from steps import serve

if "JAX_COMPILATION_CACHE_DIR" in os.environ:
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 1)


def layers(model, channels):
    """Sizes of all convolutions in order, as blocks: [(name, inputs, outputs, size, stride)]."""
    if model == "ResNet-20":
        widths, stem = [16] * 4 + [32] * 3 + [64] * 3, ("stem", channels, 16, 3, 1)
    else:
        widths, stem = [64] * 3 + [128] * 2 + [256] * 2 + [512] * 2, ("stem", channels, 64, 7, 2)
    blocks = [
        [("one", a, b, 3, b // a), ("two", b, b, 3, 1)]
        + ([("shortcut", a, b, 1, b // a)] if model == "ResNet-18" and a != b else [])
        for a, b in zip(widths, widths[1:])
    ]
    return stem, blocks, widths[-1]


def parameters(key, model, channels):
    stem, blocks, width = layers(model, channels)

    def convolution(key, inputs, outputs, size):
        w = random.normal(key, (size, size, inputs, outputs)) * (2 / (size * size * inputs)) ** 0.5
        return {"w": w, "gamma": jnp.ones(outputs), "beta": jnp.zeros(outputs)}

    def of(key, convolutions):
        keys = random.split(key, len(convolutions))
        return {name: convolution(k, a, b, size) for k, (name, a, b, size, _) in zip(keys, convolutions)}

    first, last, *keys = random.split(key, len(blocks) + 2)
    return {
        "stem": of(first, [stem]),
        "blocks": [of(k, block) for k, block in zip(keys, blocks)],
        "head": {"w": random.normal(last, (width, 10)) * 0.1, "b": jnp.zeros(10)},
    }


def convolve(p, x, stride):
    size = p["w"].shape[0]
    y = lax.conv_general_dilated(
        x, p["w"], (stride, stride), [(size // 2, size // 2)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    mean, variance = y.mean((0, 1, 2)), y.var((0, 1, 2))
    return (y - mean) * lax.rsqrt(variance + 1e-5) * p["gamma"] + p["beta"]


def logits(p, x, model, channels):
    stem, blocks, _ = layers(model, channels)
    x = jax.nn.relu(convolve(p["stem"]["stem"], x, stem[4]))
    if model == "ResNet-18":
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), [(0, 0), (1, 1), (1, 1), (0, 0)])
    for q, block in zip(p["blocks"], blocks):
        stride, more = block[0][4], block[0][2] - block[0][1]
        y = convolve(q["two"], jax.nn.relu(convolve(q["one"], x, stride)), 1)
        if "shortcut" in q:
            x = convolve(q["shortcut"], x, stride)
        elif more:
            x = jnp.pad(x[:, ::stride, ::stride], [(0, 0)] * 3 + [(0, more)])
        x = jax.nn.relu(x + y)
    return x.mean((1, 2)) @ p["head"]["w"] + p["head"]["b"]


def network_step(model, side, channels, batch):
    x = random.normal(random.key(1), (batch, side, side, channels))
    y = jnp.arange(batch) % 10
    optimizer = optax.sgd(0.01, momentum=0.9)
    p = parameters(random.key(2), model, channels)
    held = [p, optimizer.init(p)]

    @jax.jit
    def update(p, state):
        loss = lambda p: optax.softmax_cross_entropy_with_integer_labels(logits(p, x, model, channels), y).mean()
        updates, state = optimizer.update(jax.grad(loss)(p), state, p)
        return optax.apply_updates(p, updates), state

    def step():
        held[:] = jax.block_until_ready(update(*held))

    return step


serve({"JAX": jax.__version__, "optax": optax.__version__}, lambda kind, **work: network_step(**work))
