"""State dicts laid out as those of rosinality/stylegan2-pytorch, and plain functions that say what they
compute, one sample at a time.
"""

import math
from itertools import pairwise

import torch
from torch.nn import functional as F

LATENT, LAYERS = 6, 2
WIDTHS = [4, 4, 2]
"""Feature maps at 4×4, 8×8 and 16×16."""
SQUARE = torch.tensor([1.0, 3, 3, 1])[:, None] * torch.tensor([1.0, 3, 3, 1]) / 64
ROOT = math.sqrt(2)


def generator_state(seed=0):
    """A `g_ema`."""
    draw, made = torch.Generator().manual_seed(seed), {}

    def new(name, *shape):
        made[name] = torch.randn(shape, generator=draw)

    def styled(name, inputs, outputs, kernel=3):
        new(f"{name}.conv.weight", 1, outputs, inputs, kernel, kernel)
        new(f"{name}.conv.modulation.weight", inputs, LATENT)
        new(f"{name}.conv.modulation.bias", inputs)

    def layer(name, inputs, outputs):
        styled(name, inputs, outputs)
        new(f"{name}.noise.weight", 1)
        new(f"{name}.activate.bias", outputs)

    def colors(name, inputs):
        styled(name, inputs, 3, 1)
        new(f"{name}.bias", 1, 3, 1, 1)

    for i in range(LAYERS):
        new(f"style.{i + 1}.weight", LATENT, LATENT)
        made[f"style.{i + 1}.weight"] *= 100
        new(f"style.{i + 1}.bias", LATENT)
    new("input.input", 1, WIDTHS[0], 4, 4)
    layer("conv1", WIDTHS[0], WIDTHS[0])
    colors("to_rgb1", WIDTHS[0])
    for i, (fewer, more) in enumerate(pairwise(WIDTHS)):
        layer(f"convs.{2 * i}", fewer, more)
        made[f"convs.{2 * i}.conv.blur.kernel"] = SQUARE * 4
        layer(f"convs.{2 * i + 1}", more, more)
        made[f"to_rgbs.{i}.upsample.kernel"] = SQUARE * 4
        colors(f"to_rgbs.{i}", more)
    for i in range(2 * len(WIDTHS) - 1):
        size = 4 << ((i + 1) // 2)
        new(f"noises.noise_{i}", 1, 1, size, size)
    return made


def discriminator_state(seed=1):
    """A `d`."""
    draw, made, widths = torch.Generator().manual_seed(seed), {}, WIDTHS[::-1]

    def new(name, *shape):
        made[name] = torch.randn(shape, generator=draw)

    new("convs.0.0.weight", widths[0], 3, 1, 1)
    new("convs.0.1.bias", widths[0])
    for i, (inputs, outputs) in enumerate(pairwise(widths), 1):
        new(f"convs.{i}.conv1.0.weight", inputs, inputs, 3, 3)
        new(f"convs.{i}.conv1.1.bias", inputs)
        made[f"convs.{i}.conv2.0.kernel"] = made[f"convs.{i}.skip.0.kernel"] = SQUARE
        new(f"convs.{i}.conv2.1.weight", outputs, inputs, 3, 3)
        new(f"convs.{i}.conv2.2.bias", outputs)
        new(f"convs.{i}.skip.1.weight", outputs, inputs, 1, 1)
    last = widths[-1]
    new("final_conv.0.weight", last, last + 1, 3, 3)
    new("final_conv.1.bias", last)
    new("final_linear.0.weight", last, last * 16)
    new("final_linear.0.bias", last)
    new("final_linear.1.weight", 1, last)
    new("final_linear.1.bias", 1)
    return made


def code_of(state, z):
    """w of one z."""
    x = z / (z.square().mean() + 1e-8).sqrt()
    for i in range(LAYERS):
        x = ROOT * F.leaky_relu(
            state[f"style.{i + 1}.weight"] @ x * 0.01 / math.sqrt(LATENT)
            + state[f"style.{i + 1}.bias"] * 0.01,
            0.2,
        )
    return x


def image_of(state, w):
    """The image of one w, with the noise of the file."""
    x = layer(state, "conv1", state["input.input"], w, 0)
    image = modulated(state, "to_rgb1", x, w, demodulate=False) + state["to_rgb1.bias"]
    for i in range(len(WIDTHS) - 1):
        x = layer(state, f"convs.{2 * i}", x, w, 2 * i + 1, up=True)
        x = layer(state, f"convs.{2 * i + 1}", x, w, 2 * i + 2)
        zeros = F.conv_transpose2d(image, torch.eye(3)[:, :, None, None], stride=2)
        doubled = F.conv2d(F.pad(zeros, (2, 2, 2, 2)), (4 * SQUARE).expand(3, 1, 4, 4), groups=3)
        image = (
            doubled + modulated(state, f"to_rgbs.{i}", x, w, demodulate=False) + state[f"to_rgbs.{i}.bias"]
        )
    return image


def layer(state, name, x, w, noise, up=False):
    y = modulated(state, name, x, w, up=up) + state[f"{name}.noise.weight"] * state[f"noises.noise_{noise}"]
    return ROOT * F.leaky_relu(y + state[f"{name}.activate.bias"][:, None, None], 0.2)


def modulated(state, name, x, w, demodulate=True, up=False):
    style = (
        state[f"{name}.conv.modulation.weight"] @ w / math.sqrt(LATENT)
        + state[f"{name}.conv.modulation.bias"]
    )
    weight = state[f"{name}.conv.weight"][0]
    weight = weight / math.sqrt(weight[0].numel()) * style[:, None, None]
    if demodulate:
        weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
    if not up:
        return F.conv2d(x, weight, padding=weight.shape[-1] // 2)
    y = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
    return F.conv2d(F.pad(y, (1, 1, 1, 1)), (4 * SQUARE).expand(len(weight), 1, 4, 4), groups=len(weight))


def scores_of(state, image):
    """The scores of at most four images, which are one group."""

    def conv(x, weight, bias, **how):
        scaled = weight / math.sqrt(weight[0].numel())
        y = F.conv2d(x, scaled, **how)
        return y if bias is None else ROOT * F.leaky_relu(y + bias[:, None, None], 0.2)

    def blurred(x, zeros):
        return F.conv2d(F.pad(x, (zeros,) * 4), SQUARE.expand(x.shape[1], 1, 4, 4), groups=x.shape[1])

    x = conv(image, state["convs.0.0.weight"], state["convs.0.1.bias"])
    for i in range(1, len(WIDTHS)):
        y = conv(x, state[f"convs.{i}.conv1.0.weight"], state[f"convs.{i}.conv1.1.bias"], padding=1)
        y = conv(
            blurred(y, 2), state[f"convs.{i}.conv2.1.weight"], state[f"convs.{i}.conv2.2.bias"], stride=2
        )
        x = (y + conv(blurred(x, 1), state[f"convs.{i}.skip.1.weight"], None, stride=2)) / ROOT
    deviation = (x.var(0, unbiased=False) + 1e-8).sqrt().mean().expand(len(x), 1, 4, 4)
    x = conv(
        torch.cat([x, deviation], 1), state["final_conv.0.weight"], state["final_conv.1.bias"], padding=1
    ).flatten(1)
    weight, bias = state["final_linear.0.weight"], state["final_linear.0.bias"]
    x = ROOT * F.leaky_relu(x @ weight.t() / math.sqrt(weight.shape[1]) + bias, 0.2)
    return (x @ state["final_linear.1.weight"].t() / math.sqrt(x.shape[1]) + state["final_linear.1.bias"])[
        :, 0
    ]
