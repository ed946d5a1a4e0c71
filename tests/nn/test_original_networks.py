"""The layers, put together as the published networks are, give what these gave with the same weights."""

import re
from functools import partial
from itertools import pairwise

import pytest
import torch
from originals import original, within
from torch import nn

from gancore.nn.attention import SelfAttention
from gancore.nn.conditional_norm import ClassVectors, ConditionalBatchNorm2d
from gancore.nn.projection import ProjectionHead
from gancore.nn.residual import ResidualBlock
from gancore.nn.spectral_norm import SpectralConv2d, SpectralEmbedding, SpectralLinear

BILINEAR = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
NEAREST = nn.Upsample(scale_factor=2)
HALVE = nn.AvgPool2d(2)


class MimicryGenerator(nn.Module):
    """SNGAN, WGAN-GP, projection cGAN and SAGAN at 32×32, of torch-mimicry."""

    def __init__(self, config):
        super().__init__()
        width, attends = config["ngf"], config["network"] == "sagan"
        conv, linear = (SpectralConv2d, SpectralLinear) if attends else (nn.Conv2d, nn.Linear)
        by_class = partial(ConditionalBatchNorm2d, affine=partial(ClassVectors, config["classes"]))
        norm = by_class if config["classes"] else nn.BatchNorm2d
        self.l1 = linear(config["nz"], 16 * width)
        self.block2, self.block3, self.block4 = (
            ResidualBlock(width, width, norm=norm, conv=conv, up=BILINEAR) for _ in range(3)
        )
        self.attn_block = SelfAttention(width, conv=conv) if attends else nn.Identity()
        self.b5, self.c5 = nn.BatchNorm2d(width), conv(width, 3, 3, padding=1)

    def forward(self, z, *label):
        h = self.l1(z).reshape(len(z), -1, 4, 4)
        h = self.attn_block(self.block3(self.block2(h, *label), *label))
        return torch.tanh(self.c5(self.b5(self.block4(h, *label)).relu()))


class MimicryDiscriminator(nn.Module):
    """Theirs; what is carried around is the activated input, since their activations work in place."""

    def __init__(self, config):
        super().__init__()
        width, normalized = config["ndf"], config["network"] != "wgan_gp"
        conv, linear = (SpectralConv2d, SpectralLinear) if normalized else (nn.Conv2d, nn.Linear)
        block = partial(ResidualBlock, outputs=width, conv=conv, activated_shortcut=True)
        self.block1 = ResidualBlock(3, width, conv=conv, down=HALVE, preactivation=False)
        self.block2, self.block3, self.block4 = block(width, down=HALVE), block(width), block(width)
        self.attn_block = SelfAttention(width, conv=conv) if config["network"] == "sagan" else nn.Identity()
        self.pool = torch.sum if normalized else torch.mean
        head = partial(ProjectionHead, linear=linear, embedding=SpectralEmbedding)
        self.head = head(width, config["classes"]) if config["classes"] else linear(width, 1)

    def forward(self, image, *label):
        h = self.attn_block(self.block2(self.block1(image)))
        return self.head(self.pool(self.block4(self.block3(h)).relu(), (2, 3)), *label)


class BigGANGenerator(nn.Module):
    """BigGAN at 64×64 with a hierarchy of latents and a shared embedding, of ajbrock/BigGAN-PyTorch."""

    def __init__(self, config):
        super().__init__()
        widths = [config["ch"] * factor for factor in (16, 16, 8, 4, 2)]
        self.chunk = config["dim_z"] // len(widths)
        affine = partial(SpectralLinear, config["shared_dim"] + self.chunk, bias=False)
        block = partial(
            ResidualBlock,
            norm=partial(ConditionalBatchNorm2d, affine=affine),
            conv=SpectralConv2d,
            up=NEAREST,
        )
        self.shared = nn.Embedding(config["n_classes"], config["shared_dim"])
        self.linear = SpectralLinear(self.chunk, 16 * widths[0])
        self.blocks = nn.ModuleList(nn.ModuleList([block(*shape)]) for shape in pairwise(widths))
        for i, (blocks, width) in enumerate(zip(self.blocks, widths[1:], strict=True)):
            if 8 * 2**i == int(config["attention"]):
                blocks.append(SelfAttention(width, conv=SpectralConv2d))
        self.output = nn.Sequential(
            nn.BatchNorm2d(widths[-1]), nn.ReLU(), SpectralConv2d(widths[-1], 3, 3, padding=1)
        )

    def forward(self, z, label):
        first, *later = z.split(self.chunk, dim=1)
        h = self.linear(first).reshape(len(z), -1, 4, 4)
        for blocks, chunk in zip(self.blocks, later, strict=True):
            h = blocks[0](h, torch.cat([self.shared(label), chunk], dim=1))
            for attention in blocks[1:]:
                h = attention(h)
        return torch.tanh(self.output(h))


class BigGANDiscriminator(nn.Module):
    """Theirs: wide in the middle, the input carried around as it is."""

    def __init__(self, config):
        super().__init__()
        widths = [3, *(config["ch"] * factor for factor in (1, 2, 4, 8, 16))]
        block = partial(ResidualBlock, conv=SpectralConv2d)
        self.blocks = nn.ModuleList()
        for i, shape in enumerate(pairwise(widths)):
            halve = HALVE if i < 4 else None
            attends = i < 4 and 32 // 2**i == int(config["attention"])
            attention = [SelfAttention(shape[1], conv=SpectralConv2d)] if attends else []
            self.blocks.append(nn.Sequential(block(*shape, down=halve, preactivation=i > 0), *attention))
        self.head = ProjectionHead(
            widths[-1], config["n_classes"], linear=SpectralLinear, embedding=SpectralEmbedding
        )

    def forward(self, image, label):
        for block in self.blocks:
            image = block(image)
        return self.head(image.relu().sum((2, 3)), label)


RENAMED = [
    # blocks
    (r"\.c(onv)?1\.", ".conv1."),
    (r"\.c(onv)?2\.", ".conv2."),
    (r"\.(c_sc|conv_sc)\.", ".shortcut."),
    (r"\.bn?([12])\.", r".norm\1."),
    # spectral normalization
    (r"weight_orig$", "weight"),
    (r"weight_v$", "v"),
    # normalization
    (r"\.bn\.", ".norm."),
    (r"output_layer\.", "output."),
    (r"output\.0\.gain$", "output.0.weight"),
    (r"output\.0\.stored_", "output.0.running_"),
    (r"(norm[12])\.stored_", r"\1.norm.running_"),
    # attention
    (r"\.theta\.", ".query."),
    (r"\.phi\.", ".key."),
    (r"\.g\.", ".value."),
    (r"\.o\.", ".out."),
    (r"\.gamma$", ".gate"),
    # heads
    (r"^(l5|linear)\.", "head.score."),
    (r"^(l_y|embed)\.", "head.embedding."),
]
LEFT_OUT = ("weight_u", "u0", "sv0", "sn_u", "sn_sigma")


def renamed_one(name):
    for old, new in RENAMED:
        name = re.sub(old, new, name)
    return name


def renamed(tensors, network):
    """The original's tensors by our names; a table that holds scale and bias side by side becomes two."""
    made = {}
    for original_name, value in tensors.items():
        name = renamed_one(original_name)
        if original_name.endswith(LEFT_OUT):
            continue
        if name.endswith(".embed.weight"):
            gain, bias = value.chunk(2, dim=1)
            made |= {name.replace("embed", "gain"): gain - 1, name.replace("embed", "bias"): bias}
        else:
            made[name] = value
    for name, value in tensors.items():
        if name.endswith((".u0", ".sn_u")):  # they keep u alone, and make v of it in each pass
            prefix = name.rpartition(".")[0]
            made[renamed_one(f"{prefix}.weight_v")] = value @ tensors[f"{prefix}.weight"].flatten(1)
    found = {_fitting(name, network): value for name, value in made.items()}
    shapes = {name: value.shape for name, value in network.state_dict().items()}
    return {
        name: unit(value).reshape(shapes[name]) if name.endswith(".v") else value
        for name, value in found.items()
    }


def unit(value):
    return nn.functional.normalize(value.flatten(), dim=0)


def _fitting(name, network):
    """The generator's linear layer is no head, nor is a head without labels one of two layers."""
    known = network.state_dict()
    return next(
        n
        for n in (name, name.replace("head.score.", "linear."), name.replace("head.score.", "head."))
        if n in known
    )


def filled(network, tensors):
    state = renamed(tensors, network)
    untold = {name for name in network.state_dict() if name not in state}
    assert all(name.endswith("num_batches_tracked") for name in untold), untold
    network.load_state_dict(state, strict=False)
    return network.eval()


@pytest.mark.parametrize("name", ["sngan-32", "wgan-gp-32", "cgan-pd-32", "sagan-32", "biggan-64"])
def test_networks_of_these_layers_give_what_the_originals_gave(name):
    config, tensors = original(name)
    ours = (
        (BigGANGenerator, BigGANDiscriminator)
        if name == "biggan-64"
        else (MimicryGenerator, MimicryDiscriminator)
    )
    generator, discriminator = (
        filled(cls(config), within(tensors, prefix)) for cls, prefix in zip(ours, ("G.", "D."), strict=True)
    )
    label = [tensors["in.y"]] if config.get("classes", config.get("n_classes")) else []
    with torch.no_grad():
        image = generator(tensors["in.z"], *label)
        scores = discriminator(tensors["out.image"], *label).flatten()
    assert torch.allclose(image, tensors["out.image"], atol=1e-5)
    expected = tensors["out.scores_of_image"].flatten()
    assert torch.allclose(scores, expected, rtol=1e-5, atol=1e-5)
