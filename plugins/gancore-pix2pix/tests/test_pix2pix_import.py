"""Networks of the published code: beside its outputs, and as its training writes them."""

import json
import re
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

import gancore
from gancore.errors import CheckpointError
from gancore.nn.dropout import Dropout
from gancore.published import import_discriminator, import_file, import_generator, read_networks
from gancore.standard import BatchPatchGAN
from gancore.testing.parity import difference

FILE = Path(__file__).parents[4] / "shared" / "data" / "parity" / "pix2pix-32.safetensors"
needs_reference = pytest.mark.skipif(not FILE.is_file(), reason="the reference outputs are not here")


@needs_reference
@torch.no_grad()
def test_translations_and_scores_are_those_of_the_published_code():
    networks, known = read_networks(FILE), load_file(FILE)
    made = import_generator(networks["G"]).generator.eval()(known["in.image"])
    assert difference(made, known["out.G"]) < 1e-5
    both = torch.cat([known["in.image"], known["in.target"]], 1)
    for name in ("D", "Dpixel"):
        judge = import_discriminator(networks[name]).eval()
        assert difference(judge(both), known[f"out.{name}"]) < 1e-5


@needs_reference
def test_sizes_are_those_of_the_settings():
    with safe_open(FILE, "pt") as file:
        config = json.loads(file.metadata()["config"])
    networks = read_networks(FILE)
    made, judge = import_generator(networks["G"]).generator, import_discriminator(networks["D"])
    assert (made.width, made.halvings) == (config["width"], config["downs"])
    assert made.source == (config["source"], config["size"], config["size"])
    assert made.image == (config["target"], config["size"], config["size"])
    assert (judge.width, judge.layers, judge.image[0]) == (config["width"], config["layers"], 6)


@needs_reference
def test_the_command_gives_a_pipeline_and_a_recipe_that_trains_on(tmp_path):
    made = gancore.import_(FILE, output=tmp_path / "out", network="G")
    assert not made.no_recipe
    pipeline = gancore.load(tmp_path / "out")
    known = load_file(FILE)
    assert difference(pipeline.render(known["in.image"]), known["out.G"]) < 1e-4
    recipe = gancore.RunFolder(tmp_path / "out").recipe()
    assert recipe.qualified_name == "recipe/pix2pix" and recipe.source == (3, 32, 32)
    assert torch.equal(recipe.generator.up[-1][1].weight, pipeline.generator.up[-1][1].weight)
    assert torch.equal(recipe.discriminator.body[0].weight, known["D.model.0.weight"])


class Norm(nn.Module):
    """Instance normalization that kept statistics, as it did in early files."""

    def __init__(self, width, batch, kept):
        super().__init__()
        self.inner = nn.BatchNorm2d(width) if batch else nn.InstanceNorm2d(width, track_running_stats=kept)
        if batch:
            nn.init.normal_(self.inner.running_mean)
            nn.init.uniform_(self.inner.running_var, 1, 2)

    def forward(self, x):
        return self.inner(x) if isinstance(self.inner, nn.BatchNorm2d) else self.own(x)

    def own(self, x):
        return (x - x.mean((2, 3), keepdim=True)) / (x.var((2, 3), keepdim=True, correction=0) + 1e-5).sqrt()


class Block(nn.Module):
    """A block of the published U-Net, by what its layers are called there: `inside` is the next one."""

    def __init__(
        self, outer, inner, inside=None, *, outermost=False, made=0, batch=False, kept=False, drop=False
    ):
        super().__init__()
        self.outermost = outermost
        bias = {"bias": not batch}
        down = nn.Conv2d(made or outer, inner, 4, 2, 1, **bias)
        ends = nn.ConvTranspose2d(
            inner if inside is None else 2 * inner, made or outer, 4, 2, 1, **({} if outermost else bias)
        )
        norm = lambda width: Norm(width, batch, kept)
        leaky, relu = nn.LeakyReLU(0.2), nn.ReLU()
        if outermost:
            layers = [down, inside, relu, ends, nn.Tanh()]
        elif inside is None:
            layers = [leaky, down, relu, ends, norm(outer)]
        else:
            layers = [leaky, down, norm(inner), inside, relu, ends, norm(outer), *[nn.Dropout(0.5)] * drop]
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return self.model(x) if self.outermost else torch.cat([x, self.model(x)], 1)


def published(depth, **options):
    """The state dict of a U-Net with so many blocks, by the names in files, and the network."""
    widths = [2 * min(2**i, 8) for i in range(depth)]
    block = None
    for level in reversed(range(1, depth)):
        drop = 5 <= level + 1 < depth
        block = Block(widths[level - 1], widths[level], block, drop=drop, **options)
    made = Block(3, widths[0], block, outermost=True, made=3, **options).eval()
    state = {name.replace(".inner.", "."): value for name, value in made.state_dict().items()}
    return {f"model.{name}": value.clone() for name, value in state.items()}, made


@pytest.mark.parametrize(
    ("depth", "options"),
    [(5, {}), (6, {"kept": True}), (7, {"batch": True}), (8, {})],
)
@torch.no_grad()
def test_files_of_any_depth_and_normalization_are_read(tmp_path, depth, options):
    torch.manual_seed(depth)
    state, network = published(depth, **options)
    if options.get("kept"):
        assert any("running_mean" in name for name in state)
    torch.save(state, tmp_path / "latest_net_G.pth")
    made = import_generator(read_networks(tmp_path / "latest_net_G.pth")["network"]).generator.eval()
    assert made.name == ("unet" if options.get("batch") else "unet-instance")
    assert made.halvings == depth and made.image == (3, 2**depth, 2**depth)
    image = torch.randn(1, *made.source)
    assert difference(made(image), network(image)) < 1e-4
    dropouts = sum(isinstance(m, Dropout) for m in made.modules())
    assert dropouts == max(depth - 5, 0) == sum(isinstance(m, nn.Dropout) for m in network.modules())


def test_early_files_have_no_count_of_batches(tmp_path):
    state = {name: value for name, value in published(5, batch=True)[0].items() if "num_batches" not in name}
    torch.save(state, tmp_path / "net_G.pth")
    made = import_generator(read_networks(tmp_path / "net_G.pth")["network"]).generator
    assert made.up[0][2].num_batches_tracked == 0


def test_translations_are_drawn_as_in_the_paper_where_that_is_asked_for(tmp_path):
    torch.save(published(7, batch=True)[0], tmp_path / "net_G.pth")
    pipeline, why = import_file(tmp_path / "net_G.pth", tmp_path / "out", options={"noise": "random"})
    assert why == "the file has no discriminator"
    assert pipeline.generator.noise and pipeline.generator.own_statistics
    image = torch.randn(1, 3, 128, 128)
    assert not torch.equal(pipeline.render(image, seed=0), pipeline.render(image, seed=1))


def test_weights_that_are_missing_or_unknown(tmp_path):
    path = tmp_path / "net_G.pth"

    def refused(state, said):
        torch.save(state, path)
        with pytest.raises(CheckpointError, match=said):
            import_generator(read_networks(path)["network"])

    state, _ = published(5)
    lacking = {name: value for name, value in state.items() if name != "model.model.3.bias"}
    refused(lacking, "neither a bias nor a normalization")
    plain = {name: value for name, value in state.items() if not name.endswith("bias")}
    refused(plain, "networks with batch or instance normalization are read")
    refused(
        {**state, "model.model.7.weight": torch.ones(1)},
        "model.7.weight is not the name of a weight of a U-Net",
    )
    narrow = {**state, "model.model.1.model.1.weight": torch.ones(3, 2, 4, 4)}
    refused(narrow, r"the weights do not fit generator/unet-instance: down.1.0.weight is \(3, 2, 4, 4\)")
    refused({"model.0.weight": torch.ones(1, 1, 3, 3)}, "is not a generator of")


def judge_of(channels, layers=1):
    made = BatchPatchGAN(image=(channels, 64, 64), width=2, layers=layers)
    state = {name.replace("body", "model"): value for name, value in made.state_dict().items()}
    return {name.replace("head", f"model.{len(made.body)}"): value for name, value in state.items()}


def test_a_discriminator_in_a_file_of_its_own_takes_the_size_of_the_translations(tmp_path):
    torch.save(published(7)[0], tmp_path / "net_G.pth")
    torch.save(judge := judge_of(6), tmp_path / "net_D.pth")
    made = gancore.import_(
        tmp_path / "net_G.pth", discriminator=tmp_path / "net_D.pth", output=tmp_path / "out"
    )
    assert not made.no_recipe
    recipe = gancore.RunFolder(tmp_path / "out").recipe()
    assert recipe.discriminator.image == (6, 128, 128) and recipe.reads_source
    assert torch.equal(recipe.discriminator.head.weight, judge["model.5.weight"])


def test_a_discriminator_of_translations_alone_is_one_that_reads_no_source(tmp_path):
    torch.save(published(5)[0], tmp_path / "net_G.pth")
    torch.save(judge_of(3), tmp_path / "net_D.pth")
    why = import_file(tmp_path / "net_G.pth", tmp_path / "out", discriminator=tmp_path / "net_D.pth")[1]
    recipe = gancore.RunFolder(tmp_path / "out").recipe()
    assert not why and not recipe.reads_source and recipe.discriminator.image == (3, 32, 32)


@pytest.mark.parametrize(
    ("judge", "why"),
    [
        (judge_of(5), r"the discriminator reads images \(5, 256, 256\), not \(3, 32, 32\)"),
        (judge_of(6, layers=4), "patchgan-batch with 4 layers needs images of at least 48 pixels"),
    ],
)
def test_a_discriminator_that_does_not_fit_is_left_out_and_said(tmp_path, judge, why):
    torch.save(published(5)[0], tmp_path / "net_G.pth")
    torch.save(judge, tmp_path / "net_D.pth")
    found = import_file(tmp_path / "net_G.pth", tmp_path / "out", discriminator=tmp_path / "net_D.pth")[1]
    assert re.search(why, found)
