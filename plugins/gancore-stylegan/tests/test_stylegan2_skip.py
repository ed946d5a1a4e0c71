"""The discriminator with input skips: a layer from colors at every size, the smallest too."""

import pytest
import torch
from gancore_stylegan import (
    PlainStyleGAN2Discriminator,
    SkipStyleGAN2Discriminator,
    StyleGAN2,
    StyleGAN2Discriminator,
    from_stylegan2,
)
from gancore_stylegan.published.seats import fill_seat
from stylegan_formulas import stylegan2_scores

from gancore.component.weights import load_from, load_state, write_weights
from gancore.errors import CheckpointError

KINDS = {
    "skip": SkipStyleGAN2Discriminator,
    "plain": PlainStyleGAN2Discriminator,
    "residual": StyleGAN2Discriminator,
}


def loud(part):
    with torch.no_grad():
        for name, p in part.named_parameters():
            if name.endswith("bias"):
                p.normal_(0, 0.3)
    return part


def made(kind, size):
    torch.manual_seed(0)
    return loud(KINDS[kind](image=(3, size, size), channels_base=1024, channels_max=32, group=2)).double()


@pytest.mark.parametrize("size", [4, 8, 16, 32, 64])
@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_of_the_formulas(kind, size):
    part, images = made(kind, size), torch.rand(4, 3, size, size, dtype=torch.float64) * 2 - 1
    expected = stylegan2_scores(part.state_dict(), images, kind, group=2)[:, 0]
    assert torch.allclose(part(images), expected, rtol=0, atol=1e-12) and expected.std() > 0.001


def test_there_is_a_layer_from_colors_at_each_size():
    part = made("skip", 32)
    shapes = [tuple(part.from_image.weight.shape), *(tuple(layer.weight.shape) for layer in part.from_images)]
    assert shapes == [(32, 3, 1, 1)] * 4
    tiny = made("skip", 4)
    assert len(tiny.from_images) == 0 and not tiny.later_weights()


def released_name(name):
    """NVIDIA's name of a weight of ours at 32×32, written down apart from the importer's table."""
    place, end = name.rsplit(".", 1)
    fixed = {"from_image": "b32.fromrgb", "conv": "b4.conv", "dense": "b4.fc", "score": "b4.out"}
    fixed |= {f"from_images.{i}": f"b{16 >> i}.fromrgb" for i in range(3)}
    fixed |= {
        f"blocks.{i}.{ours}": f"b{32 >> i}.{theirs}"
        for i in range(3)
        for ours, theirs in (("conv", "conv0"), ("down", "conv1"))
    }
    return f"D.{fixed[place]}.{end}"


def test_released_names_lead_to_every_layer():
    part = made("skip", 32)
    released = {released_name(name): value for name, value in part.state_dict().items()}
    found = from_stylegan2(released)
    assert found.keys() == {f"discriminator.{name}" for name in part.state_dict()}
    assert all(
        torch.equal(found[f"discriminator.{name}"], value) for name, value in part.state_dict().items()
    )
    other = made("skip", 32)
    with pytest.raises(
        CheckpointError, match=r"from_images.2.weight is missing; from_images.2.bias is missing"
    ):
        fill_seat(
            "discriminator",
            other,
            {name: value for name, value in found.items() if "from_images.2" not in name},
        )


def older(state):
    """What the version without the layer at the smallest size saved, for images of 16 pixels a side."""
    return {name: value for name, value in state.items() if "from_images.1." not in name}


def test_older_weights_score_as_they_did(tmp_path):
    part, images = made("skip", 16), torch.rand(4, 3, 16, 16, dtype=torch.float64) * 2 - 1
    before = part.state_dict()
    as_it_was = {name: value * ("from_images.1." not in name) for name, value in before.items()}
    load_state(part, older(before))
    assert torch.allclose(
        part(images), stylegan2_scores(as_it_was, images, "skip", group=2)[:, 0], rtol=0, atol=1e-12
    )
    write_weights(
        tmp_path / "weights.safetensors",
        {f"discriminator.{name}": value for name, value in older(before).items()},
    )
    again = made("skip", 16)
    load_from(again, f"{tmp_path}:discriminator")
    assert torch.equal(again(images), part(images))
    damaged = {name: value for name, value in older(before).items() if "from_images.0." not in name}
    with pytest.raises(CheckpointError, match=r"from_images.0.weight is missing"):
        load_state(part, damaged)


def test_an_older_recipe_is_completed_within_its_seat():
    recipe = StyleGAN2(
        image=(3, 16, 16),
        generator={"channels_base": 64, "channels_max": 8, "code_width": 4},
        conditioner={"latent_width": 4, "width": 6, "layers": 2},
        discriminator={"part": "stylegan2-skip", "channels_base": 64, "channels_max": 8, "group": 2},
    )
    state = {name: value.clone() for name, value in recipe.state_dict().items()}
    load_state(recipe, older(state))
    assert (
        not recipe.discriminator.from_images[1].weight.any()
        and recipe.discriminator.from_images[0].weight.any()
    )
