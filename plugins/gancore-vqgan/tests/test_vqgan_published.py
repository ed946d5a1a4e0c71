"""The networks of the released code: beside its outputs, and from checkpoints as its training writes them."""

import json
from pathlib import Path

import pytest
import torch
from gancore_vqgan import VQGAN
from gancore_vqgan.presets import NARROW
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

import gancore
from gancore.errors import CheckpointError
from gancore.published import import_discriminator, import_file, import_generator, read_networks
from gancore.standard.optimizers import Adam
from gancore.standard.patchgan import BatchPatchGAN
from gancore.testing.parity import difference

FILE = Path(__file__).parents[4] / "shared" / "data" / "parity" / "vqgan-32.safetensors"
needs_reference = pytest.mark.skipif(not FILE.is_file(), reason="the reference outputs are not here")


@needs_reference
@torch.no_grad()
def test_codes_images_and_scores_are_those_of_the_released_code():
    networks, known = read_networks(FILE), load_file(FILE)
    pipeline = import_generator(networks["V"])
    encoder, generator = pipeline.encoder.eval(), pipeline.generator.eval()
    made = encoder.quantized(known["in.image"])
    assert difference(encoder(known["in.image"]), known["out.prequant"]) < 1e-5
    assert torch.equal(made.indices, known["out.indices"])
    assert difference(sum(made.terms.values()), known["out.codebook_loss"][0]) < 1e-5
    assert made.terms["commitment"].item() == pytest.approx(4 * made.terms["codebook"].item())
    assert difference(generator(made.code), known["out.image"]) < 1e-5
    assert difference(generator(pipeline.conditioner(known["out.indices"])), known["out.image"]) < 1e-5
    judge = import_discriminator(networks["D"]).eval()
    assert difference(judge(known["out.image"]), known["out.scores_of_image"]) < 1e-5


@needs_reference
def test_sizes_are_those_of_the_settings():
    with safe_open(FILE, "pt") as file:
        config = json.loads(file.metadata()["config"])
    found, inner = import_generator(read_networks(FILE)["V"]), config["ddconfig"]
    for network in (found.generator, found.encoder.network):
        assert (network.width, list(network.multipliers)) == (inner["ch"], inner["ch_mult"])
        assert (network.blocks, list(network.attention)) == (
            inner["num_res_blocks"],
            inner["attn_resolutions"],
        )
    assert found.encoder.quantizer.size == config["n_embed"]


@needs_reference
def test_the_command_gives_a_pipeline_and_a_recipe_that_trains_on(tmp_path):
    made = gancore.import_(FILE, output=tmp_path / "out")
    assert not made.no_recipe
    pipeline = gancore.load(tmp_path / "out")
    image = load_file(FILE)["in.image"]
    assert torch.equal(pipeline.encode(image), load_file(FILE)["out.indices"])
    recipe = gancore.RunFolder(tmp_path / "out").recipe()
    assert isinstance(recipe, VQGAN)
    assert torch.equal(recipe.encoder.quantizer.vectors, pipeline.encoder.quantizer.vectors)
    assert torch.equal(recipe.generator.to_image.weight, pipeline.generator.to_image.weight)
    assert recipe.encoder.quantizer.codebook_weight == 0.25


SHORT = {**NARROW, "multipliers": [1, 2], "attention": [128], "width": 32, "channels": 5, "groups": 32}
INNER = {
    "layers.0": "norm1",
    "layers.2": "conv1",
    "layers.3": "norm2",
    "layers.5": "conv2",
    "shortcut": "nin_shortcut",
    "query": "q",
    "key": "k",
    "value": "v",
    "out": "proj_out",
    "norm": "norm",
    "conv": "conv",
}
ENCODER = {
    0: "encoder.conv_in",
    1: "encoder.down.0.block.0",
    2: "encoder.down.0.downsample",
    3: "encoder.down.1.block.0",
    4: "encoder.down.1.attn.0",
    5: "encoder.mid.block_1",
    6: "encoder.mid.attn_1",
    7: "encoder.mid.block_2",
    8: "encoder.norm_out",
    10: "encoder.conv_out",
    11: "quant_conv",
}
DECODER = {
    0: "post_quant_conv",
    1: "decoder.conv_in",
    2: "decoder.mid.block_1",
    3: "decoder.mid.attn_1",
    4: "decoder.mid.block_2",
    5: "decoder.up.1.block.0",
    6: "decoder.up.1.attn.0",
    7: "decoder.up.1.block.1",
    8: "decoder.up.1.attn.1",
    9: "decoder.up.1.upsample",
    10: "decoder.up.0.block.0",
    11: "decoder.up.0.block.1",
    12: "decoder.norm_out",
}


def there(state, places):
    """A state dict of ours by the names of the released code."""
    found = {}
    for name, value in state.items():
        if name.startswith("to_image."):
            found[name.replace("to_image", "decoder.conv_out")] = value
            continue
        _, place, *inner, kind = name.split(".")
        middle = [INNER[".".join(inner)]] if inner else []
        found[".".join([places[int(place)], *middle, kind])] = value
    return found


class Callback:
    """What Lightning pickles by its class."""


@pytest.fixture(scope="module")
def recipe():
    return VQGAN(
        image=(1, 256, 256),
        generator={"part": "vqgan", "vector": 3, **SHORT},
        encoder={"network": {"part": "vqgan", **SHORT}, "quantizer": {"part": "vector", "size": 7}},
        discriminator={"part": "vqgan", "width": 4, "layers": 2},
        perceptual={"extractor": "pixels"},
        optimizer=Adam(lr=0.0),
    )


def state_of(recipe):
    judge = recipe.discriminator.state_dict()
    last = max(int(name.split(".")[1]) for name in judge if name.startswith("body."))
    return {
        **there(recipe.encoder.network.state_dict(), ENCODER),
        **there(recipe.generator.state_dict(), DECODER),
        "quantize.embedding.weight": recipe.encoder.quantizer.vectors.detach(),
        **{
            f"loss.discriminator.main.{name.removeprefix('body.').replace('head', str(last + 1))}": value
            for name, value in judge.items()
        },
        "loss.perceptual_loss.lin0.model.1.weight": torch.rand(1, 64, 1, 1),
    }


def checkpoint(path, state):
    """A file as Lightning writes it."""
    torch.save(
        {
            "epoch": 3,
            "global_step": 40,
            "pytorch-lightning_version": "1.0.8",
            "callbacks": {Callback: {"best_model_path": "x"}},
            "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(2)}}, "param_groups": []}],
            "lr_schedulers": [],
            "state_dict": state,
            "module": Callback(),
        },
        path,
    )
    return path


def test_a_checkpoint_of_lightning_is_read_without_lightning(tmp_path, recipe):
    path = checkpoint(tmp_path / "last.ckpt", state_of(recipe))
    pipeline, why = import_file(path, tmp_path / "out")
    assert not why and pipeline.product == "reconstructs"
    assert pipeline.conditioner.quantizer is pipeline.encoder.quantizer
    found = {"encoder": pipeline.encoder, "generator": pipeline.generator}
    again = gancore.RunFolder(tmp_path / "out").recipe()
    for part in ("encoder", "generator", "discriminator"):
        mine = getattr(recipe, part).state_dict()
        for other in (found.get(part), getattr(again, part)):
            assert other is None or all(torch.equal(v, mine[k]) for k, v in other.state_dict().items())
    assert again.generator.attention == (128,) and again.discriminator.layers == 2


def test_a_file_of_one_network_is_read(tmp_path, recipe):
    state = {k: v for k, v in state_of(recipe).items() if not k.startswith("loss.")}
    torch.save(state, tmp_path / "vqgan.pt")
    network = read_networks(tmp_path / "vqgan.pt")
    (name,) = network
    pipeline = import_generator(network[name])
    image = torch.rand(1, 1, 32, 32)
    assert (
        pipeline.encoder.image == (1, 256, 256) and nn.Module.__call__(pipeline.encoder, image).shape[1] == 3
    )


def test_a_quantizer_that_draws_is_read(tmp_path, recipe):
    """As in the network for OpenImages: a 1×1 convolution to logits, and vectors."""
    state = {k: v for k, v in state_of(recipe).items() if not k.startswith(("loss.", "quantize."))}
    proj, bias, vectors = torch.randn(9, 3, 1, 1), torch.randn(9), torch.randn(9, 3)
    drawn = {"proj.weight": proj, "proj.bias": bias, "embed.weight": vectors}
    torch.save(state | {f"quantize.{k}": v for k, v in drawn.items()}, tmp_path / "vqgan.pt")
    pipeline = import_generator(read_networks(tmp_path / "vqgan.pt")["network"])
    code = torch.randn(2, 3, 4, 4)
    made = pipeline.encoder.quantizer.eval()(code)
    logits = torch.nn.functional.conv2d(code, proj, bias)
    assert torch.equal(made.indices, logits.argmax(1))
    assert torch.equal(made.code, vectors[logits.argmax(1)].movedim(-1, 1))


def test_weights_that_are_missing_or_unknown(tmp_path, recipe):
    state = state_of(recipe)
    del state["decoder.mid.attn_1.k.weight"]
    torch.save(state, tmp_path / "x.pt")
    with pytest.raises(CheckpointError, match=r"layers.3.key.weight is missing"):
        import_file(tmp_path / "x.pt", tmp_path / "out")
    torch.save({**state_of(recipe), "encoder.mid.extra.weight": torch.ones(1)}, tmp_path / "x.pt")
    with pytest.raises(
        CheckpointError, match="encoder.mid.extra.weight is not the name of a weight of VQGAN"
    ):
        import_file(tmp_path / "x.pt", tmp_path / "out")


def test_a_discriminator_with_more_layers_than_the_images_have_halvings(tmp_path):
    judge = BatchPatchGAN(image=(3, 48, 48), width=2, layers=4).eval().requires_grad_(False)
    last = len(judge.body)
    names = {
        name: name.replace("body", "D.main").replace("head", f"D.main.{last}") for name in judge.state_dict()
    }
    state = {names[name]: value.contiguous() for name, value in judge.state_dict().items()}
    save_file(state, tmp_path / "d.safetensors", {"config": '{"ddconfig": {"resolution": 32}}'})
    found = import_discriminator(read_networks(tmp_path / "d.safetensors")["D"]).eval()
    image = torch.rand(2, 3, 48, 64)
    assert found.layers == 4 and torch.equal(found(image), judge(image))


def test_indices_that_are_numbered_anew_are_refused(tmp_path, recipe):
    torch.save({**state_of(recipe), "quantize.used": torch.arange(5)}, tmp_path / "x.pt")
    with pytest.raises(CheckpointError, match=r"its indices are numbered anew \(quantize.used"):
        import_file(tmp_path / "x.pt", tmp_path / "out")
