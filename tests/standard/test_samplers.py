import math

import pytest
import torch
from scipy import stats

from gancore.errors import FactError, FitError
from gancore.standard.labels import EmpiricalLabels, UniformLabels
from gancore.standard.samplers import Normal, Sphere, TruncatedNormal, Uniform

SAMPLERS = [Normal, Uniform, TruncatedNormal, Sphere]
LABELS = [EmpiricalLabels, UniformLabels]


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def draw(part, n, seed=0):
    return part(n, rng=rng(seed))


@pytest.mark.parametrize(
    "part",
    [*(cls(latent=(6,)) for cls in SAMPLERS), *(cls(classes=5) for cls in LABELS)],
    ids=lambda p: p.qualified_name,
)
def test_repeatable_and_apart_from_the_global_generator(part):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first = draw(part, 50)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(1)
    assert torch.equal(draw(part, 50), first) and not torch.equal(draw(part, 50, seed=1), first)
    assert len(draw(part, 0)) == 0 and draw(part, 0).dtype == first.dtype


@pytest.mark.parametrize("cls", SAMPLERS)
@pytest.mark.parametrize("latent", [(1,), (7,), (3, 2, 2)])
def test_shape(cls, latent):
    drawn = draw(cls(latent=latent), 4)
    assert drawn.shape == (4, *latent) and drawn.dtype == torch.float32 and drawn.isfinite().all()


@pytest.mark.parametrize(
    ("sampler", "deviation"),
    [
        (Normal(latent=(4,)), 1),
        (Uniform(latent=(4,)), 1 / math.sqrt(3)),
        (TruncatedNormal(latent=(4,)), stats.truncnorm(-2, 2).std()),
        (TruncatedNormal(latent=(4,), threshold=0.5), stats.truncnorm(-0.5, 0.5).std()),
        (Sphere(latent=(4,)), 1),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_moments(sampler, deviation):
    drawn = draw(sampler, 20_000).double()
    assert drawn.mean(0).abs().max() < 0.03
    assert torch.allclose(drawn.std(0), torch.full((4,), deviation, dtype=torch.float64), rtol=0.02)
    assert (torch.corrcoef(drawn.T) - torch.eye(4)).abs().max() < 0.03


@pytest.mark.parametrize(
    ("sampler", "distribution"),
    [
        (Normal(latent=(5000,)), stats.norm()),
        (Uniform(latent=(5000,)), stats.uniform(-1, 2)),
        (TruncatedNormal(latent=(5000,)), stats.truncnorm(-2, 2)),
        (TruncatedNormal(latent=(5000,), threshold=8.0), stats.norm()),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_distribution(sampler, distribution):
    assert stats.kstest(draw(sampler, 1)[0].double().numpy(), distribution.cdf).pvalue > 0.01


def test_truncated_normal_stays_inside():
    assert draw(TruncatedNormal(latent=(10_000,), threshold=0.3), 4).abs().max() <= 0.3
    assert draw(TruncatedNormal(latent=(10,), threshold=math.inf), 4).isfinite().all()


def test_sphere_has_radius_root_d():
    assert torch.allclose(
        draw(Sphere(latent=(3, 4)), 5).flatten(1).norm(dim=1), torch.full((5,), math.sqrt(12))
    )


def test_threshold_range():
    with pytest.raises(ValueError, match="threshold must be a number above 0; got 0"):
        TruncatedNormal(threshold=0.0)


@pytest.mark.parametrize("cls", LABELS)
def test_labels_are_uniform_at_first(cls):
    drawn = draw(cls(classes=4), 8000)
    assert drawn.dtype == torch.int64
    assert (torch.bincount(drawn, minlength=4) / 8000 - 0.25).abs().max() < 0.02


def test_empirical_labels_follow_the_data():
    sampler = EmpiricalLabels(classes=3)
    sampler.learn(torch.tensor([0] * 30 + [1] * 10))
    assert torch.allclose(sampler.frequencies, torch.tensor([0.75, 0.25, 0.0]))
    counts = torch.bincount(draw(sampler, 8000), minlength=3) / 8000
    assert (counts - sampler.frequencies).abs().max() < 0.02 and counts[2] == 0
    again = EmpiricalLabels(classes=3)
    again.load_state_dict(sampler.state_dict())
    assert torch.equal(draw(again, 20), draw(sampler, 20))


@pytest.mark.parametrize("given", [[0, 3], [-1, 0], [], [[0.5, 0.5, 0.0]], [0.5]])
def test_labels_that_do_not_fit(given):
    given = torch.tensor(given) if given else torch.zeros(0, dtype=torch.int64)
    with pytest.raises(FitError, match="at least one of classes from 0 to 2, .* pass the facts classes and"):
        EmpiricalLabels(classes=3).learn(given)


@pytest.mark.parametrize("given", [[0, 1], [[1.0, 0.0]], [[1, 0, 1]]])
def test_rows_that_do_not_fit(given):
    with pytest.raises(FitError, match="expects at least one of rows of 3 numbers"):
        EmpiricalLabels(classes=3, label_shape=(3,)).learn(torch.tensor(given))


def rows(n, size=3):
    return torch.randn(n, size, generator=torch.Generator().manual_seed(1))


def test_empirical_labels_draw_rows_of_the_data():
    sampler, given = EmpiricalLabels(classes=3, label_shape=(3,)), rows(7)
    sampler.learn(given)
    drawn = draw(sampler, 700)
    which = (drawn[:, None] == given[None]).all(2)
    assert drawn.dtype == torch.float32 and which.any(1).all()
    assert (which.sum(0) > 60).all()  # each about 100 times
    again = EmpiricalLabels(classes=3, label_shape=(3,))
    again.load_state_dict(sampler.state_dict())
    assert torch.equal(draw(again, 20), draw(sampler, 20))


def test_rows_before_the_data_are_known_are_one_hot():
    drawn = draw(EmpiricalLabels(classes=3, label_shape=(3,)), 100)
    assert (drawn.sum(1) == 1).all() and (drawn.sum(0) > 10).all()


def test_the_rows_kept_are_bounded():
    sampler, given = EmpiricalLabels(classes=3, label_shape=(3,), rows=5), rows(100)
    sampler.learn(given)
    assert sampler.values.shape == (5, 3)
    assert (draw(sampler, 50)[:, None] == given[None]).all(2).any(1).all()
    wide = EmpiricalLabels(classes=4096, label_shape=(4096,))
    assert wide.values.numel() <= 2**21


def test_uniform_labels_refuse_rows():
    with pytest.raises(FitError, match="rows of 3 numbers; set labels to one that draws rows, as empirical"):
        UniformLabels(classes=3, label_shape=(3,))


@pytest.mark.parametrize("cls", LABELS)
def test_without_labels_a_sampler_is_built_and_explains_itself(cls):
    with pytest.raises(
        FactError,
        match=f"label-sampler/{cls.name}: the data have no labels; give labeled data, "
        "or use parts that read no labels",
    ):
        draw(cls(classes=0), 3)
