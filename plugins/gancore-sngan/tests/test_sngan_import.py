"""Networks by the names of torch-mimicry, made from networks here, and what of them is refused."""

import pytest
import torch
from gancore_sngan import SNGANDiscriminator, SNGANGenerator
from safetensors.torch import save_file

import gancore
from gancore.errors import CheckpointError
from gancore.published import Network, import_discriminator, import_generator, read_networks
from gancore.testing.parity import difference


def there(part, first):
    """The weights of a network without labels by torch-mimicry's names, normalized as torch does it."""
    inner = {"conv1": "c1", "conv2": "c2", "shortcut": "c_sc", "norm1": "b1", "norm2": "b2"}
    last = first + len(part.layers.blocks)
    outside = {"start": "l1", "norm": f"b{last}", "to_image": f"c{last}", "score": f"l{last - 1}"}
    made = {}
    for name, value in part.state_dict().items():
        *path, kind = name.removeprefix("layers.").split(".")
        layer = f"block{int(path[1]) + first}.{inner[path[2]]}" if path[0] == "blocks" else outside[path[0]]
        made[f"{layer}.{kind}"] = value
    for name in [name for name in made if name.endswith(".v")]:
        layer, v = name.removesuffix(".v"), made.pop(name).flatten()
        weight = made[f"{layer}.weight_orig"] = made.pop(f"{layer}.weight")
        u = weight.flatten(1) @ v
        made |= {f"{layer}.weight_u": u / u.norm(), f"{layer}.weight_v": v}
    return {name: value.contiguous() for name, value in made.items()}


def generator(size, widths):
    return SNGANGenerator(image=(3, size, size), widths=widths, latent_size=5, upsampling="bilinear").eval()


def judge(size, widths):
    return SNGANDiscriminator(image=(3, size, size), widths=widths, activated_shortcut=True)


@torch.no_grad()
def test_networks_of_torch_mimicry_at_48_are_read(tmp_path):
    """6×6 maps at first; the last block of the discriminator widens without halving, and is called like
    that at 64 otherwise: the name of the score says which it is.
    """
    made, read = generator(48, (8, 4, 2, 1)), judge(48, (1, 2, 4, 8, 16))
    state = {f"G.{k}": v for k, v in there(made, 2).items()} | {
        f"D.{k}": v for k, v in there(read, 1).items()
    }
    save_file(state, tmp_path / "x.safetensors")
    networks = read_networks(tmp_path / "x.safetensors")
    z = torch.randn(2, 5)
    image = import_generator(networks["G"]).generator.eval()(z)
    assert image.shape == (2, 3, 48, 48) and difference(image, made(z)) < 1e-6
    found = import_discriminator(networks["D"])
    assert found.halvings == 4 and difference(found(image), read(image)) < 1e-5


@torch.no_grad()
@pytest.mark.parametrize(("widths", "size", "halvings"), [((4,) * 4, 40, 2), ((1, 2, 4, 8, 16), 32, 4)])
def test_the_generator_tells_the_size_of_images(tmp_path, widths, size, halvings):
    """As published, in two files: 4 blocks at a bottom_width of 5, and those of 48 pixels at one of 4."""
    made = generator(size, (4, 4, 4, 4))
    read = SNGANDiscriminator(
        image=(3, size, size), widths=widths, halvings=halvings, activated_shortcut=True
    )
    for name, weights in (("G", there(made, 2)), ("D", there(read, 1))):
        saved = {"model_state_dict": weights, "optimizer_state_dict": None, "global_step": 3}
        torch.save(saved, tmp_path / f"{name}.pth")
    gancore.import_(tmp_path / "G.pth", output=tmp_path / "out", discriminator=tmp_path / "D.pth")
    found = gancore.RunFolder(tmp_path / "out").recipe().discriminator
    image = torch.rand(2, 3, size, size)
    assert found.halvings == halvings and difference(found(image), read(image)) < 1e-5
    assert found.image == (3, size, size)


@pytest.mark.parametrize("side", [2, 3, 8])
def test_other_smallest_maps_are_refused(side):
    state = there(generator(32, (4, 4, 4, 4)), 2)
    state["l1.weight"], state["l1.bias"] = torch.zeros(4 * side**2, 5), torch.zeros(4 * side**2)
    with pytest.raises(CheckpointError, match=rf"{side}×{side} \(its bottom_width\).* 4×4 to 7×7; import a"):
        import_generator(Network("", (), {}, state))


@torch.no_grad()
def test_what_tells_rotations_is_left_out():
    read, image = judge(32, (4, 4, 4, 4)), torch.rand(2, 3, 32, 32)
    state = there(read, 1)
    turns = {"weight_orig": torch.randn(4, 4), "weight_u": torch.ones(4), "weight_v": torch.ones(4)}
    state |= {f"l_y.{name}": value for name, value in turns.items()} | {"l_y.bias": torch.zeros(4)}
    found = import_discriminator(Network("", (), {}, state))
    assert isinstance(found, SNGANDiscriminator) and difference(found(image), read(image)) < 1e-5


def test_discriminators_of_infomax_gan_are_refused():
    conv = {"weight_orig": torch.ones(4, 3, 3, 3), "weight_u": torch.ones(4), "weight_v": torch.ones(27)}
    state = {f"local_feat_blocks.0.c1.{name}": value for name, value in conv.items()}
    with pytest.raises(CheckpointError, match="of InfoMax-GAN are not supported; import its generator"):
        import_discriminator(Network("", (), {}, state))
