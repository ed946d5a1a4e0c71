"""Hybrids are the product: every generator with every discriminator, loss and penalty that fits it is trained
for two steps.
"""

import math
import random
from collections import Counter
from copy import deepcopy
from functools import cache
from itertools import groupby, product
from pathlib import Path

import pytest
import torch

from gancore import TwoPlayerGAN
from gancore.component.discovery import host, registry
from gancore.component.fields import required_fields
from gancore.component.interfaces import Movable
from gancore.errors import FactError, FitError
from gancore.testing.stage import Rows, drive
from gancore.training.run import TrainingRun

SAMPLED, SHARES = 80, 64
"""Hybrids that are trained in each run, and the shares that all of them are split into."""
SECOND_SEED = 1_000_000
"""How much larger the second seed of a hybrid is."""
IMAGES = 2
"""The batch."""
KINDS = ("generator", "discriminator", "loss", "discriminator-regularizer")
SIDE, SMALLER = 16, 8
"""Of images that every network takes, and of those that are given to networks that both take them: with a map
less, they are a third faster.
"""


def offered(kind):
    """The parts of all plugins that are installed; what a test adds to the registry comes from none, and
    those that must be given parts are tested around these.
    """
    offers = [offer for offer in registry().registrations(kind) if offer.distribution in host().versions]
    return [offer.cls for offer in offers if not required_fields(offer.cls)]


def facts(side):
    return {"image": (3, side, side), "classes": 3}


@cache
def example(cls, side):
    """The first of its examples. A network that lists as many widths as images of `SIDE` have maps does
    without the last for smaller ones.
    """
    whole = dict(cls.examples[0])
    if side == SIDE or takes(cls, whole, side):
        return whole
    return {name: v[:-1] if isinstance(v, tuple | list) and len(v) == 3 else v for name, v in whole.items()}


def takes(cls, options, side):
    try:
        told(cls(**deepcopy(options)), side)
    except (FactError, FitError):
        return False
    return True


def told(part, side=SIDE):
    part.bind(facts=facts(side), by="the hybrids test")
    part.require()
    return part


@cache
def takes_smaller(cls):
    return takes(cls, example(cls, SMALLER), SMALLER)


def side_of(pair):
    return SMALLER if all(map(takes_smaller, pair)) else SIDE


def small(cls, side=SIDE):
    return cls(**deepcopy(example(cls, side)))


def assembled(generator, discriminator, loss, penalty, seed=0, side=SIDE):
    """A two-player game of four classes, or of networks that are made already."""
    recipe = TwoPlayerGAN(
        generator=small(generator, side) if isinstance(generator, type) else generator,
        discriminator=small(discriminator, side) if isinstance(discriminator, type) else discriminator,
        loss=small(loss),
        regularizers=[small(penalty)],
        batch=IMAGES,
    )
    recipe.bind(seed=seed, facts=facts(side), by="the hybrids test")
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


def alone(kind):
    """The parts of a kind that fit into a two-player game as far as facts and tags say."""
    return [cls for cls in offered(kind) if fits_by_facts_and_tags(cls)]


@cache
def beside(discriminator, penalty):
    """Whether a penalty says that the discriminator has what it is about."""
    try:
        small(penalty).check_discriminator(small(discriminator))
    except FitError:
        return False
    return True


@pytest.fixture(scope="module")
def fitting():
    """All hybrids that fit: parts are made for any neighbor, so all that fit on their own fit together, but
    for a penalty on what few discriminators have.
    """
    return [hybrid for hybrid in product(*map(alone, KINDS)) if beside(hybrid[1], hybrid[3])]


def assembled_as_said(pairs):
    """Tries pairs of a generator and a discriminator, and the rules with one of them, against what facts and
    tags say of each alone.
    """
    losses, penalties = offered("loss"), offered("discriminator-regularizer")
    fits = {kind: set(alone(kind)) for kind in KINDS}
    for pair in pairs:
        expected = all(cls in fits[cls.kind] for cls in pair)
        assert (not misfit(*pair, losses[0], penalties[0])) == expected, name(pair)
    networks = alone("generator")[0], alone("discriminator")[0]
    for rule in product(losses, penalties):
        expected = all(cls in fits[cls.kind] for cls in rule) and beside(networks[1], rule[1])
        assert (not misfit(*networks, *rule)) == expected, name(rule)


def name(hybrid):
    return " + ".join(f"{cls.kind}/{cls.name}" for cls in hybrid)


def train(hybrid, seed, networks=None):
    """Two steps of a hybrid, whose networks may be made already; then it draws images. The networks are so
    narrow that all rectifiers of one may be off for a few images, and then no gradient passes: such a hybrid
    starts once more, from another seed.
    """
    still = two_steps(hybrid, seed, networks) and two_steps(hybrid, seed + SECOND_SEED)
    assert not still, f"{name(hybrid)}: the {still} did not move"


def two_steps(hybrid, seed, networks=None):
    """Trains a hybrid and draws images; returns the player that did not move, if there is one."""
    side = side_of(hybrid[:2])
    recipe = assembled(*(networks or hybrid[:2]), *hybrid[2:], seed=seed, side=side)
    before = {player: [p.detach().clone() for p in part.parameters()] for player, part in players(recipe)}
    with kernels(recipe.generator):
        drive(TrainingRun(recipe, Rows(recipe, seed=seed), batch=IMAGES, total=16 * IMAGES, seed=seed), 2)
        image = recipe.pipelines()["image"].sample(2, seed=1)
    assert image.shape == (2, 3, side, side), name(hybrid)
    assert image.isfinite().all(), name(hybrid)
    still = ""
    for player, part in players(recipe):
        after = list(part.parameters())
        assert all_finite(after), f"{name(hybrid)}: the {player} is not finite"
        if all(torch.equal(p, q) for p, q in zip(before[player], after, strict=True)):
            still = player
    return still


def train_all(pair, hybrids):
    """Trains numbered hybrids of the same two networks, which are made once."""
    networks = Networks(pair, hybrids[0][1][2:], seed=hybrids[0][0])
    for seed, hybrid in hybrids:
        train(hybrid, seed, networks.fresh())


def kernels(generator):
    """Convolutions of tiny maps are three times faster in torch's own kernels than in oneDNN's; not those of
    a generator that computes far beyond the border.
    """
    return torch.backends.mkldnn.flags(enabled=isinstance(generator, Movable))


def all_finite(tensors):
    return bool(torch.stack(torch._foreach_norm([t.detach() for t in tensors])).isfinite().all())


def players(recipe):
    return [("generator", recipe.generator), ("discriminator", recipe.discriminator)]


class Networks:
    """A generator and a discriminator that many hybrids are assembled with, one after the other: they are
    made once, and start each time with the weights and buffers that they had then.
    """

    def __init__(self, pair, rule, seed):
        recipe = assembled(*pair, *rule, seed=seed, side=side_of(pair))
        self.pair = recipe.generator, recipe.discriminator
        self.state = [t.detach() for part in self.pair for t in (*part.parameters(), *part.buffers())]
        self.start = [t.clone() for t in self.state]

    def fresh(self):
        for tensor, start in zip(self.state, self.start, strict=True):
            tensor.copy_(start)
        return self.pair


def fits_by_facts_and_tags(cls):
    """Whether a part takes the facts on its own, and what it says of itself lets it into a two-player game:
    no word of what it would sit beside.
    """
    try:
        part = told(small(cls))
    except (FactError, FitError):
        return False
    learns = cls.kind != "generator" or any(p.requires_grad for p in part.parameters())
    return learns and "translator" not in part.tags


def test_as_many_hybrids_fit_as_facts_and_tags_say(fitting, capsys):
    """Assembled, none may be refused, and none taken that should not: each network with some others."""
    with capsys.disabled():
        said = " × ".join(f"{len(alone(kind))} of {len(offered(kind))} {kind}" for kind in KINDS)
        print(f"\n{len(fitting)} hybrids fit: {said}")
    generators, discriminators = offered("generator"), offered("discriminator")
    draw = random.Random(0)
    each = [(cls, draw.choice(discriminators)) for cls in generators]
    assembled_as_said(each + [(draw.choice(generators), cls) for cls in discriminators])
    apart = sum(
        not beside(*two) for two in product(alone("discriminator"), alone("discriminator-regularizer"))
    )
    others = len(alone("generator")) * len(alone("loss"))
    assert len(fitting) == math.prod(len(alone(kind)) for kind in KINDS) - others * apart > 0


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_generator_is_assembled_with_every_discriminator():
    assembled_as_said(product(offered("generator"), offered("discriminator")))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_discriminator_is_assembled_with_every_penalty():
    generator, loss = alone("generator")[0], alone("loss")[0]
    for discriminator, penalty in product(alone("discriminator"), alone("discriminator-regularizer")):
        refused = misfit(generator, discriminator, loss, penalty)
        assert bool(refused) != beside(discriminator, penalty), name((discriminator, penalty))


def test_every_plugin_of_the_repository_takes_part():
    """One that does not load would otherwise only make the number smaller."""
    ours = {folder.name for folder in (Path(__file__).parents[2] / "plugins").glob("gancore-*")}
    broken = {failure.distribution: failure.cause for failure in registry().failures}
    assert {name: cause for name, cause in broken.items() if name in ours} == {}
    missing = ours - set(host().versions)
    if missing:
        pytest.skip(f"not installed: {', '.join(sorted(missing))}")


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
    translators = [cls for cls in offered("generator") if "translator" in cls.tags]
    assert reasons["a translator's code is an image, which no sampler draws"] == len(translators) > 0
    assert reasons["the generator has no weights that a gradient could move"] > 0


def test_sampled_hybrids_train(fitting):
    for seed, hybrid in enumerate(random.Random(0).sample(fitting, min(SAMPLED, len(fitting)))):
        train(hybrid, seed)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("share", range(SHARES))
def test_all_hybrids_train(fitting, share):
    """A share holds every so many pairs of networks, each with all losses and penalties."""
    pairs = groupby(enumerate(fitting), key=lambda one: one[1][:2])
    for number, (pair, hybrids) in enumerate(pairs):
        if number % SHARES == share:
            train_all(pair, list(hybrids))
