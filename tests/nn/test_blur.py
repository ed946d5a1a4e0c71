import pytest
import torch
from torch.autograd import gradgradcheck
from torch.nn import functional

from gancore.nn import BlurPool, BlurUpsample

BLURS = [BlurPool, BlurUpsample]


@pytest.mark.parametrize("size", [(8, 12), (5, 7), (2, 3)])
def test_every_second_pixel_of_a_reflected_map_that_is_blurred(size):
    x = torch.randn(2, 3, *size, dtype=torch.float64)
    wide = functional.pad(x, (1, 1, 1, 1), mode="reflect")
    rows = (wide[:, :, :-2] + 2 * wide[:, :, 1:-1] + wide[:, :, 2:]) / 4
    expected = (rows[..., :-2] + 2 * rows[..., 1:-1] + rows[..., 2:])[:, :, ::2, ::2] / 4
    assert torch.allclose(BlurPool().double()(x), expected, atol=1e-12)


@pytest.mark.parametrize("size", [(8, 12), (5, 7), (1, 1)])
def test_a_map_is_doubled_as_by_bilinear_interpolation(size):
    x = torch.randn(2, 3, *size, dtype=torch.float64)
    expected = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    assert torch.allclose(BlurUpsample().double()(x), expected, atol=1e-12)


@pytest.mark.parametrize("blur", BLURS)
def test_constant_maps_stay_constant_up_to_the_border(blur):
    made = blur()(torch.full((1, 2, 6, 4), 3.0))
    assert torch.equal(made, torch.full_like(made, 3.0))


def test_the_finest_pattern_becomes_gray_instead_of_white():
    rows, columns = torch.arange(8)[:, None], torch.arange(8)
    board = ((rows + columns) % 2).float()[None, None]
    assert torch.equal(BlurPool()(board), torch.full((1, 1, 4, 4), 0.5))


@pytest.mark.parametrize("blur", BLURS)
def test_it_is_twice_differentiable(blur):
    made = blur().double()
    assert gradgradcheck(made, torch.randn(1, 2, 5, 4, dtype=torch.float64, requires_grad=True))


@pytest.mark.parametrize("blur", BLURS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_memory_format_and_dtype_are_kept_under_autocast(blur, dtype):
    made, x = blur(), torch.randn(2, 3, 6, 8)
    expected = made(x)
    given = x.to(dtype).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        found = made(given)
    assert found.dtype == dtype and found.is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(found.float(), expected, atol=1e-6 if dtype is torch.float32 else 0.05)


@pytest.mark.parametrize("blur", BLURS)
def test_it_holds_no_weights_of_a_file(blur):
    assert not blur().state_dict() and not list(blur().parameters())
