"""Translators of the published code: beside its outputs, and as its training writes them."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from gancore.errors import CheckpointError
from gancore.published import import_discriminator, import_file, import_generator, read_networks
from gancore.standard.patchgan import BatchPatchGAN, PatchGAN
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


def published(batch=False, kept=False, drop=False, blocks=3, source=2):
    """The state dict of a translator, by the names in files, and the network."""
    norm = nn.BatchNorm2d if batch else lambda width: nn.InstanceNorm2d(width, track_running_stats=kept)
    bias, w = not batch, 4

    def after(layer, width):
        return [layer, norm(width), nn.ReLU()]

    down = lambda i, o: nn.Conv2d(i, o, 3, 2, 1, bias=bias)
    up = lambda i, o: nn.ConvTranspose2d(i, o, 3, 2, 1, 1, bias=bias)
    network = nn.Module()
    network.model = nn.Sequential(
        nn.ReflectionPad2d(3),
        *after(nn.Conv2d(source, w, 7, bias=bias), w),
        *after(down(w, 2 * w), 2 * w),
        *after(down(2 * w, 4 * w), 4 * w),
        *(Block(4 * w, norm, bias, drop) for _ in range(blocks)),
        *after(up(4 * w, 2 * w), 2 * w),
        *after(up(2 * w, w), w),
        nn.ReflectionPad2d(3),
        nn.Conv2d(w, 3, 7),
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


def test_networks_that_blur_or_pad_otherwise_are_refused_in_words(tmp_path):
    state, _ = published()
    blurred = {**state, "model.6.filt": torch.ones(8, 1, 3, 3)}
    with pytest.raises(CheckpointError, match=r"model.6 blurs its maps, as in CUT's code without --no_antia"):
        imported(blurred, tmp_path / "x.pth")
    zeros = {k.replace("conv_block.1", "conv_block.0"): v for k, v in state.items()}
    with pytest.raises(CheckpointError, match="residual blocks pad by zero; networks whose blocks pad by re"):
        imported(zeros, tmp_path / "x.pth")
    save_file({f"G.{k}": v for k, v in state.items()}, tmp_path / "x", {"config": '{"padding_type": "wide"}'})
    with pytest.raises(CheckpointError, match="residual blocks pad by wide"):
        import_generator(read_networks(tmp_path / "x")["G"])
    judge = {"model.0.weight": torch.ones(2, 3, 4, 4), "model.2.filt": torch.ones(2, 1, 3, 3)}
    torch.save(judge, tmp_path / "d.pth")
    with pytest.raises(CheckpointError, match="model.2 blurs its maps"):
        import_discriminator(read_networks(tmp_path / "d.pth")["network"])
