"""Networks of random numbers by the names of NVIDIA's code, and the same numbers as the plain functions of
this folder read them.
"""

import torch

ROW = torch.tensor([1.0, 3, 3, 1]) / 8
FILTER = ROW[:, None] * ROW
KINDS = {"skip": "skip", "orig": "plain", "resnet": "residual"}
"""An architecture, and what the formulas call it."""
LATENT, CODE = 7, 6


class Pair:
    """`tensors` by their names, and `state` by ours, in float64."""

    def __init__(self, seed):
        self.tensors, self.state, self.draw = {}, {}, torch.Generator().manual_seed(seed)

    def new(self, theirs, ours, *shape, scale=1.0, filtered=False):
        value = torch.randn(shape, generator=self.draw) * scale
        self.tensors[theirs] = value
        self.state[ours] = value.double()[None] if ours == "constant" else value.double()
        if filtered:
            self.tensors[theirs.rpartition(".")[0] + ".resample_filter"] = FILTER

    def layer(self, theirs, ours, outputs, inputs, *kernel, scale=1.0, filtered=False):
        self.new(
            f"{theirs}.weight", f"{ours}.weight", outputs, inputs, *kernel, scale=scale, filtered=filtered
        )
        self.new(f"{theirs}.bias", f"{ours}.bias", outputs, scale=scale)

    def styled(self, theirs, ours, outputs, inputs, size=None):
        kernel = (3, 3) if size else (1, 1)
        self.layer(theirs, ours, outputs, inputs, *kernel, filtered=bool(size))
        self.layer(f"{theirs}.affine", f"{ours}.style", inputs, CODE)
        if size:
            self.new(f"{theirs}.noise_const", f"{ours}.noise.constant", size, size)
            self.new(f"{theirs}.noise_strength", f"{ours}.noise.strength")

    def mapping(self, theirs, ours, widths, classes, embedding, multiplier):
        if classes:
            self.layer(f"{theirs}.embed", "embedding", embedding, classes)
        for i, width in enumerate(widths[1:]):
            self.layer(f"{theirs}.fc{i}", f"{ours}.{i}", width, widths[i], scale=1 / multiplier)


def maps(size, base, most):
    """Feature maps by size, the smallest first."""
    return {side: min(base // side, most) for side in (4 << i for i in range(size.bit_length() - 2))}


def synthesis(architecture, size, base=70, most=9, seed=0):
    """The synthesis network of a generator."""
    made, widths = Pair(seed), maps(size, base, most)
    made.new("synthesis.b4.const", "constant", widths[4], 4, 4)
    made.styled("synthesis.b4.conv1", "first", widths[4], widths[4], 4)
    for i, side in enumerate(list(widths)[1:]):
        before, width = widths[side // 2], widths[side]
        made.styled(f"synthesis.b{side}.conv0", f"blocks.{i}.up", width, before, side)
        made.styled(f"synthesis.b{side}.conv1", f"blocks.{i}.conv", width, width, side)
        if architecture == "resnet":
            made.new(
                f"synthesis.b{side}.skip.weight",
                f"shortcuts.{i}.conv.weight",
                width,
                before,
                1,
                1,
                filtered=True,
            )
    for i, side in enumerate(widths):
        if architecture == "skip":
            made.styled(f"synthesis.b{side}.torgb", f"to_images.{i}", 3, widths[side])
        elif side == size:
            made.styled(f"synthesis.b{side}.torgb", "to_image", 3, widths[side])
    return made


def mapping(classes=0, layers=3, embedding=None, hidden=None, multiplier=0.01, seed=1):
    """The mapping network of a generator."""
    made = Pair(seed)
    embedding, hidden = embedding or CODE, hidden or CODE
    widths = [LATENT + (embedding if classes else 0), *[hidden] * (layers - 1), CODE]
    made.mapping("mapping", "dense", widths, classes, embedding, multiplier)
    made.new("mapping.w_avg", "mean", CODE)
    return made


def discriminator(
    architecture,
    size,
    base=70,
    most=9,
    classes=0,
    layers=2,
    width=None,
    embedding=None,
    hidden=None,
    multiplier=0.01,
):
    """A discriminator."""
    made, widths = Pair(2), maps(size, base, most)
    sizes, last = list(widths)[::-1], widths[4]
    for i, side in enumerate(sizes[:-1]):
        here, after = widths[side], widths[side // 2]
        if i == 0 or architecture == "skip":
            made.layer(
                f"b{side}.fromrgb",
                f"from_images.{i - 1}" if i else "from_image",
                here,
                3,
                1,
                1,
                filtered=True,
            )
        made.layer(f"b{side}.conv0", f"blocks.{i}.conv", here, here, 3, 3, filtered=True)
        made.layer(f"b{side}.conv1", f"blocks.{i}.down", after, here, 3, 3, filtered=True)
        if architecture == "resnet":
            made.new(f"b{side}.skip.weight", f"shortcuts.{i}.conv.weight", after, here, 1, 1, filtered=True)
    if architecture == "skip":
        made.layer("b4.fromrgb", f"from_images.{len(sizes) - 2}", last, 3, 1, 1, filtered=True)
    width = width or last
    embedding, hidden = embedding or width, hidden or width
    made.layer("b4.conv", "conv", last, last + 1, 3, 3, filtered=True)
    made.layer("b4.fc", "dense", last, last * 16)
    made.layer("b4.out", "score", width if classes else 1, last)
    if classes:
        widths = [embedding, *[hidden] * (layers - 1), width][: layers + 1]
        made.mapping("mapping", "labels", widths, classes, embedding, multiplier)
    return made


def converted(size, classes=0, *, flat=True, **more):
    """The settings of a generator and a discriminator that the released converter writes for TensorFlow
    files.

    Those of the generator lie in one table (`flat`) in the code of StyleGAN3, in two in that of ADA. `more`
    are the settings by their names there that the file itself has.
    """
    fmaps, label_fmaps = more.get("mapping_fmaps"), more.get("d_mapping_fmaps")
    facts = {"c_dim": classes, "img_resolution": size, "img_channels": 3}
    widths = {"channel_base": 70, "channel_max": 9, "num_fp16_res": 0, "conv_clamp": None}
    network = {**widths, "architecture": more.get("architecture", "skip"), "resample_filter": [1, 3, 3, 1]}
    network |= {"use_noise": True, "activation": "lrelu"}
    inner = {
        "num_layers": 3,
        "embed_features": None,
        "layer_features": fmaps,
        "activation": "lrelu",
        "lr_multiplier": 0.01,
    }
    generator = {
        "z_dim": LATENT,
        "w_dim": CODE,
        **facts,
        "mapping_kwargs": inner | {"w_avg_beta": more.get("w_avg_beta", 0.995)},
    }
    labels = {
        "num_layers": more.get("label_layers", 0),
        "embed_features": label_fmaps,
        "layer_features": label_fmaps,
    }
    judge = {**facts, **widths, "architecture": more.get("d_architecture", "resnet"), "cmap_dim": label_fmaps}
    judge |= {
        "block_kwargs": {"activation": "lrelu", "resample_filter": [1, 3, 3, 1], "freeze_layers": 0},
        "mapping_kwargs": labels | {"activation": "lrelu", "lr_multiplier": 0.1},
        "epilogue_kwargs": {"mbstd_group_size": None, "mbstd_num_channels": 1, "activation": "lrelu"},
    }
    return generator | (network if flat else {"synthesis_kwargs": network}), judge
