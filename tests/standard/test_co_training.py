"""Images without a label are scored with the class that is predicted for them, and others with their own."""

import math

import pytest
import torch
from gancore_dcgan import DCGAN
from torch import nn

from gancore import Discriminator, create, part
from gancore.component.randomness import seeded
from gancore.component.scored import Scored
from gancore.errors import FactError, FitError
from gancore.standard import (
    CoTraining,
    CoTrainingDiscriminator,
    GradientNormalization,
    PatchGAN,
    ProjectionDiscriminator,
    UniformOneHot,
)
from gancore.testing import recipes
from gancore.testing.trial import Configuration, Trial
from gancore.training.checkpoint import load_checkpoint, save_checkpoint
from gancore.training.first_step import take_step
from gancore.training.run import TrainingRun

IMAGE = (2, 1, 1)
NONE = [0.0, 0.0]


@part("weighed")
class Weighed(Discriminator):
    """Scores the two numbers of an image by the two of its label: f(x, y) = 10 y₀ x₀ + y₁ x₁."""

    conditional = True

    def forward_features(self, image):
        return image.flatten(1)

    def forward_head(self, features, label=None):
        rows = label if label.is_floating_point() else torch.eye(2)[label]
        return (features * rows * torch.tensor([10.0, 1.0])).sum(1)


def made(network=None):
    """A discriminator that holds the class of the larger number most likely."""
    judge = CoTrainingDiscriminator(network=network or Weighed(), image=IMAGE, classes=2)
    with torch.no_grad():
        judge.classifier.weight.copy_(torch.eye(2))
        judge.classifier.bias.zero_()
    return judge


def images(*rows):
    return torch.tensor(rows).reshape(-1, *IMAGE)


def records(judge, rows, label):
    drawn = images(*rows)
    return Scored(
        lambda: drawn,
        lambda image: judge(image, label),
        label=label,
        features_of=judge.forward_features,
        discriminator=judge,
    )


# the discriminator


def test_images_without_a_label_get_the_class_of_the_classifier_and_others_keep_theirs():
    image = images([2.0, 3.0], [5.0, 4.0], [2.0, 3.0], [2.0, 3.0])
    label = torch.tensor([NONE, NONE, [1.0, 0.0], [0.5, 0.25]])
    # predicted 1: 3; predicted 0: 10 · 5; given 0: 10 · 2; given a half and a quarter: 10 + 3 / 4
    assert made()(image, label).tolist() == [3.0, 50.0, 20.0, 10.75]


def test_whole_classes_pass_as_they_are():
    assert made()(images([2.0, 3.0], [5.0, 4.0]), torch.tensor([0, 1])).tolist() == [20.0, 4.0]


def test_it_is_the_projection_of_the_predicted_class():
    judge = CoTrainingDiscriminator(
        network={"part": "projection", "network": {"part": "patchgan", "width": 2, "layers": 1}},
        image=(3, 8, 8),
        classes=3,
    ).eval()
    image = torch.randn(5, 3, 8, 8)
    with torch.no_grad():
        likely = (judge.forward_features(image).flatten(1) @ judge.classifier.weight.T).add(
            judge.classifier.bias
        )
        expected = judge.network(image, likely.argmax(1))
        assert torch.allclose(judge(image, torch.zeros(5, 3)), expected, atol=1e-6)
        assert judge.classifier.in_features == math.prod(judge.forward_features(image).shape[1:])


def test_scores_teach_the_classifier_nothing():
    judge = made()
    image = images([2.0, 3.0]).requires_grad_()
    judge(image, torch.tensor([NONE])).sum().backward()
    assert judge.classifier.weight.grad is None
    assert image.grad.flatten().tolist() == [0.0, 1.0]


def test_what_does_not_fit_is_refused():
    with pytest.raises(FitError, match="gives labels to discriminator/patchgan, which reads none; put one"):
        CoTrainingDiscriminator(network=PatchGAN(width=2, layers=1), image=(3, 8, 8), classes=2)
    with pytest.raises(FactError, match="the data have no labels; give labeled data, or use"):
        CoTrainingDiscriminator(network=Weighed(), image=IMAGE, classes=0)
    with pytest.raises(FitError, match="reads labels, but got none"):
        made()(images([2.0, 3.0]))
    with pytest.raises(FitError, match="reads labels of 2 numbers"):
        made()(images([2.0, 3.0]), torch.zeros(1, 3))


# what teaches its classifier


def test_the_classifier_learns_from_the_images_with_labels_alone():
    """P(0) is 3/4 for the first image, which is of class 0, and P(1) is 1/5 for the last, of class 1."""
    judge = made()
    rows = [[math.log(3), 0.0], [7.0, -7.0], [math.log(4), 0.0]]
    real = records(judge, rows, torch.tensor([[1.0, 0.0], NONE, [0.0, 1.0]]))
    penalty = CoTraining(classes=2, weight=2.0)
    loss = penalty(real.score, real, real)
    assert loss.item() == pytest.approx(2 * (-math.log(3 / 4) - math.log(1 / 5)) / 2)
    loss.backward()
    # d/db of the cross-entropy is P - label: (3/4 - 1 + 4/5) for class 0, and the negative for class 1
    assert judge.classifier.bias.grad.tolist() == pytest.approx([0.55, -0.55])
    none = records(judge, rows, torch.zeros(3, 2))
    assert penalty(none.score, none, none).item() == 0
    whole = records(judge, rows, torch.tensor([0, 0, 1]))
    expected = nn.functional.cross_entropy(torch.tensor(rows), torch.tensor([0, 0, 1]))
    assert penalty(whole.score, whole, whole).item() == pytest.approx(2 * expected.item())


def test_the_features_learn_with_the_classifier():
    judge = CoTrainingDiscriminator(
        network=ProjectionDiscriminator(network=PatchGAN(width=2, layers=1)), image=(3, 8, 8), classes=2
    )
    label, drawn = torch.tensor([0, 1]), torch.randn(2, 3, 8, 8)
    real = Scored(lambda: drawn, judge, label=label, features_of=judge.forward_features, discriminator=judge)
    CoTraining(classes=2)(real.score, real, real).backward()
    reached = {name for name, weight in judge.named_parameters() if weight.grad is not None}
    assert {"classifier.weight", "classifier.bias"} < reached and len(reached) > 2
    assert not [name for name in reached if "embedding" in name]


def test_the_classifier_is_found_inside_of_others_and_missed_where_there_is_none():
    inside = GradientNormalization(network=made(), image=IMAGE, classes=2)
    real = records(inside, [[1.0, 0.0]], torch.tensor([0]))
    assert CoTraining(classes=2)(real.score, real, real).item() == pytest.approx(math.log(1 + math.exp(-1)))
    plain = records(Weighed(image=IMAGE), [[1.0, 0.0]], torch.tensor([0]))
    with pytest.raises(FitError, match="but discriminator/weighed has none; put discriminator/co-training"):
        CoTraining(classes=2)(plain.score, plain, plain)
    with pytest.raises(FactError, match="the data have no labels"):
        CoTraining(classes=0)


def test_a_game_whose_discriminator_has_no_classifier_is_refused_at_assembly():
    recipe = DCGAN(generator={"width": 2}, discriminator={"width": 2}, regularizers=[CoTraining()])
    with pytest.raises(FitError, match="but discriminator/dcgan has none; put discriminator/co-training"):
        recipe.bind(facts={"image": (3, 16, 16), "classes": 2})


# labels for generated images


def test_labels_are_one_hot_rows_of_all_classes():
    drawn = UniformOneHot(classes=3, label_shape=(3,))(3000, rng=torch.Generator().manual_seed(0))
    assert drawn.dtype == torch.float32 and drawn.sum(1).unique().tolist() == [1.0]
    assert drawn.mean(0).tolist() == pytest.approx([1 / 3] * 3, abs=0.03)
    with pytest.raises(FitError, match="draws rows, but the labels of the data are classes"):
        UniformOneHot(classes=3)


# in trainings

S3GAN = {
    "generator": {"part": "dcgan-plain", "width": 2, "latent_size": 12},
    "conditioner": {"part": "embedding", "size": 4},
    "labels": "uniform-one-hot",
    "discriminator": {
        "part": "co-training",
        "network": {"part": "projection", "network": {"part": "dcgan-plain", "width": 4}},
    },
    "regularizers": ["co-training"],
    "auxiliaries": ["rotation"],
    "loss": "hinge",
}
FACTS = {"image": (3, 16, 16), "classes": 3, "label_shape": (3,)}


class FewLabeled:
    """Random images, of which one in four has a label."""

    def __init__(self, position=0):
        self.position = position

    def next(self, n=None):
        self.position += n
        rng = torch.Generator().manual_seed(self.position)
        rows = torch.eye(3)[torch.randint(3, (n,), generator=rng)]
        rows[torch.arange(n) % 4 > 0] = 0
        return {"image": torch.rand(n, 3, 16, 16, generator=rng) * 2 - 1, "label": rows}


def started(position=0):
    recipe = create("dcgan", S3GAN)
    recipe.bind(seed=0, facts=FACTS, by="the test")
    return TrainingRun(recipe, FewLabeled(position), batch=8, total=64)


def test_a_training_with_few_labels_goes_on_with_the_same_bits(tmp_path):
    whole = started()
    before = whole.recipe.discriminator.classifier.weight.clone()
    for _ in range(2):
        take_step(whole)
    assert not torch.equal(whole.recipe.discriminator.classifier.weight, before)
    assert {"discriminator/co-training", "discriminator/rotation"} <= set(whole.take_log())
    saved = save_checkpoint(whole, tmp_path, seconds=0.0, keep=1)
    resumed = started()
    load_checkpoint(resumed, saved)
    resumed.source.position = whole.source.position
    for run in (whole, resumed):
        take_step(run)
    for name, value in whole.recipe.state_dict().items():
        assert torch.equal(value, resumed.recipe.state_dict()[name]), name


@pytest.mark.parametrize(
    "check", [recipes.micro_batches_equal_the_whole, recipes.trains_in_bf16, recipes.resumes_to_the_same_bits]
)
def test_it_keeps_the_promises_of_a_recipe(check):
    with seeded(0):
        check(Trial(Configuration(DCGAN, S3GAN, FACTS), n=4))
