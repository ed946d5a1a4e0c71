"""All scores together."""

import math

import pytest
import torch
from toy_study import Images, Toy, images, pipeline, study

from gancore.component.specs import build
from gancore.measure.score import Score
from gancore.measure.standard import SCORES, standard_scores

LABELS = torch.arange(128) % 2


def whole(fake, real, training=None, seed=0):
    return study(
        fake=fake,
        real=real,
        labels=(LABELS[: len(fake)], LABELS[: len(real)]),
        training=Images(training if training is not None else real),
        pipeline=pipeline((3, fake.shape[2], fake.shape[3]), encoder=True),
        seed=seed,
        extractor=Toy(width=40),
    )


def test_standard_scores_are_one_of_each_in_order_of_reading():
    assert [type(score) for score in standard_scores()] == SCORES
    assert [score.name for score in standard_scores()] == [
        "frechet",
        "kernel",
        "precision-recall",
        "density-coverage",
        "inception-score",
        "modes",
        "intra-class",
        "class-accuracy",
        "diversity",
        "sliced-wasserstein",
        "memorization",
        "path-length",
        "equivariance",
        "reconstruction",
        "codebook",
        "pairs",
    ]


@pytest.mark.parametrize("score", SCORES, ids=lambda s: s.name)
def test_a_score_is_built_by_its_name(score):
    assert type(build({"part": score.name}, "score")) is score
    assert issubclass(score, Score)


def test_every_name_is_given_once():
    judged = whole(images(128, seed=1), images(128, seed=2))
    scores = [score for score in standard_scores() if all(map(judged.holds, score.needs))]
    # this model cannot move its images, which are not paired, and its codes are no indices
    assert len(scores) == len(SCORES) - 3
    names = [name for score in scores for name in score(judged)]
    assert len(names) == len(set(names)) == 22
    assert all(not math.isnan(v.value) for score in scores for v in score(judged).values())


def test_real_against_real_is_better_than_noise_in_everything_that_compares():
    real, alike = images(128, 32, seed=1), images(128, 32, seed=2)
    noise = torch.rand(128, 3, 32, 32, generator=torch.Generator().manual_seed(3)) / 2 + 0.5
    apart = (
        *("memorization", "path-length", "equivariance", "reconstruction", "pairs", "codebook"),
        "inception-score",
        "class-accuracy",  # labels and the classes of the toy extractor have nothing in common
    )
    comparing = [s for s in standard_scores() if s.name not in apart]
    for score in comparing:
        well, badly = score(whole(alike, real)), score(whole(noise, real))
        for name in well:
            sign = {"lower": 1, "higher": -1, "neither": 0}[well[name].better]
            if name.startswith("duplicates"):  # noise may differ from itself as much as images do
                continue
            assert sign * well[name].value <= sign * badly[name].value, name
