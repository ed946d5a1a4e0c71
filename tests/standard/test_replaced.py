"""The step from a code map to the vectors that replace it: values and gradients against plain autograd."""

import torch

from gancore.standard.quantizers.replaced import replaced


def plain(code, book, index):
    """The same by differentiable operations."""
    vectors = book[index].movedim(-1, 1)
    to_book, to_code = (vectors - code.detach()).square().mean(), (code - vectors.detach()).square().mean()
    return code + (vectors - code).detach(), to_book, to_code


def gradients(function, weights, *, layout=torch.contiguous_format):
    rng = torch.Generator().manual_seed(0)
    code = torch.randn(3, 5, 4, 2, dtype=torch.float64, generator=rng).contiguous(memory_format=layout)
    book = torch.randn(7, 5, dtype=torch.float64, generator=rng)
    index, g = torch.randint(7, (3, 4, 2), generator=rng), torch.randn(code.shape, generator=rng).double()
    code, book = code.requires_grad_(), book.requires_grad_()
    made = function(code, book, index)
    values = [(made[0] * g).sum(), made[1], made[2]]
    total = torch.stack([w * v for w, v in zip(weights, values, strict=True)]).sum()
    return [v.detach() for v in values], torch.autograd.grad(total, [code, book], materialize_grads=True)


def test_values_and_gradients_are_those_of_plain_operations():
    for weights in ((1.0, 2.0, 0.5), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)):
        for layout in (torch.contiguous_format, torch.channels_last):
            found, expected = (gradients(f, weights, layout=layout) for f in (replaced, plain))
            for one, other in zip(found[0] + list(found[1]), expected[0] + list(expected[1]), strict=True):
                assert torch.allclose(one, other, atol=1e-12)


def test_without_its_terms_the_gradient_is_the_codes_alone():
    code = torch.randn(2, 3, 4, requires_grad=True)
    book = torch.randn(5, 3, requires_grad=True)
    made = replaced(code, book, torch.randint(5, (2, 4)))
    made.code.sum().backward()
    assert torch.equal(code.grad, torch.ones_like(code)) and book.grad is None


def test_a_book_without_a_gradient_gets_none():
    code, book = torch.randn(2, 3, 4, requires_grad=True), torch.randn(5, 3)
    made = replaced(code, book, torch.randint(5, (2, 4)))
    assert torch.autograd.grad(made.to_code, code)[0].any()
