"""A translator that learned without pairs is judged by pairs that were held out."""

import numpy as np
import pytest
import torch
from PIL import Image

import gancore
from gancore.component.discovery import host
from gancore.component.part import part
from gancore.data import Unpaired
from gancore.errors import DataError, UserError
from gancore.recipes.paired import PairedGAN
from gancore.runs.folder import RunFolder

SMALL = {
    "generator": {"part": "resnet", "width": 2, "blocks": 1},
    "discriminator": {"part": "patchgan", "width": 2, "layers": 1},
}
HOW = {"images": 8, "batch": 4, "evaluate_every": 0, "hold_out": 8, "threads": 1, "progress": False}


@part("loose")
class Loose(PairedGAN):
    """Learns from images of two domains that do not belong together."""

    learns_pairs = False


@pytest.fixture(scope="module", autouse=True)
def offered():
    if not any(o.distribution == "loose" for o in host().registry.registrations()):
        host().registry.add("loose", [Loose])


def domain(folder, seed, names):
    folder.mkdir()
    rng = np.random.default_rng(seed)
    for name in names:
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(folder / f"{name}.png")
    return str(folder)


def test_held_out_images_of_two_domains_pair_by_name(tmp_path):
    names = [f"{i:02d}" for i in range(20)]
    places = (domain(tmp_path / "a", 0, names), domain(tmp_path / "b", 1, names))
    run = gancore.train("loose", list(places), set=SMALL, output=tmp_path / "run", **HOW)
    assert isinstance(RunFolder(run.folder).data().held_out, Unpaired)
    plain = gancore.evaluate(run.folder, extractor="pixels")
    assert "MAE" not in plain and "identity" in plain.anchors
    found = gancore.evaluate(run.folder, score="pairs", extractor="pixels", paired=True)
    out = RunFolder(run.folder).data().held_out
    pairs = [side.rows(np.arange(8))["image"] for side in (out.source, out.target)]
    assert out.source.names == out.target.names and found.protocol["pairs"]["count"] == 8
    made = torch.cat(list(gancore.load(run.folder).apply(pairs[0])))
    assert found["MAE"] == pytest.approx(float((made - pairs[1]).abs().mean() / 2), abs=2e-3)
    same = found.anchors["identity"]["scores"]["MAE"]
    assert same == pytest.approx(float((pairs[0] - pairs[1]).abs().mean() / 2), abs=1e-6)


def test_what_has_no_pairs_is_said(tmp_path):
    places = (domain(tmp_path / "a", 0, "abcdefghijkl"), domain(tmp_path / "b", 1, "abcdefghijkm"))
    run = gancore.train("loose", list(places), set=SMALL, output=tmp_path / "run", **{**HOW, "hold_out": 0})
    with pytest.raises(UserError, match=r"recipe/paired learns from pairs, but these images are not paired"):
        gancore.train("paired", list(places), set=SMALL, output=tmp_path / "pairs", **HOW)
    with pytest.raises(DataError, match=r"1 source \(l\) without a target, 1 target \(m\) without a source"):
        gancore.evaluate(run.folder, paired=True)
    with pytest.raises(UserError, match="--paired is for runs of translators; omit it"):
        gancore.evaluate(places[0], against=places[1], paired=True)
