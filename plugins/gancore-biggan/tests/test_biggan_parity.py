"""Networks of the authors' code with random weights, imported, beside the outputs of that code."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import gancore
from gancore.published import import_discriminator, import_generator, read_networks

PARITY = Path(__file__).parents[4] / "shared" / "data" / "parity"
pytestmark = pytest.mark.skipif(not PARITY.is_dir(), reason="the reference outputs are not here")
NAMES = ["biggan-64", "biggan-deep-64"]


def difference(found, expected):
    return float((found - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_images_and_scores_are_those_of_the_released_code(name):
    path = PARITY / f"{name}.safetensors"
    networks, known = read_networks(path), load_file(path)
    pipeline, judge = import_generator(networks["G"]), import_discriminator(networks["D"])
    code = pipeline.conditioner(known["in.z"], known["in.y"])
    assert difference(pipeline.generator.eval()(code), known["out.image"]) < 1e-5
    scores = judge.eval()(known["out.image"], known["in.y"])
    assert difference(scores[:, None], known["out.scores_of_image"]) < 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_the_command_gives_a_pipeline_and_a_recipe(tmp_path, name):
    made = gancore.import_(PARITY / f"{name}.safetensors", output=tmp_path / "out")
    assert not made.no_recipe
    assert gancore.load(tmp_path / "out").sample(2, seed=0).shape == (2, 3, 64, 64)
    recipe = gancore.RunFolder(tmp_path / "out").recipe()
    assert recipe.qualified_name == "recipe/biggan" and recipe.conditioner.size == 8
