import pytest
import torch
from gancore_stylegan.stylegan3.alias_free import FilteredLeakyReLU, zeros_before
from gancore_stylegan.stylegan3.filters import (
    falling_phases,
    kaiser_attenuation,
    kaiser_beta,
    low_pass,
    radial_low_pass,
    resampling_matrix,
    rising_phases,
    separable_terms,
)
from scipy import signal, special
from torch.nn import functional


@pytest.mark.parametrize(
    ("taps", "cutoff", "width", "rate"),
    [(12, 2.0, 4.6, 32), (24, 6.3, 3.9, 64), (12, 16.0, 30.0, 64), (7, 3.0, 2.0, 16)],
)
def test_the_low_pass_filter_is_the_window_method_of_scipy(taps, cutoff, width, rate):
    expected = torch.from_numpy(signal.firwin(taps, cutoff, width=width, fs=rate))
    assert torch.allclose(low_pass(taps, cutoff, width, rate), expected, atol=1e-12)
    attenuation = kaiser_attenuation(taps, width / (rate / 2))
    assert attenuation == pytest.approx(signal.kaiser_atten(taps, width / (rate / 2)))
    assert kaiser_beta(attenuation) == pytest.approx(signal.kaiser_beta(attenuation))


@pytest.mark.parametrize("attenuation", [10.0, 21.5, 50.0, 90.0])
def test_the_windows_shape_is_kaisers(attenuation):
    assert kaiser_beta(attenuation) == pytest.approx(signal.kaiser_beta(attenuation))


def test_the_radial_filter_is_a_jinc_under_two_windows():
    taps, cutoff, width, rate = 12, 5.0, 8.0, 32
    places = (torch.arange(taps).double() - 5.5) / rate
    radius = torch.hypot(places[:, None], places)
    window = torch.from_numpy(
        signal.get_window(("kaiser", kaiser_beta(kaiser_attenuation(taps, width / 16))), taps, fftbins=False)
    )
    expected = (
        torch.from_numpy(special.j1((2 * torch.pi * cutoff * radius).numpy()))
        / radius
        * window[:, None]
        * window
    )
    found = radial_low_pass(taps, cutoff, width, rate)
    assert torch.allclose(found, expected / expected.sum(), atol=1e-12)
    assert torch.allclose(found, found.rot90(), atol=1e-12)
    assert radial_low_pass(7, cutoff, width, rate).isfinite().all()


def test_the_radial_filter_treats_all_directions_alike():
    """Its response along an axis and along the diagonal agree far better than those of the separable
    filter.
    """

    def unlike(kernel):
        places = torch.arange(24).double() - 11.5
        axis = [(kernel * torch.cos(2 * torch.pi * f * places)[:, None]).sum() for f in (0.1, 0.14, 0.18)]
        slope = [
            (kernel * torch.cos(2 * torch.pi * f / 2**0.5 * (places[:, None] + places))).sum()
            for f in (0.1, 0.14, 0.18)
        ]
        return max(abs(a - b) for a, b in zip(axis, slope, strict=True))

    row = low_pass(24, 0.12, 0.1, 1)
    assert unlike(radial_low_pass(24, 0.12, 0.1, 1)) < unlike(row[:, None] * row) / 3


def test_a_radial_filter_is_a_sum_of_few_separable_ones():
    kernel = radial_low_pass(12, 5.0, 8.0, 32)
    tall, wide = separable_terms(kernel)
    assert len(tall) <= 6
    assert torch.allclose(tall.t() @ wide, kernel, atol=1e-8)


@pytest.mark.parametrize(("up", "down", "before"), [(2, 1, 5), (1, 2, 0), (4, 2, -3), (3, 2, 7)])
def test_a_resampling_matrix_is_the_filter_written_out(up, down, before):
    x, kernel, outputs = torch.randn(9).double(), torch.randn(8).double(), 6
    spread = torch.zeros(9 * up).double()
    spread[::up] = x
    padded = (
        functional.pad(spread, (before, 40)) if before >= 0 else functional.pad(spread[-before:], (0, 40))
    )
    expected = torch.stack([(padded[i * down : i * down + 8] * kernel.flip(0)).sum() for i in range(outputs)])
    assert torch.allclose(
        resampling_matrix(kernel, 9, outputs, up=up, down=down, before=before) @ x, expected
    )


@pytest.mark.parametrize(("up", "before"), [(2, 5), (4, -3), (2, 7), (3, 0)])
def test_rising_phases_are_the_rows_of_the_matrix(up, before):
    x, kernel = torch.randn(9).double(), torch.randn(8).double()
    expected = resampling_matrix(kernel, 9, 3 * up, up=up, before=before) @ x
    pieces, first = rising_phases(kernel, up, before)
    padded = functional.pad(x, (10, 10))
    found = torch.stack([padded.unfold(0, pieces.shape[1], 1)[10 + first + q] @ pieces.t() for q in range(3)])
    assert torch.allclose(found.flatten(), expected)


@pytest.mark.parametrize("down", [1, 2, 3])
def test_falling_phases_are_the_matrix(down):
    fine, kernel = torch.randn(24).double(), torch.randn(8).double()
    pieces = falling_phases(kernel, down)
    found = sum(functional.conv1d(fine[None, p::down], pieces[p][None, None])[0] for p in range(down))
    expected = resampling_matrix(kernel, 24, len(found), down=down) @ fine
    assert torch.allclose(found, expected)
    assert torch.allclose(
        falling_phases(kernel[:, None] * kernel, down), pieces[:, None, :, None] * pieces[:, None]
    )


@pytest.mark.parametrize("up", [2, 4])
@pytest.mark.parametrize("radial", [False, True])
def test_the_filtered_leaky_relu_is_the_equation_written_out(radial, up):
    inputs, outputs, down, taps = (9, 11), (7, 10), 2, 6 * up
    rise = low_pass(taps, 2.0, 3.0, 32)
    fall = radial_low_pass(12, 3.0, 4.0, 32) if radial else low_pass(12, 3.0, 4.0, 32)
    module = FilteredLeakyReLU(inputs, outputs, rise, fall, up=up, down=down).double()
    x = torch.randn(2, 3, *inputs).double()
    spread = torch.zeros(2, 3, 9 * up, 11 * up).double()
    spread[..., ::up, ::up] = x
    pads = [
        (
            before := zeros_before(inputs[i], outputs[i], (taps, 12), up, down),
            (outputs[i] - 1) * down + 11 + taps - inputs[i] * up - before,
        )
        for i in (1, 0)
    ]
    padded = functional.pad(spread, (*pads[0], *pads[1]))
    square = (rise[:, None] * rise * up**2).expand(3, 1, -1, -1)
    fine = functional.leaky_relu(functional.conv2d(padded, square, groups=3), 0.2)
    lowered = (fall if radial else fall[:, None] * fall).expand(3, 1, -1, -1)
    expected = functional.conv2d(fine, lowered, stride=down, groups=3)
    assert expected.shape == (2, 3, *outputs)
    assert torch.allclose(module(x), expected, atol=1e-6)


def test_a_constant_stays_a_constant_in_the_middle():
    module = FilteredLeakyReLU(
        (30, 30), (30, 30), low_pass(12, 6, 4, 32), low_pass(12, 6, 4, 32), up=2, down=2
    )
    assert torch.allclose(
        module(torch.ones(1, 1, 30, 30))[..., 10:20, 10:20], torch.ones(1, 1, 10, 10), atol=5e-3
    )


def test_the_filtered_leaky_relu_differentiates_twice():
    torch.manual_seed(0)
    module = FilteredLeakyReLU(
        (5, 6), (4, 5), low_pass(12, 2, 3, 16), radial_low_pass(12, 2, 3, 16), up=2, down=2
    ).double()
    x = torch.randn(1, 2, 5, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(module, x)
    assert torch.autograd.gradgradcheck(lambda value: module(value).square(), x)


def test_it_adds_fewer_aliases_than_a_plain_leaky_relu():
    """A shifted wave, then the nonlinearity, against the nonlinearity, then the shift, away from the
    border.
    """
    n, rate, shift = 64, 64, 0.37
    places = (torch.arange(n) + 0.5) / rate
    waves = [
        torch.sin(2 * torch.pi * 9 * (places + d))[None, None, None].expand(1, 1, n, n).contiguous()
        for d in (0, shift / rate)
    ]
    module = FilteredLeakyReLU(
        (n, n), (n, n), low_pass(12, 12, 20, 128), low_pass(12, 12, 20, 128), up=2, down=2
    )

    def moved(y):
        turn = torch.exp(2j * torch.pi * torch.fft.fftfreq(n) * shift)
        return torch.fft.ifft(torch.fft.fft(y) * turn).real

    def broken(act):
        before, after = act(waves[0]), act(waves[1])
        return (moved(before) - after)[..., 16:48, 16:48].square().mean()

    assert broken(module) < broken(lambda y: functional.leaky_relu(y, 0.2)) / 5
