import json
from pathlib import Path

import pytest
import torch
from gancore_stylegan import (
    LabeledStyleGAN2Discriminator,
    LabeledStyleGAN2Mapping,
    StyleGAN2Discriminator,
    StyleGAN2Mapping,
    StyleGAN2Synthesis,
    from_stylegan2,
)
from gancore_stylegan.published.nvidia_names import stylegan2_name
from safetensors import safe_open

from gancore.errors import CheckpointError

PARITY = Path(__file__).parents[4] / "shared" / "data" / "parity"
FILES = ["stylegan2-32", "stylegan2-64-labels"]


def read(name):
    path = PARITY / f"{name}.safetensors"
    if not path.is_file():
        pytest.skip(f"{path.name} is not here")
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["config"]), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


def networks(config):
    size, classes = config["img_resolution"], config["c_dim"]
    image = (config["img_channels"], size, size)
    told = {"channels_base": config["channel_base"], "channels_max": config["channel_max"]}
    width = config["w_dim"]
    generator = StyleGAN2Synthesis(image=image, code_width=width, noise="constant", **told)
    mapping = {
        "code": generator.code_shape,
        "latent_width": config["z_dim"],
        "width": width,
        "layers": config["mapping_layers"],
    }
    if classes:
        conditioner = LabeledStyleGAN2Mapping(classes=classes, **mapping)
        return conditioner, generator, LabeledStyleGAN2Discriminator(image=image, classes=classes, **told)
    return StyleGAN2Mapping(**mapping), generator, StyleGAN2Discriminator(image=image, **told)


def load(part, name, weights):
    part.load_state_dict(
        {key.removeprefix(f"{name}."): value for key, value in weights.items() if key.startswith(f"{name}.")}
    )
    return part.eval()


def difference(found, expected):
    assert found.shape == expected.shape
    return ((found - expected).abs().max() / expected.abs().max()).item()


@pytest.mark.parametrize("name", FILES)
@torch.no_grad()
def test_the_original_networks_are_reproduced(name):
    config, tensors = read(name)
    weights = from_stylegan2({key: value for key, value in tensors.items() if key[:2] in ("G.", "D.")})
    seats = ("conditioner", "generator", "discriminator")
    mapping, synthesis, discriminator = (
        load(part, seat, weights) for part, seat in zip(networks(config), seats, strict=True)
    )
    label = tensors["in.c"] if config["c_dim"] else None
    ws = mapping(tensors["in.z"], label)
    image = synthesis(ws)
    found = {
        "ws": difference(ws, tensors["out.ws"]),
        "image": difference(image, tensors["out.image"]),
        "truncated": difference(synthesis(mapping.truncate(ws, 0.6)), tensors["out.image_truncated_0.6"]),
        "scores": difference(
            discriminator(tensors["out.image"], label), tensors["out.scores_of_image"][:, 0]
        ),
    }
    print(name, found)
    assert max(found.values()) < 1e-4


def test_an_unknown_name_and_an_unknown_filter_are_refused():
    with pytest.raises(
        CheckpointError,
        match="G.synthesis.L0_36_512.weight is not the name of a weight of NVIDIA's StyleGAN2",
    ):
        from_stylegan2({"G.synthesis.L0_36_512.weight": torch.zeros(1)})
    with pytest.raises(CheckpointError, match=r"D.b8.resample_filter is not the filter \[1, 3, 3, 1\]"):
        from_stylegan2({"D.b8.resample_filter": torch.ones(4, 4) / 16})


def test_names():
    assert stylegan2_name("G.synthesis.b4.conv1.noise_const", 64) == "generator.first.noise.constant"
    assert stylegan2_name("G.synthesis.b4.torgb.bias", 64) == "generator.to_images.0.bias"
    assert stylegan2_name("G.synthesis.b16.conv0.affine.weight", 64) == "generator.blocks.1.up.style.weight"
    assert stylegan2_name("D.b64.skip.weight", 64) == "discriminator.shortcuts.0.conv.weight"
    assert stylegan2_name("D.b8.conv1.bias", 64) == "discriminator.blocks.3.down.bias"
