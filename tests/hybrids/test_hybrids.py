"""Hybrids are the product: every generator with every discriminator, loss and penalty that fits it is trained
for two steps.
"""

import random
from collections import Counter
from copy import deepcopy
from itertools import product

import pytest
import torch

from gancore import TwoPlayerGAN
from gancore.component.discovery import registry
from gancore.errors import FactError, FitError
from gancore.testing.stage import BATCH, drive, start

OURS = (
    "gancore",
    "gancore-cyclegan",
    "gancore-dcgan",
    "gancore-gan",
    "gancore-pca",
    "gancore-stylegan",
    "gancore-vae",
)
FITTING = 6048
"""How many hybrids fit. A new generator, discriminator, loss or penalty changes this number, and this line
alone.
"""
SAMPLED = 80
FACTS = {"image": (3, 16, 16), "classes": 3}


def offered(kind):
    return [offer.cls for offer in registry().registrations(kind) if offer.distribution in OURS]


def small(cls):
    return cls(**deepcopy(dict(cls.examples[0])))


def assembled(generator, discriminator, loss, penalty, seed=0):
    recipe = TwoPlayerGAN(
        generator=small(generator),
        discriminator=small(discriminator),
        loss=small(loss),
        regularizers=[small(penalty)],
        batch=BATCH,
    )
    recipe.bind(seed=seed, facts=FACTS, by="the hybrids test")
    recipe.require()
    return recipe


def misfit(*classes):
    """Why the four make no two-player game; empty where they do."""
    if "translator" in classes[0].tags:
        return "a translator's code is an image, which no sampler draws"
    try:
        recipe = assembled(*classes)
    except (FactError, FitError) as error:
        return str(error)
    if not any(p.requires_grad for p in recipe.generator.parameters()):
        return "the generator has no weights that a gradient could move"
    return ""


@pytest.fixture(scope="module")
def fitting():
    """All hybrids that fit. Networks fit by their facts, losses and penalties whatever the networks: tried
    with one pair of these.
    """
    missing = set(OURS) - {offer.distribution for offer in registry().registrations()}
    if missing:
        pytest.skip(
            "the number of hybrids is that of all plugins of this repository; "
            f"not installed: {', '.join(sorted(missing))}"
        )
    losses, penalties = offered("loss"), offered("discriminator-regularizer")
    pairs = [
        p
        for p in product(offered("generator"), offered("discriminator"))
        if not misfit(*p, losses[0], penalties[0])
    ]
    rules = [r for r in product(losses, penalties) if not misfit(*pairs[0], *r)]
    return [(*pair, *rule) for pair, rule in product(pairs, rules)]


def name(hybrid):
    return " + ".join(f"{cls.kind}/{cls.name}" for cls in hybrid)


def train(hybrid, seed):
    recipe = assembled(*hybrid, seed=seed)
    before = {player: [p.detach().clone() for p in part.parameters()] for player, part in players(recipe)}
    run = start(recipe, seed=seed)
    drive(run, 2)
    for player, part in players(recipe):
        after = list(part.parameters())
        assert all(p.isfinite().all() for p in after), f"{name(hybrid)}: the {player} is not finite"
        assert any(not torch.equal(p, q) for p, q in zip(before[player], after, strict=True)), (
            f"{name(hybrid)}: the {player} did not move"
        )
    image = recipe.pipelines()["image"].sample(2, seed=1)
    assert image.shape == (2, 3, 16, 16)
    assert image.isfinite().all()


def players(recipe):
    return [("generator", recipe.generator), ("discriminator", recipe.discriminator)]


def test_the_number_of_hybrids_that_fit(fitting, capsys):
    with capsys.disabled():
        parts = [len(set(column)) for column in zip(*fitting, strict=True)]
        said = "{} generators × {} discriminators × {} losses × {} penalties".format(*parts)
        print(f"\n{len(fitting)} hybrids fit: {said}")
    assert len(fitting) == FITTING


def test_what_does_not_fit_says_why():
    reasons = Counter()
    for generator in offered("generator"):
        reason = misfit(
            generator,
            offered("discriminator")[0],
            offered("loss")[0],
            offered("discriminator-regularizer")[0],
        )
        reasons[reason] += 1
    assert reasons["a translator's code is an image, which no sampler draws"] == 1
    assert reasons["the generator has no weights that a gradient could move"] == 1


def test_sampled_hybrids_train(fitting):
    for seed, hybrid in enumerate(random.Random(0).sample(fitting, min(SAMPLED, len(fitting)))):
        train(hybrid, seed)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_all_hybrids_train(fitting):
    for seed, hybrid in enumerate(fitting):
        train(hybrid, seed)
