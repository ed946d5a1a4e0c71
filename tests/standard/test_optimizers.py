import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from gancore.standard.constraints import WeightClipping
from gancore.standard.optimizers import SGD, Adam, AdamW, RMSprop
from gancore.standard.schedules import Constant, Cosine, Linear

ALL = [Adam, AdamW, RMSprop, SGD]


def step(part, gradients, rescale=1.0, start=1.0):
    weight = nn.Parameter(torch.tensor([start]))
    optimizer = part.make([weight], rescale)
    for gradient in gradients:
        weight.grad = torch.tensor([gradient])
        optimizer.step()
    return weight.item()


def adam(gradients, lr, b1, b2, eps, decay=0.0, w=1.0):
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        w -= lr * decay * w
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        w -= lr * (m / (1 - b1**t)) / (math.sqrt(v / (1 - b2**t)) + eps)
    return w


def test_adam():
    assert step(Adam(lr=0.1), [1.0, -3.0, 2.0]) == pytest.approx(
        adam([1, -3, 2], 0.1, 0.5, 0.999, 1e-8), rel=1e-5
    )


def test_adamw():
    assert step(AdamW(lr=0.1, weight_decay=0.3), [1.0, -3.0]) == pytest.approx(
        adam([1, -3], 0.1, 0.9, 0.999, 1e-8, 0.3), rel=1e-5
    )


def test_rmsprop():
    v1 = 0.01
    w = 1 - 0.1 / (math.sqrt(v1) + 1e-8)
    w += 0.1 * 3 / (math.sqrt(0.99 * v1 + 0.01 * 9) + 1e-8)
    assert step(RMSprop(lr=0.1), [1.0, -3.0]) == pytest.approx(w, rel=1e-5)


def test_sgd_with_momentum():
    assert step(SGD(lr=0.1, momentum=0.5), [1.0, 2.0]) == pytest.approx(1 - 0.1 - 0.1 * 2.5, rel=1e-6)
    assert step(SGD(lr=0.1, weight_decay=0.5), [1.0]) == pytest.approx(1 - 0.1 * 1.5, rel=1e-6)


@pytest.mark.parametrize("cls", [Adam, AdamW])
def test_lazy_updates_rescale_as_stylegan2_does(cls):
    c = 16 / 17
    group = cls(lr=0.1).make([nn.Parameter(torch.ones(1))], c).param_groups[0]
    assert group["lr"] == pytest.approx(0.1 * c)
    assert group["betas"] == pytest.approx((cls().betas[0] ** c, cls().betas[1] ** c))
    assert step(Adam(lr=0.1), [1.0, -3.0], rescale=c) == pytest.approx(
        adam([1, -3], 0.1 * c, 0.5**c, 0.999**c, 1e-8), rel=1e-5
    )


def test_whole_numbers_as_betas():
    part = Adam(betas=[0, 1 - 1e-3])
    assert part.betas == (0.0, 0.999) and all(isinstance(b, float) for b in part.betas)
    assert step(part, [2.0], rescale=0.5) == pytest.approx(1 - 1e-4, rel=1e-5)


@pytest.mark.parametrize("cls", [Adam, AdamW, SGD])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_fused_where_torch_has_it(cls, dtype):
    weight = nn.Parameter(torch.ones(3, dtype=dtype))
    optimizer = cls().make(iter([weight]))
    assert optimizer.param_groups[0]["fused"] is True
    weight.grad = torch.ones_like(weight)
    optimizer.step()
    assert (weight < 1).all()


@pytest.mark.parametrize("cls", ALL)
def test_clip_and_schedule(cls):
    assert cls().clip == math.inf and cls(max_norm=2.0).clip == 2.0
    assert cls().factor(5, 10) == 1.0
    assert cls(schedule=Linear()).factor(5, 10) == 0.5
    assert cls(schedule={"part": "linear", "constant": 0.5}).factor(75, 100) == 0.5


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Adam(lr=-1.0), "lr must be a number, at least 0; got -1.0"),
        (lambda: Adam(betas=(0.5, 1.0)), "betas must be two numbers in [0, 1); got (0.5, 1.0)"),
        (lambda: Adam(betas=(0.5,)), "betas must be two numbers in [0, 1); got (0.5,)"),
        (lambda: Adam(betas=0.5), "betas must be two numbers in [0, 1); got 0.5"),
        (lambda: SGD(max_norm=0.0), "max_norm must be a number above 0; got 0.0"),
        (lambda: RMSprop(alpha=1.5), "alpha must be a number from 0 to 1; got 1.5"),
        (lambda: Linear(warm_up=-1), "warm_up must be a whole number, at least 0; got -1"),
        (lambda: Linear(constant=True), "constant must be a number from 0 to 1; got True"),
        (
            lambda: Adam(schedule=Linear(end=-0.5)),
            "the factors of schedule/linear on the learning rate must be numbers, at least 0; got -0.5",
        ),
        (lambda: WeightClipping(limit=0.0), "limit must be a number above 0; got 0.0"),
    ],
)
def test_ranges(make, text):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == text


def test_linear():
    schedule = Linear(warm_up=100, constant=0.5, end=0.2)
    assert [schedule(i, 1000) for i in (0, 50, 100, 500)] == [0, 0.5, 1, 1]
    assert schedule(750, 1000) == pytest.approx(0.6) and schedule(1000, 1000) == pytest.approx(0.2)
    assert schedule(5000, 1000) == pytest.approx(0.2)
    assert Linear()(0, 0) == 1
    with pytest.raises(ValueError, match="constant must be a number below 1; got 1.0"):
        Linear(constant=1.0)


def test_cosine():
    schedule = Cosine(end=0.1)
    assert (
        schedule(0, 100) == 1
        and schedule(50, 100) == pytest.approx(0.55)
        and schedule(100, 100) == pytest.approx(0.1)
    )
    assert schedule(25, 100) == pytest.approx(0.1 + 0.9 * (1 + math.sqrt(0.5)) / 2)
    assert Cosine(warm_up=50)(25, 100) == pytest.approx(0.5 * (1 + math.sqrt(0.5)) / 2)
    assert Cosine()(10, 0) == 1


@pytest.mark.parametrize("schedule", [Constant(), Linear(warm_up=10), Cosine(warm_up=10)])
def test_factors_never_rise_after_the_warm_up(schedule):
    factors = [schedule(i, 100) for i in range(10, 130)]
    assert all(a >= b for a, b in pairwise(factors)) and all(0 <= f <= 1 for f in factors)


def test_weight_clipping():
    module = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    before = [p.detach().clone() for p in module.parameters()]
    WeightClipping(limit=0.1)(module)
    for p, old in zip(module.parameters(), before, strict=True):
        assert torch.equal(p, old.clamp(-0.1, 0.1)) and p.requires_grad and p.grad is None
    assert any((old.abs() > 0.1).any() for old in before)


def test_weight_clipping_leaves_frozen_weights_and_empty_modules():
    module = nn.Linear(2, 2)
    with torch.no_grad():
        module.weight.fill_(3.0)
    module.weight.requires_grad_(False)
    WeightClipping()(module)
    assert (module.weight == 3).all() and module.bias.abs().max() <= 0.01
    WeightClipping()(nn.Tanh())
