"""`gancore sample`: one image a seed, sweeps of truncation, thresholds, and the latents of others."""

import numpy as np
import pytest
import torch
import walks

import gancore
from gancore.cli import run
from gancore.latent.truncation import with_threshold
from gancore.pipeline import Pipeline
from gancore.standard.samplers import Normal, TruncatedNormal


def said(capsys):
    return " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_the_image_of_a_seed_depends_on_that_seed_alone(saved):
    for name in ("plain", "layered", "labeled"):
        pipeline = Pipeline.load(saved / name)
        several = gancore.sample(pipeline, seeds="3-5,140").images
        assert torch.equal(several[:1], pipeline.sample(1, seed=3))
        assert torch.equal(several[3:], gancore.sample(pipeline, seeds=140).images)
        assert torch.equal(several[[3, 1]], gancore.sample(pipeline, seeds=[140, 4]).images)


def test_files_are_called_by_their_seeds(saved, place):
    assert run(["sample", str(saved / "layered"), "--seeds", "0-1,140", "--output", "faces"]) == 0
    assert sorted(p.name for p in (place / "faces").iterdir()) == [
        "seed0000.png",
        "seed0001.png",
        "seed0140.png",
    ]


def test_like_nvidia_draws_the_latents_of_the_released_code(saved):
    pipeline = Pipeline.load(saved / "layered")
    latent = np.random.RandomState(140).randn(1, *pipeline.sampler.latent).astype(np.float32)
    expected = pipeline.render(torch.from_numpy(latent), seed=140, truncation=0.5)
    made = gancore.sample(pipeline, seeds="7,140", like="nvidia", truncation=0.5).images
    assert torch.equal(made[1:], expected)
    assert not torch.equal(made[1:], gancore.sample(pipeline, seeds=140, truncation=0.5).images)


def test_several_truncations_are_rows_of_the_same_images(saved, place):
    words = ["sample", str(saved / "layered"), "--seeds", "1-3", "--trunc", "0,0.5,1"]
    assert run([*words, "--output", "sweep.npy"]) == 0
    rows = np.load("sweep.npy").reshape(3, 3, 3, *np.load("sweep.npy").shape[2:])
    pipeline = Pipeline.load(saved / "layered")
    for row, amount in zip(rows, (0.0, 0.5, 1.0), strict=True):
        assert np.array_equal(row[1:2], pipeline.sample(1, seed=2, truncation=amount).numpy())
    made = gancore.sample(pipeline, truncation=[0.5, 1.0])
    assert len(made) == 16 and made.columns == 8 and made.names[8] == "000000-truncation1"
    assert torch.equal(made.images[8:], pipeline.sample(8, seed=0))


def test_a_threshold_truncates_the_latents(saved):
    pipeline = Pipeline.load(saved / "plain")
    latent, _ = with_threshold(pipeline, 0.5).draw(1000, seed=1)
    assert latent.abs().max() <= 0.5 and isinstance(pipeline.sampler, Normal)
    expected = TruncatedNormal(latent=pipeline.sampler.latent, threshold=0.5)
    made = gancore.sample(pipeline, count=3, threshold=0.5, seed=1).images
    mine = Pipeline(sampler=expected, conditioner=pipeline.conditioner, generator=pipeline.generator)
    assert torch.equal(made, mine.sample(3, seed=1))


@pytest.mark.parametrize(
    ("name", "words", "text"),
    [
        ("layered", ["--seeds", "a"], "--seeds takes non-negative integers"),
        ("layered", ["--seeds", "1", "--count", "3"], "omit --count and --seed"),
        ("layered", ["--like", "nvidia"], "--like nvidia draws the latents of --seeds; give --seeds"),
        ("layered", ["--seeds", "1", "--like", "amd"], "--like knows nvidia; got 'amd'"),
        ("layered", ["--seeds", str(2**32), "--like", "nvidia"], "takes seeds from 0 to"),
        ("layered", ["--truncation", "0.5,x"], "--truncation takes a number, or several as 0.5,0.7,1"),
        ("plain", ["--truncation", "0.5,1"], "keeps no mean to truncate toward"),
        ("plain", ["--threshold", "0"], "threshold must be a number above 0; got 0"),
        ("translator", ["--threshold", "1"], "draws no latents; omit the threshold"),
        ("translator", ["--seeds", "1"], "translates images and has no sampler"),
    ],
)
def test_what_cannot_be_is_refused(saved, place, capsys, name, words, text):
    assert run(["sample", str(saved / name), *words]) == 2
    assert text in said(capsys) and not list(place.iterdir())


def test_latents_that_are_not_normal_are_not_like_others(saved, capsys):
    pipeline = walks.plain()
    pipeline.sampler = TruncatedNormal(latent=pipeline.sampler.latent)
    with pytest.raises(gancore.errors.UserError, match="this pipeline draws sampler/truncated-normal"):
        gancore.sample(pipeline, seeds=1, like="nvidia")
