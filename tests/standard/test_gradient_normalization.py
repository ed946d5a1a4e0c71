"""Gradient normalization: closed forms, the bound, and its place among other parts."""

import math

import pytest
import torch
from small import Source
from torch import nn

from gancore import Discriminator, create, part
from gancore.errors import FitError
from gancore.standard import GradientNormalization, PatchGAN, ProjectionDiscriminator
from gancore.standard.regularizers import R1, input_gradient
from gancore.training.first_step import take_step
from gancore.training.run import TrainingRun

IMAGE = (1, 2, 2)


@part("plane")
class Plane(Discriminator):
    """w·x + b, with ‖w‖ = 5."""

    def build(self):
        self.bias = nn.Parameter(torch.tensor(0.5))

    def forward_features(self, image):
        return image.flatten(1)

    def forward_head(self, features, label=None):
        return features @ torch.tensor([1.0, -2.0, 2.0, 4.0]) + self.bias


@part("rectified")
class Rectified(Discriminator):
    """Two layers with rectifiers."""

    def build(self):
        self.body = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU())
        self.last = nn.Linear(16, 1)

    def forward_features(self, image):
        return self.body(image.flatten(1))

    def forward_head(self, features, label=None):
        return 50 * self.last(features)[:, 0]


def drawn(n, seed=0):
    return torch.randn(n, *IMAGE, generator=torch.Generator().manual_seed(seed))


def test_a_plane_is_divided_by_its_slope_and_its_height():
    image = drawn(4)
    made = GradientNormalization(network=Plane(), image=IMAGE)(image)
    heights = [
        sum(w * x for w, x in zip((1, -2, 2, 4), row, strict=True)) + 0.5 for row in image.flatten(1).tolist()
    ]
    assert made.tolist() == pytest.approx([h / (5 + abs(h)) for h in heights], rel=1e-5)
    assert not image.requires_grad and made.requires_grad


def test_without_gradients_the_scores_are_the_same():
    part, image = GradientNormalization(network=Rectified(), image=IMAGE), drawn(5)
    with torch.no_grad():
        bare = part(image)
    assert not bare.requires_grad and torch.equal(bare, part(image))


def test_the_slope_is_at_most_1_and_the_score_between_minus_1_and_1():
    part, image = (
        GradientNormalization(network=Rectified(), image=IMAGE),
        drawn(500).requires_grad_(),
    )
    scores = part(image)
    slope = input_gradient(scores, image).flatten(1).norm(dim=1)
    plain = input_gradient(part.network(image), image).flatten(1).norm(dim=1)
    assert slope.max() <= 1 + 1e-4 and scores.abs().max() < 1
    assert plain.max() > 1, "the network itself is steeper"
    heights = part.network(image).abs()
    assert torch.allclose(slope, (plain / (plain + heights)).square(), atol=1e-4)


def test_patches_are_divided_by_the_slope_of_their_sum():
    part = GradientNormalization(network=PatchGAN(width=2, layers=1), image=(3, 16, 16))
    image = torch.rand(2, 3, 16, 16).requires_grad_()
    scores = part.network(image)
    norm = torch.autograd.grad(scores.sum(), image)[0].flatten(1).norm(dim=1)
    expected = scores / (norm[:, None, None, None] + scores.abs())
    assert torch.allclose(part(image), expected, atol=1e-6)


def test_a_flat_discriminator_gives_no_nan():
    part = GradientNormalization(network=Rectified(), image=IMAGE)
    nn.init.zeros_(part.network.last.weight)
    nn.init.zeros_(part.network.last.bias)
    made = part(drawn(3))
    made.sum().backward()
    assert torch.equal(made, torch.zeros(3)) and all(p.grad.isfinite().all() for p in part.parameters())


def test_labels_are_added_inside_and_not_outside():
    small = {"part": "patchgan", "width": 2, "layers": 1}
    facts = {"image": (3, 16, 16), "classes": 3}
    inside = GradientNormalization(network={"part": "projection", "network": small}, **facts)
    image = torch.rand(1, 3, 16, 16).expand(2, 3, 16, 16)
    scores = inside(image, torch.tensor([0, 1]))
    assert inside.conditional and not torch.equal(scores[0], scores[1])
    with pytest.raises(FitError, match="put it around the part that adds to the scores"):
        ProjectionDiscriminator(network={"part": "gradient-normalization", "network": small}, **facts)


def test_a_recipe_trains_with_it_and_with_penalties_and_features():
    given = {
        "generator": {"width": 2},
        "discriminator": {
            "part": "gradient-normalization",
            "network": {"part": "dcgan-plain", "width": 2},
        },
        "loss": "hinge",
        "regularizers": [R1(gamma=0.1)],
        "generator_regularizers": ["feature-matching"],
    }
    recipe = create("dcgan", given, image=(3, 16, 16))
    before = [p.detach().clone() for p in recipe.discriminator.parameters()]
    run = TrainingRun(recipe, Source((3, 16, 16)), batch=4, total=32)
    asked = []
    update = run.update
    run.update = lambda *given, **options: (
        asked.append(options["double_backward"]) or update(*given, **options)
    )
    take_step(run)
    assert asked == [True, True]
    assert all(math.isfinite(value) for value in run.take_log().values())
    assert any(not torch.equal(p, q) for p, q in zip(before, recipe.discriminator.parameters(), strict=True))
