"""Snapshots as the released training writes them: a pickle of whole modules, in a wrapper."""

import pickle
from itertools import pairwise

import pytest
import torch
from torch import nn

from gancore.errors import CheckpointError
from gancore.published import import_discriminator, import_file, import_generator, read_networks


class Module(nn.Module):
    """A module of any layers, which the reader does not know."""


def tree(state):
    """Modules within modules whose state dict is this."""
    root = Module()
    for name, value in state.items():
        *path, last = name.split(".")
        inner = root
        for step in path:
            if step not in inner._modules:
                inner.add_module(step, Module())
            inner = inner._modules[step]
        inner.register_parameter(last, nn.Parameter(value))
    return root


def block(prefix, width, groups, draw):
    wide = 2 * width
    return {
        f"{prefix}.LinearLayer1.Layer.weight": draw(wide, width, 1, 1),
        f"{prefix}.LinearLayer2.Layer.weight": draw(wide, wide // groups, 3, 3),
        f"{prefix}.LinearLayer3.Layer.weight": draw(width, wide, 1, 1),
        f"{prefix}.NonLinearity1.Bias": draw(wide),
        f"{prefix}.NonLinearity2.Bias": draw(wide),
    }


WIDTHS, BLOCKS, GROUPS, LATENT = (8, 8, 4), (1, 2, 1), (2, 1, 2), 6


def generator(draw):
    state = {
        "MainLayers.0.Layers.0.Basis": draw(8, 4, 4),
        "MainLayers.0.Layers.0.LinearLayer.weight": draw(8, LATENT),
        "MainLayers.2.Layers.0.LinearLayer.Layer.weight": draw(4, 8, 1, 1),
        "AggregationLayer.Layer.weight": draw(3, 4, 1, 1),
    }
    for i, (width, count, groups) in enumerate(zip(WIDTHS, BLOCKS, GROUPS, strict=True)):
        for j in range(count):
            state |= block(f"MainLayers.{i}.Layers.{j + 1}", width, groups, draw)
    return state


def discriminator(draw):
    state = {"ExtractionLayer.Layer.weight": draw(4, 3, 1, 1)}
    for i, (width, count, groups) in enumerate(zip(WIDTHS[::-1], BLOCKS[::-1], GROUPS[::-1], strict=True)):
        for j in range(count):
            state |= block(f"MainLayers.{i}.Layers.{j}", width, groups, draw)
    for i, (before, after) in enumerate(pairwise(WIDTHS[::-1])):
        if before != after:
            name = f"MainLayers.{i}.Layers.{BLOCKS[::-1][i]}.LinearLayer.Layer.weight"
            state[name] = draw(after, before, 1, 1)
    state["MainLayers.2.Layers.1.Basis.weight"] = draw(8, 1, 4, 4)
    state["MainLayers.2.Layers.1.LinearLayer.weight"] = draw(1, 8)
    return state


@pytest.fixture
def draw():
    rng = torch.Generator().manual_seed(0)
    return lambda *shape: torch.randn(*shape, generator=rng)


def wrapped(state):
    return tree({f"Model.{name}": value for name, value in state.items()})


def test_a_snapshot_is_read_and_its_sizes_are_inferred(tmp_path, draw):
    path = tmp_path / "network-snapshot.pkl"
    networks = {"G": wrapped(generator(draw)), "D": wrapped(discriminator(draw))}
    path.write_bytes(pickle.dumps({**networks, "G_ema": networks["G"], "augment_pipe": None}))
    pipeline, why = import_file(path, tmp_path / "out")
    made = pipeline.generator
    assert not why and made.image == (3, 16, 16) and made.latent_size == LATENT
    assert (made.widths, made.blocks, made.cardinalities) == (WIDTHS, BLOCKS, GROUPS)
    judge = import_discriminator(read_networks(path)["D"])
    assert (judge.widths, judge.blocks, judge.cardinalities) == (WIDTHS, BLOCKS, GROUPS)
    assert judge(pipeline.sample(2, seed=0)).shape == (2,)


def test_weights_that_are_missing_or_unknown(tmp_path, draw):
    state = generator(draw)
    del state["MainLayers.1.Layers.1.NonLinearity1.Bias"]
    path = tmp_path / "x.pt"
    torch.save({"G": state}, path)
    with pytest.raises(CheckpointError, match=r"stages.1.0.first_bias.bias is missing"):
        import_generator(read_networks(path)["G"])
    torch.save({"G": generator(draw) | {"MainLayers.0.Layers.0.Other": torch.ones(1)}}, path)
    with pytest.raises(CheckpointError, match="Other is not the name of a weight of R3GAN"):
        import_generator(read_networks(path)["G"])


def test_networks_without_a_counterpart_are_refused_in_words(tmp_path, draw):
    path = tmp_path / "x.pt"
    state = {name: value for name, value in generator(draw).items() if ".1.Layers.1" not in name}
    state = {name: value for name, value in state.items() if ".1.Layers.2" not in name}
    torch.save({"G": state}, path)
    with pytest.raises(CheckpointError, match="stage 1 has no residual block; networks with one or more are"):
        import_generator(read_networks(path)["G"])
    row = torch.tensor([1.0, 3.0, 4.0, 2.0]) / 10
    kernel = {"MainLayers.1.Layers.0.Resampler.Kernel": torch.outer(row, row)}
    torch.save({"G": generator(draw) | kernel}, path)
    with pytest.raises(CheckpointError, match="with an asymmetric filter; symmetric ones are read"):
        import_generator(read_networks(path)["G"])


@pytest.mark.parametrize("taps", [(1,), (1, 1), (1, 3, 3, 1), (1, 0, 1), (3, 7, 11, 7, 3)])
def test_filters_are_inferred_from_their_kernel(tmp_path, draw, taps):
    row = torch.tensor([a + b for a, b in zip((*taps, 0.0), (0.0, *taps), strict=True)])
    kernel = torch.outer(row, row) / row.sum() ** 2
    torch.save({"G": generator(draw) | {"MainLayers.1.Layers.0.Resampler.Kernel": kernel}}, tmp_path / "x.pt")
    found = import_generator(read_networks(tmp_path / "x.pt")["G"]).generator.resampling
    assert found == pytest.approx([tap / taps[0] for tap in taps], rel=1e-5)
