"""What stands for data in Python beside places: arrays, tensors and datasets, to begin with and to go on."""

import numpy as np
import pytest
import torch
from runs import OFTEN, game
from small import know_small_parts

import gancore
from gancore.errors import DataError, RunError, UserError
from gancore.runs import RunFolder


@pytest.fixture(autouse=True, scope="module")
def known():
    know_small_parts()


PIXELS = np.random.default_rng(0).integers(0, 256, (20, 3, 8, 8), dtype=np.uint8)
OTHER = np.random.default_rng(1).integers(0, 256, (20, 3, 8, 8), dtype=np.uint8)


@pytest.mark.parametrize(
    "data",
    [PIXELS, torch.from_numpy(PIXELS), [torch.from_numpy(image) for image in PIXELS]],
    ids=lambda d: type(d),
)
def test_a_run_begins_with_and_goes_on_with_what_holds_images(tmp_path, data):
    gancore.train(game(), data, output=tmp_path / "run", progress=False, **{**OFTEN, "images": 16})
    with pytest.raises(RunError, match="pass it again"):
        gancore.resume(tmp_path / "run", images=32, progress=False)
    with pytest.raises(RunError, match="other images"):
        gancore.resume(tmp_path / "run", OTHER, images=32, progress=False)
    gancore.resume(tmp_path / "run", data, images=32, progress=False)
    assert RunFolder(tmp_path / "run").seen == 32


def test_options_of_images_hold_for_arrays_too(tmp_path):
    made = gancore.train(
        game(), PIXELS, size=4, channels=1, output=tmp_path / "run", progress=False, **{**OFTEN, "images": 4}
    )
    assert made.run.recipe.image == (1, 4, 4)


@pytest.mark.parametrize("data", [3, {"a": PIXELS}, PIXELS[0, 0], b"d"])
def test_what_holds_no_images_is_named_with_what_does(tmp_path, data):
    with pytest.raises(DataError, match="expected"):
        gancore.train(game(), data, output=tmp_path / "run", progress=False, **OFTEN)
    assert not (tmp_path / "run").exists()


def test_one_source_is_not_paired_in_silence(tmp_path):
    with pytest.raises(UserError, match="paired images are of two domains; give both"):
        gancore.train(game(), "emoji", paired=True, output=tmp_path / "run", progress=False, **OFTEN)


def test_more_threads_than_can_be_started_are_refused(tmp_path):
    with pytest.raises(UserError, match="threads must be a number from 1 to 1024; got 100000"):
        gancore.train(game(), PIXELS, threads=100_000, output=tmp_path / "run", progress=False, **OFTEN)
