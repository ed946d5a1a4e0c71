"""Critics by the names of torch-mimicry, made from critics here."""

import pytest
import torch
from gancore_wgan import WGANGP, WGANGPCritic, WGANGPGenerator

import gancore
from gancore.errors import CheckpointError
from gancore.published import Network, import_discriminator
from gancore.testing.parity import difference

INNER = {"conv1": "c1", "conv2": "c2", "shortcut": "c_sc", "norm1": "b1", "norm2": "b2"}


def there(part, first, outside):
    """The weights by torch-mimicry's names; `outside` has those of the layers outside of the blocks."""
    made = {}
    for name, value in part.state_dict().items():
        *path, kind = name.removeprefix("layers.").split(".")
        layer = f"block{int(path[1]) + first}.{INNER[path[2]]}" if path[0] == "blocks" else outside[path[0]]
        made[f"{layer}.{kind}"] = value.contiguous()
    return made


def critic(size, widths):
    return WGANGPCritic(image=(3, size, size), widths=widths, activated_shortcut=True)


@torch.no_grad()
@pytest.mark.parametrize(("size", "halvings"), [(48, 4), (64, 5)])
def test_critics_of_five_blocks_need_the_size_of_images(size, halvings):
    """Their scores are called l6 at both sizes."""
    read, image = critic(size, (1, 2, 4, 8, 16)), torch.rand(2, 3, size, size)
    state = there(read, 1, {"score": "l6"})
    told = import_discriminator(Network("", (), {"size": size}, state))
    found = import_discriminator(Network("", (), {}, state), image=(3, size, size))
    for one in (told, found):
        assert one.halvings == halvings and difference(one(image), read(image)) < 1e-5
    with pytest.raises(CheckpointError, match="of 48 or 64 pixels, .* import it with its generator"):
        import_discriminator(Network("", (), {}, state))


def test_a_discriminator_of_dcgan_at_48_is_refused():
    state = there(critic(48, (1, 2, 4, 8, 16)), 1, {"score": "l5"})
    with pytest.raises(CheckpointError, match="DCGAN, which sum their last maps, are not supported; import"):
        import_discriminator(Network("", (), {}, state))


def test_with_a_critic_the_recipe_is_that_of_wgan_gp(tmp_path):
    """Its generator is the network of SNGAN; with the recipe of SNGAN the critic would have no penalty."""
    made = WGANGPGenerator(image=(3, 48, 48), widths=(4, 4, 4, 4), latent_size=5, upsampling="bilinear")
    outside = {"start": "l1", "norm": "b5", "to_image": "c5"}
    states = {"G": there(made, 2, outside), "D": there(critic(48, (1, 2, 4, 8, 16)), 1, {"score": "l6"})}
    for name, state in states.items():
        torch.save({"model_state_dict": state, "global_step": 3}, tmp_path / f"{name}.pth")
    found = gancore.import_(tmp_path / "G.pth", output=tmp_path / "out", discriminator=tmp_path / "D.pth")
    assert not found.no_recipe
    recipe = gancore.RunFolder(tmp_path / "out").recipe()
    assert isinstance(recipe, WGANGP) and isinstance(recipe.discriminator, WGANGPCritic)
    assert [penalty.name for penalty in recipe.regularizers] == ["gradient-penalty"]
    alone = gancore.import_(tmp_path / "G.pth", output=tmp_path / "alone")
    assert alone.no_recipe == "the file has no discriminator"
