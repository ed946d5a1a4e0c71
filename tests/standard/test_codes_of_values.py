"""Quantizers whose codes follow from the channels: finite scalars, and signs."""

import math

import pytest
import torch

from gancore.component.randomness import Rows, own_rows
from gancore.errors import FitError
from gancore.standard import FiniteScalarQuantizer, LookupFreeQuantizer


def all_indices(part, places):
    return torch.arange(part.codebook_size).expand(places, -1).T.contiguous()  # (K, places)


def test_levels_are_those_of_the_paper():
    part = FiniteScalarQuantizer(levels=(5, 4, 2), code=(3, 1))
    codes = part.look_up(all_indices(part, 1))[:, :, 0]  # (40, 3)
    assert [sorted(set(column.tolist())) for column in codes.T] == [
        [-1.0, -0.5, 0.0, 0.5, 1.0],
        [-1.0, -0.5, 0.0, 0.5],
        [-1.0, 0.0],
    ]
    assert len(torch.unique(codes, dim=0)) == 40
    assert codes[1].tolist() == [-0.5, -1.0, -1.0]  # the first channel counts fastest


def test_a_finite_scalar_is_the_nearest_level_of_the_squeezed_value():
    part = FiniteScalarQuantizer(levels=(5, 4), code=(2, 1))
    value = torch.linspace(-4, 4, 41)
    made = part.eval()(torch.stack([value, value], 1)[..., None])
    odd = [round(math.tanh(v) * 2 * 0.999) / 2 for v in value.tolist()]
    shift, half = math.tan(0.5 / (1.5 * 0.999)), 1.5 * 0.999
    even = [round(math.tanh(v + shift) * half - 0.5) / 2 for v in value.tolist()]
    assert made.code[:, 0, 0].tolist() == pytest.approx(odd)
    assert made.code[:, 1, 0].tolist() == pytest.approx(even)
    assert torch.equal(part.look_up(made.indices), made.code)


def test_the_gradient_of_a_finite_scalar_is_that_of_the_squeezed_value():
    part, value = FiniteScalarQuantizer(levels=(5, 5), code=(2, 1)), torch.tensor([[[0.3], [-1.2]]])
    made = part(value.requires_grad_())
    (gradient,) = torch.autograd.grad(made.code.sum(), value)
    assert torch.allclose(gradient, (1 - torch.tanh(value.detach()) ** 2) * 0.999)
    assert made.terms == {}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: FiniteScalarQuantizer(levels=(5, 5), code=(3, 2)), "reads codes of 2 channels"),
        (lambda: FiniteScalarQuantizer(levels=(9,) * 9, code=(9, 2)), "387,420,489 codes"),
        (lambda: LookupFreeQuantizer(code=(80, 2)), "quantizer/grouped"),
    ],
)
def test_a_code_that_does_not_fit_is_refused(make, words):
    with pytest.raises(FitError, match=words):
        make()


@pytest.mark.parametrize("levels", [(), (1, 3), (2.5,), 7, "55"])
def test_levels_that_are_none_are_refused(levels):
    with pytest.raises(ValueError, match="whole and at least 2"):
        FiniteScalarQuantizer(levels=levels)


def test_signs_and_indices_are_each_others():
    part = LookupFreeQuantizer(code=(3, 2)).eval()
    code = torch.tensor([[[0.5, -2.0], [-0.1, 0.3], [4.0, -1.0]]])  # places (0.5, -0.1, 4) and (-2, 0.3, -1)
    made = part(code)
    assert made.indices.tolist() == [[1 + 4, 2]]
    assert torch.equal(made.code, code.sign())
    indices = all_indices(part, 2)
    assert torch.equal(part(part.look_up(indices)).indices, indices)


def test_the_terms_of_signs_by_hand():
    part = LookupFreeQuantizer(
        code=(2, 1), temperature=2.0, commitment=0.5, entropy_weight=3.0, diversity=0.7
    )
    part.average = torch.tensor([0.3, 0.6])
    code = torch.tensor([[[0.5], [-0.2]], [[1.5], [0.1]]])
    q = torch.sigmoid(4 * code[:, :, 0] / 2.0)  # of exp(-(z - 1)² / 2) and exp(-(z + 1)² / 2)
    both = torch.stack([torch.exp(-((code - s) ** 2) / 2.0) for s in (1, -1)], -1)[:, :, 0]
    assert torch.allclose(q, both[..., 0] / both.sum(-1))
    sure = -(q * q.log() + (1 - q) * (1 - q).log()).sum(1).mean()
    mean, a = q.mean(0), part.average
    spread = -(mean * a.log() + (1 - mean) * (1 - a).log()).sum()
    terms = part(code).terms
    assert float(terms["entropy"]) == pytest.approx(float(3 * (sure - 0.7 * spread)), rel=1e-5)
    squares = (0.5**2 + 0.8**2 + 0.5**2 + 0.9**2) / 4
    assert float(terms["commitment"]) == pytest.approx(0.5 * squares)
    part.update_buffers()
    assert part.average.tolist() == pytest.approx((0.9 * a + 0.1 * mean).tolist())


def test_where_the_average_is_right_the_gradient_is_that_of_the_entropy_of_the_mean():
    code = torch.randn(6, 3, 2)
    part = LookupFreeQuantizer(code=(3, 2), temperature=1.0, entropy_weight=1.0)
    mean = torch.sigmoid(4 * code).mean((0, 2))
    part.average = mean.clone()
    value = code.clone().requires_grad_()
    q = torch.sigmoid(4 * value)
    sure = -(q * q.log() + (1 - q) * (1 - q).log()).sum(1).mean()
    p = q.mean((0, 2))
    (expected,) = torch.autograd.grad(sure + (p * p.log() + (1 - p) * (1 - p).log()).sum(), value)
    value = code.clone().requires_grad_()
    (found,) = torch.autograd.grad(part(value).terms["entropy"], value)
    assert torch.allclose(found, expected, atol=1e-6)


def test_the_terms_of_signs_are_means_over_micro_batches():
    part, code = LookupFreeQuantizer(code=(3, 2)), torch.randn(4, 3, 2)
    part.average = torch.rand(3)
    whole, pieces = part(code).terms, []
    for start in (0, 2):
        with own_rows(Rows(4, start, start + 2)):
            pieces.append(part(code[start : start + 2]).terms)
    for name, term in whole.items():
        assert float(sum(one[name] for one in pieces) / 2) == pytest.approx(term.item(), rel=1e-5)
