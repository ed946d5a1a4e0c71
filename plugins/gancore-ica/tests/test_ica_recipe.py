import copy
import math

import numpy as np
import pytest
import torch
from gancore_ica import ICA, Cube, Deflation, Exp, Laplace, LogCosh, Marginals, Parallel
from gancore_ica.fixed_point import change, decorrelated, iterated
from sklearn.decomposition import FastICA

from gancore.component.specs import build, spec
from gancore.errors import DataError, FactError
from gancore.pipeline import Pipeline
from gancore.training.run import TrainingRun

IMAGE, Q, N = (2, 3, 3), 4, 3000


class Source:
    def __init__(self, images):
        self.images, self.position, self.available = images, 0, len(images)

    def next(self, n=None):
        rows = torch.arange(self.position, self.position + n) % len(self.images)
        self.position += n
        return {"image": self.images[rows]}

    def pass_over(self, n):
        return ({"image": rows} for rows in self.images.split(n))


@pytest.fixture(scope="module")
def truth():
    """Independent sources of four distributions, and a matrix that mixes them to images."""
    rng = np.random.default_rng(0)
    columns = [
        rng.laplace(size=N),
        rng.uniform(-1, 1, N),
        rng.exponential(size=N),
        rng.choice([-1.0, 1.0], N),
    ]
    sources = np.stack([(c - c.mean()) / c.std() for c in columns], 1)
    return torch.from_numpy(sources), torch.from_numpy(rng.normal(size=(18, Q)) * 0.2)


@pytest.fixture(scope="module")
def images(truth):
    sources, mixing = truth
    noise = 1e-4 * torch.randn(N, 18, generator=torch.Generator().manual_seed(0))
    return (sources @ mixing.T + 0.1 + noise).float().reshape(N, *IMAGE)


def learned(images, batch=512, **options):
    recipe = ICA(image=tuple(images.shape[1:]), **{"components": Q, **options})
    run = TrainingRun(recipe, Source(images), batch=batch, total=len(images))
    while run.images < run.total:
        recipe.step(run)
        run.step += 1
    assert not recipe.ready
    recipe.finish(run)
    return recipe, run.take_log()


def agreement(ours, theirs):
    """For each column of `theirs`, the largest |cosine| with a column of `ours`, each used once."""
    ours, theirs = (torch.as_tensor(m).double() for m in (ours, theirs))
    cosines = ((ours / ours.norm(dim=0)).T @ (theirs / theirs.norm(dim=0))).abs()
    assert sorted(cosines.argmax(0).tolist()) == list(range(cosines.shape[0]))
    return float(cosines.amax(0).min())


@pytest.fixture(scope="module")
def white(truth):
    """Whitened rows in float64."""
    centered = truth[0] - truth[0].mean(0)
    values, vectors = torch.linalg.eigh(centered.T @ centered / N)
    rotation = decorrelated(
        torch.randn(Q, Q, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    )
    return centered @ vectors / values.sqrt() @ rotation


@pytest.mark.parametrize("contrast", [LogCosh(), LogCosh(alpha=1.7), Exp(), Cube()])
@pytest.mark.parametrize(("algorithm", "kind"), [("parallel", Parallel), ("deflation", Deflation)])
def test_rotations_are_those_of_scikit_learn_from_the_same_start(white, algorithm, kind, contrast):
    start = torch.randn(Q, Q, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = kind(tolerance=1e-12, iterations=1000)(white, start, contrast)
    options = {"fun_args": {"alpha": contrast.alpha}} if isinstance(contrast, LogCosh) else {}
    oracle = FastICA(
        algorithm=algorithm,
        fun=contrast.name,
        whiten=False,
        tol=1e-12,
        max_iter=1000,
        w_init=start.numpy(),
        **options,
    ).fit(white.numpy())
    assert found.converged and found.iterations > 2
    cosines = (found.rotation * torch.from_numpy(oracle.components_)).sum(1).abs()
    assert torch.allclose(cosines, torch.ones(Q, dtype=torch.float64), atol=1e-8)


@pytest.mark.parametrize("fixed_point", ["parallel", "deflation"])
def test_mixing_and_sources_are_those_of_scikit_learn_up_to_order_and_sign(images, truth, fixed_point):
    recipe, log = learned(images, fixed_point={"part": fixed_point, "tolerance": 1e-6})
    flat = images.flatten(1).double().numpy()
    oracle = FastICA(Q, whiten="unit-variance", random_state=0, tol=1e-8, max_iter=500).fit(flat)
    assert log["converged"] == 1
    assert agreement(recipe.generator.mixing, oracle.mixing_) > 0.998
    assert agreement(recipe.encoder(images), oracle.transform(flat)) > 0.998
    assert agreement(recipe.generator.mixing, truth[1]) > 0.99


def test_sources_have_mean_0_variance_1_and_no_correlation(images):
    sources = learned(images)[0].encoder(images).double()
    assert torch.allclose(sources.T.cov(), torch.eye(Q, dtype=torch.float64), atol=1e-3)
    assert sources.mean(0).abs().max() < 1e-4


def test_the_largest_component_comes_first_and_is_skewed_upwards(images):
    recipe, _ = learned(images)
    norms = recipe.generator.mixing.norm(dim=0)
    assert torch.equal(norms, norms.sort(descending=True).values)
    assert (recipe.encoder(images).pow(3).mean(0) > -1e-4).all()


def test_the_maps_are_inverse_to_each_other(images):
    recipe, _ = learned(images)
    assert torch.allclose(recipe.encoder.unmixing @ recipe.generator.mixing, torch.eye(Q), atol=1e-4)
    again = recipe.pipelines()["image"].reconstruct(images[:9])
    assert torch.allclose(again, images[:9].clamp(-1, 1), atol=2e-3)


@pytest.mark.parametrize(
    ("contrast", "function"),
    [
        (LogCosh(alpha=1.5), lambda u: (1.5 * u).cosh().log() / 1.5),
        (Exp(), lambda u: -(-u.square() / 2).exp()),
        (Cube(), lambda u: u**4 / 4),
    ],
)
def test_g_and_its_slope_are_derivatives_of_the_contrast(contrast, function):
    u = torch.linspace(-3, 3, 41, dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad(function(u).sum(), u, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), u)
    found = contrast(u.detach()[:, None])
    assert torch.allclose(found.first[:, 0], first.detach()) and torch.allclose(found.second[:, 0], second)


def test_an_iteration_is_the_newton_step_of_the_paper():
    white = torch.randn(50, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    w = torch.eye(3, dtype=torch.float64)[:2]
    found = iterated(white, w, Cube())
    for row, new in zip(w, found, strict=True):
        u = white @ row
        expected = (white * u[:, None] ** 3).mean(0) - (3 * u**2).mean() * row
        assert torch.allclose(new, expected)


def test_symmetric_decorrelation_is_that_of_the_formula():
    w = torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    values, vectors = torch.linalg.eigh(w @ w.T)
    assert torch.allclose(decorrelated(w), vectors @ torch.diag(values.rsqrt()) @ vectors.T @ w)
    assert change(w / w.norm(dim=1, keepdim=True), -w / w.norm(dim=1, keepdim=True)) < 1e-12


def test_laplace_sources_have_variance_1_and_the_kurtosis_of_their_law():
    drawn = Laplace(latent=(3,))(200_000, rng=torch.Generator().manual_seed(0))
    assert torch.allclose(drawn.var(0), torch.ones(3), atol=0.03)
    assert torch.allclose(drawn.abs().mean(0), torch.full((3,), 1 / math.sqrt(2)), atol=0.01)
    assert torch.allclose(drawn.pow(4).mean(0), torch.full((3,), 6.0), rtol=0.1)


def test_marginals_draw_what_the_images_have():
    sources = torch.stack([torch.linspace(-1, 1, 999), torch.linspace(0, 1, 999) ** 4], 1)
    sampler = Marginals(latent=(2,))
    sampler.learn(sources[torch.randperm(999, generator=torch.Generator().manual_seed(1))])
    drawn = sampler(100_000, rng=torch.Generator().manual_seed(0))
    levels = torch.tensor([0.0, 0.1, 0.5, 0.9, 1.0])
    expected = torch.stack([2 * levels - 1, levels**4], 1)
    assert torch.allclose(drawn.quantile(levels, 0), expected, atol=0.01)
    assert abs(float(drawn.T.corrcoef()[0, 1])) < 0.02


def test_samples_have_the_covariance_of_the_images(images):
    recipe, _ = learned(images)
    drawn = recipe.generator(recipe.sampler(20_000, rng=torch.Generator().manual_seed(0)))
    expected = images.flatten(1).T.cov()
    assert float((drawn.flatten(1).T.cov() - expected).abs().max()) < 0.05 * float(expected.max())


@pytest.mark.parametrize("batch", [100, 3000])
def test_any_split_into_batches_gives_the_same_components(images, batch):
    one, other = learned(images)[0], learned(images, batch=batch)[0]
    assert torch.allclose(one.generator.mixing, other.generator.mixing, atol=1e-3)


def test_an_iteration_that_is_stopped_says_so(images):
    assert learned(images, fixed_point={"part": "parallel", "iterations": 1})[1]["converged"] == 0


def test_a_run_that_goes_on_ends_with_the_same_bits(images):
    recipe = ICA(image=IMAGE, components=Q)
    run = TrainingRun(recipe, Source(images), batch=1500, total=N)
    recipe.step(run)
    other = ICA(image=IMAGE, components=Q)
    other.bind(seed=5)
    other.load_state_dict(copy.deepcopy(recipe.state_dict()))
    resumed = TrainingRun(other, Source(images), batch=1500, total=N)
    resumed.source.position = 1500
    recipe.step(run), other.step(resumed)
    recipe.finish(run), other.finish(resumed)
    mine, theirs = recipe.state_dict(), other.state_dict()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_a_saved_pipeline_samples_the_same(images, tmp_path):
    pipeline = learned(images)[0].pipelines()["image"]
    pipeline.save(tmp_path / "product")
    loaded = Pipeline.load(tmp_path / "product")
    assert torch.equal(loaded.sample(3, seed=1), pipeline.sample(3, seed=1))
    assert torch.equal(loaded.reconstruct(images[:3]), pipeline.reconstruct(images[:3]))


def test_the_spec_holds_the_options_and_no_facts():
    table = spec(ICA(image=IMAGE, components=7, contrast="exp"))
    assert table["components"] == 7 and "components" not in table["generator"]
    assert build(table).contrast.name == "exp"


def test_what_cannot_be_learned_is_refused(images):
    with pytest.raises(FactError, match=r"images \(3, 64, 64\) have 12288 values.*limit is 4096 values"):
        ICA(image=(3, 64, 64))
    with pytest.raises(FactError, match="have 18 values, but components is 18; set components below 18"):
        ICA(image=IMAGE, components=18)
    with pytest.raises(DataError, match="5 images cannot determine 4 principal components"):
        learned(images[:5])
