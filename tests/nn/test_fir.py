import pytest
import torch
from torch.nn import functional

from gancore.nn import fir
from gancore.nn.fir import Fir

SHAPES = [
    {"padding": (1, 1)},
    {"padding": (2, 2)},
    {"up": 2, "padding": (2, 1)},
    {"down": 2, "padding": (1, 1)},
    {"taps": (1.0, 2.0, 1.0), "padding": (1, 1)},
    {"taps": (1.0, 5.0, 10.0, 10.0, 5.0, 1.0), "up": 2, "padding": (3, 2)},
]
NAMES = ["blur", "wider blur", "up", "down", "three taps", "six taps up"]


def written_out(x, taps=(1.0, 3.0, 3.0, 1.0), up=1, down=1, padding=(0, 0)):
    n, c, h, w = x.shape
    spread = x.new_zeros(n, c, h * up, w * up)
    spread[:, :, ::up, ::up] = x
    row = torch.tensor(taps, dtype=x.dtype) * up / sum(taps)
    kernel = (row[:, None] * row).expand(c, 1, -1, -1)
    return functional.conv2d(functional.pad(spread, (*padding, *padding)), kernel, groups=c)[
        :, :, ::down, ::down
    ]


@pytest.mark.parametrize("form", [0, 128], ids=["depthwise", "banded"])
@pytest.mark.parametrize("options", SHAPES, ids=NAMES)
def test_it_is_a_convolution_of_zero_filled_samples(options, form, monkeypatch):
    monkeypatch.setattr(fir, "BANDED_UP_TO", form)
    x = torch.randn(2, 3, 6, 9, dtype=torch.float64)
    layer = Fir((6, 9), **options).double()
    assert (layer.steps is None) == (form == 128)
    for laid in (x, x.to(memory_format=torch.channels_last)):
        assert torch.allclose(layer(laid), written_out(x, **options), atol=1e-6)


@pytest.mark.parametrize("form", [0, 128], ids=["depthwise", "banded"])
def test_it_differentiates_twice_and_keeps_its_dtype(form, monkeypatch):
    monkeypatch.setattr(fir, "BANDED_UP_TO", form)
    layer = Fir((4, 5), up=2, padding=(2, 1)).double()
    x = torch.randn(1, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, x) and torch.autograd.gradgradcheck(layer, x)
    layer.float()
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(x.float()).dtype == torch.float32
        assert layer(x.bfloat16()).dtype == torch.bfloat16


def test_taps_that_do_not_read_the_same_backwards():
    with pytest.raises(ValueError, match="give some that read the same backwards, of a sum other than 0"):
        Fir((4, 4), (1.0, 2.0), padding=(0, 0))
    with pytest.raises(ValueError, match="of a sum other than 0"):
        Fir((4, 4), (0.0, 0.0), padding=(0, 0))
