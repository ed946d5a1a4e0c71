"""What keeps a codebook alive: a start from the data, revival, an entropy penalty."""

import pytest
import torch
from autoencoders import DoublingDecoder, HalvingEncoder

from gancore import Encoder, Generator, Optimizer, Pipeline, Player, Quantizer, Recipe, part, seat
from gancore.component.randomness import Rows, own_rows
from gancore.errors import FitError
from gancore.standard import (
    SGD,
    Codebook,
    EntropyPenalty,
    FiniteScalarQuantizer,
    KMeansStart,
    MovingAverageQuantizer,
    Revival,
    RotationTrick,
    SimVQ,
    VectorQuantizer,
)
from gancore.standard.quantizers.k_means import k_means
from gancore.testing import checks_for
from gancore.testing.forward import update_buffers
from gancore.testing.running import run_check
from gancore.training.remedies import remedies


def blobs(n, centers, spread=0.01):
    """Codes `(n, 2, P)`, P of them around each center in turn."""
    rows = torch.tensor(centers).repeat(n, 1) + spread * torch.randn(n * len(centers), 2)
    return rows.view(n, len(centers), 2).movedim(-1, 1)


CENTERS = [[3.0, 0.0], [0.0, 3.0], [-3.0, 0.0], [0.0, -3.0]]


@pytest.mark.parametrize("inner", [VectorQuantizer, MovingAverageQuantizer])
def test_vectors_start_as_centers_of_the_first_batch(inner):
    part = KMeansStart(quantizer=inner(size=8), iterations=20, code=(2, 4))
    code = blobs(50, CENTERS)
    part(code)
    update_buffers(part)
    rows, book = code.movedim(1, -1).reshape(-1, 2), part.book().detach()
    far = torch.cdist(rows, book).amin(1)
    assert far.square().mean() < 0.01  # 8 centers find the 4 blobs
    assert part.started == 8
    moved = book.clone()
    part(code + 1)
    update_buffers(part)
    if inner is VectorQuantizer:
        assert torch.equal(part.book(), moved)  # only once


def test_lloyds_iterations_by_hand():
    rows = torch.tensor([[0.0], [1.0], [10.0], [12.0]])
    centers = k_means(rows, torch.tensor([[0.0], [2.0], [100.0]]), 1)
    assert centers.flatten().tolist() == pytest.approx([0.5, 11.0, 100.0])  # 1 is as near to 0 as to 2
    assert torch.equal(k_means(rows, centers, 0), centers)


def test_a_batch_with_few_vectors_fills_the_book_as_far_as_it_reaches():
    part = KMeansStart(quantizer=VectorQuantizer(size=5), code=(2, 1))
    first, second = torch.randn(3, 2, 1), torch.randn(3, 2, 1)
    begun = part.book().detach().clone()
    part(first)
    update_buffers(part)
    assert part.started == 3 and torch.equal(part.book()[3:], begun[3:])
    assert same_rows(part.book()[:3], first[..., 0])
    part(second)
    update_buffers(part)
    assert part.started == 5
    assert all(any(torch.equal(v, row) for row in second[..., 0]) for v in part.book()[3:])


def same_rows(some, others):
    return sorted(map(tuple, some.tolist())) == sorted(map(tuple, others.tolist()))


def test_dead_vectors_are_replaced_by_vectors_of_the_batch():
    part = Revival(quantizer=VectorQuantizer(size=4), mean_decay=0.5, threshold=0.3, code=(2, 3))
    part.quantizer.vectors.data = torch.tensor([[0.0, 0.0], [1.0, 0.0], [50.0, 0.0], [0.0, 50.0]])
    code = torch.rand(6, 2, 3)
    rows = code.movedim(1, -1).reshape(-1, 2)
    part(code)
    update_buffers(part)
    assert torch.equal(part.book()[2:], torch.tensor([[50.0, 0.0], [0.0, 50.0]]))  # use is 1/2 still
    part(code)
    update_buffers(part)
    assert torch.equal(part.book()[:2], torch.tensor([[0.0, 0.0], [1.0, 0.0]]))
    assert all(any(torch.equal(v, row) for row in rows) for v in part.book()[2:])
    assert not torch.equal(part.book()[2], part.book()[3]) and part.use[2:].tolist() == [1, 1]


def test_a_book_that_is_used_is_left_alone():
    part = Revival(quantizer=VectorQuantizer(size=4), mean_decay=0.5, threshold=0.3, code=(2, 4))
    part.quantizer.vectors.data = torch.tensor(CENTERS)
    for _ in range(4):
        part(blobs(5, CENTERS))
        update_buffers(part)
    assert torch.equal(part.book(), torch.tensor(CENTERS))


def test_the_kit_composes():
    inner = Revival(quantizer=KMeansStart(quantizer=MovingAverageQuantizer(size=4)))
    part = RotationTrick(quantizer=inner, code=(2, 4))
    for _ in range(3):
        made = part(blobs(20, CENTERS))
        update_buffers(part)
    assert set(made.terms) == {"commitment"} and float(part.scalars()["usage"]) > 0.5
    assert part.quantizer.quantizer.started == 4


def used_after_training(part):
    """The fraction of 64 vectors that stand for codes far from where the vectors begin."""
    weights = list(part.parameters())
    for _ in range(40):
        terms = part(torch.randn(8, 4, 50) + 3).terms
        if weights:
            terms["codebook"].backward()
            torch.optim.SGD(weights, 10.0).step()
            part.zero_grad()
        update_buffers(part)
    return len(part.eval()(torch.randn(40, 4, 50) + 3).indices.unique()) / 64


@pytest.mark.parametrize("inner", [VectorQuantizer, MovingAverageQuantizer])
def test_the_kit_keeps_a_codebook_alive(inner):
    kit = Revival(quantizer=KMeansStart(quantizer=inner(size=64)), code=(4, 50))
    assert used_after_training(kit) > 0.9
    assert used_after_training(inner(size=64, code=(4, 50))) < 0.5


@pytest.mark.parametrize("wrapper", [KMeansStart, Revival])
def test_a_quantizer_without_a_book_is_refused(wrapper):
    with pytest.raises(FitError, match="takes a BookQuantizer"):
        wrapper(quantizer=FiniteScalarQuantizer())


@pytest.mark.parametrize("wrapper", [KMeansStart, Revival])
def test_vectors_that_cannot_be_chosen_are_refused(wrapper):
    with pytest.raises(FitError, match="can neither start from data nor be revived"):
        wrapper(quantizer=EntropyPenalty(quantizer=SimVQ(size=4)), code=(2, 4))


def test_the_entropy_penalty_by_hand():
    part = EntropyPenalty(
        quantizer=VectorQuantizer(size=5), weight=2.0, diversity=0.7, temperature=0.5, code=(3, 2)
    )
    part.quantizer.vectors.data.normal_()
    part.average = torch.rand(5).softmax(0)
    code = torch.randn(4, 3, 2)
    far = torch.cdist(code.movedim(1, -1).reshape(-1, 3), part.book().detach()).square()
    q = (-far / 0.5).softmax(1)
    sure, mean, a = -(q * q.log()).sum(1).mean(), q.mean(0), part.average.clone()
    made = part(code)
    expected = 2 * (sure + 0.7 * (mean * a.log()).sum())
    assert made.terms["entropy"].item() == pytest.approx(expected.item(), rel=1e-4)
    assert set(made.terms) == {"codebook", "commitment", "entropy"}
    update_buffers(part)
    assert torch.allclose(part.average, 0.9 * a + 0.1 * mean, atol=1e-6)


def test_where_the_average_is_right_the_gradient_is_that_of_the_entropy_of_the_mean():
    part = EntropyPenalty(quantizer=VectorQuantizer(size=5), weight=1.0, code=(3, 2))
    part.quantizer.vectors.data.normal_()
    code = torch.randn(4, 3, 2)

    def q(value):
        far = (value.movedim(1, -1).reshape(-1, 1, 3) - part.book()).square().sum(-1)
        return (-far).softmax(1)

    part.average = q(code).mean(0).detach()
    value = code.clone().requires_grad_()
    p, mean = q(value), q(value).mean(0)
    expected = torch.autograd.grad(-(p * p.log()).sum(1).mean() + (mean * mean.log()).sum(), value)[0]
    value = code.clone().requires_grad_()
    found = torch.autograd.grad(part(value).terms["entropy"], value)[0]
    assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("wrapper", [KMeansStart, Revival, EntropyPenalty])
def test_micro_batches_end_as_the_whole(wrapper):
    ends = []
    for size in (6, 2):
        part = wrapper(quantizer=MovingAverageQuantizer(size=4), code=(2, 4))
        part.quantizer.vectors.copy_(torch.tensor(CENTERS) / 3)
        if wrapper is Revival:
            part.use.copy_(torch.tensor([0.01, 1.0, 0.01, 1.0]))
        code = torch.arange(48.0).view(6, 2, 4).sin() + 1
        for start in range(0, 6, size):
            torch.manual_seed(7)
            with own_rows(Rows(6, start, start + size)):
                part(code[start : start + size])
        update_buffers(part)
        ends.append(part.state_dict())
    for name, value in ends[0].items():
        assert torch.allclose(value, ends[1][name], atol=1e-6), name


KIT = {"part": "k-means-start", "quantizer": {"part": "vector", "size": 7}}
KIT = {"part": "entropy-penalty", "quantizer": {"part": "revival", "threshold": 1.0, "quantizer": KIT}}


@part("alive-test-vae")
class Alive(Recipe):
    """A VQ-VAE whose codebook starts from the data and is revived."""

    examples = ({"quantizer": KIT}, {"quantizer": {"part": "gumbel", "size": 7}})

    generator: Generator = seat(default=lambda: DoublingDecoder(channels=4))
    encoder: Encoder = seat(default=lambda: HalvingEncoder(channels=4))
    quantizer: Quantizer = seat(default=VectorQuantizer)
    optimizer: Optimizer = seat(default=lambda: SGD(lr=0.05))
    batch_size = 4

    def facts(self, seat):
        shape = tuple(self.generator.code_shape) if seat != "generator" else ()
        return {"image": self.image, "code": shape, "code_shape": shape}

    def build(self):
        self.conditioner = Codebook(quantizer=self.quantizer, code=tuple(self.generator.code_shape))

    def players(self):
        return {"model": Player([self.encoder, self.quantizer, self.generator], self.optimizer)}

    def pipelines(self):
        parts = {"conditioner": self.conditioner, "generator": self.generator, "encoder": self.encoder}
        return {"image": Pipeline(**parts)}

    def terms(self, image):
        made = self.quantizer(self.encoder(image))
        return {"reconstruction": (self.generator(made.code) - image).square().mean(), **made.terms}

    def step(self, run):
        run.update("model", self.terms, run.batch()["image"])


TWICE = pytest.param("two_processes_equal_one", marks=pytest.mark.slow)


@pytest.mark.parametrize("name", ["micro_batches_equal_the_whole", "resumes_to_the_same_bits", TWICE])
def test_trainings_with_the_kit_are_exact(name):
    (check,) = [check for check in checks_for(Alive) if check.name == name]
    run_check(Alive, check)


def test_an_alarm_advises_more_revival():
    found = remedies("codebook-collapse", Alive(quantizer=KIT))
    assert found == [{"optimizer.lr": 0.0125}]  # a threshold of 1 cannot rise
    inside = {**KIT, "quantizer": {**KIT["quantizer"], "threshold": 0.2}}
    first, _ = remedies("codebook-collapse", Alive(quantizer=inside))
    assert first == {"quantizer.quantizer.threshold": 0.8}
