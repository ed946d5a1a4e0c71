"""Networks of the released code with random weights, imported, beside the outputs of that code."""

from pathlib import Path

import pytest
from safetensors.torch import load_file

import gancore
from gancore.published import import_discriminator, read_networks
from gancore.standard.regularizers import input_gradient
from gancore.testing.parity import difference, parity

PARITY = Path(__file__).parents[4] / "shared" / "data" / "parity"
pytestmark = pytest.mark.skipif(not PARITY.is_dir(), reason="the reference outputs are not here")
NAMES = ["r3gan-32", "r3gan-16-labels"]


@pytest.mark.parametrize("name", NAMES)
def test_images_scores_and_penalties_are_those_of_the_released_code(name):
    path = PARITY / f"{name}.safetensors"
    assert max(parity(path)) < 1e-5
    judge, known = import_discriminator(read_networks(path)["D"]), load_file(path)
    images = next(value for key, value in known.items() if key.startswith("in.pen")).requires_grad_()
    gradient = input_gradient(judge(images, known.get("in.y")), images)
    assert difference(gradient.square().sum((1, 2, 3)), known["out.penalty"]) < 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_the_command_gives_a_pipeline_and_a_recipe(tmp_path, name):
    made = gancore.import_(PARITY / f"{name}.safetensors", output=tmp_path / "out")
    assert not made.no_recipe
    pipeline = gancore.load(tmp_path / "out")
    assert pipeline.sample(2, seed=0).shape == (2, *pipeline.generator.image)
    assert gancore.RunFolder(tmp_path / "out").recipe().qualified_name == "recipe/r3gan"
