"""The released transformer: its logits, and a whole checkpoint with its first stage."""

import json
from pathlib import Path

import pytest
import torch
from gancore_vqgan import import_stages, import_transformer
from safetensors.torch import load_file, safe_open

import gancore
from gancore.component.references import weights_hash
from gancore.errors import CheckpointError
from gancore.published import Network, read_networks

FILE = Path(__file__).parents[4] / "shared" / "data" / "parity" / "vqgan-32.safetensors"
pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="the reference outputs are not here")


@pytest.fixture(scope="module")
def known():
    return load_file(FILE)


@pytest.fixture(scope="module")
def network():
    return read_networks(FILE)["T"]


def test_logits_are_those_of_the_released_code(network, known):
    sampler = import_transformer(network, latent=(8, 8)).eval()
    with safe_open(FILE, "pt") as file:
        config = json.loads(file.metadata()["config"])["transformer"]
    assert (sampler.layers, sampler.heads, sampler.width) == (
        config["n_layer"],
        config["n_head"],
        config["n_embd"],
    )
    with torch.no_grad():
        logits = sampler.forward_tokens(known["in.tokens"])
    assert (logits - known["out.logits"]).abs().max() < 1e-4
    # the same one by one, through the cache
    past, made = sampler.stack.past(), []
    with torch.no_grad():
        for token in known["in.tokens"].split(1, 1):
            made.append(sampler.stack(sampler.table(token), None, past))
    assert (torch.cat(made, 1) - known["out.logits"]).abs().max() < 1e-4


def test_sequences_begin_as_there(network, known):
    """The released sampler begins with the index 0, or the class, and reads one index after the other."""
    sampler = import_transformer(network, classes=10).eval()
    tokens = known["in.tokens"] % 10
    with torch.no_grad():
        expected = sampler.forward_tokens(torch.cat([tokens[:, :1], known["in.tokens"]], 1))
        codes = torch.nn.functional.pad(known["in.tokens"], (0, 3))
        found = sampler.logits(codes, tokens[:, 0])
    assert sampler.latent == (64,) and (found[:, :62] - expected).abs().max() < 1e-5
    plain = import_transformer(network).eval()
    with torch.no_grad():
        begun = plain.logits(codes)[:, :62]
        expected = plain.forward_tokens(torch.nn.functional.pad(known["in.tokens"], (1, 0)))
    assert (begun - expected).abs().max() < 1e-5


def changed(network, **tensors):
    return Network("", (), network.init_kwargs, {**network.tensors, **tensors})


def test_what_is_not_read_is_refused(network):
    with pytest.raises(
        CheckpointError, match=r"64 positions .* not one position for each place of a map \(4, 8\)"
    ):
        import_transformer(network, latent=(4, 8))
    seen = torch.ones(1, 1, 64, 64)
    with pytest.raises(CheckpointError, match="attend to each other: it reads a condition"):
        import_transformer(changed(network, **{"blocks.0.attn.mask": seen}))
    unmasked = {name: value for name, value in network.tensors.items() if "mask" not in name}
    told = {**network.init_kwargs, "transformer": {"n_head": 4, "n_unmasked": 5}}
    with pytest.raises(CheckpointError, match="attend to each other: it reads a condition"):
        import_transformer(Network("", (), told, unmasked))
    with pytest.raises(CheckpointError, match="weights cond_emb.weight, which are not known here"):
        import_transformer(changed(network, **{"cond_emb.weight": seen}))
    with pytest.raises(CheckpointError, match="24 do not divide its width 32; give heads="):
        import_transformer(Network("", (), {"n_head": 24}, network.tensors))


@pytest.fixture
def checkpoint(known, tmp_path):
    """Both stages as Lightning saves them."""
    starts = {"V.": "first_stage_model.", "T.": "transformer."}
    state = {
        start + name.removeprefix(mine): value
        for mine, start in starts.items()
        for name, value in known.items()
        if name.startswith(mine)
    }

    def save(**more):
        path = tmp_path / "last.ckpt"
        torch.save({"epoch": 3, "global_step": 9, "state_dict": {**state, **more}, "lr_schedulers": []}, path)
        return path

    return save


def test_both_stages_are_read_from_one_checkpoint(checkpoint, known, tmp_path):
    network = read_networks(checkpoint())["state_dict"]
    pipeline = import_stages(network, heads=4)
    assert torch.equal(pipeline.encode(known["in.image"]), known["out.indices"])
    with torch.no_grad():
        logits = pipeline.sampler.eval().forward_tokens(known["in.tokens"])
    assert (logits - known["out.logits"]).abs().max() < 1e-4
    assert pipeline.sample(2, seed=0).shape == (2, 3, 32, 32)
    assert bytes(pipeline.sampler.first_stage.tolist()).hex() == weights_hash(pipeline.encoder)
    labeled = import_stages(network, classes=10, heads=4)
    assert labeled.sample(2, label=torch.tensor([0, 9]), seed=0).shape == (2, 3, 32, 32)


def test_the_command_reads_it_and_training_goes_on_from_there(checkpoint, tmp_path):
    gancore.import_(checkpoint(), output=tmp_path / "imported")
    pipeline = gancore.load(tmp_path / "imported")
    assert pipeline.sampler.heads == 16 and pipeline.draw(2, seed=0)[0].shape == (2, 8, 8)
    trained = gancore.train(
        "code-prior",
        "emoji",
        size=32,
        init=tmp_path / "imported",
        images=4,
        batch=4,
        evaluate_every=0,
        output=tmp_path / "run",
        progress=False,
    )
    assert trained.recipe.sampler.width == 32
    assert torch.equal(trained.recipe.sampler.first_stage, pipeline.sampler.first_stage)


def test_models_with_other_conditions_are_refused(checkpoint):
    network = read_networks(checkpoint(**{"cond_stage_model.a": torch.zeros(1)}))["state_dict"]
    with pytest.raises(CheckpointError, match="reads another model's codes as its condition"):
        import_stages(network)
