import math
from copy import deepcopy

import pytest
import torch
from torch import nn

from gancore.component.part import Part, part, seat
from gancore.errors import FitError
from gancore.standard.averages import ExponentialAverage, NoAverage


@part("small")
class Small(Part):
    def build(self):
        self.layer, self.norm = nn.Linear(3, 2), nn.BatchNorm1d(2)

    def forward(self, x):
        return self.norm(self.layer(x))


@part("holder")
class Holder(Part):
    network: Small = seat(default=Small)
    average: ExponentialAverage = seat(default=ExponentialAverage)

    def build(self):
        self.average.start(network=self.network)


def flat(module):
    return torch.cat([p.detach().reshape(-1) for p in module.parameters()])


def moved(average, network, value=1.0, **counts):
    """The average's weights after one step, of a live network that is `value` everywhere while the average
    was zero.
    """
    with torch.no_grad():
        for p in [*network.parameters(), *average.of("network").parameters()]:
            p.zero_()
        for p in network.parameters():
            p.fill_(value)
    average.follow(**counts)
    return flat(average.of("network"))


def test_after_its_half_life_half_is_left():
    network, average = Small(), ExponentialAverage(half_life=1000.0, ramp_up=math.inf)
    average.start(network=network)
    assert torch.allclose(moved(average, network, images=0, batch=1000), torch.tensor(0.5))
    moved(average, network, images=0, batch=10)
    for _ in range(99):
        average.follow(images=0, batch=10)
    assert torch.allclose(flat(average.of("network")), torch.tensor(0.5), atol=1e-5)


def test_ramp_up_shortens_the_half_life():
    average = ExponentialAverage(half_life=1000.0, ramp_up=0.05)
    assert average.decay(images=0, batch=64) == 0
    assert average.decay(images=2000, batch=100) == pytest.approx(0.5)
    assert average.decay(images=10**6, batch=1000) == pytest.approx(0.5)


def test_at_the_start_the_average_is_the_live_network():
    network, average = Small(), ExponentialAverage()
    average.start(network=network)
    assert (moved(average, network, value=3.0, images=0, batch=64) == 3).all()


def test_no_half_life_no_memory():
    network, average = Small(), ExponentialAverage(half_life=0.0, ramp_up=math.inf)
    average.start(network=network)
    assert (moved(average, network, value=2.0, images=10**6, batch=1) == 2).all()


def test_buffers_are_copied():
    network, average = Small(), ExponentialAverage()
    average.start(network=network)
    network(torch.randn(8, 3))
    average.follow(images=10**6, batch=8)
    copy = average.of("network")
    assert (
        torch.equal(copy.norm.running_mean, network.norm.running_mean) and copy.norm.num_batches_tracked == 1
    )


def test_the_copies_are_for_sampling_alone():
    holder = Holder()
    copy = holder.average.of("network")
    assert copy is not holder.network and not any(p.requires_grad for p in copy.parameters())
    assert not copy.training and not holder.train().average.of("network").training and holder.network.training
    holder.eval()
    assert not holder.network.training
    assert all(p.requires_grad for p in holder.network.parameters())


def test_the_state_dict_holds_the_copies_once():
    holder = Holder()
    keys = list(holder.state_dict())
    assert len(keys) == 2 * len(holder.network.state_dict())
    assert {k for k in keys if k.startswith("average.")} == {
        f"average.copies.network.{k}" for k in holder.network.state_dict()
    }


def test_a_state_dict_restores_the_average():
    holder, other = Holder(), Holder()
    moved(holder.average, holder.network, images=10**6, batch=500)
    other.load_state_dict(holder.state_dict())
    assert torch.equal(flat(other.average.of("network")), flat(holder.average.of("network")))
    other.average.follow(images=10**6, batch=500)
    assert not torch.equal(flat(other.average.of("network")), flat(holder.average.of("network")))


@pytest.mark.parametrize("assign", [False, True])
def test_follows_after_the_tensors_were_replaced(assign):
    holder = Holder()
    holder.double()
    holder.load_state_dict({k: v.clone() for k, v in holder.state_dict().items()}, assign=assign)
    average = moved(holder.average, holder.network, images=0, batch=1)
    assert average.dtype == torch.float64 and (average == 1).all()
    assert holder.average.of("network").norm.running_mean.dtype == torch.float64


def test_a_deep_copy_follows_its_own_network():
    holder = Holder()
    twin = deepcopy(holder)
    before = flat(holder.average.of("network"))
    assert (moved(twin.average, twin.network, images=0, batch=1) == 1).all()
    assert torch.equal(flat(holder.average.of("network")), before)
    holder.average.follow(images=0, batch=1)
    assert (
        torch.equal(flat(holder.average.of("network")), flat(holder.network))
        and not (flat(holder.network) == 1).all()
    )


def test_another_seed_starts_afresh():
    holder = Holder()
    before = flat(holder.average.of("network"))
    holder.bind(seed=7)
    after = flat(holder.average.of("network"))
    assert torch.equal(after, flat(holder.network)) and not torch.equal(after, before)
    assert len(holder.average.copies) == 1


def test_weights_that_two_modules_share_are_averaged_once():
    first, second = Small(), Small()
    second.layer.weight = first.layer.weight
    average = ExponentialAverage(half_life=1.0, ramp_up=math.inf)
    average.start(first=first, second=second)
    assert average.of("first").layer.weight is average.of("second").layer.weight
    with torch.no_grad():
        average.of("first").layer.weight.zero_()
        first.layer.weight.fill_(1)
    average.follow(images=10, batch=1)
    assert torch.allclose(average.of("first").layer.weight, torch.tensor(0.5))


def test_modules_of_different_layout():
    network, average = nn.Conv2d(3, 4, 3), ExponentialAverage(half_life=1.0, ramp_up=math.inf)
    average.start(network=network)
    start = average.of("network").weight.clone()
    with torch.no_grad():
        network.to(memory_format=torch.channels_last).weight.normal_()
    average.follow(images=10, batch=1)
    assert torch.allclose(average.of("network").weight, (start + network.weight) / 2)


def test_the_last_weights():
    average = NoAverage()
    network = Small()
    average.start(network=network)
    average.follow(images=1, batch=1)
    assert average.of("network") is network
    assert not average.state_dict() and not list(average.modules())[1:]
    pair = nn.ModuleList([network, average])
    twin = deepcopy(pair)
    assert twin[1].of("network") is twin[0]


@pytest.mark.parametrize("cls", [ExponentialAverage, NoAverage])
def test_an_unknown_module_is_named(cls):
    average = cls()
    with pytest.raises(FitError, match=f"average/{cls.name} holds nothing yet, not 'network'"):
        average.of("network")
    average.start(generator=Small(), conditioner=Small())
    with pytest.raises(FitError, match="holds generator, conditioner, not 'network'; pass it to start"):
        average.of("network")


def test_ranges():
    with pytest.raises(ValueError, match="half_life must be a number, at least 0; got -1"):
        ExponentialAverage(half_life=-1.0)
    with pytest.raises(ValueError, match="ramp_up must be a number above 0; got 0"):
        ExponentialAverage(ramp_up=0.0)
