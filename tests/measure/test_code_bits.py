"""Codes at a number of bits: levels by hand, and reconstructions that get better with bits."""

import math

import pytest
import torch
from gancore_pca import PCAEncoder, PCAGenerator
from gancore_vqgan import QuantizedEncoder, VQVAEDecoder, VQVAEEncoder

from gancore import Pipeline
from gancore.errors import MeasureError, UserError
from gancore.measure.code_bits import Rounding, at_bits, decoded, index_bits
from gancore.standard import Codebook, Identity, VectorQuantizer


def test_values_become_the_nearest_level_between_their_extremes():
    like = torch.tensor([[0.0, -1.0], [3.0, 1.0]])
    rounding = Rounding.within(like, 5)  # 2 bits for each value
    assert (rounding.bits, rounding.total) == (2, 4)
    codes = torch.tensor([[0.4, -0.9], [1.6, 0.2], [9.0, -9.0]])
    expected = torch.tensor([[0.0, -1.0], [2.0, 1 / 3], [3.0, -1.0]])
    assert torch.allclose(rounding(codes), expected)
    assert torch.equal(rounding(rounding(codes)), rounding(codes))


def test_one_bit_is_one_of_two_values_and_a_constant_stays():
    rounding = Rounding.within(torch.tensor([[0.0, 5.0], [1.0, 5.0]]), 2)
    assert rounding(torch.tensor([[0.4, 7.0], [0.6, 1.0]])).tolist() == [[0.0, 5.0], [1.0, 5.0]]


def test_codes_that_do_not_fit_are_refused():
    with pytest.raises(MeasureError, match="codes of 9 values do not fit in 8 bits; give at least 9 bits"):
        Rounding.within(torch.zeros(2, 3, 3), 8)


def linear():
    generator = PCAGenerator(components=4, image=(1, 8, 8))
    encoder = PCAEncoder(components=4, image=(1, 8, 8))
    with torch.no_grad():
        encoder.variance.fill_(1.0)
        generator.weight.copy_(encoder.axes.T * (encoder.variance - encoder.noise_variance).sqrt())
    return Pipeline(conditioner=Identity(code=(4,)), generator=generator, encoder=encoder)


def test_more_bits_reconstruct_better_up_to_the_unrounded_code():
    pipeline, rng = linear(), torch.Generator().manual_seed(0)
    image = torch.rand(50, 1, 8, 8, generator=rng) * 2 - 1
    whole = pipeline.reconstruct(image)
    assert torch.allclose(decoded(pipeline, pipeline.encode(image)), whole, atol=1e-6)
    errors = []
    for budget in (4, 8, 16, 48):
        made, bits = at_bits(pipeline, image, image, budget)
        assert bits == budget
        errors.append(float((made - whole).square().mean()))
    assert errors == sorted(errors, reverse=True) and errors[-1] < 1e-5 < errors[0]


def test_indices_have_the_bits_that_they_have():
    quantizer = VectorQuantizer(size=6)
    encoder = QuantizedEncoder(
        network=VQVAEEncoder(width=4, blocks=1), quantizer=quantizer, image=(1, 8, 8), code_shape=(3, 2, 2)
    )
    pipeline = Pipeline(
        conditioner=Codebook(quantizer=quantizer, code=(3, 2, 2)),
        generator=VQVAEDecoder(width=4, blocks=1, vector=3, image=(1, 8, 8)),
        encoder=encoder,
    )
    image = torch.rand(5, 1, 8, 8) * 2 - 1
    made, bits = at_bits(pipeline, image, image, 10**6)
    assert bits == pytest.approx(4 * math.log2(6)) == index_bits(pipeline)
    assert torch.allclose(made, pipeline.reconstruct(image), atol=1e-6)
    with pytest.raises(UserError, match="reads numbers, not indices of a codebook"):
        index_bits(linear())
