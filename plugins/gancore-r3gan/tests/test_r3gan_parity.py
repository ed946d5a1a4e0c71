"""Networks of the released code with random weights, imported, beside the outputs of that code."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import gancore
from gancore.published import import_discriminator, import_generator, read_networks
from gancore.standard.regularizers import input_gradient

PARITY = Path(__file__).parents[4] / "shared" / "data" / "parity"
pytestmark = pytest.mark.skipif(not PARITY.is_dir(), reason="the reference outputs are not here")
NAMES = ["r3gan-32", "r3gan-16-labels"]


def difference(found, expected):
    return float((found - expected).detach().abs().max() / expected.abs().max())


@pytest.mark.parametrize("name", NAMES)
def test_images_scores_and_penalties_are_those_of_the_released_code(name):
    path = PARITY / f"{name}.safetensors"
    networks, known = read_networks(path), load_file(path)
    pipeline, judge = import_generator(networks["G"]), import_discriminator(networks["D"])
    label = known.get("in.y")
    with torch.no_grad():
        image = pipeline.generator(pipeline.conditioner(known["in.z"], label))
        scores = judge(known["out.image"], label)
    assert difference(image, known["out.image"]) < 1e-5
    assert difference(scores, known["out.scores_of_image"]) < 1e-5
    images = next(value for key, value in known.items() if key.startswith("in.pen")).requires_grad_()
    gradient = input_gradient(judge(images, label), images)
    assert difference(gradient.square().sum((1, 2, 3)), known["out.penalty"]) < 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_the_command_gives_a_pipeline_and_a_recipe(tmp_path, name):
    made = gancore.import_(PARITY / f"{name}.safetensors", output=tmp_path / "out")
    assert not made.no_recipe
    pipeline = gancore.load(tmp_path / "out")
    assert pipeline.sample(2, seed=0).shape == (2, *pipeline.generator.image)
    assert gancore.RunFolder(tmp_path / "out").recipe().qualified_name == "recipe/r3gan"
