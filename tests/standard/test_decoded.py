"""The generator that decodes what another makes: contracts, and its numbers by hand."""

import pytest
import torch
from autoencoders import DoublingDecoder, know_autoencoders
from small import SmallGenerator, know_small_parts
from torch import nn

from gancore import Seat, seat
from gancore.component.interfaces import Generator
from gancore.component.part import part
from gancore.errors import FactError
from gancore.standard import Codebook, Decoded
from gancore.testing import contracts


@part("small-decoded")
class SmallDecoded(Decoded):
    """With small networks."""

    codes: Seat[Generator] = seat(default=SmallGenerator)
    decoder: Seat[Generator] = seat(default=DoublingDecoder)


know_small_parts()
know_autoencoders(SmallDecoded)


@contracts(SmallDecoded)
def test_contract(check):
    check()


def made(**options):
    return Decoded(
        image=(1, 4, 4), codes=SmallGenerator(width=3), decoder=DoublingDecoder(channels=2), **options
    ).eval()


def test_codes_are_scaled_back_channel_by_channel_and_decoded():
    generator, code = made(), torch.randn(5, 3)
    generator.mean.copy_(torch.tensor([1.0, -2.0]).reshape(2, 1, 1))
    generator.deviation.copy_(torch.tensor([0.5, 3.0]).reshape(2, 1, 1))
    maps = torch.tanh(generator.codes.linear(code)).reshape(5, 2, 2, 2)
    by_hand = torch.stack([1 + 0.5 * maps[:, 0], -2 + 3 * maps[:, 1]], 1)
    torch.testing.assert_close(generator(code), generator.decoder(by_hand))
    assert generator.codes.image == (2, 2, 2) and generator.code_shape == (3,)


def test_maps_are_snapped_to_a_codebook_and_gradients_pass_through():
    book = Codebook(quantizer={"part": "vector", "size": 3})
    generator, code = made(conditioner=book), torch.randn(4, 3, requires_grad=True)
    nn.init.normal_(book.quantizer.vectors)
    maps = torch.tanh(generator.codes.linear(code)).reshape(4, 2, 2, 2)
    away = (maps.movedim(1, -1).unsqueeze(-2) - book.quantizer.vectors).square().sum(-1)  # (N, h, w, K)
    nearest = book.quantizer.vectors[away.argmin(-1)].movedim(-1, 1)
    torch.testing.assert_close(generator(code), generator.decoder(nearest))
    (gradient,) = torch.autograd.grad(generator(code).sum(), [code])
    assert bool((gradient.abs().sum(1) > 0).all())


def test_another_generator_of_codes_takes_the_same_decoder_and_scale():
    one = made()
    one.mean.fill_(0.25)
    codes = SmallGenerator(width=5, image=(2, 2, 2))
    before = {name: value.clone() for name, value in codes.state_dict().items()}
    other = one.around(codes)
    assert other.decoder is one.decoder and other.codes is codes and float(other.mean[0]) == 0.25
    assert not other.training and other.code_shape == (5,)
    assert {*other.state_dict()} == {*one.state_dict()} and len(before) == 2


def test_codes_of_another_shape_are_refused():
    words = r"image is \(2, 4, 4\) .* but \(2, 2, 2\) according to generator/decoded"
    with pytest.raises(FactError, match=words):
        Decoded(image=(1, 4, 4), codes=SmallGenerator(image=(2, 4, 4)), decoder=DoublingDecoder())
