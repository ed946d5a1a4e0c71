"""The Inception score, modes and class balance, the Fréchet distance class by class."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_study import images, study

from gancore.errors import MeasureError
from gancore.measure.class_accuracy import ClassAccuracy
from gancore.measure.frechet import frechet_distance_of_few
from gancore.measure.inception_score import InceptionScore, class_logits, inception_scores
from gancore.measure.intra_class import IntraClass
from gancore.measure.modes import Modes, class_balance


def one_hot_logits(classes, n):
    return 1e4 * torch.nn.functional.one_hot(torch.arange(n) % classes, classes)


def test_sure_and_even_predictions_score_the_number_of_classes():
    assert inception_scores(one_hot_logits(4, 80), 10) == pytest.approx([4.0] * 10)


def test_predictions_that_never_change_score_one():
    assert inception_scores(torch.tensor([[0.3, 2.0, -1.0]]).expand(50, 3), 5) == pytest.approx([1.0] * 5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 8))
def test_the_score_lies_between_one_and_the_number_of_classes_and_ignores_the_order(seed, classes):
    logits = 3 * torch.randn(40, classes, generator=torch.Generator().manual_seed(seed))
    (found,) = inception_scores(logits, 1).tolist()
    assert 1 <= found <= classes
    assert inception_scores(logits.flip(0), 1).tolist() == pytest.approx([found])


def test_the_inception_score_of_a_study():
    judged = study(120)
    value = InceptionScore(splits=4)(judged)["IS[toy-1]"]
    order = torch.randperm(120, generator=judged.rng("inception-score"))
    expected = inception_scores(class_logits(judged, "samples")[order], 4)
    assert (value.value, value.error, value.better) == (
        float(expected.mean()),
        float(expected.std()),
        "higher",
    )
    with pytest.raises(
        MeasureError,
        match=r"IS\[toy-1\] needs at least 100 images in the samples \(ten for each of 10 splits\); got 64",
    ):
        InceptionScore()(study(64))


counts = st.lists(st.integers(0, 50), min_size=3, max_size=3).filter(any)


@settings(max_examples=50, deadline=None)
@given(counts, counts)
def test_class_balance_is_a_finite_divergence(fake, real):
    found = class_balance(torch.tensor(fake), torch.tensor(real))
    assert math.isfinite(found) and found >= 0
    assert class_balance(torch.tensor(real), torch.tensor(real)) == pytest.approx(0, abs=1e-12)
    assert class_balance(2 * torch.tensor(fake), torch.tensor(real)) == pytest.approx(found) or 0 in real


def test_one_class_of_four_is_log_four_away():
    assert class_balance(torch.tensor([8, 0, 0, 0]), torch.tensor([5, 5, 5, 5])) == pytest.approx(math.log(4))


def test_modes_counts_classes_that_are_hit():
    alike = Modes()(study(64, fake=images(64, seed=1), real=images(64, seed=2)))
    single = Modes()(study(64, fake=images(1, seed=1).expand(64, 3, 16, 16)))
    assert alike["modes[toy-1]"].value == 3 and alike["class balance[toy-1]"].value < 0.2
    assert single["modes[toy-1]"].value == 1 and single["class balance[toy-1]"].value > 0.3
    assert (alike["modes[toy-1]"].better, alike["class balance[toy-1]"].better) == ("higher", "lower")
    with pytest.raises(
        MeasureError,
        match=r"modes\[toy-1\] needs at least 3 images in the samples \(one for each of 3 classes\); got 2",
    ):
        Modes()(study(fake=images(2)))


LABELS = torch.arange(64) % 2


def test_intra_class_distance_is_the_mean_over_classes():
    judged = study(64, labels=(LABELS, LABELS))
    real, fake = judged.features("reference"), judged.features("samples")
    expected = sum(frechet_distance_of_few(real[k == LABELS], fake[k == LABELS]) for k in (0, 1)) / 2
    value = IntraClass()(judged)["iFD[toy-1]"]
    assert value.value == pytest.approx(expected) and value.better == "lower"


def test_exchanged_labels_are_seen_by_this_score_alone():
    real = torch.cat([images(32, seed=1, spread=0.3) - 0.5, images(32, seed=2, spread=0.3) + 0.5])
    labels = torch.arange(64) // 32
    right = IntraClass()(study(fake=real, real=real, labels=(labels, labels)))["iFD[toy-1]"].value
    wrong = IntraClass()(study(fake=real, real=real, labels=(1 - labels, labels)))["iFD[toy-1]"].value
    assert right == pytest.approx(0, abs=1e-6) and wrong > 1e-3


def test_an_empty_or_small_class_and_soft_labels_are_refused():
    one_missing = torch.where(LABELS == 1, 2, 0)
    with pytest.raises(
        MeasureError,
        match=r"iFD\[toy-1\]: class 1 is empty in the samples; draw samples of every class, or leave it",
    ):
        IntraClass()(study(64, labels=(one_missing, LABELS)))
    rare = torch.zeros(64, dtype=torch.int64)
    rare[:3] = 1
    with pytest.raises(
        MeasureError, match=r"iFD\[toy-1\] within class 1 needs at least 5 images in the samples .* got 3"
    ):
        IntraClass()(study(64, labels=(rare, LABELS)))
    assert math.isfinite(IntraClass(allow_few=True)(study(64, labels=(rare, LABELS)))["iFD[toy-1]"].value)
    with pytest.raises(
        MeasureError,
        match=r"needs the one class of each image \(a whole number\) in the samples; got labels of 2 numbers",
    ):
        IntraClass()(study(64, labels=(torch.rand(64, 2), LABELS)))


def test_class_accuracy_is_the_fraction_that_is_classified_as_asked():
    judged = study(64)
    fake, real = (class_logits(judged, side).argmax(1) for side in ("samples", "reference"))
    asked = torch.where(torch.arange(64) < 48, fake, (fake + 1) % 3)
    value = ClassAccuracy()(study(64, labels=(asked, real)))["class accuracy[toy-1]"]
    assert (value.value, value.perfect, value.better) == (0.75, 1.0, "higher")
    assert value.error == pytest.approx(math.sqrt(0.75 * 0.25 / 64))


def test_class_accuracy_refuses_classes_that_the_extractor_lacks():
    with pytest.raises(
        MeasureError,
        match=r"class accuracy\[toy-1\] needs labels of the 3 classes that the extractor knows; got class 3",
    ):
        ClassAccuracy()(study(64, labels=(torch.full((64,), 3), LABELS)))
