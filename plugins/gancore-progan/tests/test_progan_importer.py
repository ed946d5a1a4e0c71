"""Checkpoints in the layout of pytorch_GAN_zoo, beside the formulas of its layers."""

import json
import sys
from types import ModuleType

import pytest
import torch
from safetensors.torch import save_file
from torch.nn.functional import avg_pool2d, conv2d, interpolate, leaky_relu, linear

import gancore
from gancore.errors import CheckpointError
from gancore.nn.pixel_norm import pixel_norm
from gancore.published import import_discriminator, import_generator, read_networks

LATENT, WIDTHS = 7, (6, 5)


@pytest.fixture
def config(monkeypatch):
    """An object of the class that such files hold."""
    module = ModuleType("zoo_config")
    cls = type("BaseConfig", (), {"__module__": "zoo_config"})
    module.BaseConfig = cls
    monkeypatch.setitem(sys.modules, "zoo_config", module)
    made = cls()
    made.__dict__.update(alpha=0.0, leakyReluLeak=0.1, equalizedlR=True, lossCriterion="WGANGP")
    made.__dict__.update(attribKeysOrder=None, categoryVectorDim=0, perChannelNormalization=True)
    return made


def state(**shapes):
    made = {}
    for name, shape in shapes.items():
        layer = name.replace("_", ".") + ".module."
        made[f"{layer}weight"], made[f"{layer}bias"] = torch.randn(shape), torch.randn(shape[0])
    return made


def generator_state(latent=LATENT):
    first, second = WIDTHS
    return state(
        formatLayer=(16 * first, latent),
        groupScale0_0=(first, first, 3, 3),
        scaleLayers_0_0=(second, first, 3, 3),
        scaleLayers_0_1=(second, second, 3, 3),
        toRGBLayers_0=(3, first, 1, 1),
        toRGBLayers_1=(3, second, 1, 1),
    )


def discriminator_state(deviation=1, scores=1):
    first, second = WIDTHS
    return state(
        fromRGBLayers_0=(first, 3, 1, 1),
        fromRGBLayers_1=(second, 3, 1, 1),
        scaleLayers_0_0=(second, second, 3, 3),
        scaleLayers_0_1=(first, second, 3, 3),
        groupScaleZero_0=(first, first + deviation, 3, 3),
        groupScaleZero_1=(first, 16 * first),
        decisionLayer=(scores, first),
    )


def saved(path, config, **networks):
    torch.save({"config": config, **networks}, path)
    return read_networks(path)


def layer(weights, name, x, equalized=True):
    weight, bias = weights[f"{name}.module.weight"], weights[f"{name}.module.bias"]
    padding = {"padding": weight.shape[-1] // 2} if weight.dim() == 4 else {}
    made = (conv2d if weight.dim() == 4 else linear)(x, weight, bias, **padding)
    return made * (2 / weight[0].numel()) ** 0.5 if equalized else made


def image_of(weights, z, coarser=0.0, equalized=True):
    def hidden(name, x):
        return pixel_norm(leaky_relu(layer(weights, name, x, equalized), 0.1))

    x = leaky_relu(layer(weights, "formatLayer", pixel_norm(z), equalized), 0.1).view(-1, WIDTHS[0], 4, 4)
    x = hidden("groupScale0.0", pixel_norm(x))
    small = interpolate(layer(weights, "toRGBLayers.0", x, equalized), scale_factor=2)
    for name in ("scaleLayers.0.0", "scaleLayers.0.1"):
        x = hidden(name, interpolate(x, scale_factor=2) if name.endswith("0.0") else x)
    return coarser * small + (1 - coarser) * layer(weights, "toRGBLayers.1", x, equalized)


def scores_of(weights, image, deviation=True):
    x = image
    for name in ("fromRGBLayers.1", "scaleLayers.0.0", "scaleLayers.0.1"):
        x = leaky_relu(layer(weights, name, x), 0.1)
    x = avg_pool2d(x, 2)
    if deviation:
        mean = (x.var(0) + 1e-8).sqrt().mean()
        x = torch.cat([x, mean.expand(len(x), 1, 4, 4)], 1)
    x = leaky_relu(layer(weights, "groupScaleZero.0", x), 0.1).flatten(1)
    return layer(weights, "decisionLayer", leaky_relu(layer(weights, "groupScaleZero.1", x), 0.1))[:, 0]


def close(found, expected):
    return torch.allclose(found, expected, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.parametrize(("coarser", "equalized", "loss"), [(0.0, True, "MSE"), (0.4, False, "WGANGP")])
@torch.no_grad()
def test_a_generator_follows_its_config(tmp_path, config, coarser, equalized, loss):
    config.alpha, config.equalizedlR, config.lossCriterion = coarser, equalized, loss
    weights, z = generator_state(), torch.randn(3, LATENT)
    network = saved(tmp_path / "zoo.pth", config, avgG=weights)["avgG"]
    expected = image_of(weights, z, coarser, equalized)
    expected = expected.tanh() if loss == "MSE" else expected
    assert close(import_generator(network).generator(z), expected)


@torch.no_grad()
def test_settings_may_name_the_activation_of_colors(tmp_path):
    weights, z = generator_state(), torch.randn(3, LATENT)
    state = {f"G.{name}": value.contiguous() for name, value in weights.items()}
    told = {"generationActivation": "tanh", "leakyReluLeak": 0.1}
    save_file(state, tmp_path / "x.safetensors", {"config": json.dumps(told)})
    found = import_generator(read_networks(tmp_path / "x.safetensors")["G"]).generator
    assert close(found(z), image_of(weights, z, 0.0, True).tanh())


@pytest.mark.parametrize(("deviation", "scores", "n"), [(1, 1, 3), (0, 1, 4), (1, 5, 2)])
@torch.no_grad()
def test_a_discriminator_of_two_sizes_does_not_blend(tmp_path, config, deviation, scores, n):
    config.alpha = 0.4
    weights, image = discriminator_state(deviation, scores), torch.randn(n, 3, 8, 8)
    judge = import_discriminator(saved(tmp_path / "zoo.pth", config, netD=weights)["netD"])
    assert close(judge(image), scores_of(weights, image, bool(deviation)))


def test_names_of_older_files(tmp_path, config):
    weights = generator_state()
    older = {name.replace(".module", ""): value for name, value in weights.items()}
    networks = saved(tmp_path / "zoo.pth", config, netG=weights, old=older)
    mine, same = (import_generator(networks[name]).generator.state_dict() for name in ("netG", "old"))
    assert all(torch.equal(mine[name], same[name]) for name in mine)


def test_a_file_gives_a_pipeline_and_a_recipe(tmp_path, config):
    networks = {"netG": generator_state(), "avgG": generator_state(), "netD": discriminator_state()}
    path = saved(tmp_path / "zoo.pth", config, **networks).path
    made = gancore.import_(path, output=tmp_path / "out")
    z = torch.randn(2, LATENT)
    assert not made.no_recipe and made.pipeline.sample(2, seed=0).shape == (2, 3, 8, 8)
    assert close(made.pipeline.generator(z), image_of(networks["avgG"], z))
    assert gancore.RunFolder(tmp_path / "out").recipe().discriminator.widths == WIDTHS


def test_classes_of_one_attribute_are_labels(tmp_path, config):
    config.attribKeysOrder = {"kind": {"order": 0, "values": ["a", "b", "c"]}}
    config.categoryVectorDim = 3
    pipeline = import_generator(saved(tmp_path / "zoo.pth", config, netG=generator_state())["netG"])
    assert pipeline.sampler.latent == (LATENT - 3,) and pipeline.conditioner.classes == 3
    config.attribKeysOrder["size"] = {"order": 1, "values": ["d"]}
    networks = saved(tmp_path / "zoo.pth", config, netG=generator_state())
    with pytest.raises(CheckpointError, match="several attributes, which a label cannot say"):
        import_generator(networks["netG"])


@torch.no_grad()
def test_settings_may_name_hundreds_of_classes(tmp_path, config):
    config.attribKeysOrder = {"kind": {"order": 0, "values": [f"class {i}" for i in range(300)]}}
    config.categoryVectorDim, config.alpha = 300, 0.4
    weights, z = generator_state(latent=303), torch.randn(3, 3)
    pipeline = import_generator(saved(tmp_path / "zoo.pth", config, netG=weights)["netG"])
    label = torch.tensor([0, 7, 299])
    code = torch.cat([z, torch.nn.functional.one_hot(label, 300).float()], 1)
    assert close(pipeline.generator(pipeline.conditioner(z, label)), image_of(weights, code, 0.4))


def test_settings_that_cannot_be_read_are_not_ignored(tmp_path, config):
    config.attribKeysOrder = {"kind": {"order": 0, "values": list(range(3000))}}
    networks = saved(tmp_path / "zoo.pth", config, netG=generator_state(), netD=discriminator_state())
    for name, read in (("netG", import_generator), ("netD", import_discriminator)):
        with pytest.raises(
            CheckpointError, match="config is .*, not settings that can be read.*; give a file"
        ):
            read(networks[name])


@torch.no_grad()
def test_a_discriminator_of_several_attributes_is_read(tmp_path, config):
    config.attribKeysOrder = {name: {"order": i, "values": ["a", "b"]} for i, name in enumerate("xy")}
    config.categoryVectorDim = 4
    weights, image = discriminator_state(scores=5), torch.randn(4, 3, 8, 8)
    judge = import_discriminator(saved(tmp_path / "zoo.pth", config, netD=weights)["netD"])
    assert close(judge(image), scores_of(weights, image))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"alpha": 1.5}, "alpha is 1.5, not a number from 0 to 1"),
        ({"alpha": "x"}, "alpha is x, not a number from 0 to 1"),
        ({"perChannelNormalization": False}, "perChannelNormalization is False"),
    ],
)
def test_settings_that_cannot_be(tmp_path, config, change, words):
    config.__dict__.update(change)
    networks = saved(tmp_path / "zoo.pth", config, netG=generator_state())
    with pytest.raises(CheckpointError, match=words):
        import_generator(networks["netG"])


def test_weights_of_something_else(tmp_path, config):
    networks = saved(tmp_path / "zoo.pth", config, netG=generator_state() | state(scaleLayers_0_7=(2, 2)))
    with pytest.raises(CheckpointError, match=r"scaleLayers\.0\.7\S* is not a weight of such a network"):
        import_generator(networks["netG"])
