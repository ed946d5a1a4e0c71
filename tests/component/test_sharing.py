"""Layers that two parts have in common, or that start from the same weights."""

from copy import deepcopy

import pytest
import torch
from small import SmallGenerator
from torch import nn

from gancore import Generator, Player, Recipe, build, part, seat, share, spec, start_alike
from gancore.component.discovery import registry
from gancore.component.ownership import Place, making
from gancore.component.weights import load_state
from gancore.errors import FitError
from gancore.standard.averages import ExponentialAverage
from gancore.standard.optimizers import SGD
from gancore.testing.stage import start

IMAGE = (3, 4, 4)


@part("two-layers", tags=["batch"])
class TwoLayers(SmallGenerator):
    """A body and a head, with a buffer in the body."""

    def build(self):
        self.body = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
        self.blocks = nn.ModuleList([nn.Linear(4, 4)])
        self.head = nn.Linear(4, 48)

    def forward(self, code):
        return self.head(self.blocks[0](self.body(code))).reshape(-1, *self.image)


@part("couple")
class Couple(Recipe):
    """Two generators with one body."""

    one: Generator = seat(default=TwoLayers)
    two: Generator = seat(default=TwoLayers)
    average: ExponentialAverage = seat(default=ExponentialAverage)

    def facts(self, seat):
        return {"image": self.image}

    def build(self):
        share(self.one, "body", self.two)
        share(self.one, "blocks.0", self.two)
        self.average.start(one=self.one, two=self.two)

    def players(self):
        return {"both": Player([self.one, self.two], SGD(lr=0.1))}


def couple(seed=1, **fields):
    made = Couple(**fields)
    made.bind(seed=seed, facts={"image": IMAGE}, by="the test")
    return made


def is_shared(one, two):
    return one.body is two.body and one.blocks[0] is two.blocks[0] and one.head is not two.head


def same(one, two):
    mine, theirs = one.state_dict(), two.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[k], theirs[k]) for k in mine)


def test_a_shared_layer_follows_from_the_seed_and_the_seat_of_the_first():
    made = couple()
    assert is_shared(made.one, made.two)
    alone = TwoLayers()
    alone.bind(seed=1, path="one", facts={"image": IMAGE}, by="the test")
    assert same(made.one, alone)


def test_it_is_shared_anew_when_the_recipe_is_built_again():
    made = couple()
    made.bind(seed=2)
    assert is_shared(made.one, made.two) and same(made, couple(seed=2))
    assert not same(made, couple(seed=1))


def test_copies_and_averages_share_too():
    made = couple()
    copied = deepcopy(made)
    assert is_shared(copied.one, copied.two) and copied.one.body is not made.one.body
    assert is_shared(made.average.of("one"), made.average.of("two"))
    with torch.no_grad():
        made.one.body[0].weight += 1
        made.one.body[1].running_mean += 1
    made.average.follow(images=10**9, batch=10**9)
    assert torch.allclose(made.average.of("two").body[0].weight, made.one.body[0].weight)
    assert torch.equal(made.average.of("two").body[1].running_mean, made.one.body[1].running_mean)


def test_its_spec_builds_one_that_shares():
    if not any(offer.distribution == "gancore-couple" for offer in registry().registrations()):
        registry().add("gancore-couple", [TwoLayers, Couple])
    again = build(spec(couple()))
    again.bind(seed=1, facts={"image": IMAGE}, by="the test")
    assert same(again, couple())


def test_weights_are_saved_for_each_and_restored_for_both():
    made, other = couple(), couple(seed=3)
    assert torch.equal(made.state_dict()["two.body.0.weight"], made.state_dict()["one.body.0.weight"])
    load_state(other, made.state_dict())
    assert is_shared(other.one, other.two) and same(other, made)


def test_an_update_moves_it_by_the_gradients_of_both():
    made = couple().double()
    run = start(made)
    assert len(run.player_optimizers["both"].parameters) == 10
    latent = torch.randn(4, 4, dtype=torch.float64)
    layer = made.one.blocks[0]
    losses = [made.one(latent).square().mean(), made.two(latent).square().mean()]
    expected = layer.weight - 0.1 * torch.autograd.grad(sum(losses), layer.weight)[0]
    run.update("both", lambda z: {"a": made.one(z).square().mean(), "b": made.two(z).square().mean()}, latent)
    assert torch.allclose(layer.weight, expected)


def shared(*given):
    with making(Place(0, "")):
        share(*given)


def test_what_cannot_be_shared_is_refused():
    one, two = TwoLayers(image=IMAGE), TwoLayers(image=IMAGE, width=4)
    with pytest.raises(FitError, match="generator/two-layers has no layer 'trunk'; its layers: body, blocks"):
        shared(one, "trunk", two)
    two.body = nn.Sequential(nn.Linear(4, 4))
    differing = r"cannot share body: the layers differ \(.*in the second\); give both parts the same options"
    with pytest.raises(FitError, match=differing):
        shared(one, "body", two)
    two = TwoLayers(image=IMAGE)
    two.body.requires_grad_(False)
    with pytest.raises(FitError, match="it is frozen in one of them only"):
        shared(one, "body", two)
    two = TwoLayers(image=IMAGE)
    with torch.no_grad():
        two.head.weight += 1
        two.body[0].weight += 1
    with pytest.raises(FitError, match="the second holds trained weights, which would be lost"):
        shared(one, "body", two)


def test_a_trained_first_gives_its_layer():
    one = TwoLayers(image=IMAGE)
    with torch.no_grad():
        one.body[0].weight += 1
    two = TwoLayers(image=IMAGE)
    shared(one, "body", two)
    assert two.body is one.body


def test_outside_of_a_build_it_is_refused():
    one, two = TwoLayers(image=IMAGE), TwoLayers(image=IMAGE)
    with pytest.raises(
        FitError, match="share body of generator/two-layers in the build of the part that holds"
    ):
        share(one, "body", two)


@part("twins")
class Twins(Recipe):
    """Two generators with bodies that start alike."""

    one: Generator = seat(default=TwoLayers)
    two: Generator = seat(default=TwoLayers)

    def facts(self, seat):
        return {"image": self.image}

    def build(self):
        start_alike(self.one, "body", self.two)

    def players(self):
        return {"both": Player([self.one, self.two], SGD(lr=0.1))}


def test_layers_that_start_alike_are_trained_apart():
    made = Twins()
    for seed in (1, 2):
        made.bind(seed=seed, facts={"image": IMAGE}, by="the test")
        one, two = made.one, made.two
        assert one.body is not two.body and same(one.body, two.body) and not same(one.head, two.head)
        assert same(one, couple(seed).one) and two.pristine()
    run = start(made)
    latent = torch.randn(4, 4)
    run.update("both", lambda z: {"a": made.one(z).square().mean(), "b": made.two(z).sum()}, latent)
    assert not same(one.body, two.body)


def alike(*given):
    with making(Place(0, "")):
        start_alike(*given)


@pytest.mark.parametrize("trained", [0, 1])
def test_trained_weights_do_not_start_anew(trained):
    pair = TwoLayers(image=IMAGE), TwoLayers(image=IMAGE)
    with torch.no_grad():
        pair[trained].head.weight += 1
    before = deepcopy(pair[1].body)
    alike(pair[0], "body", pair[1])
    assert same(pair[1].body, before)


def test_what_cannot_start_alike_is_refused():
    one, two = TwoLayers(image=IMAGE), TwoLayers(image=IMAGE)
    with pytest.raises(FitError, match="start body of generator/two-layers alike in the build of the part"):
        start_alike(one, "body", two)
    two.body = nn.Sequential(nn.Linear(4, 4))
    with pytest.raises(FitError, match="cannot start body alike: the layers differ"):
        alike(one, "body", two)
