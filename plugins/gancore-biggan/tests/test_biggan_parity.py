"""Networks of the authors' code with random weights, imported, beside the outputs of that code."""

from pathlib import Path

import pytest

import gancore
from gancore.testing.parity import parity

PARITY = Path(__file__).parents[4] / "shared" / "data" / "parity"
pytestmark = pytest.mark.skipif(not PARITY.is_dir(), reason="the reference outputs are not here")
NAMES = ["biggan-64", "biggan-deep-64"]


@pytest.mark.parametrize("name", NAMES)
def test_images_and_scores_are_those_of_the_released_code(name):
    assert max(parity(PARITY / f"{name}.safetensors")) < 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_the_command_gives_a_pipeline_and_a_recipe(tmp_path, name):
    made = gancore.import_(PARITY / f"{name}.safetensors", output=tmp_path / "out")
    assert not made.no_recipe
    assert gancore.load(tmp_path / "out").sample(2, seed=0).shape == (2, 3, 64, 64)
    recipe = gancore.RunFolder(tmp_path / "out").recipe()
    assert recipe.qualified_name == "recipe/biggan" and recipe.conditioner.size == 8
