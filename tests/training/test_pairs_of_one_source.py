"""A translator that learns from pairs of one source: trained, resumed and judged on pairs held out."""

import numpy as np
import pytest
from PIL import Image

import gancore
from gancore.errors import RunError
from gancore.measure.evaluation import Evaluation
from gancore.runs.folder import RunFolder

SMALL = {
    "generator": {"part": "resnet", "width": 2, "blocks": 1},
    "discriminator": {"part": "patchgan", "width": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for i in range(24):
        Image.fromarray(rng.integers(0, 256, (20, 36, 3), dtype=np.uint8)).save(folder / f"{i:02d}.png")
    return folder


def begin(photos, output, **options):
    how = {"images": 16, "batch": 4, "evaluate_every": 0, "hold_out": 8, "threads": 1, "progress": False}
    return gancore.train("paired", photos, set=SMALL, size=16, output=output, **{**how, **options})


def test_a_run_on_made_pairs_goes_on_and_is_judged_on_pairs_held_out(photos, tmp_path):
    whole = begin(photos, tmp_path / "whole", source_from="edges", fit="random", mirror=True, images=32)
    run = begin(photos, tmp_path / "run", source_from="edges", fit="random", mirror=True)
    gancore.resume(run.folder, images=32, progress=False)
    before, after = (dict(one.products()["image"].generator.state_dict()) for one in (whole, run))
    again = gancore.load(tmp_path / "run").generator.state_dict()
    assert all(again[name].equal(before[name]) for name in before)
    assert not all(after[name].equal(before[name]) for name in before)
    folder = RunFolder(tmp_path / "run")
    assert folder.facts["data"]["source_from"] == "edges" and "source from edges" in folder.data_words
    assert len(folder.data().held_out) == 8 and set(folder.data().held_out.rows(np.arange(1))) == {
        "source",
        "target",
    }
    found = gancore.evaluate(folder.path, score="pairs", extractor="pixels")
    assert found.protocol["pairs"]["count"] == 8 and "MAE" in found.anchors["identity"]["scores"]
    with pytest.raises(RunError, match="has changed"):
        gancore.resume(folder.path, gancore.Sources(data=(str(photos),), source_from="gray"), progress=False)


def test_halves_that_lie_side_by_side_are_trained_on(photos, tmp_path):
    run = begin(photos, tmp_path / "run", source_from="right", evaluate_every=16)
    assert RunFolder(run.folder).data().training.source.image == (3, 16, 16)
    assert "sharpness" in Evaluation.load(RunFolder(run.folder).scores[-1])
