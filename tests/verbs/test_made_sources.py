"""Images of which `gancore sample` makes the sources of a translator."""

import numpy as np
import pytest
import torch
from PIL import Image
from translators import Doubled, Negative, between_images, know_translators

import gancore
from gancore.cli import run as command
from gancore.data import open_pairs
from gancore.errors import UserError


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    know_translators()
    folder = tmp_path_factory.mktemp("saved")
    translators = {
        "gray": Negative(image=(1, 8, 8)),
        "color": Negative(image=(3, 8, 8)),
        "larger": Doubled(image=(3, 16, 16)),
    }
    for name, generator in translators.items():
        between_images(generator).save(folder / name)
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for i in range(3):
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(folder / f"{i}.png")
    return folder


@pytest.mark.parametrize(
    ("run", "how", "size"),
    [("gray", "edges", 8), ("gray", "gray", 8), ("color", "right", 8), ("larger", "smaller-2", 16)],
)
def test_sources_are_made_as_in_training(saved, photos, run, how, size):
    made = gancore.sample(saved / run, data=photos, source_from=how)
    sources = open_pairs(photos, how, size=size).source.rows(np.arange(3))["image"]
    expected = -sources.repeat_interleave(2, 2).repeat_interleave(2, 3) if run == "larger" else -sources
    assert torch.allclose(made.images, expected, atol=1e-6)
    assert made.names == ("0", "1", "2") and f"sources by {how}" in made.note


def test_sources_that_do_not_fit_are_refused(saved, photos, tmp_path):
    with pytest.raises(
        UserError, match=r"reads images \(3, 8, 8\), but edges makes \(1, 8, 8\); give the --s"
    ):
        gancore.sample(saved / "color", data=photos, source_from="edges")
    with pytest.raises(
        UserError, match="--source-from makes sources of the images of --data; give --data too"
    ):
        gancore.sample(saved / "color", source_from="edges")
    words = ["sample", str(saved / "gray"), "--data", str(photos), "--source-from", "edges"]
    assert command([*words, "--output", str(tmp_path / "made.png")]) == 0
