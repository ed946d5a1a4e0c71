import pytest
import torch
from torch import nn
from torch.nn import functional

from gancore.nn import upfirdn
from gancore.nn.upfirdn import Fir, Resample, resampling_matrix

TAPS = [(1, 2, 1), (1, 3, 3, 1), (1, 2, 4, 3, 2), (1, 4, 6, 4, 1, 7)]
RATES = [(1, 1), (2, 1), (1, 2), (3, 1), (1, 3), (2, 3), (3, 2)]


def by_definition(x, taps, up, down):
    """Zeros between samples, a convolution, decimation; written out for one axis."""
    n = len(taps)
    taps = [t * up / sum(taps) for t in taps]
    stuffed = [0.0] * (len(x) * up)
    stuffed[::up] = x
    before = (n + up - down) // 2
    padded = [0.0] * before + stuffed + [0.0] * (n - 1)
    filtered = [sum(taps[n - 1 - j] * padded[u + j] for j in range(n)) for u in range(len(stuffed))]
    return filtered[::down][: len(x) * up // down]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("taps", TAPS)
def test_every_form_is_the_definition(taps, rate):
    up, down = rate
    column, row = torch.randn(6).double(), torch.randn(12).double()
    layer = Resample(taps, up=up, down=down).double()
    x = (column[:, None] * row).expand(1, 2, 6, 12)
    tall = torch.tensor(by_definition(column.tolist(), taps, up, down)).double()
    wide = torch.tensor(by_definition(row.tolist(), taps, up, down)).double()
    bias = torch.tensor([0.0, 1.0]).double()
    expected = (tall[:, None] * wide) + bias.reshape(1, 2, 1, 1)
    assert torch.allclose(layer(x, bias), expected, atol=1e-6)
    assert torch.allclose(layer(x.contiguous(memory_format=torch.channels_last), bias), expected, atol=1e-6)


def test_the_matrix_is_the_map_along_one_axis():
    x = torch.randn(6).double()
    taps = torch.tensor([1.0, 3, 3, 1]).double() / 4
    assert torch.allclose(
        resampling_matrix(6, taps, 2, 1) @ x,
        torch.tensor(by_definition(x.tolist(), (1, 3, 3, 1), 2, 1)).double(),
    )


@pytest.mark.parametrize("rate", [(1, 1), (2, 1), (1, 2), (1, 3)])
def test_a_constant_stays_constant_inside(rate):
    up, down = rate
    y = Resample((1, 3, 3, 1), up=up, down=down)(torch.ones(1, 1, 12, 12))
    assert torch.allclose(y[..., 1:-1, 1:-1][..., up:-up, up:-up], torch.ones(()), atol=1e-6)


@pytest.mark.parametrize("taps", [(1, 2, 1), (1, 3, 3, 1), (1, 4, 6, 4, 1, 7)])
@pytest.mark.parametrize("rate", [(1, 1), (2, 1), (1, 2), (3, 2)])
def test_twice_differentiable(taps, rate):
    layer = Resample(taps, up=rate[0], down=rate[1]).double()
    x = torch.randn(1, 2, 6, 6).double().requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x: layer(x).square(), x)


def test_too_few_taps_are_refused():
    with pytest.raises(
        ValueError, match=r"taps \[1, 1\] cannot resample by 3/1; give at least 3 with a nonzero sum"
    ):
        Resample((1, 1), up=3)


def test_the_filter_is_no_weight():
    holder = nn.Sequential(Resample())
    assert not list(holder.parameters()) and not holder.state_dict()


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
def test_a_fir_is_a_convolution_of_zero_filled_samples(options, form, monkeypatch):
    monkeypatch.setattr(upfirdn, "BANDED_UP_TO", form)
    x = torch.randn(2, 3, 6, 9, dtype=torch.float64)
    layer = Fir((6, 9), **options).double()
    assert (layer.steps is None) == (form == 128)
    for laid in (x, x.to(memory_format=torch.channels_last)):
        assert torch.allclose(layer(laid), written_out(x, **options), atol=1e-6)


@pytest.mark.parametrize("form", [0, 128], ids=["depthwise", "banded"])
def test_a_fir_differentiates_twice_and_keeps_its_dtype(form, monkeypatch):
    monkeypatch.setattr(upfirdn, "BANDED_UP_TO", form)
    layer = Fir((4, 5), up=2, padding=(2, 1)).double()
    x = torch.randn(1, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, x) and torch.autograd.gradgradcheck(layer, x)
    layer.float()
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(x.float()).dtype == torch.float32
        assert layer(x.bfloat16()).dtype == torch.bfloat16


def test_taps_that_do_not_read_the_same_backwards():
    with pytest.raises(ValueError, match="give symmetric taps with a nonzero sum"):
        Fir((4, 4), (1.0, 2.0), padding=(0, 0))
    with pytest.raises(ValueError, match="with a nonzero sum"):
        Fir((4, 4), (0.0, 0.0), padding=(0, 0))
