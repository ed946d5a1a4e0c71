"""Generators with statistics for several truncations, and the import of published ones."""

import re

import pytest
import torch
from gancore_biggan import ScaledTruncatedNormal, TabledDeepBigGANGenerator
from gancore_biggan.truncations import TabledBatchNorm2d

import gancore
from gancore.errors import CheckpointError, UserError
from gancore.latent.truncation import with_threshold
from gancore.nn.spectral_norm import Spectral
from gancore.published import import_generator, read_networks

TOP = {"start": "gen_z", "norm": "bn", "to_image": "conv_to_rgb"}
ATTENTION = {"query": "theta", "key": "phi", "value": "g", "out": "o_conv"}
PARTS = {"norm": "", "gain": ".scale", "bias": ".offset"}


def small():
    made = TabledDeepBigGANGenerator(
        image=(3, 16, 16),
        latent_size=5,
        embedding_size=4,
        widths=(16, 8, 4),
        attention=(8,),
        spare_colors=1,
        norm_eps=1e-4,
        last_norm_eps=1e-4,
    )
    for norm in (m for m in made.modules() if isinstance(m, TabledBatchNorm2d)):
        norm.means.normal_(0, 0.3)
        norm.variances.uniform_(0.5, 1.5)
    torch.nn.init.constant_(made.stages[0][2].gate, 0.5)
    return made.eval()


def published(name):
    """The name of a layer in the published files."""
    if name in TOP:
        return TOP[name]
    stage, inner, layer = re.fullmatch(r"stages\.(\d)\.(\d)\.?(.*)", name).groups()
    number = int(stage) * 3 + int(inner)  # the first of two stages attends
    if int(inner) == 2:
        return f"layers.{number}" + (f".snconv1x1_{ATTENTION[layer]}" if layer else "")
    kind, place, _, rest = re.fullmatch(r"(norm|conv)(\d)(\.(.*))?", layer).groups()
    first = {"norm": "bn", "conv": "conv"}[kind]
    return f"layers.{number}.{first}_{int(place) - 1}{PARTS.get(rest, '')}"


def as_published(made, table):
    state = {"embeddings.weight": table.t().contiguous()}
    for path, layer in made.named_modules():
        names = dict(layer.named_parameters(recurse=False))
        if not names and not isinstance(layer, TabledBatchNorm2d):
            continue
        ours = f"generator.{published(path)}"
        for name, value in names.items():
            value = value.detach()
            if path == "start":  # channels come last there
                value = value.unflatten(0, (-1, 16)).transpose(0, 1).flatten(0, 1)
            spectral = isinstance(layer, Spectral) and name == "weight"
            state[f"{ours}.{ {'gate': 'gamma'}.get(name, name) }" + "_orig" * spectral] = value
        if isinstance(layer, TabledBatchNorm2d):
            state |= {f"{ours}.running_means": layer.means, f"{ours}.running_vars": layer.variances}
        if isinstance(layer, Spectral):
            v = layer.v.flatten()
            u = state[f"{ours}.weight_orig"].flatten(1) @ v
            state |= {f"{ours}.weight_v": v, f"{ours}.weight_u": u / u.norm()}
    return state


@torch.no_grad()
def test_published_generators_are_imported(tmp_path):
    made, table = small(), torch.randn(6, 4)
    torch.save(as_published(made, table), tmp_path / "pytorch_model.bin")
    pipeline = import_generator(read_networks(tmp_path / "pytorch_model.bin")["network"])
    assert (pipeline.generator.attention, pipeline.generator.statistics) == ((8,), 51)
    latent, label = torch.randn(2, 5), torch.tensor([1, 5])
    code = torch.cat([latent, table[label]], dim=1)
    for threshold in (2.0, 1.16, 0.55):
        chosen = with_threshold(pipeline, threshold)
        expected = made.truncated(threshold)(code)
        assert torch.allclose(chosen.generator.eval()(chosen.conditioner(latent, label)), expected, atol=1e-5)
    gancore.import_(tmp_path / "pytorch_model.bin", output=tmp_path / "out")
    assert gancore.load(tmp_path / "out").sample(2, seed=0).shape == (2, 3, 16, 16)


@torch.no_grad()
def test_vectors_that_do_not_belong_to_their_weights_count_as_they_are(tmp_path):
    made, table = small(), torch.randn(6, 4)
    state = as_published(made, table)
    state["generator.gen_z.weight_u"] *= -0.5  # σ = uᵀWv
    torch.save(state, tmp_path / "pytorch_model.bin")
    found = import_generator(read_networks(tmp_path / "pytorch_model.bin")["network"]).generator.eval()
    code = torch.randn(2, 9)
    expected = -2 * (made.start(code) - made.start.bias) + made.start.bias
    torch.testing.assert_close(found.start(code), expected, atol=1e-4, rtol=1e-4)


def test_a_damaged_file_is_refused(tmp_path):
    state = as_published(small(), torch.randn(6, 4))
    state["generator.layers.0.conv_9.bias"] = torch.zeros(1)
    torch.save(state, tmp_path / "odd.bin")
    with pytest.raises(CheckpointError, match="conv_9 is not a layer of pytorch-pretrained-BigGAN"):
        import_generator(read_networks(tmp_path / "odd.bin")["network"])


def test_other_stages_than_the_released_ones_are_refused_in_words(tmp_path):
    state = as_published(small(), torch.randn(6, 4))
    narrow = {"generator.layers.0.conv_3.weight_orig": torch.zeros(8, 4, 1, 1)}
    torch.save(state | narrow, tmp_path / "single.bin")
    with pytest.raises(
        CheckpointError, match="layer 0, the first of 2 blocks of a stage, makes 8 channels of 16"
    ):
        import_generator(read_networks(tmp_path / "single.bin")["network"])
    moved = {
        name.replace("layers.2.", "layers.9.").replace("layers.1.", "layers.2."): v
        for name, v in state.items()
    }
    torch.save(
        {name.replace("layers.9.", "layers.1."): v for name, v in moved.items()}, tmp_path / "within.bin"
    )
    with pytest.raises(CheckpointError, match="layer 1 is self-attention within a stage of 2 blocks"):
        import_generator(read_networks(tmp_path / "within.bin")["network"])


def test_statistics_are_those_of_the_truncation():
    norm = TabledBatchNorm2d(2, rows=51, truncation=0.58)
    norm.means.copy_(torch.arange(51.0)[:, None].expand(51, 2))
    assert norm.row("means").tolist() == [29, 29]
    norm.truncation = 0.585
    assert norm.row("means").tolist() == pytest.approx([29.25, 29.25])
    x = torch.randn(4, 2, 3, 3)
    assert torch.allclose(norm.train()(x).mean((0, 2, 3)), torch.zeros(2), atol=1e-6)


def test_thresholds_without_statistics():
    with pytest.raises(UserError, match="thresholds above 0 and up to 2; got 3"):
        small().truncated(3.0)


def test_latents_are_scaled():
    sampler = ScaledTruncatedNormal(latent=(4,)).truncated(0.5)
    drawn = sampler(2000, rng=torch.Generator().manual_seed(0))
    whole = ScaledTruncatedNormal(latent=(4,))(2000, rng=torch.Generator().manual_seed(0))
    assert torch.allclose(drawn, whole / 4) and 0.45 < float(drawn.abs().max()) <= 0.5
