"""Translators of the published code: beside its outputs, and as its training writes them."""

import tomllib
from pathlib import Path

import pytest
import torch
from gancore_cyclegan import CUT
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional

from gancore.component.specs import build
from gancore.errors import CheckpointError
from gancore.nn import BlurPool
from gancore.published import import_discriminator, import_file, import_generator, read_networks
from gancore.standard.patchgan import AntialiasedPatchGAN, BatchPatchGAN, PatchGAN
from gancore.standard.pixelgan import BatchPixelGAN, PixelGAN
from gancore.testing.parity import difference

FILE = Path(__file__).parents[4] / "shared" / "data" / "parity" / "cyclegan-32.safetensors"
needs_reference = pytest.mark.skipif(not FILE.is_file(), reason="the reference outputs are not here")


@needs_reference
@torch.no_grad()
def test_translations_and_scores_are_those_of_the_published_code():
    networks, known = read_networks(FILE), load_file(FILE)
    generator = import_generator(networks["G"]).generator.eval()
    assert (generator.name, generator.width, generator.blocks) == ("resnet", 8, 2)
    assert difference(generator(known["in.image"]), known["out.G"]) < 1e-5
    judge = import_discriminator(networks["D"]).eval()
    assert difference(judge(known["in.image"]), known["out.D"]) < 1e-5


class Block(nn.Module):
    """A residual block by what it is called there."""

    def __init__(self, width, norm, bias, drop):
        super().__init__()
        conv = lambda: [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=bias)]
        inner = [*conv(), norm(width), nn.ReLU(), *[nn.Dropout(0.5)] * drop, *conv(), norm(width)]
        self.conv_block = nn.Sequential(*inner)

    def forward(self, x):
        return x + self.conv_block(x)


class Shrink(nn.Module):
    """A blur before a halving, with the buffer that files hold of it."""

    def __init__(self, width):
        super().__init__()
        taps = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("filt", (taps[:, None] * taps).repeat(width, 1, 1, 1))

    def forward(self, x):
        wide = functional.pad(x, (1, 1, 1, 1), mode="reflect")
        return functional.conv2d(wide, self.filt, stride=2, groups=len(self.filt))


class Grow(nn.Module):
    """A blur after a doubling, likewise; as bilinear interpolation has it."""

    def __init__(self, width):
        super().__init__()
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4
        self.register_buffer("filt", (taps[:, None] * taps).repeat(width, 1, 1, 1))

    def forward(self, x):
        return functional.interpolate(x, scale_factor=2, mode="bilinear")


def published(batch=False, kept=False, drop=False, blocks=3, source=2, shrink=False, grow=False, image=3):
    """The state dict of a translator, by the names in files, and the network."""
    norm = nn.BatchNorm2d if batch else lambda width: nn.InstanceNorm2d(width, track_running_stats=kept)
    bias, w = not batch, 4

    def after(layer, width):
        return [layer, norm(width), nn.ReLU()]

    def down(i, o):
        made = after(nn.Conv2d(i, o, 3, 1 if shrink else 2, 1, bias=bias), o)
        return [*made, Shrink(o)] if shrink else made

    def up(i, o):
        if grow:
            return [Grow(i), *after(nn.Conv2d(i, o, 3, 1, 1, bias=bias), o)]
        return after(nn.ConvTranspose2d(i, o, 3, 2, 1, 1, bias=bias), o)

    network = nn.Module()
    network.model = nn.Sequential(
        nn.ReflectionPad2d(3),
        *after(nn.Conv2d(source, w, 7, bias=bias), w),
        *down(w, 2 * w),
        *down(2 * w, 4 * w),
        *(Block(4 * w, norm, bias, drop) for _ in range(blocks)),
        *up(4 * w, 2 * w),
        *up(2 * w, w),
        nn.ReflectionPad2d(3),
        nn.Conv2d(w, image, 7),
        nn.Tanh(),
    )
    for name, buffer in network.named_buffers():
        if "running" in name and batch:
            buffer.uniform_(0.5, 1.5)
    state = {name: value.clone() for name, value in network.state_dict().items()}
    for module in network.modules():
        if isinstance(module, nn.InstanceNorm2d):
            module.running_mean = module.running_var = None
            module.track_running_stats = False
    return state, network.eval()


def imported(state, path):
    torch.save(state, path)
    return import_generator(read_networks(path)["network"]).generator.eval()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "resnet"),
        ({"kept": True}, "resnet"),
        ({"drop": True, "blocks": 1}, "resnet"),
        ({"batch": True}, "resnet-batch"),
        ({"batch": True, "drop": True}, "resnet-batch"),
        ({"shrink": True, "grow": True}, "resnet-antialiased"),
        ({"shrink": True, "grow": True, "drop": True, "blocks": 1}, "resnet-antialiased"),
        ({"shrink": True, "grow": True, "kept": True, "blocks": 9}, "resnet-antialiased"),
    ],
)
@torch.no_grad()
def test_files_with_and_without_dropout_and_statistics_are_read(tmp_path, options, name):
    torch.manual_seed(1)
    state, network = published(**options)
    kept = any("running_mean" in key for key in state)
    assert kept == (name == "resnet-batch" or "kept" in options)
    made = imported(state, tmp_path / "latest_net_G_A.pth")
    dropout = 0.5 * ("drop" in options)
    assert (made.name, made.blocks, made.dropout) == (name, options.get("blocks", 3), dropout)
    assert made.source == (2, 256, 256) and made.image == (3, 256, 256)
    image = torch.randn(2, 2, 16, 20)
    assert difference(made(image), network.model(image)) < 1e-4


def test_a_translator_is_a_pipeline_for_images_of_any_size(tmp_path):
    torch.save(published()[0], tmp_path / "net_G_A.pth")
    pipeline, why = import_file(tmp_path / "net_G_A.pth", tmp_path / "out")
    assert why == "no recipe trains such networks" and pipeline.product == "translates"
    assert pipeline.generator.size_multiple == 4


@pytest.mark.parametrize(
    ("cls", "options"),
    [(PatchGAN, {"layers": 2}), (BatchPatchGAN, {"layers": 5}), (PixelGAN, {}), (BatchPixelGAN, {})],
)
@torch.no_grad()
def test_discriminators_of_patches_and_pixels_are_read(tmp_path, cls, options):
    judge = cls(image=(4, 256, 256), width=2, **options).eval()
    outer = "model" if "layers" in options else "net"
    state = {name.replace("body", outer): value for name, value in judge.state_dict().items()}
    last = f"{outer}.{len(judge.body)}"
    state = {name.replace("head", last): value for name, value in state.items()}
    torch.save(state, tmp_path / "latest_net_D.pth")
    made = import_discriminator(read_networks(tmp_path / "latest_net_D.pth")["network"]).eval()
    assert type(made) is cls and made.image == (4, 256, 256) and made.width == 2
    image = torch.randn(1, 4, 256, 256)
    assert torch.equal(made(image), judge(image))


@pytest.mark.parametrize("layers", [1, 3, 5])
@torch.no_grad()
def test_discriminators_that_blur_are_read(tmp_path, layers):
    judge, state = judge_of(layers, channels=1)
    torch.save(state, tmp_path / "latest_net_D.pth")
    made = import_discriminator(read_networks(tmp_path / "latest_net_D.pth")["network"]).eval()
    assert type(made) is AntialiasedPatchGAN and (made.layers, made.width) == (layers, 2)
    image = torch.randn(1, 1, 256, 256)
    assert torch.equal(made(image), judge(image))


def test_weights_that_are_missing_or_unknown(tmp_path):
    state, _ = published()

    def refused(state, said):
        with pytest.raises(CheckpointError, match=said):
            imported(state, tmp_path / "x.pth")

    more = {**state, "model.6.scale": torch.ones(1)}
    refused(more, "the weights do not fit generator/resnet: layers.5.scale is not known here")
    refused({k: v for k, v in state.items() if k != "model.20.weight"}, "no convolution to the image after 3")
    refused({k: v for k, v in state.items() if k != "model.20.bias"}, "neither a bias nor a normalization")
    moved = {k.replace("conv_block.1", "conv_block.9"): v for k, v in state.items()}
    refused(moved, "conv_block.9.weight is not the name of a weight of a residual translator")
    torch.save({"model.0.weight_orig": torch.ones(2, 3, 4, 4)}, tmp_path / "d.pth")
    with pytest.raises(CheckpointError, match="is not a discriminator of"):
        import_discriminator(read_networks(tmp_path / "d.pth")["network"])


def test_networks_that_pad_otherwise_are_refused_in_words(tmp_path):
    state, _ = published()
    zeros = {k.replace("conv_block.1", "conv_block.0"): v for k, v in state.items()}
    with pytest.raises(CheckpointError, match="residual blocks pad by zero; networks whose blocks pad by re"):
        imported(zeros, tmp_path / "x.pth")
    save_file({f"G.{k}": v for k, v in state.items()}, tmp_path / "x", {"config": '{"padding_type": "wide"}'})
    with pytest.raises(CheckpointError, match="residual blocks pad by wide"):
        import_generator(read_networks(tmp_path / "x")["G"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"shrink": True}, r"blurs its maps at model.7, model.11 alone, as in CUT's code with one of --no_"),
        ({"grow": True}, r"blurs its maps at model.13, model.17 alone, as in CUT's code with one of --no_a"),
        ({"shrink": True, "grow": True, "batch": True}, "blurs its maps and has batch normalization"),
    ],
)
def test_translators_that_blur_elsewhere_are_refused_in_words(tmp_path, options, said):
    with pytest.raises(CheckpointError, match=said):
        imported(published(**options)[0], tmp_path / "x.pth")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model.7.filt", torch.ones(8, 1, 3, 3) / 9),
        ("model.7.filt", torch.ones(8, 1, 1, 1)),
        ("model.7.filt", torch.tensor(1.0)),
        ("model.12.conv_block.3.filt", Shrink(16).filt),
    ],
)
def test_other_filters_are_refused_in_words(tmp_path, name, value):
    state, _ = published(shrink=True, grow=True)
    with pytest.raises(CheckpointError, match=rf"{name} is not a filter that CUT's code has by default"):
        imported({**state, name: value}, tmp_path / "x.pth")


def judge_of(layers=2, cls=AntialiasedPatchGAN, channels=3):
    """A discriminator, and its state dict by the names in files."""
    judge = cls(image=(channels, 256, 256), width=2, layers=layers).eval()
    last = f"model.{len(judge.body)}"
    named = {name.replace("body", "model"): value for name, value in judge.state_dict().items()}
    state = {name.replace("head", last): value for name, value in named.items()}
    widths = {place: layer.out_channels for place, layer in enumerate(judge.body) if hasattr(layer, "stride")}
    blurs = [place for place, layer in enumerate(judge.body) if isinstance(layer, BlurPool)]
    filters = {f"model.{i}.filt": Shrink(max(w for at, w in widths.items() if at < i)).filt for i in blurs}
    return judge, state | filters


def test_refused_discriminators_that_blur(tmp_path):
    def refused(state, said):
        torch.save(state, tmp_path / "d.pth")
        with pytest.raises(CheckpointError, match=said):
            import_discriminator(read_networks(tmp_path / "d.pth")["network"])

    _, state = judge_of()
    refused(
        {k: v for k, v in state.items() if k != "model.2.filt"}, "blurs its maps at model.6, not once bef"
    )
    refused({**state, "model.2.filt": Grow(2).filt}, "at model.2, model.6, not once before each of its 2")
    norms = {f"model.4.{name}": torch.ones(4) for name in ("weight", "bias", "running_mean", "running_var")}
    refused(state | norms, "blurs its maps and has batch normalization")
    pixels = {
        "net.0.weight": torch.ones(2, 3, 1, 1),
        "net.0.bias": torch.ones(2),
        "net.1.filt": Shrink(2).filt,
    }
    refused(pixels, "net.1.filt is not a filter that CUT's code has by default")


def test_networks_of_cut_train_on_together(tmp_path):
    state, _ = published(shrink=True, grow=True, source=3)
    torch.save(state, tmp_path / "latest_net_G.pth")
    torch.save(judge_of()[1], tmp_path / "latest_net_D.pth")
    out = tmp_path / "out"
    pipeline, why = import_file(
        tmp_path / "latest_net_G.pth", out, discriminator=tmp_path / "latest_net_D.pth"
    )
    assert not why and pipeline.generator.name == "resnet-antialiased"
    table = tomllib.loads((out / "recipe.toml").read_text(encoding="utf-8"))
    table |= {"image": [3, 32, 32], "source": [3, 32, 32]}
    recipe = build(table, "recipe")
    assert isinstance(recipe, CUT) and isinstance(recipe.discriminator, AntialiasedPatchGAN)
    assert torch.equal(recipe.generator.layers[0].weight, state["model.1.weight"])
    torch.save(judge_of(channels=6)[1], tmp_path / "joined.pth")
    _, why = import_file(
        tmp_path / "latest_net_G.pth", tmp_path / "joined", discriminator=tmp_path / "joined.pth"
    )
    assert why == "the discriminator reads images (6, 256, 256), not (3, 256, 256)"
    gray = published(shrink=True, grow=True, source=1)[0]
    torch.save(gray, tmp_path / "gray.pth")
    _, why = import_file(
        tmp_path / "gray.pth", tmp_path / "other", discriminator=tmp_path / "latest_net_D.pth"
    )
    assert why == "no recipe trains such networks"


def test_layers_of_the_contrast_are_refused_in_words(tmp_path):
    torch.save(
        {f"mlp_{i}.{j}.{kind}": torch.ones(2) for i in (0, 1) for j in (0, 2) for kind in ("weight", "bias")},
        tmp_path / "latest_net_F.pth",
    )
    network = read_networks(tmp_path / "latest_net_F.pth")["network"]
    for read in (import_generator, import_discriminator):
        with pytest.raises(CheckpointError, match=r"the layers of CUT's contrast \(netF\), .* give the tra"):
            read(network)
