"""Vector quantization, and a VQ-VAE of it from training to samples."""

import math

import pytest
import torch
from autoencoders import DoublingDecoder, HalvingEncoder
from torch.utils._python_dispatch import TorchDispatchMode

from gancore import Encoder, Generator, Optimizer, Pipeline, Player, Recipe, part, seat
from gancore.component.randomness import Rows, own_rows
from gancore.standard import Adam, Codebook, UniformIndices, VectorQuantizer
from gancore.standard.quantizers.nearest import CACHE, nearest
from gancore.testing.stage import start
from gancore.training.run import TrainingRun

IMAGE = (1, 8, 8)


def quantizer(vectors, **options):
    made = VectorQuantizer(size=len(vectors), code=(len(vectors[0]), 2), **options)
    made.vectors.data = torch.tensor(vectors)
    return made


def test_each_vector_becomes_the_nearest():
    part = quantizer([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    code = torch.tensor([[[0.9, 0.1], [0.2, 1.4]]])  # (1, 2, 2): the vectors (0.9, 0.2) and (0.1, 1.4)
    made = part(code)
    assert made.indices.tolist() == [[1, 2]]
    assert torch.equal(made.code, torch.tensor([[[1.0, 0.0], [0.0, 2.0]]]))
    assert torch.equal(part.look_up(made.indices), made.code)


def test_the_terms_are_those_of_the_paper():
    part = quantizer([[0.0, 0.0], [1.0, 0.0]], commitment=0.5)
    code = torch.tensor([[[0.9, 0.1], [0.2, 0.4]]], requires_grad=True)
    terms = part(code).terms
    values = {name: term.item() for name, term in terms.items()}
    squares = (0.1**2 + 0.2**2 + 0.1**2 + 0.4**2) / 4  # mean over the values, eq. 3
    assert values["codebook"] == pytest.approx(squares)
    assert values["commitment"] == pytest.approx(0.5 * squares)
    (to_code,) = torch.autograd.grad(terms["commitment"], code, retain_graph=True)
    assert torch.allclose(to_code, 0.5 * 2 / 4 * torch.tensor([[[-0.1, 0.1], [0.2, 0.4]]]))
    (to_vectors,) = torch.autograd.grad(terms["codebook"], part.vectors)
    assert torch.allclose(to_vectors, 2 / 4 * torch.tensor([[-0.1, -0.4], [0.1, -0.2]]))


def test_the_weights_may_be_those_of_the_released_vqgan():
    part = quantizer([[0.0, 0.0], [1.0, 0.0]], commitment=1.0, codebook_weight=0.25)
    terms = part(torch.tensor([[[0.9, 0.1], [0.2, 0.4]]])).terms
    squares = (0.1**2 + 0.2**2 + 0.1**2 + 0.4**2) / 4
    assert terms["commitment"].item() == pytest.approx(squares)
    assert terms["codebook"].item() == pytest.approx(0.25 * squares)


def test_the_nearest_is_that_of_all_distances():
    rows, vectors = torch.randn(3, 50, 7), torch.randn(5000, 7) * torch.rand(5000, 1) * 3
    assert torch.equal(nearest(rows, vectors), torch.cdist(rows.double(), vectors.double()).argmin(-1))


class Largest(TorchDispatchMode):
    """Notes the number of values of the largest tensor that is made."""

    values = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        for one in made if isinstance(made, tuple | list) else [made]:
            self.values = max(self.values, one.numel() if isinstance(one, torch.Tensor) else 0)
        return made


def test_there_is_no_matrix_of_all_distances():
    part, code = VectorQuantizer(size=4096, code=(4, 64, 64)), torch.randn(1, 4, 64, 64, requires_grad=True)
    with Largest() as seen:
        made = part(code)
        (made.code.sum() + sum(made.terms.values())).backward()
    assert seen.values <= CACHE / 4 < 4096 * 4096 / 8


@pytest.mark.parametrize("size", [2, 63, 64, 65, 200])
def test_the_nearest_of_any_number_is_found(size):
    rows, vectors = torch.randn(100, 3, dtype=torch.float64), torch.randn(size, 3, dtype=torch.float64)
    assert torch.equal(nearest(rows, vectors), torch.cdist(rows, vectors).argmin(1))


def test_under_autocast_the_nearest_is_the_same():
    rows, vectors = torch.randn(500, 7), torch.randn(300, 7)
    expected = nearest(rows, vectors)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(nearest(rows, vectors), expected)


def test_gradients_pass_straight_through():
    part = quantizer([[0.0, 0.0], [1.0, 0.0]])
    code, weights = torch.randn(3, 2, 2, requires_grad=True), torch.randn(3, 2, 2)
    (gradient,) = torch.autograd.grad((part(code).code * weights).sum(), code)
    assert torch.equal(gradient, weights)


def test_perplexity_and_usage_are_those_of_the_whole_update():
    part = quantizer([[0.0, 0.0], [1.0, 0.0], [9.0, 9.0]])
    code = torch.tensor([[[0.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]]])
    for i in (0, 1):  # in two micro-batches
        with own_rows(Rows(2, i, i + 1)):
            part(code[i : i + 1])
    part.update_buffers()
    assert float(part.scalars()["perplexity"]) == pytest.approx(2)
    assert float(part.scalars()["usage"]) == pytest.approx(2 / 3)
    part.used.clear()
    part(code[:1])
    part.update_buffers()
    assert float(part.scalars()["perplexity"]) == pytest.approx(1)
    assert not {"perplexity", "usage"} & set(part.state_dict())


def test_uniform_indices_are_uniform():
    drawn = UniformIndices(latent=(50, 50), codebook_size=4)(4, rng=torch.Generator().manual_seed(0))
    counts = torch.bincount(drawn.flatten(), minlength=4).float()
    assert torch.allclose(counts / counts.sum(), torch.full((4,), 0.25), atol=0.02)


@part("vq-test-vae")
class VQVAE(Recipe):
    """Stage one of a VQ-VAE."""

    generator: Generator = seat(default=lambda: DoublingDecoder(channels=4))
    encoder: Encoder = seat(default=lambda: HalvingEncoder(channels=4))
    quantizer: VectorQuantizer = seat(default=lambda: VectorQuantizer(size=8))
    optimizer: Optimizer = seat(default=lambda: Adam(lr=1e-2))

    def facts(self, seat):
        shape = tuple(self.generator.code_shape) if seat != "generator" else ()
        return {"image": self.image, "code": shape, "code_shape": shape}

    def build(self):
        self.conditioner = Codebook(quantizer=self.quantizer, code=tuple(self.generator.code_shape))
        self.prior = UniformIndices(latent=self.conditioner.latent_shape, codebook_size=8)

    def players(self):
        return {"model": Player([self.encoder, self.quantizer, self.generator], self.optimizer)}

    def pipelines(self):
        return {
            "image": Pipeline(
                sampler=self.prior,
                conditioner=self.conditioner,
                generator=self.generator,
                encoder=self.encoder,
            )
        }

    def terms(self, image):
        made = self.quantizer(self.encoder(image))
        return {"reconstruction": (self.generator(made.code) - image).square().mean(), **made.terms}

    def step(self, run):
        run.update("model", self.terms, run.batch()["image"])
        run.log(**{f"quantizer/{name}": value for name, value in self.quantizer.scalars().items()})


def test_training_moves_the_codebook_that_the_pipeline_reads():
    recipe = VQVAE(image=IMAGE)
    before = recipe.quantizer.vectors.detach().clone()
    run = start(recipe, seed=1)
    assert isinstance(run, TrainingRun)
    for _ in range(3):
        recipe.step(run)
    pipeline = recipe.pipelines()["image"]
    assert not torch.equal(recipe.quantizer.vectors, before)
    assert pipeline.conditioner.quantizer.vectors is recipe.quantizer.vectors
    log = run.take_log()
    assert 1 <= log["quantizer/perplexity"] <= 8 and 0 < log["quantizer/usage"] <= 1
    assert log["model/codebook"] > 0 and log["model/commitment"] > 0
    assert pipeline.sample(3, seed=1).shape == (3, *IMAGE)
    assert math.isfinite(float(pipeline.sample(3, seed=1).sum()))
