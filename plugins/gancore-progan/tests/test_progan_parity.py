"""Networks of pytorch_GAN_zoo with random weights, imported, beside the outputs of that code."""

from pathlib import Path

import pytest
from gancore_progan import ProGAN

import gancore
from gancore.testing.parity import parity

PARITY = Path(__file__).parents[4] / "shared" / "data" / "parity"
pytestmark = pytest.mark.skipif(not PARITY.is_dir(), reason="the reference outputs are not here")
NAMES = ["progan-16", "progan-16-fading"]


@pytest.mark.parametrize("name", NAMES)
def test_images_and_scores_are_those_of_the_published_code(name):
    assert max(parity(PARITY / f"{name}.safetensors")) < 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_the_command_gives_a_pipeline_and_a_recipe(tmp_path, name):
    made = gancore.import_(PARITY / f"{name}.safetensors", output=tmp_path / "out")
    assert not made.no_recipe
    assert gancore.load(tmp_path / "out").sample(2, seed=0).shape == (2, 3, 16, 16)
    assert isinstance(gancore.RunFolder(tmp_path / "out").recipe(), ProGAN)
