"""What objects print: what differs from their defaults."""

from pathlib import Path

import numpy as np
import pytest
import torch
from gancore_dcgan import DCGAN, DCGANGenerator
from gancore_stylegan import StyleGAN2

import gancore
from gancore import spec
from gancore.data import ImageOptions
from gancore.runs import Settings
from gancore.standard import R1, Cosine, Hinge


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (DCGAN(), "DCGAN()"),
        (DCGAN(loss="hinge", batch=32), "DCGAN(loss=Hinge(), batch=32)"),
        (DCGAN(generator={"width": 32}), "DCGAN(generator=DCGANGenerator(width=32))"),
        (DCGAN(regularizers=["r1", R1(gamma=2.0)]), "DCGAN(regularizers=[R1(), R1(gamma=2.0)])"),
        (StyleGAN2(), "StyleGAN2()"),
        (R1(gamma=Cosine(start=2.0)), "R1(gamma=Cosine(start=2.0))"),
        (DCGANGenerator(image=(3, 16, 16)), "DCGANGenerator(image=(3, 16, 16))"),
        (ImageOptions(size=64, mirror=True), "ImageOptions(size=(64, 64), mirror=True)"),
        (Settings.of(batch=8), "Settings(batch=8)"),
        (gancore.Sources(data=("photos",)), "Sources(data=('photos',))"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_differs_is_printed(made, text):
    assert repr(made) == text


def test_the_text_makes_the_part_again():
    made = DCGAN(loss="hinge", generator={"width": 8}, regularizers=["r1"])
    names = {"DCGAN": DCGAN, "DCGANGenerator": DCGANGenerator, "Hinge": Hinge, "R1": R1}
    assert spec(eval(repr(made), names)) == spec(made)


def test_what_the_data_told_is_left_out_and_nothing_is_drawn():
    made = DCGAN(generator={"width": 8})
    made.bind(facts={"image": (3, 16, 16)}, by="the data")
    before = torch.get_rng_state()
    assert repr(made) == "DCGAN(generator=DCGANGenerator(width=8))"
    assert torch.equal(before, torch.get_rng_state())


def test_a_run_its_pipeline_and_its_data_say_what_they_are(tmp_path):
    file = tmp_path / "images.npy"
    np.save(file, np.random.default_rng(0).integers(0, 256, (24, 8, 8, 3), dtype=np.uint8))
    how = {"images": 16, "batch": 8, "evaluate_every": 0, "threads": 1, "progress": False}
    run = gancore.train("gan", file, set={"loss": "hinge"}, output=tmp_path / "run", **how)
    text = repr(gancore.RunFolder(tmp_path / "run"))
    assert text == repr(run)
    assert f"{tmp_path / 'run'}: GAN(loss=Hinge()) on {file}" in text
    assert "batch=8" in text and "keep" not in text and "done, 16 images" in text
    pipeline = repr(gancore.load(run))
    assert pipeline.startswith("<Pipeline draws images 3×8×8: sampler=") and "generator=" in pipeline
    assert "24 images 3×8×8" in repr(run.data)
    assert repr(gancore.RunFolder(tmp_path)) == f"RunFolder({str(tmp_path)!r})"


def test_a_run_whose_plugin_is_missing_can_be_printed(tmp_path):
    (tmp_path / "recipe.toml").write_text('gancore = 1\npart = "gancore-lost:lost"\n')
    (tmp_path / "run.toml").write_text("gancore = 1\n")
    assert "lost on unknown data, not started, 0 images" in repr(gancore.RunFolder(tmp_path))


def test_results_show_in_a_notebook_what_they_print(tmp_path):
    run = gancore.load(Path(__file__).parent / "golden" / "runs" / "vae")
    exported = gancore.export(run, format="pipeline", output=tmp_path / "made")
    for result in (gancore.describe("hinge"), gancore.plugins(), exported):
        assert repr(result) == str(result) and type(result).__name__ not in repr(result)
