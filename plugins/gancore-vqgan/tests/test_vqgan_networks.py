import math

import pytest
import torch
from gancore_vqgan import VQVAE, QuantizedEncoder, VQGANDecoder, VQGANEncoder, VQVAEDecoder, VQVAEEncoder
from gancore_vqgan.layers import Attention, Down, ResidualBlock
from torch.nn.functional import conv2d, group_norm

from gancore.errors import FitError, SpecError

SMALL = {"width": 4, "multipliers": (1, 2), "blocks": 1, "attention": (8,), "channels": 3, "groups": 2}


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def test_parameters_are_those_of_the_released_networks_for_imagenet():
    with torch.device("meta"):
        encoder = VQGANEncoder(image=(3, 256, 256), code_shape=(256, 16, 16))
        decoder = VQGANDecoder(image=(3, 256, 256))
    assert decoder.code_shape == (256, 16, 16)
    assert (parameters(encoder), parameters(decoder)) == (29_363_968, 42_515_587)


def test_parameters_are_those_of_the_paper_of_vq_vae():
    with torch.device("meta"):
        encoder = VQVAEEncoder(image=(3, 128, 128), code_shape=(64, 32, 32))
        decoder = VQVAEDecoder(image=(3, 128, 128))
    unit = (256 * 256 * 9 + 256) + (256 * 256 + 256)
    halvings = (3 * 256 * 16 + 256) + (256 * 256 * 16 + 256)
    assert parameters(encoder) == halvings + 2 * unit + (256 * 64 + 64)
    assert parameters(decoder) == (64 * 256 * 9 + 256) + 2 * unit + (256 * 256 * 16 + 256) + (
        256 * 3 * 16 + 3
    )


def test_halving_pads_the_ends_alone():
    layer, x = Down(2), torch.randn(1, 2, 4, 6)
    made = layer(x)
    padded = torch.zeros(1, 2, 5, 7)
    padded[:, :, :4, :6] = x
    expected = (padded[0, :, 2:5, 4:7] * layer.conv.weight[1]).sum() + layer.conv.bias[1]
    assert made.shape == (1, 2, 2, 3) and torch.allclose(made[0, 1, 1, 2], expected, atol=1e-5)


def test_attention_weighs_all_positions():
    layer, x = Attention(4, 2), torch.randn(1, 4, 2, 3)
    h = group_norm(x, 2, eps=1e-6).flatten(2)[0].T  # (H·W, C)
    query, key, value = (h @ m.weight[:, :, 0, 0].T + m.bias for m in (layer.query, layer.key, layer.value))
    gathered = torch.softmax(query @ key.T / math.sqrt(4), 1) @ value
    expected = x + (gathered @ layer.out.weight[:, :, 0, 0].T + layer.out.bias).T.reshape(1, 4, 2, 3)
    assert torch.allclose(layer(x), expected, atol=1e-5)


def test_a_residual_block_normalizes_and_adds():
    block, x = ResidualBlock(4, 6, 2), torch.randn(2, 4, 5, 5)
    h = x
    for conv in (block.layers[2], block.layers[5]):
        h = group_norm(h, 2, eps=1e-6)
        h = conv2d(h * torch.sigmoid(h), conv.weight, conv.bias, padding=1)
    expected = h + conv2d(x, block.shortcut.weight, block.shortcut.bias)
    assert torch.allclose(block(x), expected, atol=1e-5)


@pytest.mark.parametrize("side", [16, 8, 4])
def test_attention_stands_where_maps_have_the_side(side):
    options = {**SMALL, "attention": (side,), "blocks": 2}
    encoder = VQGANEncoder(image=(3, 16, 24), code_shape=(5, 8, 12), **options)
    assert sum(isinstance(m, Attention) for m in encoder.modules()) == {16: 3, 8: 3, 4: 1}[side]
    decoder = VQGANDecoder(image=(3, 16, 24), **options)
    assert sum(isinstance(m, Attention) for m in decoder.modules()) == {16: 4, 8: 4, 4: 1}[side]


def test_encoder_and_decoder_take_any_channels_and_sides():
    recipe = VQVAE(
        image=(1, 12, 20),
        generator=VQGANDecoder(vector=5, **SMALL),
        encoder=QuantizedEncoder(network=VQGANEncoder(**SMALL)),
    )
    image = torch.randn(2, 1, 12, 20)
    made = recipe.encoder.quantized(image)
    assert recipe.encoder(image).shape == made.code.shape == (2, 5, 6, 10)
    assert torch.equal(recipe.encoder.code(image), made.indices)
    assert recipe.generator(made.code).shape == image.shape


def test_what_does_not_fit_is_said():
    with pytest.raises(FitError, match="divides sides by 4, but images are 30×32: resize them to multiples"):
        VQVAE(image=(3, 30, 32))
    with pytest.raises(FitError, match="maps of 4×4 of images of 16×16, but the codes are 8×8"):
        VQVAE(image=(3, 16, 16), generator=VQGANDecoder(**SMALL))
    with pytest.raises(FitError, match="32 groups do not divide 48 channels; set groups to a divisor"):
        VQGANDecoder(image=(3, 32, 32), width=48)
    with pytest.raises(SpecError, match="multipliers must be the sizes of one or more layers"):
        VQVAE(generator={"part": "vqgan", "multipliers": []})
