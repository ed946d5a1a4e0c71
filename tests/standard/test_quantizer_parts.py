"""Quantizers with another book, another choice or another gradient, each against its formula."""

import math

import pytest
import torch
from torch.nn import functional

from gancore.component.randomness import Rows, own_rows
from gancore.standard import (
    CosineQuantizer,
    FiniteScalarQuantizer,
    GumbelQuantizer,
    ProjectedQuantizer,
    RotationTrick,
    SimVQ,
    VectorQuantizer,
)
from gancore.standard.quantizers.rotation import rotated


def test_cosine_codes_have_length_one_and_the_most_similar_direction():
    part, code = CosineQuantizer(size=6, code=(3, 4)), torch.randn(2, 3, 4) * 5
    made = part(code)
    similarity = torch.einsum("ndp,kd->npk", code, functional.normalize(part.vectors, dim=1))
    assert torch.equal(made.indices, similarity.argmax(-1))
    assert torch.allclose(made.code.norm(dim=1), torch.ones(2, 4), atol=1e-6)
    unit = functional.normalize(code, dim=1)
    squares = (unit - made.code).square().mean().item()
    assert made.terms["codebook"].item() == pytest.approx(squares, rel=1e-5)
    assert made.terms["commitment"].item() == pytest.approx(squares / 4, rel=1e-5)


def test_simvq_moves_all_vectors_by_its_linear_layer():
    part, code = SimVQ(size=6, code=(3, 4)), torch.randn(2, 3, 4)
    book = part.basis @ part.linear.weight.T + part.linear.bias
    made = part(code)
    assert torch.equal(made.indices, torch.cdist(code.movedim(1, -1), book).argmin(-1))
    assert torch.allclose(made.code, book[made.indices].movedim(-1, 1), atol=1e-6)
    (gradient,) = torch.autograd.grad(made.terms["codebook"], part.linear.weight)
    expected = (book[made.indices] - code.movedim(1, -1)).square().mean()
    assert torch.allclose(gradient, torch.autograd.grad(expected, part.linear.weight)[0], atol=1e-6)
    assert dict(part.named_parameters()).keys() == {"linear.weight", "linear.bias"}


def gumbel(**options):
    return GumbelQuantizer(size=4, code=(3, 2), **options)


def probabilities(part, code):
    return part.linear(code.movedim(1, -1)).softmax(-1)  # (N, *S, K)


def test_gumbel_draws_from_its_probabilities():
    part, code = gumbel(), torch.randn(1, 3, 2)
    torch.manual_seed(0)
    drawn = part(code.expand(20_000, -1, -1)).indices
    shares = functional.one_hot(drawn, 4).double().mean(0)
    assert torch.allclose(shares, probabilities(part, code)[0].double(), atol=0.02)


def test_gumbel_takes_the_most_probable_in_eval_mode():
    part, code = gumbel().eval(), torch.randn(5, 3, 2)
    made = part(code)
    assert torch.equal(made.indices, probabilities(part, code).argmax(-1))
    assert torch.equal(made.code, part.vectors[made.indices].movedim(-1, 1))


def test_the_draw_of_gumbel_is_a_vector_or_between_them():
    code = torch.randn(5, 3, 2)
    hard, soft = gumbel(), gumbel(hard=False, temperature=0.5)
    soft.load_state_dict(hard.state_dict())
    torch.manual_seed(1)
    one = hard(code)
    torch.manual_seed(1)
    noise = -(-torch.rand(5, 2, 4).log()).log()
    relaxed = ((hard.linear(code.movedim(1, -1)) + noise) / 0.5).softmax(-1)
    torch.manual_seed(1)
    other = soft(code)
    assert torch.equal(one.indices, other.indices) and torch.equal(one.indices, relaxed.argmax(-1))
    assert torch.allclose(one.code, hard.look_up(one.indices), atol=1e-5)
    assert torch.allclose(other.code, (relaxed @ soft.vectors).movedim(-1, 1), atol=1e-5)


def test_the_temperature_of_gumbel_follows_a_schedule():
    part = gumbel(temperature={"part": "cosine", "start": 1.0, "end": 0.0625})
    assert part.temperature == 1.0 and "temperature" in part.scheduled


def test_the_divergence_of_gumbel_by_hand():
    part, code = gumbel(kl_weight=2.0), torch.randn(5, 3, 2)
    q = probabilities(part, code)
    expected = 2 * (math.log(4) + (q * q.log()).sum(-1)).mean()
    assert part(code).terms["kl"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_micro_batches_of_gumbel_are_drawn_as_the_whole():
    part, code = gumbel(), torch.randn(4, 3, 2)
    torch.manual_seed(3)
    whole, pieces = part(code).indices, []
    for start in (0, 2):
        torch.manual_seed(3)
        with own_rows(Rows(4, start, start + 2)):
            pieces.append(part(code[start : start + 2]).indices)
    assert torch.equal(torch.cat(pieces), whole)


def rotation(z, q):
    """λ R of Fifty et al., as a matrix."""
    scale, z, q = q.norm() / z.norm(), z / z.norm(), q / q.norm()
    r = (z + q) / (z + q).norm()
    return scale * (torch.eye(len(z), dtype=z.dtype) - 2 * torch.outer(r, r) + 2 * torch.outer(q, z))


def test_the_rotation_turns_the_code_into_the_quantized_vector():
    z, q = torch.randn(4, dtype=torch.float64), torch.randn(4, dtype=torch.float64)
    matrix = rotation(z, q)
    assert torch.allclose(matrix @ z, q)
    assert torch.allclose(matrix @ matrix.T, (q.norm() / z.norm()) ** 2 * torch.eye(4).double())
    code = z.view(1, 4, 1).requires_grad_()
    made, g = rotated(code, q.view(1, 4, 1)), torch.randn(1, 4, 1, dtype=torch.float64)
    (gradient,) = torch.autograd.grad((made * g).sum(), code)
    assert torch.allclose(made.flatten(), q) and torch.allclose(gradient.flatten(), matrix.T @ g.flatten())


def test_the_rotation_trick_changes_the_gradient_alone():
    inner = VectorQuantizer(size=6)
    part, code = RotationTrick(quantizer=inner, code=(3, 4)), torch.randn(2, 3, 4)
    part.quantizer.vectors.data.normal_()
    found, expected = part(code), part.quantizer(code)
    assert torch.allclose(found.code, expected.code, atol=1e-5)
    assert torch.equal(found.indices, expected.indices)
    assert found.terms["commitment"].item() == expected.terms["commitment"].item()
    value = code.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(part(value).code[0, :, 0] @ torch.ones(3), value)
    z, q = code[0, :, 0], expected.code[0, :, 0].detach()
    assert torch.allclose(gradient[0, :, 0], rotation(z, q).T @ torch.ones(3), atol=1e-4)


@pytest.mark.parametrize(("z", "q"), [(0.0, 1.0), (1.0, 0.0), (1.0, -1.0)])
def test_a_rotation_of_or_to_nothing_or_to_the_opposite_is_finite(z, q):
    code = torch.full((1, 3, 1), z, requires_grad=True)
    made = rotated(code, torch.full((1, 3, 1), q))
    (gradient,) = torch.autograd.grad(made.sum(), code)
    assert made.isfinite().all() and gradient.isfinite().all()


def test_fewer_channels_are_quantized_inside():
    part = ProjectedQuantizer(quantizer=FiniteScalarQuantizer(levels=(5, 4)), depth=2, code=(7, 3, 2))
    code = torch.randn(2, 7, 3, 2)
    made = part(code)
    inner = part.quantizer((part.down(code.movedim(1, -1))).movedim(-1, 1))
    assert torch.equal(made.indices, inner.indices) and part.codebook_size == 20
    assert torch.allclose(made.code, part.up(inner.code.movedim(1, -1)).movedim(-1, 1), atol=1e-6)
