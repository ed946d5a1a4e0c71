"""A codebook that is a moving average: appendix A.1 of VQ-VAE, by hand."""

import pytest
import torch

from gancore.component.randomness import Rows, own_rows
from gancore.standard import MovingAverageQuantizer


def quantizer(vectors, **options):
    made = MovingAverageQuantizer(size=len(vectors), code=(len(vectors[0]), 2), **options)
    made.vectors.copy_(torch.tensor(vectors))
    return made


CODE = torch.tensor([[[0.9, 0.1], [0.0, 0.0]], [[0.7, 0.2], [0.4, 0.0]]])  # x of two places, y of two places


def test_vectors_move_to_the_mean_of_what_they_replace():
    part = quantizer([[0.0, 0.0], [1.0, 0.0], [9.0, 9.0]], mean_decay=0.9)
    part(CODE)  # (0.9, 0) and (0.7, 0.4) become the second vector, (0.1, 0) and (0.2, 0) the first
    part.update_buffers()
    share = [0.9 / 3 + 0.1 / 2, 0.9 / 3 + 0.1 / 2, 0.9 / 3]
    first = (0.1 * (0.1 + 0.2) / 4) / share[0]
    second = [(0.9 / 3 * 1.0 + 0.1 * (0.9 + 0.7) / 4) / share[1], (0.1 * 0.4 / 4) / share[1]]
    assert part.share.tolist() == pytest.approx(share)
    assert part.vectors[0].tolist() == pytest.approx([first, 0.0])
    assert part.vectors[1].tolist() == pytest.approx(second)
    assert part.vectors[2].tolist() == pytest.approx([9.0, 9.0])  # of no use, it stays


def test_the_only_term_is_the_commitment():
    part, code = quantizer([[0.0, 0.0], [1.0, 0.0]], commitment=0.5), CODE.clone().requires_grad_()
    terms = part(code).terms
    squares = (0.1**2 + 0.1**2 + 0.3**2 + 0.4**2 + 0.2**2) / 8
    assert set(terms) == {"commitment"} and terms["commitment"].item() == pytest.approx(0.5 * squares)
    assert not list(part.parameters())


def test_micro_batches_move_it_as_the_whole():
    vectors = torch.randn(4, 2).tolist()
    parts, code = [quantizer(vectors) for _ in range(2)], torch.randn(6, 2, 2)
    parts[0](code)
    for start in (0, 2, 4):
        with own_rows(Rows(6, start, start + 2)):
            parts[1](code[start : start + 2])
    for part in parts:
        part.update_buffers()
    assert torch.allclose(parts[0].vectors, parts[1].vectors, atol=1e-6)
    assert not torch.equal(parts[0].vectors, torch.tensor(vectors))


def test_in_eval_mode_it_stays():
    part = quantizer([[0.0, 0.0], [1.0, 0.0]]).eval()
    part(CODE)
    part.update_buffers()
    assert torch.equal(part.vectors, torch.tensor([[0.0, 0.0], [1.0, 0.0]]))


def test_a_vector_that_was_hardly_used_stays_finite():
    part = quantizer([[0.0, 0.0], [9.0, 9.0]], mean_decay=0.0)
    for _ in range(3):
        part(CODE)
        part.update_buffers()
        part.used.clear(), part.replaced.clear()
    assert part.vectors[1].tolist() == [9.0, 9.0] and part.share.tolist() == [1.0, 0.0]


def test_a_vector_that_is_put_in_does_not_move_by_what_the_old_one_replaced():
    part = quantizer([[0.0, 0.0], [1.0, 0.0]], mean_decay=0.5)
    part(CODE)
    part.put(torch.tensor([1]), torch.tensor([[3.0, 4.0]]))
    part.update_buffers()
    assert part.vectors[1].tolist() == pytest.approx([3.0, 4.0])
