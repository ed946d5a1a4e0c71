"""What real images and noise score, and how much scores change with other samples."""

import json
import statistics

import numpy as np
import pytest
import torch
from toy_study import Images, Toy, images

from gancore.data import open_data
from gancore.measure import anchors as room
from gancore.measure.anchors import NoiseImages, anchors
from gancore.measure.evaluation import Evaluation, score_study
from gancore.measure.frechet import Frechet, frechet_distance
from gancore.measure.memorization import Memorization
from gancore.measure.moments import Moments
from gancore.measure.precision_recall import PrecisionRecall
from gancore.measure.sets import DatasetImages
from gancore.measure.spread import error_of_fraction, jackknife_error
from gancore.measure.study import Study

SCORES = [Frechet(), PrecisionRecall(), Memorization()]


def data(count, seed=0):
    pixels = ((images(count, seed=seed) + 1) * 127.5).byte().numpy()
    return open_data(pixels, layout="NCHW", cache="off")


def study(real, *, reference=60, samples=40, **others):
    return Study(Images(images(samples, seed=9)), DatasetImages(real, reference), Toy(), **others)


def test_real_images_score_better_than_noise():
    found = anchors(study(data(120)), SCORES)
    assert [(name, anchor["count"]) for name, anchor in found.items()] == [("real", 40), ("noise", 40)]
    real, noise = (found[name]["scores"] for name in ("real", "noise"))
    assert real["FD[toy-1]"] < noise["FD[toy-1]"] / 2
    assert set(real) == {"FD[toy-1]", "precision[toy-1]", "recall[toy-1]"}, "copies need a model"


def test_no_real_image_stands_on_both_sides():
    one = study(data(120))
    other = one.reference.others(1000)
    assert len(other) == 60 and not set(other.chosen.tolist()) & set(one.reference.chosen.tolist())
    assert other.key not in ("", one.reference.key)


def test_held_out_images_come_first_and_fewer_are_said():
    found = anchors(study(data(70), held_out=DatasetImages(data(30, seed=5))), SCORES)
    assert found["real"]["count"] == 30 and found["real"]["what"] == "real images that the reference lacks"


def test_a_reference_of_all_images_is_compared_by_halves():
    one = study(data(60))
    found = anchors(one, SCORES)["real"]
    assert (found["count"], found["against"]) == (30, 30) and "half of the reference" in found["what"]
    even, odd = one.reference.halves()
    assert sorted([*even.chosen.tolist(), *odd.chosen.tolist()]) == one.reference.chosen.tolist()
    assert len({even.key, odd.key, one.reference.key}) == 3


def test_anchors_are_computed_once(monkeypatch):
    first = anchors(study(data(120, seed=3)), SCORES)
    monkeypatch.setattr(room, "_values", None)
    assert anchors(study(data(120, seed=3)), SCORES) == first
    with pytest.raises(TypeError):
        anchors(study(data(120, seed=3), seed=1), SCORES)


def test_noise_is_the_same_for_everyone():
    noise = NoiseImages((3, 4, 4), 300)
    whole = torch.cat(list(noise.batches()))
    assert whole.shape == (300, 3, 4, 4) and -1 <= whole.min() < -0.9 and 0.9 < whole.max() <= 1
    assert torch.equal(NoiseImages((3, 4, 4), 300).rows(torch.tensor([1, 280])), whole[[1, 280]])
    assert not torch.equal(whole[:44], whole[256:])


def test_an_evaluation_keeps_its_anchors(tmp_path):
    one = study(data(120))
    found = score_study(one, SCORES)
    found = Evaluation(found.scores, found.protocol, 1.0, anchors=anchors(one, SCORES))
    found.save(tmp_path / "a.json")
    assert Evaluation.load(tmp_path / "a.json").anchors == found.anchors
    assert found.scores["FD[toy-1]"].perfect == 0 and found.scores["recall[toy-1]"].perfect == 1
    table = json.loads((tmp_path / "a.json").read_text())
    del table["anchors"]
    (tmp_path / "old.json").write_text(json.dumps(table))
    assert Evaluation.load(tmp_path / "old.json").anchors == {}


def test_the_error_of_a_distance_is_its_deviation_between_draws():
    rng = torch.Generator().manual_seed(0)
    real = Moments.of(torch.randn(2000, 4, generator=rng))

    def distance(rows):
        return frechet_distance(real, Moments.of(rows))

    draws = [torch.randn(200, 4, generator=rng) + 1 for _ in range(40)]
    told = statistics.mean(jackknife_error(rows, distance) for rows in draws)
    assert told == pytest.approx(statistics.stdev(map(distance, draws)), rel=0.4)
    assert jackknife_error(draws[0][:19], distance) is None


def test_the_error_of_a_fraction_is_never_zero():
    assert error_of_fraction(0.5, 1000) == pytest.approx(np.sqrt(0.25 / 1000), rel=0.01)
    assert 0 < error_of_fraction(1.0, 1000) < 0.002 and error_of_fraction(0.0, 10) > 0.05
