"""Quantizers that hold quantizers: residual and grouped."""

import pytest
import torch

from gancore.errors import FitError
from gancore.standard import (
    Codebook,
    GroupedQuantizer,
    ResidualQuantizer,
    UniformIndices,
    VectorQuantizer,
)


def vectors(count, size=5):
    return [VectorQuantizer(size=size) for _ in range(count)]


def residual(count=3, code=(2, 4), **options):
    part = ResidualQuantizer(quantizers=vectors(count, **options), code=code)
    for i, one in enumerate(part.quantizers):
        one.vectors.data.normal_(std=0.5**i)
    return part


def test_each_quantizer_has_what_is_left():
    part, code = residual(), torch.randn(3, 2, 4)
    made, rest, found = part(code), code, []
    for i, one in enumerate(part.quantizers):
        rows = rest.movedim(1, -1)
        index = torch.cdist(rows.reshape(-1, 2), one.vectors).argmin(1).view(3, 4)
        assert torch.equal(made.indices[..., i], index)
        found.append(one.vectors[index].movedim(-1, 1))
        rest = rest - found[-1]
    assert torch.allclose(made.code, sum(found), atol=1e-6)
    assert torch.allclose(part.look_up(made.indices), sum(found), atol=1e-6)
    assert made.indices.shape == (3, 4, 3) and part.index_shape == (4, 3)


def test_terms_of_one_name_are_added_up():
    part, code = residual(2), torch.randn(3, 2, 4)
    first = part.quantizers[0](code)
    second = part.quantizers[1](code - first.code.detach())
    for name, term in part(code).terms.items():
        assert term.item() == pytest.approx((first.terms[name] + second.terms[name]).item(), rel=1e-5)


def test_the_gradient_passes_straight_through_the_sum():
    part, code, g = residual(), torch.randn(3, 2, 4, requires_grad=True), torch.randn(3, 2, 4)
    (gradient,) = torch.autograd.grad((part(code).code * g).sum(), code)
    assert torch.equal(gradient, g)


def test_groups_have_their_own_channels():
    part = GroupedQuantizer(quantizers=vectors(2), code=(6, 4))
    code = torch.randn(3, 6, 4)
    made = part(code)
    for i, one in enumerate(part.quantizers):
        group = one(code[:, 3 * i : 3 * i + 3])
        assert torch.equal(made.indices[..., i], group.indices)
        assert torch.equal(made.code[:, 3 * i : 3 * i + 3], group.code)


def test_groups_of_residual_quantizers_have_indices_one_behind_the_other():
    groups = [ResidualQuantizer(quantizers=vectors(2)), ResidualQuantizer(quantizers=vectors(3))]
    part = GroupedQuantizer(quantizers=groups, code=(4, 3, 2))
    made = part.eval()(torch.randn(2, 4, 3, 2))
    assert made.indices.shape == (2, 3, 2, 5) and part.index_shape == (3, 2, 5)
    assert torch.allclose(part.look_up(made.indices), made.code, atol=1e-6)
    assert {"0/1/perplexity", "1/2/usage"} < set(part.scalars())


def test_their_indices_are_latents():
    conditioner = Codebook(quantizer=residual(), code=(2, 4))
    assert conditioner.latent_shape == (4, 3) and conditioner.codebook_size == 5
    prior = UniformIndices(latent=conditioner.latent_shape, codebook_size=conditioner.codebook_size)
    latent = prior(2, rng=torch.Generator().manual_seed(0))
    assert conditioner(latent).shape == (2, 2, 4)


def test_different_numbers_of_codes_are_refused():
    with pytest.raises(FitError, match="5, 7 codes; give one or more, all with the same number"):
        ResidualQuantizer(quantizers=[VectorQuantizer(size=5), VectorQuantizer(size=7)], code=(2, 4))
    with pytest.raises(FitError, match="no codes"):
        ResidualQuantizer(quantizers=[], code=(2, 4))


def test_channels_that_cannot_be_shared_are_refused():
    with pytest.raises(FitError, match="2 groups, which cannot share the 5 channels"):
        GroupedQuantizer(quantizers=vectors(2), code=(5, 4))
