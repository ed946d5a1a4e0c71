import copy

import numpy as np
import pytest
import torch
from gancore_pca import PCA, Moments, PCAGenerator
from sklearn.decomposition import PCA as Oracle

from gancore.component.specs import build, spec
from gancore.errors import DataError, FactError
from gancore.pipeline import Pipeline
from gancore.training.run import TrainingRun

IMAGE, Q, N = (2, 4, 3), 5, 200


class Source:
    def __init__(self, images):
        self.images, self.position = images, 0

    def next(self, n=None):
        rows = torch.arange(self.position, self.position + n) % len(self.images)
        self.position += n
        return {"image": self.images[rows]}


@pytest.fixture(scope="module")
def images():
    rng = torch.Generator().manual_seed(0)
    mixing = torch.randn(24, 24, generator=rng) * torch.linspace(1, 0.05, 24)
    return (torch.randn(N, 24, generator=rng) @ mixing.T * 0.2 + 0.3).tanh().reshape(N, *IMAGE)


def learned(images, batch=64, **options):
    recipe = PCA(image=tuple(images.shape[1:]), components=Q, **options)
    run = TrainingRun(recipe, Source(images), batch=batch, total=len(images))
    while run.images < run.total:
        recipe.step(run)
        run.step += 1
    assert not recipe.ready
    recipe.finish(run)
    return recipe


@pytest.fixture(scope="module")
def oracle(images):
    return Oracle(Q, svd_solver="covariance_eigh").fit(images.flatten(1).double().numpy())


@pytest.fixture(scope="module")
def recipe(images):
    return learned(images)


def same(ours, theirs):
    assert np.allclose(ours.numpy(), theirs, rtol=1e-4, atol=1e-5), np.abs(ours.numpy() - theirs).max()


def test_axes_and_variances_are_those_of_scikit_learn(recipe, oracle):
    agreement = (recipe.encoder.axes * torch.from_numpy(oracle.components_)).sum(1).abs()
    assert torch.allclose(agreement, torch.ones(Q, dtype=torch.float64), atol=1e-8)
    same(recipe.encoder.mean, oracle.mean_)
    same(recipe.encoder.variance, oracle.explained_variance_)
    same(recipe.encoder.noise_variance, oracle.noise_variance_)


def test_log_likelihood_is_that_of_scikit_learn(recipe, oracle, images):
    same(recipe.log_likelihood(images), oracle.score_samples(images.flatten(1).double().numpy()))


def test_coordinates_and_reconstruction_are_those_of_scikit_learn(recipe, oracle, images):
    flat = images.flatten(1).double().numpy()
    signs = np.sign((recipe.encoder.axes.numpy() * oracle.components_).sum(1))
    same(recipe.encoder.coordinates(images), oracle.transform(flat) * signs)
    back = oracle.inverse_transform(oracle.transform(flat)).reshape(images.shape)
    same(recipe.pipelines()["image"].reconstruct(images), back.clip(-1, 1))


def test_the_model_has_the_covariance_of_equation_3(recipe, oracle):
    weight, noise = recipe.generator.weight.double(), recipe.encoder.noise_variance
    same(weight @ weight.T + noise * torch.eye(24), oracle.get_covariance())


def test_the_posterior_is_equation_6(recipe, images):
    weight, noise = recipe.generator.weight.double(), recipe.encoder.noise_variance
    inverse = torch.linalg.inv(weight.T @ weight + noise * torch.eye(Q))
    posterior = recipe.encoder(images)
    same(posterior.mean, ((images.flatten(1) - recipe.generator.mean).double() @ weight @ inverse).numpy())
    same(posterior.log_variance[0].exp(), (noise * inverse).diagonal().numpy())


@pytest.mark.parametrize("batch", [1, 7, 200])
def test_any_split_into_batches_gives_the_same(recipe, images, batch):
    other = learned(images, batch=batch)
    assert torch.allclose(other.moments.scatter, recipe.moments.scatter, atol=1e-10)
    assert torch.allclose(other.encoder.variance, recipe.encoder.variance, rtol=1e-10)
    assert int(other.moments.count) == N


def test_a_large_offset_costs_no_digits():
    rows = torch.randn(500, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    moments = Moments(6)
    for piece in (rows + 1e7).split(33):
        moments.fold(piece)
    assert torch.allclose(moments.scatter / 499, torch.cov(rows.T), atol=1e-6)


def test_images_beyond_the_total_are_left_out(images):
    recipe = PCA(image=IMAGE, components=Q)
    run = TrainingRun(recipe, Source(images), batch=64, total=100)
    for _ in range(3):
        recipe.step(run)
    assert int(recipe.moments.count) == 100
    assert torch.allclose(recipe.moments.mean, images[:100].flatten(1).double().mean(0))


def test_the_state_dict_goes_on_where_it_stopped(images):
    recipe = PCA(image=IMAGE, components=Q)
    run = TrainingRun(recipe, Source(images), batch=50, total=N)
    recipe.step(run)
    other = PCA(image=IMAGE, components=Q)
    other.load_state_dict(copy.deepcopy(recipe.state_dict()))
    source = Source(images)
    source.position = 50
    resumed = TrainingRun(other, source, batch=50, total=N)
    for _ in range(3):
        recipe.step(run), other.step(resumed)
    recipe.finish(run), other.finish(resumed)
    assert all(
        torch.equal(a, b)
        for a, b in zip(recipe.state_dict().values(), other.state_dict().values(), strict=True)
    )


def test_samples_have_the_mean_and_covariance_of_the_model(recipe, oracle):
    noisy = PCAGenerator(image=IMAGE, components=Q, noise=1.0)
    noisy.load_state_dict(recipe.generator.state_dict())
    with torch.random.fork_rng():
        torch.manual_seed(0)
        drawn = noisy(torch.randn(40_000, Q)).flatten(1).double()
    covariance = oracle.get_covariance()
    assert np.abs(np.cov(drawn.T.numpy()) - covariance).max() < 0.05 * covariance.max()
    assert np.abs(drawn.mean(0).numpy() - oracle.mean_).max() < 0.02


def test_a_saved_pipeline_samples_and_reconstructs_the_same(recipe, images, tmp_path):
    pipeline = recipe.pipelines()["image"]
    pipeline.save(tmp_path / "product")
    loaded = Pipeline.load(tmp_path / "product")
    assert torch.equal(loaded.sample(3, seed=1), pipeline.sample(3, seed=1))
    assert torch.equal(loaded.reconstruct(images[:3]), pipeline.reconstruct(images[:3]))
    assert torch.equal(loaded.encoder.log_likelihood(images), recipe.log_likelihood(images))


def test_the_spec_holds_the_options_and_no_facts():
    table = spec(PCA(image=IMAGE, components=7))
    assert (
        table["components"] == 7
        and "components" not in table["generator"]
        and table["generator"]["noise"] == 0
    )
    assert build(table).components == 7


def test_the_whole_set_is_read_once():
    assert PCA().length(1728) == 1728


def test_flat_data_still_give_a_finite_likelihood():
    recipe = learned(torch.zeros(20, *IMAGE) + 0.5)
    assert recipe.log_likelihood(torch.full((1, *IMAGE), 0.5)).isfinite().all()
    assert torch.allclose(recipe.pipelines()["image"].sample(2, seed=0), torch.tensor(0.5))


def test_too_large_images_are_refused():
    with pytest.raises(
        FactError,
        match=r"images \(3, 64, 64\) have 12288 values.*1\.1 GiB.*limit is 4096 values.*smaller or gray",
    ):
        PCA(image=(3, 64, 64))


def test_too_many_components_are_refused():
    with pytest.raises(FactError, match=r"have 24 values, but components is 24; set components below 24"):
        PCA(image=IMAGE, components=24)


def test_too_few_images_are_refused(images):
    recipe = PCA(image=IMAGE, components=8)
    run = TrainingRun(recipe, Source(images), batch=6, total=6)
    recipe.step(run)
    with pytest.raises(
        DataError, match="6 images cannot determine 8 principal components.*at least 10 images.*at most 4"
    ):
        recipe.finish(run)


@pytest.fixture(scope="module")
def few():
    """Fewer images than values."""
    mixing = torch.linspace(1, 0.05, 24)
    return 0.3 * torch.randn(14, 24, generator=torch.Generator().manual_seed(1)).mul(mixing).reshape(
        14, *IMAGE
    )


def test_fewer_images_than_values_agree_with_the_solver_that_follows_equation_8(few):
    flat = few.flatten(1).double().numpy()
    recipe, oracle = learned(few), Oracle(Q, svd_solver="covariance_eigh").fit(flat)
    same(recipe.encoder.variance, oracle.explained_variance_)
    same(recipe.encoder.noise_variance, oracle.noise_variance_)
    same(recipe.log_likelihood(few), oracle.score_samples(flat))
    values = np.linalg.eigvalsh(np.cov(flat.T))
    assert float(recipe.encoder.noise_variance) == pytest.approx(values[: 24 - Q].mean(), rel=1e-9)


@pytest.mark.parametrize("solver", ["auto", "full", "arpack"])
def test_other_solvers_leave_out_the_eigenvalues_of_zero(few, solver):
    flat = few.flatten(1).double().numpy()
    recipe, other = learned(few), Oracle(Q, svd_solver=solver).fit(flat)
    same(recipe.encoder.variance, other.explained_variance_)
    assert float(recipe.encoder.noise_variance) * (24 - Q) / (14 - Q) == pytest.approx(
        other.noise_variance_, rel=1e-9
    )
    assert float(recipe.log_likelihood(few).mean()) > other.score(flat) + 1


@pytest.mark.parametrize("factor", [0.9, 0.99, 1.01, 1.1])
@pytest.mark.parametrize("count", [14, N])
def test_no_other_noise_is_likelier(images, few, count, factor):
    shown = few if count == 14 else images
    # the maximum is that of the covariance divided by N; here it is divided by N - 1
    scaled = (shown - shown.mean(0)) * (count / (count - 1)) ** 0.5
    recipe = learned(shown)
    recipe.encoder.mean.zero_()
    best = recipe.log_likelihood(scaled).mean()
    recipe.encoder.noise_variance.mul_(factor)
    assert recipe.log_likelihood(scaled).mean() < best
