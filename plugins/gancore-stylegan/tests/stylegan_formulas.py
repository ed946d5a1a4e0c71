"""StyleGAN's networks as plain functions of their weights, in the published parametrization.

`state` is a `state_dict` of the part under test. A leaky ReLU is followed by a gain of √2 in StyleGAN2 and 3,
which so meets weights and biases alike; in StyleGAN the gain is a factor of the weights. `clamp` bounds what
a layer gives, after the gain.
"""

import math

import torch
from gancore_stylegan.stylegan3.filters import low_pass, radial_low_pass
from gancore_stylegan.stylegan3.plan import plan
from torch.nn import functional as F

ROOT = math.sqrt(2)
TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64) / 8
SQUARE = TAPS[:, None] * TAPS


def under(state, name):
    """The part of a state below a name."""
    return {key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")}


def numbered(state, name):
    """How many modules a list holds."""
    return len({key.split(".")[1] for key in state if key.startswith(f"{name}.")})


def normalized(z):
    return z / (z.square().mean(1, keepdim=True) + 1e-8).sqrt()


def bounded(x, clamp):
    return x.clamp(-clamp, clamp)


def affine(state, w):
    return w @ state["weight"].t() / math.sqrt(w.shape[1]) + state["bias"]


def filtered(x, kernel, pads, up=1, down=1):
    """Zeros between samples, zeros around, the filter, each `down`-th sample."""
    n, c, h, w = x.shape
    spread = x.new_zeros(n, c, h, up, w, up)
    spread[:, :, :, 0, :, 0] = x
    spread = F.pad(spread.reshape(n, c, h * up, w * up), pads)
    kernel = kernel if kernel.dim() == 2 else kernel[:, None] * kernel
    return F.conv2d(spread, kernel.flip(0, 1).to(x).expand(c, 1, *kernel.shape), groups=c)[
        :, :, ::down, ::down
    ]


# --- mapping networks


def mapping(state, x, multiplier, gain_after):
    """w of normalized inputs; √2 after the leaky ReLU (StyleGAN2 and 3) or in the weights (StyleGAN)."""
    inside, after = (1.0, ROOT) if gain_after else (ROOT, 1.0)
    for i in range(numbered(state, "dense")):
        layer = under(state, f"dense.{i}")
        y = (
            x @ layer["weight"].t() * (inside * multiplier / math.sqrt(x.shape[1]))
            + layer["bias"] * multiplier
        )
        x = F.leaky_relu(y, 0.2) * after
    return x


def joined(state, z, label):
    """Latent and embedded label, each normalized (StyleGAN2 and 3)."""
    return torch.cat([normalized(z), normalized(affine(under(state, "embedding"), label))], 1)


# --- StyleGAN2's discriminators


def convolved(layer, x, clamp=math.inf, gain=ROOT, stride=1, padding=None):
    weight = layer["weight"] / math.sqrt(layer["weight"][0].numel())
    y = F.conv2d(
        x,
        weight,
        layer.get("bias"),
        stride=stride,
        padding=weight.shape[-1] // 2 if padding is None else padding,
    )
    return bounded(F.leaky_relu(y, 0.2) * gain, clamp)


def halved(image):
    return filtered(image, SQUARE, (1, 1, 1, 1), down=2)


def stylegan2_scores(state, image, kind, group, clamp=math.inf):
    """What the last layer gives, `(N, 1)`, or for labels `(N, features)`.

    As released, the layer from colors at the smallest size, shortcuts and dense layers are not clamped.
    """
    x, count = convolved(under(state, "from_image"), image, clamp), numbered(state, "blocks")
    for i in range(count):
        block = under(state, f"blocks.{i}")
        y = convolved(under(block, "conv"), x, clamp)
        y = convolved(under(block, "down"), filtered(y, SQUARE, (2, 2, 2, 2)), clamp, stride=2, padding=0)
        if kind == "residual":
            weight = state[f"shortcuts.{i}.conv.weight"]
            y = (y + F.conv2d(halved(x), weight / math.sqrt(weight.shape[1]))) / ROOT
        if kind == "skip":
            image = halved(image)
            y = y + convolved(under(state, f"from_images.{i}"), image, clamp if i < count - 1 else math.inf)
        x = y
    return _scored(state, x, group, clamp)


def _scored(state, x, group, clamp=math.inf):
    n, _, h, w = x.shape
    spread = x.reshape(n // group, group, -1)
    deviation = (
        ((spread - spread.mean(1, keepdim=True)).square().mean(1) + 1e-8)
        .sqrt()
        .mean(1)
        .repeat_interleave(group)
    )
    x = convolved(
        under(state, "conv"), torch.cat([x, deviation.reshape(n, 1, 1, 1).expand(n, 1, h, w)], 1), clamp
    )
    x = F.leaky_relu(affine(under(state, "dense"), x.flatten(1)), 0.2) * ROOT
    return affine(under(state, "score"), x)


def projected(state, features, label, multiplier=0.01):
    """The product with a mapped label (labels of StyleGAN2's discriminator)."""
    x = normalized(affine(under(state, "embedding"), label))
    for i in range(numbered(state, "labels")):
        layer = under(state, f"labels.{i}")
        x = (
            F.leaky_relu(multiplier * (x @ layer["weight"].t() / math.sqrt(x.shape[1]) + layer["bias"]), 0.2)
            * ROOT
        )
    return (features * x).sum(1) / math.sqrt(x.shape[1])


# --- StyleGAN2's synthesis networks


def modulated(weight, x, style, demodulate=True, up=False):
    """Equations 1 and 3 of arXiv:1912.04958, one kernel for each sample."""
    rows = []
    for row, each in zip(x.expand(len(style), -1, -1, -1), style, strict=True):
        kernel = weight * each[:, None, None]
        if demodulate:
            kernel = kernel / (kernel.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        if up:
            spread = F.conv_transpose2d(row[None], kernel.transpose(0, 1), stride=2)
            rows.append(filtered(spread, SQUARE * 4, (1, 1, 1, 1)))
        else:
            rows.append(F.conv2d(row[None], kernel, padding=kernel.shape[-1] // 2))
    return torch.cat(rows)


def styled(layer, x, w, clamp, up=False):
    y = modulated(layer["weight"], x, affine(under(layer, "style"), w), up=up)
    y = y + layer["noise.constant"] * layer["noise.strength"] + layer["bias"][:, None, None]
    return bounded(F.leaky_relu(y, 0.2) * ROOT, clamp)


def colors(layer, x, w, clamp):
    style = affine(under(layer, "style"), w) / math.sqrt(x.shape[1])
    return bounded(
        modulated(layer["weight"], x, style, demodulate=False) + layer["bias"][:, None, None], clamp
    )


def stylegan2_image(state, code, kind, clamp=math.inf):
    """Images from `(N, L, W)`, with the constant noise."""
    x = styled(under(state, "first"), state["constant"], code[:, 0], clamp)
    image = colors(under(state, "to_images.0"), x, code[:, 1], clamp) if kind == "skip" else None
    for i in range(numbered(state, "blocks")):
        block = under(state, f"blocks.{i}")
        y = styled(under(block, "up"), x, code[:, 2 * i + 1], clamp, up=True)
        y = styled(under(block, "conv"), y, code[:, 2 * i + 2], clamp)
        if kind == "residual":
            weight = state[f"shortcuts.{i}.conv.weight"]
            doubled = filtered(x, SQUARE * 4, (2, 1, 2, 1), up=2)
            y = (y + F.conv2d(doubled, weight / math.sqrt(weight.shape[1]))) / ROOT
        x = y
        if kind == "skip":
            image = filtered(image, SQUARE * 4, (2, 1, 2, 1), up=2)
            image = image + colors(under(state, f"to_images.{i + 1}"), x, code[:, 2 * i + 3], clamp)
    return image if kind == "skip" else colors(under(state, "to_image"), x, code[:, -1], clamp)


# --- StyleGAN3's synthesis networks


def alias_free_kernels(part):
    """What each layer keeps, and the two filters of each."""
    bands = plan(part.image, part.layers, "the test")
    kernels = []
    for i in range(part.layers):
        before, after = bands[max(i - 1, 0)], bands[i]
        fine = 2 * max(before.rate, after.rate)
        design = radial_low_pass if part.radial and not after.critical else low_pass
        rise = low_pass(6 * fine // before.rate, before.cutoff, 2 * before.half_width, fine)
        kernels.append((rise, design(6 * fine // after.rate, after.cutoff, 2 * after.half_width, fine)))
    return bands, kernels


def waves(state, w, band):
    """Fourier features, turned and moved as w says."""
    motion = affine(under(state, "affine"), w)
    motion = motion / motion[:, :2].norm(dim=1, keepdim=True)
    height, width = band.size
    y, x = torch.meshgrid(
        *((torch.arange(n).to(w) + 0.5 - n / 2) / band.rate for n in (height, width)), indexing="ij"
    )
    made = []
    for cosine, sine, right, down in motion:
        turned = state["frequencies"] @ torch.stack(
            [torch.stack([cosine, -sine]), torch.stack([sine, cosine])]
        )
        phases = state["phases"] - turned @ torch.stack([right, down])
        made.append(
            torch.sin(2 * math.pi * (turned @ torch.stack([x.flatten(), y.flatten()]) + phases[:, None]))
        )
    mixed = torch.einsum("oc,ncp->nop", state["weight"] / math.sqrt(len(state["weight"])), torch.stack(made))
    return mixed.reshape(len(w), -1, height, width)


def alias_free(state, x, w, bands, kernels, clamp):
    """One layer: modulation, bias, and the leaky ReLU at a finer rate, clamped there."""
    (before, after), (rise, fall), fine = bands, kernels, 2 * max(bands[0].rate, bands[1].rate)
    up, down, reach = fine // before.rate, fine // after.rate, state["weight"].shape[-1] - 1
    y = []
    for row, style in zip(x, affine(under(state, "affine"), w), strict=True):
        kernel = state["weight"] * style[:, None, None]
        kernel = (
            kernel / (kernel.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt() / state["square"].sqrt()
        )
        y.append(F.conv2d(row[None], kernel, state["bias"], padding=reach))
    pads = []
    for inside, outside in zip(before.size[::-1], after.size[::-1], strict=True):
        total = (outside - 1) * down + 1 - (inside + reach) * up + len(rise) + len(fall) - 2
        pads += [(total + up) // 2, total - (total + up) // 2]
    y = filtered(torch.cat(y), rise * up, pads, up=up)
    return filtered(bounded(F.leaky_relu(y, 0.2) * ROOT, clamp), fall, (0, 0, 0, 0), down=down)


def stylegan3_image(state, code, bands, kernels, output_scale=0.25, clamp=math.inf):
    """Images from `(N, L, W)`; `kernels` are the two filters of each layer."""
    x = waves(under(state, "input"), code[:, 0], bands[0])
    for i, filters in enumerate(kernels):
        pair = bands[max(i - 1, 0)], bands[i]
        x = alias_free(under(state, f"blocks.{i}"), x, code[:, i + 1], pair, filters, clamp)
    last = under(state, "to_image")
    style = affine(under(last, "affine"), code[:, -1]) / math.sqrt(x.shape[1]) / last["square"].sqrt()
    return output_scale * bounded(
        modulated(last["weight"], x, style, demodulate=False) + last["bias"][:, None, None], clamp
    )


# --- StyleGAN

BINOMIAL = torch.tensor([1.0, 2.0, 1.0], dtype=torch.float64) / 4


def equalized(layer, x, gain=ROOT, **how):
    weight = layer["weight"] * (gain / math.sqrt(layer["weight"][0].numel()))
    return F.conv2d(x, weight, layer.get("bias"), padding=weight.shape[-1] // 2, **how)


def epilogue(state, x, w, noise):
    """Noise, leaky ReLU, and the style after normalization (eq. 1 of arXiv:1812.04948)."""
    x = F.leaky_relu(x + noise(x) * state["noise.strength"][:, None, None], 0.2)
    x = (x - x.mean((2, 3), keepdim=True)) / (x.var((2, 3), unbiased=False, keepdim=True) + 1e-8).sqrt()
    scale, bias = affine(under(state, "adain.style"), w)[..., None, None].chunk(2, 1)
    return scale * x + bias


def stylegan_image(state, code, noise):
    """Images from `(N, L, W)`; `noise` gives that of a map."""
    first = under(state, "blocks.0")
    x = (first["constant"] + first["bias"][:, None, None]).expand(len(code), -1, -1, -1)
    for i in range(numbered(state, "blocks")):
        block = under(state, f"blocks.{i}")
        if i:
            doubled = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
            x = (
                filtered(equalized(under(block, "up"), doubled), BINOMIAL, (1, 1, 1, 1))
                + block["bias"][:, None, None]
            )
        x = epilogue(under(block, "first"), x, code[:, 2 * i], noise)
        x = epilogue(under(block, "second"), equalized(under(block, "conv"), x), code[:, 2 * i + 1], noise)
    return equalized(under(state, "to_image"), x, gain=1)


def stylegan_scores(state, image, group):
    """What the last layer gives, `(N, 1)` or one for each class."""
    x = F.leaky_relu(equalized(under(state, "from_image"), image), 0.2)
    for i in range(numbered(state, "blocks")):
        block = under(state, f"blocks.{i}")
        x = filtered(F.leaky_relu(equalized(under(block, "conv"), x), 0.2), BINOMIAL, (1, 1, 1, 1))
        x = F.leaky_relu(F.avg_pool2d(equalized(under(block, "down"), x), 2), 0.2)
    n, _, h, w = x.shape
    spread = x.reshape(n // group, group, -1)
    deviation = (spread.var(1, unbiased=False) + 1e-8).sqrt().mean(1).repeat_interleave(group)
    x = F.leaky_relu(
        equalized(under(state, "conv"), torch.cat([x, deviation.reshape(n, 1, 1, 1).expand(n, 1, h, w)], 1)),
        0.2,
    )
    dense, score = under(state, "dense"), under(state, "score")
    x = F.leaky_relu(
        x.flatten(1) @ dense["weight"].t() * (ROOT / math.sqrt(dense["weight"].shape[1])) + dense["bias"], 0.2
    )
    return affine(score, x)
