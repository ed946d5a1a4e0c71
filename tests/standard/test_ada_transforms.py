"""Each group of transforms against closed forms or another implementation."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from gancore.component.randomness import Rows, own_rows, seeded
from gancore.component.specs import build
from gancore.errors import SpecError
from gancore.standard.ada import ADAFixed
from gancore.standard.ada.color import color_map
from gancore.standard.ada.draws import BANDS, COLOR, TRANSFORMS, Draws
from gancore.standard.ada.filtering import amplified, band_gains, filter_bank
from gancore.standard.ada.geometry import Affine, blitted, geometric, warped
from gancore.standard.ada.mirror import SYM6, downsampling, mirrored, upsampling

SHAPES = [(3, 8, 8), (1, 5, 7), (2, 6, 4), (4, 4, 9), (6, 1, 3)]


def only(*names, p=1.0):
    return ADAFixed(p=p, categories="none", multipliers=dict.fromkeys(names, 1))


def applied(part, image, seed=0):
    with seeded(seed):
        return part(image)


def changed(part, n=4000, shape=(1, 6, 6)):
    """Which of many equal images are changed."""
    image = torch.rand(1, *shape).expand(n, *shape)
    return (applied(part, image) != image).flatten(1).any(1)


class Given:
    """In place of draws: every transform happens, with the numbers given by name."""

    def __init__(self, n=1, **values):
        self.n, self.values, self.current = n, values, ""

    def chance(self, name):
        self.current = name.replace("-", "_")
        return 0.5

    def uniform(self, *shape):
        return torch.zeros(self.n, *shape, dtype=torch.float64)

    normal = uniform

    def sometimes(self, chance, value, neutral):
        return torch.full_like(value, self.values.get(self.current, neutral))


# all together


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("categories", ["b", "bg", "bgc", "bgcf", "bgcfn", "bgcfnc"])
def test_at_probability_zero_images_stay_to_the_bit(categories, shape):
    image = torch.randn(5, *shape)
    assert torch.equal(ADAFixed(p=0.0, categories=categories)(image), image)


@pytest.mark.parametrize("shape", [*SHAPES, (3, 1, 1)])
def test_any_size_and_any_channels(shape):
    image = torch.randn(7, *shape)
    made = applied(ADAFixed(p=1.0, categories="bgcfnc"), image)
    assert made.shape == image.shape and made.dtype == image.dtype and made.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_images_keep_their_dtype(dtype):
    image = torch.rand(4, 3, 8, 8, dtype=torch.float64).to(dtype)
    made = applied(ADAFixed(p=0.9, categories="bgcfnc"), image)
    assert made.dtype == dtype and made.isfinite().all()


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(3, 4, 3), (1, 3, 5), (2, 3, 3)])
def test_twice_differentiable(shape):
    image = torch.randn(2, *shape, dtype=torch.float64, requires_grad=True)
    part = ADAFixed(p=0.9, categories="bgcfnc")
    assert torch.autograd.gradcheck(lambda x: applied(part, x), image)
    assert torch.autograd.gradgradcheck(lambda x: applied(part, x).square(), image)


def test_micro_batches_are_exact():
    image, part = torch.randn(7, 3, 8, 6), ADAFixed(p=0.5, categories="bgcfnc")
    pieces = []
    for start, stop in ((0, 3), (3, 4), (4, 7)):
        with own_rows(Rows(7, start, stop)):
            pieces.append(applied(part, image[start:stop]))
    assert torch.allclose(torch.cat(pieces), applied(part, image), atol=1e-5)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transform_happens_with_its_own_share_of_p(name):
    part = ADAFixed(p=0.6, categories="none", multipliers={name: 0.5})
    certain = changed(only(name), shape=(3, 6, 6)).double().mean().item()
    assert certain > (
        0.99 if name not in ("x-flip", "rotate-90", "luma-flip", "integer-translation") else 0.45
    )
    assert changed(part, shape=(3, 6, 6)).double().mean().item() == pytest.approx(0.3 * certain, abs=0.025)


@pytest.mark.parametrize(
    ("categories", "count"),
    [("none", 0), ("b", 3), ("bg", 7), ("bgc", 12), ("bgcf", 16), ("bgcfn", 17), ("bgcfnc", 18)],
)
def test_the_published_sets(categories, count):
    assert list(ADAFixed(categories=categories).shares.values()) == [1.0] * count + [0.0] * (18 - count)


def test_multipliers_stand_over_the_set():
    shares = ADAFixed(categories="bgc", multipliers={"hue": 0.0, "cutout": 0.25}).shares
    assert (shares["hue"], shares["cutout"], shares["noise"], shares["x-flip"]) == (0.0, 0.25, 0.0, 1.0)


# pixel blitting


def test_flips_and_turns_are_permutations():
    image = torch.rand(1, 3, 6, 6).expand(1000, -1, -1, -1)
    kinds = [torch.rot90(im, k, (1, 2)) for im in (image[0], image[0].flip(2)) for k in range(4)]
    made = applied(only("x-flip", "rotate-90"), image)
    hits = torch.stack([(made == kind).flatten(1).all(1) for kind in kinds]).double()
    assert (hits.sum(0) == 1).all() and (hits.mean(1) - 1 / 8).abs().max() < 0.04


def test_integer_translations_reach_an_eighth_and_mirror_the_border():
    image = torch.rand(1, 2, 16, 8).expand(600, -1, -1, -1)
    padded = np.pad(image[0].numpy(), ((0, 0), (2, 2), (1, 1)), mode="reflect")
    kinds = [
        torch.from_numpy(padded[:, 2 - dy : 18 - dy, 1 - dx : 9 - dx].copy())
        for dy in range(-2, 3)
        for dx in (-1, 0, 1)
    ]
    made = applied(only("integer-translation"), image)
    hits = torch.stack([(made == kind).flatten(1).all(1) for kind in kinds]).double()
    assert (hits.sum(0) == 1).all() and (hits.mean(1) > 0).all()
    assert hits.mean(1)[7].item() == pytest.approx(
        1 / 4 * 1 / 2, abs=0.04
    )  # |2u - 1| below a half of the range, along both axes


def test_a_quarter_turn_of_an_oblong_image_turns_about_the_middle():
    image = torch.rand(1, 1, 4, 8)
    quarter = Affine.of(torch.tensor([[[0.0, -1.0], [1.0, 0.0]]]), torch.zeros(1, 2))
    made = blitted(image, quarter)[0, 0]
    turned = np.rot90(image[0, 0].numpy())  # 8 × 4
    expected = np.pad(turned[2:6], ((0, 0), (2, 2)), mode="reflect")
    assert torch.equal(made, torch.from_numpy(expected.copy()))


def test_mirrors():
    places = torch.arange(-7, 8)
    assert mirrored(places, 4).tolist() == [1, 0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]
    assert mirrored(places, 1).unique().tolist() == [0]


# general geometric transforms


def smooth(height, width, n=2):
    rng = np.random.default_rng(0)
    return torch.from_numpy(
        ndimage.gaussian_filter(rng.normal(size=(n, 3, height, width)), (0, 0, 2.5, 2.5), mode="mirror")
    )


def test_the_wavelet_is_orthogonal_and_has_six_vanishing_moments():
    taps = np.array(SYM6)
    assert sum(taps) == pytest.approx(2**0.5)
    for shift in range(6):
        assert taps[2 * shift :] @ taps[: len(taps) - 2 * shift] == pytest.approx(
            float(shift == 0), abs=1e-10
        )
    place = np.arange(12) - 5.0
    assert max(abs(((-1) ** np.arange(12) * taps) @ (place / 6) ** k) for k in range(6)) < 1e-9


@pytest.mark.parametrize("size", [1, 2, 3, 8, 33])
def test_down_undoes_up(size):
    like = torch.zeros((), dtype=torch.float64)
    up = upsampling(size, like)
    assert torch.equal(up[0], up[-1]) and up.sum(1).sub(1).abs().max() < 1e-9
    fine = torch.arange(-5, 2 * size + 5) % (len(up) - 1)
    assert torch.allclose(
        downsampling(size, like) @ up[fine], torch.eye(size, dtype=torch.float64), atol=1e-9
    )


def test_the_way_through_the_filters_is_exact_for_whole_translations():
    image = smooth(9, 12)
    affine = Affine.of(
        torch.eye(2, dtype=torch.float64).expand(2, 2, 2),
        torch.tensor([[0.0, 0.0], [3.0, -2.0]], dtype=torch.float64),
    )
    made = warped(image, affine)
    assert torch.allclose(made[0], image[0], atol=1e-9) and torch.allclose(
        made, blitted(image, affine), atol=1e-9
    )


@pytest.mark.parametrize("size", [(32, 32), (24, 40)])
@pytest.mark.parametrize("angle", [0.4, 2.5])
def test_a_known_map_against_scipy(size, angle):
    image = smooth(*size)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    matrix, translation = turn @ np.diag([0.8, 1.3]), np.array([2.7, -1.4])
    affine = Affine.of(torch.from_numpy(matrix).expand(2, 2, 2), torch.from_numpy(translation).expand(2, 2))
    made = warped(image, affine).numpy()
    middle = (np.array(size) - 1) / 2
    swapped = matrix[::-1, ::-1]  # scipy counts y before x
    offset = middle - swapped @ (middle + translation[::-1])
    for i in range(2):
        for channel in range(3):
            expected = ndimage.affine_transform(
                image[i, channel].numpy(), swapped, offset, order=5, mode="mirror"
            )
            assert np.abs(made[i, channel] - expected).max() < 0.06 * np.abs(expected).max()


def test_geometric_numbers_are_spread_as_published():
    part = ADAFixed(p=1.0)

    def drawn(name):
        shares = dict.fromkeys(TRANSFORMS, 0.0) | {name: 1.0}
        with seeded(1):
            return geometric(Draws(torch.zeros(20000, 1, 1, 1, dtype=torch.float64), part.p, shares), 10, 20)[
                0
            ]

    scale = drawn("isotropic-scale").matrix
    assert scale[:, 0, 0].log2().std().item() == pytest.approx(0.2, rel=0.02) and torch.equal(
        scale[:, 0, 0], scale[:, 1, 1]
    )
    stretch = drawn("anisotropic-scale").matrix
    assert stretch[:, 0, 0].log2().std().item() == pytest.approx(0.2, rel=0.02)
    assert torch.allclose(stretch[:, 0, 0] * stretch[:, 1, 1], torch.ones(20000, dtype=torch.float64))
    turn = drawn("rotation").matrix
    assert torch.allclose(torch.linalg.det(turn), torch.ones(20000, dtype=torch.float64))
    angle = torch.atan2(turn[:, 1, 0], turn[:, 0, 0])
    assert angle.std().item() == pytest.approx(2 * math.pi / 12**0.5, rel=0.02)
    shift = drawn("fractional-translation").offset
    assert shift.std(0).tolist() == pytest.approx([0.125 * 20, 0.125 * 10], rel=0.03)


# color


def test_the_color_matrix_is_the_product_of_the_five():
    values = {"brightness": 0.3, "contrast": 1.4, "luma_flip": 1.0, "hue": 0.7, "saturation": 0.6}
    matrix, added = color_map(Given(**values), 3)
    axis = torch.ones(3, dtype=torch.float64) / 3**0.5
    along = torch.outer(axis, axis)
    eye = torch.eye(3, dtype=torch.float64)
    cross = torch.linalg.cross(axis.expand(3, 3), eye).t()  # v ↦ axis × v
    linear = (along + 0.6 * (eye - along)) @ torch.linalg.matrix_exp(0.7 * cross) @ (eye - 2 * along) * 1.4
    assert torch.allclose(matrix[0], linear, atol=1e-12)
    assert torch.allclose(linear @ torch.full((3,), 0.3, dtype=torch.float64), added.expand(3), atol=1e-12)


def test_gray_images_get_what_the_mean_of_colors_gets():
    values = {"brightness": 0.3, "contrast": 1.4, "luma_flip": 1.0}
    (gray, added), (colors, same) = (color_map(Given(**values), count) for count in (1, 3))
    assert gray.item() == pytest.approx(-1.4) and added.item() == same.item() == pytest.approx(-1.4 * 0.3)
    assert torch.allclose(colors[0].sum(1), gray[0, 0].expand(3))


@pytest.mark.parametrize(("name", "spread"), [("brightness", 0.2), ("contrast", 0.5), ("saturation", 1.0)])
def test_color_numbers_are_spread_as_published(name, spread):
    image = torch.tensor([0.6, 0.2, -0.5], dtype=torch.float64).view(1, 3, 1, 1).expand(20000, 3, 1, 1)
    made = applied(only(name), image)[:, :, 0, 0]
    if name == "brightness":
        found = (made - image[:, :, 0, 0])[:, 0]
    elif name == "contrast":
        found = (made[:, 0] / 0.6).log2()
    else:
        found = ((made[:, 0] - made[:, 2]) / 1.1).log2()
    assert found.std().item() == pytest.approx(spread, rel=0.02) and found.mean().item() == pytest.approx(
        0, abs=0.02
    )


def test_hue_turns_all_the_way_round_and_keeps_lightness_and_chroma():
    image = torch.tensor([0.6, 0.2, -0.5], dtype=torch.float64).view(1, 3, 1, 1).expand(5000, 3, 1, 1)
    made = applied(only("hue"), image)[:, :, 0, 0]
    assert torch.allclose(made.mean(1), torch.tensor(0.1, dtype=torch.float64))
    chroma = made - made.mean(1, keepdim=True)
    assert torch.allclose(chroma.norm(dim=1), chroma[0].norm()) and chroma.mean(0).abs().max() < 0.02


@pytest.mark.parametrize(("channels", "colors"), [(2, 1), (4, 3), (6, 3)])
def test_channels_that_are_no_colors_keep_their_values(channels, colors):
    image = torch.randn(50, channels, 4, 4)
    made = applied(only(*COLOR), image)
    assert torch.equal(made[:, colors:], image[:, colors:]) and not torch.equal(
        made[:, :colors], image[:, :colors]
    )
    assert torch.equal(made[:, :colors], applied(only(*COLOR), image[:, :colors]))


# image-space filtering


def test_the_bands_add_up_and_each_keeps_its_octave():
    bank = filter_bank()
    impulse = np.zeros(43)
    impulse[21] = 1
    assert (
        bank.shape == (4, 43)
        and np.allclose(bank.sum(0), impulse, atol=1e-12)
        and np.allclose(bank, bank[:, ::-1])
    )

    def response(frequency):
        return bank @ np.cos(frequency * (np.arange(43) - 21))

    assert np.allclose(response(0), [1, 0, 0, 0]) and np.allclose(response(math.pi), [0, 0, 0, 1])
    for band, middle in (
        (0, math.pi / 16),
        (1, 3 * math.pi / 16),
        (2, 3 * math.pi / 8),
        (3, 3 * math.pi / 4),
    ):
        assert np.argmax(response(middle)) == band and response(middle)[band] > 0.7


@pytest.mark.parametrize("size", [(17, 17), (9, 33)])
def test_waves_are_amplified_as_the_bands_say(size):
    """Cosines that fit between the mirrors stay cosines."""
    gains = torch.tensor([[0.5, 1.5, 2.0, 0.7], [1.0, 1.0, 1.0, 1.0]], dtype=torch.float64)
    along = [torch.arange(n, dtype=torch.float64) * math.pi / (n - 1) for n in size]
    for i, j in ((0, 0), (1, 3), (5, 2), (8, 8)):
        wave = (torch.cos(i * along[0])[:, None] * torch.cos(j * along[1])).expand(2, 2, *size)
        made = amplified(wave, gains)
        taps = gains @ torch.from_numpy(filter_bank())
        offsets = torch.arange(-21, 22, dtype=torch.float64)
        strength = math.prod(
            (taps @ torch.cos(offsets * k * math.pi / (n - 1)) for k, n in zip((i, j), size, strict=True))
        )
        assert torch.allclose(made, strength[:, None, None, None] * wave, atol=1e-10)


def test_gains_leave_the_expected_power_as_it_is():
    power = torch.tensor([10.0, 1, 1, 1], dtype=torch.float64) / 13
    for band in BANDS:
        gains, _ = band_gains(Given(**{band.replace("-", "_"): 2.5}))
        assert (power * gains.square()).sum().item() == pytest.approx(1)
        others = gains[0, [b != band for b in BANDS]]
        assert gains[0, BANDS.index(band)].item() == pytest.approx(2.5 * others[0].item()) and torch.equal(
            others, others[:1].expand(3)
        )


def test_the_gain_of_a_band_is_spread_as_published():
    shares = dict.fromkeys(TRANSFORMS, 0.0) | {"band-2": 1.0}
    with seeded(0):
        gains, _ = band_gains(Draws(torch.zeros(20000, 1, 1, 1), 1.0, shares))
    assert (gains[:, 1] / gains[:, 0]).log2().std().item() == pytest.approx(1, rel=0.02)


# corruptions


def test_noise_has_a_half_normal_strength():
    made = applied(only("noise"), torch.zeros(3000, 3, 8, 8, dtype=torch.float64))
    strength = made.flatten(1).square().mean(1).sqrt()
    assert strength.mean().item() == pytest.approx(0.1 * math.sqrt(2 / math.pi), rel=0.04)
    assert strength.square().mean().sqrt().item() == pytest.approx(0.1, rel=0.04)
    normal = made / strength[:, None, None, None]
    assert normal.mean().abs() < 0.01 and normal.pow(4).mean().item() == pytest.approx(3, abs=0.1)


def test_cutout_hides_half_of_height_and_width_about_any_middle():
    hidden = applied(only("cutout"), torch.ones(3000, 2, 8, 12)) == 0
    assert torch.equal(hidden[:, 0], hidden[:, 1])
    rows, columns = hidden[:, 0].any(2), hidden[:, 0].any(1)
    assert (hidden[:, 0] == rows[:, :, None] & columns[:, None]).all()
    assert (rows.sum(1).min(), rows.sum(1).max()) == (2, 4) and (
        columns.sum(1).min(),
        columns.sum(1).max(),
    ) == (3, 6)
    # a pixel is hidden where the middle is within a quarter of the size; beyond the border there is no middle
    place = (torch.arange(8) + 0.5) / 8
    expected = (place + 0.25).clamp(max=1) - (place - 0.25).clamp(min=0)
    assert (rows.double().mean(0) - expected).abs().max() < 0.04


# words


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ({"categories": "bcg"}, "categories takes"),
        (
            {"multipliers": {"xflip": 1}},
            "multipliers are for the transforms x-flip, rotate-90, integer-translation",
        ),
        ({"multipliers": {"hue": 2}}, "multipliers.hue must be a number from 0 to 1; got 2"),
        ({"multipliers": {"hue": float("nan")}}, "multipliers.hue must be a number from 0 to 1; got nan"),
        ({"p": 1.5}, "p must be a number from 0 to 1; got 1.5"),
    ],
)
def test_wrong_words(table, text):
    with pytest.raises(SpecError) as error:
        build({"part": "ada-fixed", **table}, "augment")
    assert text in str(error.value)
