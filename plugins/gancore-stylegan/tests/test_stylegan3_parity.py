import json
from pathlib import Path

import pytest
import torch
from gancore_stylegan import (
    RotationalStyleGAN3Synthesis,
    StyleGAN2Mapping,
    StyleGAN3Synthesis,
    from_stylegan3,
)
from gancore_stylegan.published.stylegan3_names import stylegan3_name
from gancore_stylegan.stylegan3.alias_free import FilteredLeakyReLU
from gancore_stylegan.stylegan3.filters import low_pass, radial_low_pass
from gancore_stylegan.stylegan3.plan import plan
from safetensors import safe_open

from gancore.errors import CheckpointError

PARITY = Path(__file__).parents[4] / "shared" / "data" / "parity"
KINDS = {"stylegan3-t-32": StyleGAN3Synthesis, "stylegan3-r-32": RotationalStyleGAN3Synthesis}


def read(name):
    path = PARITY / f"{name}.safetensors"
    if not path.is_file():
        pytest.skip(f"{path.name} is not here")
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["config"]), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


def networks(name, config):
    image = (config["img_channels"], config["img_resolution"], config["img_resolution"])
    told = {
        "channels_base": config["channel_base"],
        "channels_max": config["channel_max"],
        "code_width": config["w_dim"],
    }
    generator = KINDS[name](image=image, **told)
    conditioner = StyleGAN2Mapping(
        code=generator.code_shape,
        latent_width=config["z_dim"],
        width=config["w_dim"],
        layers=config["mapping_layers"],
        mixing=0.0,
    )
    return conditioner.eval(), generator.eval()


def own(weights, part):
    return {
        name.removeprefix(f"{part}."): value for name, value in weights.items() if name.startswith(f"{part}.")
    }


def off(found, expected):
    return float((found - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize("name", list(KINDS))
@torch.no_grad()
def test_the_outputs_are_those_of_the_original(name):
    config, tensors = read(name)
    conditioner, generator = networks(name, config)
    weights = from_stylegan3({key: value for key, value in tensors.items() if key.startswith("G.")})
    conditioner.load_state_dict(own(weights, "conditioner"))
    generator.load_state_dict(own(weights, "generator"))
    codes = conditioner(tensors["in.z"])
    made = {
        "ws": codes,
        "image": generator(codes),
        "image_truncated_0.6": generator(conditioner.truncate(codes, 0.6)),
    }
    differences = {key: off(value, tensors[f"out.{key}"]) for key, value in made.items()}
    print(f"{name}: largest relative difference {max(differences.values()):.2g}", differences)
    assert max(differences.values()) < 1e-4


@pytest.mark.parametrize("name", list(KINDS))
def test_the_filters_are_those_of_the_original(name):
    _, tensors = read(name)
    bands = plan((3, 32, 32), 14, "the test")
    for i in range(14):
        before, after = bands[max(i - 1, 0)], bands[i]
        fine = 2 * max(before.rate, after.rate)
        (up,) = (
            v for k, v in tensors.items() if k.startswith(f"G.synthesis.L{i}_") and k.endswith("up_filter")
        )
        (down,) = (
            v for k, v in tensors.items() if k.startswith(f"G.synthesis.L{i}_") and k.endswith("down_filter")
        )
        design = radial_low_pass if down.dim() == 2 else low_pass
        assert torch.allclose(
            low_pass(len(up), before.cutoff, 2 * before.half_width, fine).float(), up, atol=1e-6
        )
        assert torch.allclose(
            design(len(down), after.cutoff, 2 * after.half_width, fine).float(), down, atol=1e-6
        )


@pytest.mark.parametrize(
    ("cls", "count"), [(StyleGAN3Synthesis, 27_946_821), (RotationalStyleGAN3Synthesis, 18_291_075)]
)
def test_parameters_at_256_are_those_of_the_original(cls, count, monkeypatch):
    monkeypatch.setattr(
        FilteredLeakyReLU, "__init__", lambda self, *_, **__: super(FilteredLeakyReLU, self).__init__()
    )
    made = cls(image=(3, 256, 256))
    assert sum(p.numel() for p in made.parameters()) == count
    mapped = StyleGAN2Mapping(code=made.code_shape, layers=2)
    assert sum(p.numel() for p in mapped.parameters()) == 525_312


def test_every_name_of_ours_has_one_of_theirs():
    made = StyleGAN3Synthesis(image=(3, 16, 16), code_width=4, channels_base=32, channels_max=4, layers=3)
    names = [
        f"G.synthesis.input.{n}"
        for n in ("freqs", "phases", "transform", "weight", "affine.weight", "affine.bias")
    ]
    ends = ("weight", "bias", "affine.weight", "affine.bias", "magnitude_ema")
    names += [f"G.synthesis.L{i}_36_4.{end}" for i in range(4) for end in ends]
    assert {stylegan3_name(name, 3) for name in names} == {f"generator.{name}" for name in made.state_dict()}


@pytest.mark.parametrize(
    "name",
    [
        "G.synthesis.b4.const",
        "G.synthesis.L0_36_4.noise_strength",
        "G.mapping.fc0.gain",
        "synthesis.input.freqs",
    ],
)
def test_another_name_is_refused(name):
    with pytest.raises(
        CheckpointError,
        match="is not the name of a weight of NVIDIA's StyleGAN3 generator; give weights of one",
    ):
        from_stylegan3({name: torch.zeros(1)})
