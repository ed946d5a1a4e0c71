"""State dicts with the names of ajbrock/BigGAN-PyTorch, for settings that the stored outputs do not have."""

import re

import pytest
import torch
from gancore_biggan import (
    BigGANDiscriminator,
    BigGANGenerator,
    DeepBigGANDiscriminator,
    DeepBigGANGenerator,
    TableBigGANGenerator,
)

from gancore.errors import CheckpointError
from gancore.nn.spectral_norm import Spectral
from gancore.published import import_discriminator, import_generator, read_networks

TOP = {
    "start": "linear",
    "norm": "output_layer.0",
    "to_image": "output_layer.2",
    "from_image": "input_conv",
    "head.score": "linear",
    "head.embedding": "embed",
}
INNER = {"shortcut": "conv_sc", "query": "theta", "key": "phi", "value": "g", "out": "o"}
CLASSES, EMBEDDING = 5, 6
HIERARCHICAL = {"latent_size": 9, "embedding_size": EMBEDDING}


def released(path, depth, merged):
    """The name of a layer there; in a generator, `merged`, each block is one of its own."""
    if path in TOP:
        return TOP[path]
    stage, inner, layer = re.fullmatch(r"stages\.(\d+)\.(\d+)\.?(.*)", path).groups()
    place = min(int(inner), depth - 1)
    block = f"{int(stage) * depth + place}.{int(inner) - place}" if merged else f"{stage}.{inner}"
    layer = re.sub(r"^norm(\d)(\.norm)?", r"bn\1", INNER.get(layer, layer))
    return f"blocks.{block}" + f".{layer}" * bool(layer)


def as_released(part, table=None):
    """The state dict of a network under its released names, with the class embedding."""
    depth, state = getattr(part, "depth", 1), {} if table is None else {"shared.weight": table}
    first = EMBEDDING if isinstance(part, DeepBigGANGenerator) else 0
    for path, layer in part.named_modules():
        names = {**dict(layer.named_parameters(recurse=False)), **dict(layer.named_buffers(recurse=False))}
        if not names:
            continue
        prefix = released(path, depth, hasattr(part, "to_image"))
        for name, value in names.items():
            if name in ("v", "num_batches_tracked"):
                continue
            if name == "weight" and (path == "start" or path.endswith((".gain", ".bias"))):
                value = torch.roll(value, first, 1)  # there the class embedding comes first
            last = {"gate": "gamma", "weight": "gain" if path == "norm" else "weight"}.get(name, name)
            state[f"{prefix}.{last.replace('running', 'stored')}"] = value.detach()
        if isinstance(layer, Spectral):
            u, _, vh = torch.linalg.svd(layer.weight.detach().flatten(1), full_matrices=False)
            layer.v.copy_(vh[:1].reshape(layer.v.shape))
            state |= {f"{prefix}.u0": u[:, :1].T.contiguous(), f"{prefix}.sv0": torch.ones(1)}
    return state


def disturbed(part):
    for name, value in part.named_parameters():
        noise = torch.randn_like(value)
        value.data.copy_(0.3 * noise if "gate" not in name else torch.tensor(0.7))
    for name, value in part.named_buffers():
        if "running" in name:
            value.uniform_(0.5, 1.5)
    return part.eval()


def imported(state, tmp_path, read=import_generator):
    torch.save(state, tmp_path / "G_ema.pth")
    return read(read_networks(tmp_path / "G_ema.pth")["network"])


def generator(cls=BigGANGenerator, side=32, **options):
    told = {"image": (3, side, side), "widths": (8, 8, 8, 8), "attention": ()}
    return disturbed(cls(**{**told, **HIERARCHICAL, **options}))


GENERATORS = {
    "attends everywhere": lambda: generator(attention=(8, 16, 32), latent_size=8),
    "flat": lambda: generator(hierarchical=False),
    "from 5×5": lambda: generator(side=40),
    "three colors of 64": lambda: generator(side=64, widths=(16, 16, 8, 8, 4), latent_size=10),
    **{
        f"{depth} blocks": lambda depth=depth: generator(DeepBigGANGenerator, depth=depth, attention=(16,))
        for depth in (1, 2, 3, 4)
    },
    "two blocks of 64": lambda: generator(DeepBigGANGenerator, side=64, widths=(16, 16, 8, 8, 4)),
}


@pytest.mark.parametrize("name", GENERATORS)
@torch.no_grad()
def test_generators_of_other_settings_are_read(name, tmp_path):
    made, table = GENERATORS[name](), torch.randn(CLASSES, EMBEDDING)
    pipeline = imported(as_released(made, table), tmp_path)
    found = pipeline.generator.eval()
    assert type(found) is type(made) and found.image == made.image
    assert (found.widths, found.attention) == (made.widths, made.attention)
    latent, label = torch.randn(2, *pipeline.sampler.latent), torch.tensor([0, 4])
    expected = made(torch.cat([latent, table[label]], dim=1))
    torch.testing.assert_close(found(pipeline.conditioner(latent, label)), expected, atol=1e-4, rtol=0)


@torch.no_grad()
def test_generators_with_tables_of_classes_are_read(tmp_path):
    made = TableBigGANGenerator(image=(3, 32, 32), classes=CLASSES, latent_size=7, widths=(8,) * 4)
    pipeline = imported(as_released(disturbed(made)), tmp_path)
    latent, label = torch.randn(2, 7), torch.tensor([0, 4])
    expected = made(torch.cat([latent, torch.eye(CLASSES)[label]], dim=1))
    found = pipeline.generator.eval()(pipeline.conditioner(latent, label))
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("depth", [0, 1, 3])
@torch.no_grad()
def test_discriminators_of_other_settings_are_read(depth, tmp_path):
    told = {"image": (3, 64, 64), "classes": CLASSES, "width": 2, "attention": (32, 4)}
    made = disturbed(DeepBigGANDiscriminator(depth=depth, **told) if depth else BigGANDiscriminator(**told))
    found = imported(as_released(made), tmp_path, import_discriminator)
    assert type(found) is type(made) and found.attention == (32, 4) and getattr(found, "depth", 0) == depth
    image, label = torch.randn(2, 3, 64, 64), torch.tensor([0, 4])
    torch.testing.assert_close(found.eval()(image, label), made(image, label), atol=1e-4, rtol=1e-4)


def test_converted_generators_have_another_epsilon(tmp_path):
    state = as_released(generator(), torch.randn(CLASSES, EMBEDDING))
    trained = imported(state, tmp_path).generator
    converted = imported({n: v for n, v in state.items() if not n.endswith("sv0")}, tmp_path).generator
    assert (trained.norm_eps, trained.spectral_eps) == (1e-5, 1e-6)
    assert (converted.norm_eps, converted.spectral_eps, converted.last_norm_eps) == (1e-4, 1e-4, 1e-5)


def without(state, *words):
    return {name: value for name, value in state.items() if not any(word in name for word in words)}


REFUSED = {
    "norm_style nonorm": lambda state: {
        name: value for name, value in state.items() if not re.fullmatch(r"blocks.*stored_(mean|var)", name)
    },
    "G_param other than SN": lambda state: without(state, ".u0", ".sv0"),
    "bottom_width 8": lambda state: state | {"linear.weight": state["linear.weight"].repeat(4, 1)},
}


@pytest.mark.parametrize("words", REFUSED)
def test_settings_without_a_counterpart_are_refused_in_words(words, tmp_path):
    state = as_released(generator(), torch.randn(CLASSES, EMBEDDING))
    with pytest.raises(CheckpointError, match=f"{re.escape(words)}.*; .* are read$"):
        imported(REFUSED[words](state), tmp_path)


def test_deep_generators_that_are_refused_in_words(tmp_path):
    state = as_released(generator(DeepBigGANGenerator), torch.randn(CLASSES, EMBEDDING))
    with pytest.raises(CheckpointError, match="G_shared off; deep ones with G_shared and hier are read"):
        imported(without(state, "shared"), tmp_path)
    with pytest.raises(CheckpointError, match="5 blocks are not stages of as many blocks each"):
        imported(without(state, "blocks.5"), tmp_path)


def test_discriminators_of_several_numbers_are_refused(tmp_path):
    state = as_released(BigGANDiscriminator(image=(3, 32, 32), classes=CLASSES, width=2))
    state["linear.weight"] = state["linear.weight"].repeat(4, 1)
    with pytest.raises(CheckpointError, match="an image gets 4 numbers, the discriminator's output_dim"):
        imported(state, tmp_path, import_discriminator)
