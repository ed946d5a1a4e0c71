import copy

import pytest
import torch
from gancore_vae import (
    VAE,
    Bernoulli,
    ConvolutionalDecoder,
    ConvolutionalEncoder,
    Gaussian,
    LearnedGaussian,
    MLPDecoder,
    MLPEncoder,
    Sampled,
    log_likelihood,
)
from torch import nn

from gancore.component.interfaces import Generator
from gancore.component.part import part
from gancore.component.randomness import fold
from gancore.component.specs import build, spec
from gancore.errors import FitError, SpecError, UserError
from gancore.pipeline import Pipeline
from gancore.standard.constraints import WeightClipping
from gancore.standard.optimizers import Adam
from gancore.training.run import TrainingRun

IMAGE = (1, 8, 12)


class Source:
    position = 0

    def __init__(self, image=IMAGE):
        self.image = image

    def next(self, n=None):
        self.position += n
        rng = torch.Generator().manual_seed(fold(0, self.position) % 2**63)
        halves = torch.randint(0, 2, (n, 1, 2, 1), generator=rng).float() * 2 - 1
        return {"image": halves.repeat_interleave(self.image[1] // 2, 2).expand(n, *self.image).contiguous()}


def small(image=IMAGE, **options):
    networks = {
        "generator": ConvolutionalDecoder(width=4, latent=3),
        "encoder": ConvolutionalEncoder(width=4),
    }
    return VAE(image=image, **{**networks, **options})


def parameters(part):
    return sum(p.numel() for p in part.parameters())


def test_the_mlps_are_those_of_the_paper():
    recipe = VAE(image=(1, 28, 28), generator=MLPDecoder(), encoder=MLPEncoder())
    assert parameters(recipe.generator) == (20 * 500 + 500) + (500 * 784 + 784)
    assert parameters(recipe.encoder) == (784 * 500 + 500) + 2 * (500 * 20 + 20)
    assert float(recipe.generator.network[2].weight.detach().std()) == pytest.approx(0.01, rel=0.02)
    assert recipe.batch_size == 100 and recipe.samples == 1 and recipe.beta == 1
    assert recipe.generator(torch.zeros(2, 20)).shape == (2, 1, 28, 28)


@pytest.mark.parametrize("image", [(3, 32, 32), (1, 28, 28), (4, 16, 24), (2, 4, 4), (3, 20, 64)])
def test_the_convolutional_pair_takes_any_channels_and_multiples_of_four(image):
    recipe = small(image)
    posterior = recipe.encoder(torch.zeros(2, *image))
    assert posterior.mean.shape == posterior.log_variance.shape == (2, 3)
    assert recipe.generator(posterior.mean).shape == (2, *image)
    assert recipe.generator(torch.randn(2, 3) * 100).abs().max() <= 1


def test_the_convolutional_pair_keeps_the_scale_of_what_passes():
    recipe = VAE(image=(3, 32, 32))
    image = torch.randn(64, 3, 32, 32)
    hidden = recipe.encoder.network(image)
    assert 0.3 < float(hidden.detach().square().mean()) < 3


def test_other_sizes_are_refused():
    with pytest.raises(FitError, match="multiples of 4; got 30×32: choose another size"):
        VAE(image=(3, 30, 32))


def test_the_image_is_the_bernoulli_mean():
    decoder = ConvolutionalDecoder(image=IMAGE, width=4, latent=3)
    code = torch.randn(5, 3)
    assert torch.allclose(decoder(code), 2 * decoder.logits(code).sigmoid() - 1, atol=1e-6)


def gradients(recipe, image, micro_batch):
    recipe = copy.deepcopy(recipe).double()
    recipe.optimizer.make = lambda *_: torch.optim.SGD(recipe.parameters(), 1.0)
    before = [p.detach().clone() for p in recipe.parameters()]
    run = TrainingRun(recipe, Source(), batch=len(image), micro_batch=micro_batch)
    run.update("model", recipe.terms, image)
    return [a - b.detach() for a, b in zip(before, recipe.parameters(), strict=True)]


@pytest.mark.parametrize("likelihood", [Bernoulli, Gaussian, LearnedGaussian])
@pytest.mark.parametrize("options", [{}, {"divergence": Sampled, "samples": 3, "beta": 2.0}])
def test_micro_batches_give_the_gradient_of_the_whole(likelihood, options):
    recipe = small(likelihood=likelihood, **options)
    image = torch.rand(6, *IMAGE, dtype=torch.float64) * 2 - 1
    whole, pieces = gradients(recipe, image, None), gradients(recipe, image, 4)
    assert max(float(g.abs().max()) for g in whole) > 0.01
    assert all(torch.allclose(a, b, atol=1e-10, rtol=1e-10) for a, b in zip(whole, pieces, strict=True))


def test_beta_weighs_the_divergence_alone():
    image = Source().next(8)["image"]
    one, four = (small(beta=beta) for beta in (1.0, 4.0))
    results = []
    for recipe in (one, four):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            results.append(recipe.terms(image))
    assert torch.equal(results[0]["reconstruction"], results[1]["reconstruction"])
    assert torch.allclose(4 * results[0]["divergence"], results[1]["divergence"])
    assert torch.equal(results[0]["bound"], results[1]["bound"])


def test_training_raises_the_bound_and_reconstructs():
    recipe = small(optimizer=Adam(lr=5e-3, betas=(0.9, 0.999)))
    run = TrainingRun(recipe, Source(), batch=32)
    bounds = []
    for _ in range(150):
        recipe.step(run)
        run.step += 1
        bounds.append(run.take_log()["bound"])
    assert bounds[0] < -60 and bounds[-1] > -8
    image = Source().next(16)["image"]
    again = recipe.pipelines()["image"].reconstruct(image)
    assert float((again.sign() == image).float().mean()) > 0.9


def test_every_parameter_gets_a_gradient():
    recipe = small(likelihood=LearnedGaussian)
    terms = recipe.terms(torch.rand(8, *IMAGE))
    (terms["reconstruction"] + terms["divergence"]).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in recipe.parameters())
    assert recipe.players()["model"].parts[2].log_deviation.grad != 0


@part("plain-oracle")
class Plain(Generator):
    def build(self):
        self.map = nn.Linear(5, 96)

    @property
    def code_shape(self):
        return (5,)

    def forward(self, code):
        return self.map(code).reshape(-1, *self.image)


def test_any_generator_serves_under_a_gaussian_and_none_under_a_coin():
    recipe = small(generator=Plain(), likelihood=Gaussian())
    TrainingRun(recipe, Source(), batch=4).update("model", recipe.terms, torch.zeros(4, *IMAGE))
    assert recipe.encoder.latent == (5,)
    with pytest.raises(
        FitError,
        match="bernoulli needs a decoder with logits.*generator/plain-oracle.*likelihood/gaussian",
    ):
        small(generator=Plain())


def test_a_decoder_is_a_generator_for_others():
    decoder = ConvolutionalDecoder(image=IMAGE, width=4, latent=3)
    code = torch.randn(2, 3, requires_grad=True)
    decoder(code).sum().backward()
    assert code.grad.abs().max() > 0


def test_spec_and_back():
    recipe = small(likelihood=LearnedGaussian(deviation=0.2), divergence=Sampled(), beta=4.0)
    again = build(spec(recipe))
    assert spec(again) == spec(recipe)
    assert all(
        torch.equal(a, b)
        for a, b in zip(recipe.state_dict().values(), again.state_dict().values(), strict=True)
    )


def test_wrong_options_are_named():
    with pytest.raises(SpecError, match="beta must be a number, at least 0; got -1"):
        build({"part": "gancore-vae:vae", "beta": -1})


def test_a_saved_pipeline_samples_reconstructs_and_scores_the_same(tmp_path):
    recipe, image = small(), Source().next(5)["image"]
    pipeline = recipe.pipelines()["image"]
    pipeline.save(tmp_path / "product")
    loaded = Pipeline.load(tmp_path / "product")
    assert torch.equal(loaded.sample(3, seed=1), pipeline.sample(3, seed=1))
    assert torch.equal(loaded.reconstruct(image), pipeline.reconstruct(image))
    scored = log_likelihood(loaded, image, likelihood=Bernoulli(), samples=3)
    assert torch.equal(scored.nats, log_likelihood(recipe, image, samples=3).nats)


def test_what_cannot_be_scored_is_refused():
    pipeline = small().pipelines()["image"]
    with pytest.raises(UserError, match="does not hold a likelihood; pass the one it was trained with"):
        log_likelihood(pipeline, torch.zeros(1, *IMAGE))
    with pytest.raises(UserError, match="samples must be at least 1; got 0"):
        log_likelihood(small(), torch.zeros(1, *IMAGE), samples=0)
    with pytest.raises(UserError, match="got no images; give at least one"):
        log_likelihood(small(), [])
    pipeline.encoder = None
    with pytest.raises(UserError, match="needs an encoder with a Gaussian posterior; the model has none"):
        log_likelihood(pipeline, torch.zeros(1, *IMAGE), likelihood=Bernoulli())


def test_a_constraint_holds_for_all_weights():
    recipe = small(constraints=[WeightClipping(limit=0.01)])
    recipe.step(TrainingRun(recipe, Source(), batch=4))
    assert all(p.abs().max() <= 0.01 for p in recipe.parameters())
