"""Moving StyleGAN3's images, and the scores of it."""

import pytest
import torch
from gancore_stylegan import RotationalStyleGAN3Synthesis, StyleGAN3Synthesis, StyleGANMapping, from_stylegan3
from test_stylegan3_parity import KINDS as NETWORKS
from test_stylegan3_parity import networks, own, read

from gancore.component.interfaces import Movable
from gancore.measure.equivariance import KINDS, Equivariance, decibels, difference
from gancore.measure.extractors.pixels import Pixels
from gancore.measure.sets import PipelineSamples
from gancore.measure.study import Study
from gancore.pipeline import Pipeline
from gancore.standard.samplers import Normal

RELEASED = {"stylegan3-t-32": (66.617, 71.873, 31.943), "stylegan3-r-32": (96.401, 85.269, 81.523)}
"""dB that the released `metrics/equivariance.py` gave for the parity files' latents, under the three motions
below.
"""


def score(cls, image, count=16):
    generator = cls(image=image, code_width=5, channels_base=128, channels_max=16, layers=8)
    conditioner = StyleGANMapping(code=generator.code_shape, latent_width=4, width=6, layers=2, mixing=0.0)
    made = Pipeline(sampler=Normal(latent=(4,)), conditioner=conditioner, generator=generator)
    drawn = PipelineSamples(made, 8)
    found = Equivariance(count=count)(Study(drawn, drawn, Pixels(size=4), pipeline=made))
    assert torch.equal(generator.input.transform, torch.eye(3))
    return {name: value.value for name, value in found.items()}


def test_configuration_r_turns_and_configuration_t_does_not():
    shifting, turning = (
        score(StyleGAN3Synthesis, (3, 32, 32)),
        score(RotationalStyleGAN3Synthesis, (3, 32, 32)),
    )
    assert min(shifting["EQ-T"], shifting["EQ-T_frac"], *turning.values()) > 45
    assert shifting["EQ-R"] < turning["EQ-R"] - 15


def test_images_that_are_not_square_move_too():
    found = score(RotationalStyleGAN3Synthesis, (1, 32, 48), count=8)
    assert min(found.values()) > 45


def test_motions_add_up_to_one_that_the_user_made():
    made = StyleGAN3Synthesis(
        image=(1, 16, 24), code_width=5, channels_base=64, channels_max=6, layers=4
    ).eval()
    assert isinstance(made, Movable)
    code = torch.randn(1, *made.code_shape)
    with made.moved(right=2, turn=0.3), made.moved(down=1, turn=-0.3):
        twice = made(code)
    made.input.transform[0, 2] = -1 / 16
    with made.moved(down=1):
        once = made(code)
    assert made.input.transform[0, 2] == -1 / 16 and not torch.allclose(once, twice, atol=1e-4)
    with made.moved(right=1, down=1):
        assert torch.allclose(
            made.input.transform, torch.tensor([[1, 0, -2 / 16], [0, 1, -1 / 16], [0, 0, 1]])
        )


@pytest.mark.parametrize("name", list(NETWORKS))
@torch.no_grad()
def test_values_are_those_of_the_released_metric(name):
    config, tensors = read(name)
    conditioner, generator = networks(name, config)
    weights = from_stylegan3({key: value for key, value in tensors.items() if key.startswith("G.")})
    conditioner.load_state_dict(own(weights, "conditioner"))
    generator.load_state_dict(own(weights, "generator"))
    codes = conditioner(tensors["in.z"])
    image = generator(codes)
    for kind, expected in zip(KINDS.values(), RELEASED[name], strict=True):
        motion = kind.draw([0.7, -0.4, 0.3], (4, 4))
        with generator.moved(**motion._asdict()):
            sums = torch.tensor([difference(kind, image, generator(codes), motion)], dtype=torch.float64)
        assert decibels(*sums.unbind(1)).value == pytest.approx(expected, abs=0.02)
