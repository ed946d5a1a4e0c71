import math
from contextlib import contextmanager

import pytest
import torch
from toy_study import Toy, images, study
from toy_study import pipeline as unmovable

from gancore.component.interfaces import Generator, Movable
from gancore.component.part import field, part
from gancore.errors import MeasureError
from gancore.measure.equivariance import KINDS, Equivariance, Motion, decibels, difference
from gancore.measure.evaluation import score_study
from gancore.measure.motions import shifted, shifted_by_pixels, turned, turning_filter
from gancore.pipeline import Pipeline
from gancore.standard.conditioners import Identity
from gancore.standard.samplers import Normal

QUARTER = math.pi / 2


@part("toy-waves")
class Waves(Generator):
    """A sum of waves, none shorter than 4 pixels: an image known at every place. With `stuck`, some stay
    where they are.
    """

    stuck: float = field(default=0.0)
    offset: float = field(default=0.0)

    @property
    def code_shape(self):
        return (6,)

    def build(self):
        self.register_buffer("frequencies", (torch.rand(6, 2) - 0.5) / 3)
        self.register_buffer("colors", torch.randn(6, self.image[0]) / 3)
        self.motion = Motion()

    @contextmanager
    def moved(self, **motion):
        self.motion = Motion(**motion)
        try:
            yield
        finally:
            self.motion = Motion()

    def forward(self, code):
        _, height, width = self.image
        y, x = torch.meshgrid(
            torch.arange(height) - (height - 1) / 2, torch.arange(width) - (width - 1) / 2, indexing="ij"
        )
        right, down, turn = self.motion
        back = torch.tensor([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        places = torch.stack([x, y], 2)
        moved = (places - torch.tensor([right, down])) @ back.t()
        waves = torch.sin(2 * math.pi * (moved @ self.frequencies.t()) + torch.arange(6))
        still = torch.sin(2 * math.pi * (places @ self.frequencies.t()) + torch.arange(6))
        return torch.einsum("hwk,nk,kc->nchw", waves + self.stuck * still, code, self.colors) + self.offset


def waves(image=(3, 32, 32), **options):
    made = Pipeline(
        sampler=Normal(latent=(6,)), conditioner=Identity(code=(6,)), generator=Waves(image=image, **options)
    )
    made.generator.bind(seed=3)
    return made


def judged(made, **options):
    image = made.generator.image
    fake = torch.zeros(8, *image)
    return Equivariance(**{"count": 48, **options})(
        study(fake=fake, real=fake, pipeline=made, extractor=Toy())
    )


def test_an_equivariant_generator_is_far_above_one_that_is_not():
    good, bad = judged(waves()), judged(waves(stuck=0.3))
    assert list(good) == ["EQ-T", "EQ-T_frac", "EQ-R"] and all(
        value.better == "higher" for value in good.values()
    )
    floor = {"EQ-T": 120, "EQ-T_frac": 50, "EQ-R": 40}
    assert all(good[name].value > floor[name] for name in good), good
    assert all(bad[name].value < 25 for name in bad), bad


@pytest.mark.parametrize("image", [(1, 32, 24), (4, 19, 33)])
def test_images_need_not_be_square(image):
    assert judged(waves(image))["EQ-T"].value > 120 and judged(waves(image))["EQ-R"].value > 35


def test_the_value_is_that_of_the_known_error():
    squares, counts = torch.tensor([3.0, 5.0, 4.0]).double(), torch.tensor([100.0, 100.0, 200.0]).double()
    found = decibels(squares, counts)
    assert found.value == pytest.approx(10 * math.log10(4 / (12 / 400)))
    spread = (squares - 0.03 * counts).std() * 3**0.5 / 400
    assert found.error == pytest.approx(10 / math.log(10) * spread / 0.03)
    assert (
        decibels(torch.zeros(3).double(), counts).value == 200
        and decibels(squares[:1], counts[:1]).error is None
    )


def test_a_shift_by_pixels_moves_right_and_down():
    image = torch.arange(20.0).reshape(1, 1, 4, 5)
    seen, mask = shifted_by_pixels(image, 2, -1)
    assert mask.tolist() == [[0, 0, 1, 1, 1]] * 3 + [[0] * 5]
    assert torch.equal(seen[0, 0, :3, 2:], image[0, 0, 1:, :3])


def test_a_shift_of_whole_pixels_through_the_filter_is_that_by_pixels():
    image = torch.randn(2, 3, 16, 20)
    (through, inside), (plain, _) = shifted(image, 3.0, -2.0), shifted_by_pixels(image, 3, -2)
    assert torch.allclose(through * inside, plain * inside, atol=1e-5) and inside.sum() == 11 * 14


def test_a_quarter_turn_is_counter_clockwise():
    image = torch.nn.functional.avg_pool2d(torch.randn(1, 2, 38, 38), 7, 1)
    seen, mask = turned(image, QUARTER)
    assert mask.sum() == 20**2
    filtered = turned(image, 0.0)[0]
    assert torch.allclose(seen * mask, filtered.rot90(1, (2, 3)) * mask, atol=1e-3)


@pytest.mark.parametrize("angle", [0.0, 0.5, QUARTER / 2])
def test_the_filter_of_a_turn_passes_low_frequencies_and_stops_corners(angle):
    kernel = turning_filter(angle, 4)
    assert kernel.shape == (47, 47) and kernel.sum() == pytest.approx(1)
    assert torch.allclose(kernel, kernel.flip(0, 1))
    place = torch.arange(-23, 24).double() / 4

    def answer(x, y):
        return float((kernel * torch.cos(2 * math.pi * (x * place + y * place[:, None]))).sum())

    assert answer(0.2, 0.2) == pytest.approx(1, abs=0.01) and abs(answer(0.75, 0.0)) < 0.02
    assert (answer(0.45, 0.45) > 0.4) == (angle == 0)


def test_the_three_kinds_draw_what_they_say():
    assert KINDS["EQ-T"].draw([0.9, -0.6, 0.1], (4.0, 6.0)) == Motion(4, -4)
    assert KINDS["EQ-T_frac"].draw([0.5, -0.25, 0.1], (4.0, 6.0)) == Motion(2.0, -1.5)
    assert KINDS["EQ-R"].draw([0.5, -0.25, 0.5], (4.0, 6.0)) == Motion(turn=QUARTER)


def test_only_what_no_border_has_a_part_in_is_compared():
    image = torch.ones(2, 3, 16, 16)
    _, count = difference(KINDS["EQ-T"], image, image, Motion(2, 1))
    assert count == 2 * 3 * 14 * 15
    assert all(difference(kind, image, image, Motion(1, 1, 0.4))[0] < 1e-6 for kind in KINDS.values())


def test_values_beyond_the_range_are_not_clamped():
    assert judged(waves(offset=5.0, stuck=0.3))["EQ-T"].value == pytest.approx(
        judged(waves(stuck=0.3))["EQ-T"].value, rel=1e-3
    )


def test_small_images_have_no_turns_and_tiny_ones_no_value():
    assert list(judged(waves((1, 8, 15)))) == ["EQ-T", "EQ-T_frac"]
    with pytest.raises(
        MeasureError,
        match="EQ-T needs images of at least 8×8 pixels; "
        "got 7 on a side: evaluate a model with larger images",
    ):
        judged(waves((1, 7, 16)))


def test_a_generator_that_cannot_move_is_left_out_with_the_reason():
    made = unmovable()
    assert not isinstance(made.generator, Movable) and isinstance(waves().generator, Movable)
    found = score_study(study(fake=images(8), real=images(8), pipeline=made), [Equivariance(count=8)])
    assert found.left_out == {
        "equivariance": "score/equivariance needs a generator that can move what it draws, "
        "such as StyleGAN3's"
    }


def test_options_are_checked():
    with pytest.raises(ValueError, match="reach must be a number from 0 to 0.25; got 0.5"):
        Equivariance(reach=0.5)
