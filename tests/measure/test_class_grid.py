"""The grid of an evaluation with a row of samples for each class."""

import numpy as np
import pytest
import walks
from small import SmallExtractor

from gancore.data import open_data
from gancore.measure import grids
from gancore.measure.sets import DatasetImages, PipelineSamples
from gancore.measure.study import Study


@pytest.fixture
def written(monkeypatch, tmp_path):
    """The grids that are written of a study, by name: images, columns and captions of rows."""
    walks.know_walk_parts()

    def write(samples):
        pixels = np.random.default_rng(0).integers(0, 256, (20, 3, 8, 8), dtype=np.uint8)
        made = {}

        def save(images, path, *, columns, captions):
            made[path.stem] = images, columns, list(captions.rows)

        monkeypatch.setattr(grids, "save_grid", save)
        study = Study(samples, DatasetImages(open_data(pixels, layout="NCHW")), SmallExtractor())
        grids.write_grids(study, lambda name: tmp_path / f"{name}.png", [])
        return made

    return write


@pytest.mark.parametrize("names", [("cat", "dog", "owl"), ()])
def test_each_row_says_its_class(written, names):
    samples = PipelineSamples(walks.labeled(names=names), 80, seed=1)
    images, columns, rows = written(samples)["classes"]
    assert rows == (list(names) or ["class 0", "class 1", "class 2"]) and columns == 8 and len(images) == 24
    first = (samples.labels == 2).nonzero()[0]
    assert (images[16] == samples.rows(first)[0]).all()


def test_a_class_that_was_drawn_too_rarely_takes_no_name_from_another(written):
    pixels = np.random.default_rng(1).integers(0, 256, (24, 3, 8, 8), dtype=np.uint8)
    labels = np.array([0] * 8 + [1] * 7 + [3] * 9)
    samples = DatasetImages(open_data(pixels, layout="NCHW", labels=labels))
    assert written(samples)["classes"][2] == ["class 0", "class 3"]


def test_samples_without_labels_have_no_such_grid(written):
    assert "classes" not in written(PipelineSamples(walks.plain(), 20, seed=0))
