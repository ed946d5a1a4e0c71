"""Files of published networks: beside the outputs of the released code, under every name, and damaged."""

from functools import partial
from pathlib import Path

import pytest
import torch
from gancore_esrgan import RealESRGAN, RRDBNet, SRGANDiscriminator, SRVGGNet, UNetDiscriminator
from safetensors.torch import load_file, save_file

import gancore
from gancore.errors import CheckpointError
from gancore.published import import_discriminator, import_file, import_generator, read_networks
from gancore.testing.parity import difference

FILE = Path(__file__).parents[4] / "shared" / "data" / "parity" / "esrgan-x4.safetensors"
needs_reference = pytest.mark.skipif(not FILE.is_file(), reason="the reference outputs are not here")


@needs_reference
@torch.no_grad()
def test_images_and_scores_are_those_of_the_released_code():
    networks, known = read_networks(FILE), load_file(FILE)
    source = known["in.image"] * 2 - 1
    for name in ("G", "S"):
        made = import_generator(networks[name]).generator.eval()(source)
        assert difference((made + 1) / 2, known[f"out.{name}"]) < 1e-5
    judge = import_discriminator(networks["D"]).eval()
    assert difference(judge(source), known["out.D"]) < 1e-5


@needs_reference
def test_sizes_are_those_of_the_reference():
    networks = read_networks(FILE)
    found, compact = (import_generator(networks[name]).generator for name in ("G", "S"))
    assert (found.width, found.growth, found.blocks, found.scale) == (16, 8, 2, 4)
    assert (compact.width, compact.convs, compact.activation, compact.scale) == (16, 3, "prelu", 4)
    assert found.source == (3, 64, 64) and found.image == (3, 256, 256)


@needs_reference
def test_the_command_gives_a_pipeline_and_a_recipe_that_trains_on(tmp_path):
    made = gancore.import_(FILE, network="G", output=tmp_path / "out")
    assert not made.no_recipe
    recipe = gancore.RunFolder(tmp_path / "out").recipe()
    assert isinstance(recipe, RealESRGAN) and isinstance(recipe.discriminator, UNetDiscriminator)
    pipeline = gancore.load(tmp_path / "out")
    assert pipeline.product == "translates" and pipeline.generator.size_multiple == 1


BASICSR = {
    "first": "conv_first",
    "after_body": "conv_body",
    "up1": "conv_up1",
    "up2": "conv_up2",
    "high": "conv_hr",
    "last": "conv_last",
}
ESRGAN_NEW = {
    "first": "conv_first",
    "after_body": "trunk_conv",
    "up1": "upconv1",
    "up2": "upconv2",
    "high": "HRconv",
    "last": "conv_last",
}
ESRGAN_OLD = {
    "first": "model.0",
    "after_body": "model.1.sub.2",
    "up1": "model.3",
    "up2": "model.6",
    "high": "model.8",
    "last": "model.10",
}
SPELLINGS = {
    "BasicSR": (BASICSR, "body.{}.rdb{}.conv{}"),
    "ESRGAN": (ESRGAN_NEW, "RRDB_trunk.{}.RDB{}.conv{}"),
    "older": (ESRGAN_OLD, "model.1.sub.{}.RDB{}.conv{}.0"),
}


def rrdb(scale=4):
    return RRDBNet(
        source=(3, 8, 8), image=(3, 8 * scale, 8 * scale), width=4, growth=2, blocks=2
    ).requires_grad_(False)


def there(generator, spelling="BasicSR"):
    """The weights of an RRDBNet by the names of a release."""
    layers, dense = SPELLINGS[spelling]
    made = {}
    for name, value in generator.state_dict().items():
        *path, kind = name.split(".")
        if path[0] == "body":
            block, number, conv = int(path[1]), int(path[3]) + 1, int(path[5]) + 1
            made[f"{dense.format(block, number, conv)}.{kind}"] = value
        else:
            made[f"{layers[path[0]]}.{kind}"] = value
    return made


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_rrdbnet_is_read_under_the_names_of_each_release(tmp_path, spelling):
    mine = rrdb()
    torch.save(there(mine, spelling), tmp_path / "x.pth")
    found = import_generator(read_networks(tmp_path / "x.pth")["network"]).generator
    source = torch.rand(1, 3, 5, 6)
    assert (found.blocks, found.width, found.growth) == (2, 4, 2)
    assert torch.equal(found(source), mine(source))


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_the_factor_follows_from_the_channels(tmp_path, scale):
    mine = rrdb(scale)
    torch.save({"params_ema": there(mine)}, tmp_path / "x.pth")
    pipeline, why = import_file(tmp_path / "x.pth", tmp_path / "out")
    assert why == "the file has no discriminator"
    assert pipeline.generator.source == (3, 256 // scale, 256 // scale)
    source = torch.rand(1, 3, 8, 4)
    assert pipeline.generator(source).shape == (1, 3, 8 * scale, 4 * scale)
    assert torch.equal(pipeline.generator(source), mine(source))


def test_averaged_weights_are_taken_by_default(tmp_path):
    live, averaged = rrdb(), rrdb()
    averaged.last.bias += 1
    torch.save({"params": there(live), "params_ema": there(averaged)}, tmp_path / "x.pth")
    found, _ = import_file(tmp_path / "x.pth", tmp_path / "averaged")
    other, _ = import_file(tmp_path / "x.pth", tmp_path / "live", "params")
    assert torch.equal(found.generator.last.bias, averaged.last.bias)
    assert torch.equal(other.generator.last.bias, live.last.bias)


def compact(activation="prelu", scale=3):
    size = (3, 4 * scale, 4 * scale)
    return SRVGGNet(source=(3, 4, 4), image=size, width=4, convs=2, activation=activation).requires_grad_(
        False
    )


def test_the_compact_network_is_read_with_any_factor(tmp_path):
    mine = compact()
    torch.save({"params": mine.state_dict()}, tmp_path / "x.pth")
    found = import_generator(read_networks(tmp_path / "x.pth")["params"]).generator
    source = torch.rand(1, 3, 5, 4)
    assert (found.convs, found.scale, found.activation) == (2, 3, "prelu")
    assert torch.equal(found(source), mine(source))


@pytest.mark.parametrize("activation", ["relu", "leakyrelu"])
def test_an_activation_without_weights_is_told(tmp_path, activation):
    mine = compact(activation)
    state = {f"S.{name}": value.contiguous() for name, value in mine.state_dict().items()}
    config = f'{{"compact": {{"convs": 2, "activation": "{activation}"}}}}'
    save_file(state, tmp_path / "told.safetensors", {"config": config})
    torch.save(mine.state_dict(), tmp_path / "x.pth")
    untold = read_networks(tmp_path / "x.pth")["network"]
    told = read_networks(tmp_path / "told.safetensors")["S"]
    source = torch.rand(1, 3, 5, 4) * 2 - 1
    for pipeline in (import_generator(told), import_generator(untold, activation=activation)):
        assert torch.equal(pipeline.generator(source), mine(source))
    with pytest.raises(CheckpointError, match="relu or leakyrelu, since there are no slopes, and was said"):
        import_generator(untold)


def unet_there(judge):
    """The weights of the U-Net discriminator as torch's spectral normalization saves them."""
    order = ["first", "down.0", "down.1", "down.2", "up.0", "up.1", "up.2", "end.0", "end.1", "head"]
    made = {}
    for i, name in enumerate(order):
        layer = judge.get_submodule(name)
        if layer.bias is not None:
            made |= {f"conv{i}.weight": layer.weight, f"conv{i}.bias": layer.bias}
            continue
        u = layer.weight.flatten(1) @ layer.v.flatten()
        made |= {f"conv{i}.weight_orig": layer.weight, f"conv{i}.weight_u": u / u.norm()}
        made[f"conv{i}.weight_v"] = layer.v.flatten()
    return {name: value.detach() for name, value in made.items()}


def test_discriminators_are_read_and_a_recipe_trains_on(tmp_path):
    judge = UNetDiscriminator(image=(3, 16, 16), width=4)
    torch.save({"params": unet_there(judge)}, tmp_path / "d.pth")
    torch.save({"params": there(rrdb())}, tmp_path / "g.pth")
    image = torch.rand(1, 3, 16, 24) * 2 - 1
    found = import_discriminator(read_networks(tmp_path / "d.pth")["params"])
    torch.testing.assert_close(found(image), judge(image))
    _, why = import_file(tmp_path / "g.pth", tmp_path / "out", discriminator=tmp_path / "d.pth")
    assert not why
    recipe = gancore.RunFolder(tmp_path / "out").recipe()
    torch.testing.assert_close(recipe.discriminator.down[1].v, judge.down[1].v)


@torch.no_grad()
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_vectors_that_never_followed_their_weights_normalize_as_there(tmp_path, dtype):
    judge = UNetDiscriminator(image=(3, 16, 16), width=4)
    state, direction = unet_there(judge), partial(torch.nn.functional.normalize, dim=0)
    for i in range(1, 9):  # u is beside Wv / ‖Wv‖, and every other time on the other side
        v = direction(torch.randn_like(state[f"conv{i}.weight_v"]))
        along = direction(state[f"conv{i}.weight_orig"].flatten(1) @ v)
        u = direction(along + 0.5 * direction(torch.randn_like(along))) * (-1) ** i
        state |= {f"conv{i}.weight_u": u, f"conv{i}.weight_v": v}
    state = {name: value.to(dtype) for name, value in state.items()}
    torch.save(state, tmp_path / "d.pth")
    found = import_discriminator(read_networks(tmp_path / "d.pth")["network"])
    for name, layer in (("conv1", found.down[0]), ("conv4", found.up[0]), ("conv8", found.end[1])):
        weight, u, v = (state[f"{name}.weight_{kind}"].float() for kind in ("orig", "u", "v"))
        sigma = u @ (weight.flatten(1) @ v)
        assert (sigma > 0) == (name != "conv1")
        torch.testing.assert_close(layer.effective_weight(), weight / sigma)
        layer.update_buffers(1)
        assert abs(layer.v.norm() - 1) < 1e-5


def test_whether_maps_are_added_is_told(tmp_path):
    judge = UNetDiscriminator(image=(3, 16, 16), width=4, skips=False)
    state = {f"D.{name}": value.contiguous() for name, value in unet_there(judge).items()}
    image = torch.rand(1, 3, 16, 24) * 2 - 1
    for config in ('{"skip_connection": false}', '{"discriminator": {"skip_connection": false}}'):
        save_file(state, tmp_path / "d.safetensors", {"config": config})
        found = import_discriminator(read_networks(tmp_path / "d.safetensors")["D"])
        torch.testing.assert_close(found(image), judge(image))
    save_file(state, tmp_path / "d.safetensors")
    assert import_discriminator(read_networks(tmp_path / "d.safetensors")["D"]).skips


def test_without_sums_the_maps_on_the_way_down_count_by_the_smallest_alone():
    judge = UNetDiscriminator(image=(1, 16, 16), width=4, skips=False).requires_grad_(False)
    judge.down[2].weight.zero_()  # nothing gets through the smallest map
    scores = judge(torch.rand(2, 1, 16, 16))
    torch.testing.assert_close(scores, judge.head.bias.expand_as(scores.movedim(1, -1)).movedim(-1, 1))


@pytest.mark.parametrize(
    ("reads", "makes", "config", "scale", "channels"),
    [
        (1, 3, None, 4, 1),  # too few channels to be unshuffled
        (4, 1, None, 2, 1),  # as many channels as the image
        (4, 1, '{"scale": 4}', 4, 4),
        (4, 3, '{"scale": 2}', 2, 1),
        (64, 3, '{"scale": 1}', 1, 4),
    ],
)
def test_source_and_image_may_differ_in_channels(tmp_path, reads, makes, config, scale, channels):
    mine = RRDBNet(source=(channels, 8, 8), image=(makes, 8 * scale, 8 * scale), width=4, growth=2, blocks=1)
    assert mine.first.weight.shape[1] == reads
    state = {f"G.{name}": value.contiguous() for name, value in there(mine).items()}
    save_file(state, tmp_path / "g.safetensors", {"config": config} if config else None)
    pipeline, why = import_file(tmp_path / "g.safetensors", tmp_path / "out")
    assert why == ("the file has no discriminator" if channels == makes else "no recipe trains such networks")
    found, source = pipeline.generator, torch.rand(1, channels, 8, 4)
    assert found.scale == scale and torch.equal(found(source), mine(source))


def test_the_discriminator_of_esrgan_is_read(tmp_path):
    mine = SRGANDiscriminator(image=(3, 32, 32), width=2, features=5).eval()
    order = ["conv0_0"]
    for place in ("0_1", "1_0", "1_1", "2_0", "2_1"):
        order += [f"conv{place}", f"bn{place}"]
    layers = [layer for layer in mine.body if layer.state_dict()]
    state = {"linear1": mine.hidden, "linear2": mine.head[1], **dict(zip(order, layers, strict=True))}
    torch.save(
        {f"{name}.{k}": v for name, layer in state.items() for k, v in layer.state_dict().items()},
        tmp_path / "d.pth",
    )
    found = import_discriminator(read_networks(tmp_path / "d.pth")["network"]).eval()
    image = torch.rand(2, 3, 32, 32)
    assert found.image == (3, 32, 32) and torch.equal(found(image), mine(image))


def without(name):
    return lambda state: state.pop(name)


def put(name, value):
    return lambda state: state.update({name: value})


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (without("conv_hr.bias"), "high.bias is missing"),
        (without("conv_first.weight"), "first.weight is missing; the file is damaged"),
        (without("body.0.rdb1.conv1.weight"), "body.0.dense.0.convs.0.weight is missing"),
        (put("conv_up3.weight", torch.ones(4, 4, 3, 3)), "conv_up3 is not a layer of RRDBNet with two"),
        (put("body.7.rdb1.conv1.bias", torch.ones(2)), "blocks are not numbered from 0 on"),
        (put("conv_first.weight", torch.ones(4, 4, 3, 3)), "reads 4 channels and its last makes 3, which"),
        (put("conv_first.weight", torch.ones(4)), r"first.weight is of shape \(4,\)"),
        (put("conv_body.weight", torch.ones(4, 5, 3, 3)), "the layers disagree about their sizes"),
        (put("trunk_conv.weight", torch.ones(4, 4, 3, 3)), "stands there under two names"),
    ],
)
def test_a_damaged_rrdbnet_is_refused_in_words(tmp_path, damage, said):
    state = there(rrdb())
    damage(state)
    torch.save(state, tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match=said):
        import_generator(read_networks(tmp_path / "x.pth")["network"])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (without("body.4.weight"), "convolutions are not numbered from 0 on"),
        (without("body.3.weight"), "body.3.weight is missing"),
        (put("body.6.weight", torch.ones(26, 4, 3, 3)), "26 channels, not a square number for each of the 3"),
        (put("body.5.weight", torch.ones(4, 4, 3, 3)), "stands where an activation is expected"),
        (put("body.2.weight", torch.ones(4, 5, 3, 3)), "the layers disagree about their sizes"),
    ],
)
def test_a_damaged_compact_network_is_refused_in_words(tmp_path, damage, said):
    state = compact().state_dict()
    damage(state)
    torch.save(state, tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match=said):
        import_generator(read_networks(tmp_path / "x.pth")["network"])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (without("conv3.weight_v"), "conv3.weight_v is missing"),
        (put("conv12.weight", torch.ones(1)), "conv12.weight is not a weight of UNetDiscriminatorSN"),
        (put("conv0.weight", torch.ones(4, 3)), "conv0.weight is of shape"),
        (put("conv4.weight_v", torch.ones(5)), "the weights are broken"),
    ],
)
def test_a_damaged_discriminator_is_refused_in_words(tmp_path, damage, said):
    state = unet_there(UNetDiscriminator(image=(3, 16, 16), width=4))
    damage(state)
    torch.save(state, tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match=said):
        import_discriminator(read_networks(tmp_path / "x.pth")["network"])


def test_half_of_a_file_is_refused(tmp_path):
    torch.save(there(rrdb()), tmp_path / "x.pth")
    whole = (tmp_path / "x.pth").read_bytes()
    (tmp_path / "half.pth").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match="not a complete archive"):
        read_networks(tmp_path / "half.pth")
