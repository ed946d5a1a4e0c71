import pytest
import torch
from originals import original, within
from torch import nn
from torch.nn import functional

from gancore.component.randomness import seeded
from gancore.errors import FactError, FitError
from gancore.nn.dropout import Dropout
from gancore.standard.translators import BatchResNet, InstanceUNet, ResNet, UNet

RGB = (3, 16, 16)


def count(module):
    return sum(p.numel() for p in module.parameters())


def unet(cls=UNet, image=RGB, **options):
    return cls(image=image, source=image, **{"width": 2, **options})


@pytest.mark.parametrize(("size", "weights"), [(256, 54_413_955), (128, 41_828_995)])
def test_it_has_the_published_number_of_weights(size, weights):
    image = (3, size, size)
    with torch.device("meta"):
        made = UNet(image=image, source=image)
    assert count(made) == weights and made.size_multiple == size


def test_convolutions_have_biases_beside_instance_normalization():
    batch, instance = unet(), unet(InstanceUNet)
    biases = {name for name, _ in instance.named_parameters() if name.endswith("bias")}
    norms = {name for name, m in batch.named_modules() if isinstance(m, nn.BatchNorm2d)}
    others = {name for name, _ in batch.named_parameters() if name.rpartition(".")[0] not in norms}
    assert len(biases) == 8 and {name for name in others if name.endswith("bias")} == {"up.3.1.bias"}


@pytest.mark.parametrize(
    ("image", "halvings", "maps"),
    [
        ((3, 32, 32), 0, [(16, 16), (8, 8), (4, 4), (2, 2), (1, 1)]),
        ((1, 24, 16), 0, [(12, 8), (6, 4), (3, 2)]),
        ((3, 16, 16), 2, [(8, 8), (4, 4)]),
        ((2, 6, 10), 0, [(3, 5)]),
    ],
)
def test_it_is_halved_as_often_as_it_can_be_or_as_is_said(image, halvings, maps):
    made, seen = unet(image=image, halvings=halvings), []
    for layer in made.down:
        layer.register_forward_hook(lambda module, given, made: seen.append(tuple(made.shape[2:])))
    assert made(torch.randn(2, *image)).shape == (2, *image)
    assert seen == maps and made.depth == len(maps)


def test_channels_may_differ_and_images_of_other_sizes_are_read():
    made = UNet(source=(1, 16, 16), image=RGB, width=2, halvings=3).eval()
    assert made.code_shape == (1, 16, 16) and made.size_multiple == 8
    translated = made(torch.randn(2, 1, 24, 40))
    assert translated.shape == (2, 3, 24, 40) and translated.dtype == torch.float32
    assert translated.abs().max() < 1


def test_two_halvings_are_these_convolutions():
    """In float64, by the functions of torch."""
    made = unet(InstanceUNet, halvings=2).double()
    (down, inner), (up, last) = made.down, made.up
    x = torch.randn(2, *RGB, dtype=torch.float64)
    first = functional.conv2d(x, down[0].weight, down[0].bias, stride=2, padding=1)
    second = functional.conv2d(
        functional.leaky_relu(first, 0.2), inner.weight, inner.bias, stride=2, padding=1
    )
    back = functional.conv_transpose2d(second.relu(), up[1].weight, up[1].bias, stride=2, padding=1)
    joined = torch.cat([first, functional.instance_norm(back)], 1).relu()
    expected = functional.conv_transpose2d(joined, last[1].weight, last[1].bias, stride=2, padding=1).tanh()
    assert torch.allclose(made(x), expected, atol=1e-12)


@pytest.mark.parametrize(("layers", "noisy"), [(0, []), (1, [1]), (3, [1, 2, 3]), (9, [1, 2, 3])])
def test_dropout_is_in_the_inner_layers_but_the_first(layers, noisy):
    made = unet(image=(3, 32, 32), dropout_layers=layers)
    has = [i for i, up in enumerate(made.up) if any(isinstance(layer, Dropout) for layer in up)]
    assert has == noisy
    assert not [m for m in unet(dropout=0.0).modules() if isinstance(m, Dropout)]


@pytest.mark.parametrize(
    "part", [unet(halvings=4), BatchResNet(source=RGB, image=RGB, width=2, blocks=1, dropout=0.5)]
)
def test_dropout_is_noise_in_translations_where_that_is_asked_for(part):
    x = torch.randn(1, *RGB)

    def twice(network):
        for seed in (0, 1):
            with seeded(seed):
                yield network.eval()(x)

    assert torch.equal(*twice(part))
    for module in part.modules():
        if isinstance(module, Dropout):
            module.always = True
    assert not torch.equal(*twice(part))
    assert not torch.equal(*twice(unet(noise=True)))


def test_with_own_statistics_a_translation_is_that_of_a_batch_of_one_in_training():
    made = unet(own_statistics=True, dropout=0.0)
    x = torch.randn(3, *RGB)
    trained = torch.cat([made.train()(x[i : i + 1]) for i in range(3)])
    assert torch.allclose(made.eval()(x), trained, atol=1e-6)
    assert torch.allclose(made(x[1:2]), trained[1:2], atol=1e-6)
    assert not torch.allclose(made.train()(x), trained, atol=1e-2)


def test_without_them_it_is_that_of_the_running_statistics():
    made = unet(dropout=0.0)
    norms = [m for m in made.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.running_mean.normal_()
        norm.running_var.uniform_(1, 2)
    x, before = torch.randn(3, *RGB), [norm.running_mean.clone() for norm in norms]
    whole = made.eval()(x)
    assert torch.allclose(whole[1:2], made(x[1:2]), atol=1e-6)
    assert all(torch.equal(norm.running_mean, mean) for norm, mean in zip(norms, before, strict=True))


def test_initial_weights_are_normal_with_deviation_one_fiftieth():
    made = unet(width=16)
    weights = torch.cat([p.detach().flatten() for p in made.parameters() if p.dim() > 1])
    scales = torch.cat([m.weight.detach() for m in made.modules() if isinstance(m, nn.BatchNorm2d)])
    assert abs(float(weights.std()) - 0.02) < 3e-4 and abs(float(weights.mean())) < 3e-4
    assert abs(float(scales.std()) - 0.02) < 3e-3 and abs(float(scales.mean()) - 1) < 3e-3


def test_a_sample_does_not_depend_on_the_others_with_instance_normalization():
    made = unet(InstanceUNet, dropout=0.0).double()
    images = torch.randn(3, *RGB, dtype=torch.float64)
    assert torch.allclose(made(images)[1:2], made(images[1:2]), atol=1e-12)


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(FitError, match="halves its source, but got images of 15×16; use sides that are even"):
        unet(image=(3, 15, 16))
    with pytest.raises(
        FitError, match="5 times, so sides must be multiples of 32; got 16×16: give halvings=4 or fewer"
    ):
        unet(halvings=5)
    with pytest.raises(FitError, match=r"multiples of 2\^4611686018427387904; got 16×16"):
        unet(halvings=2**62)
    with pytest.raises(
        FitError, match="the source is 8×8 and the image 16×16; open both domains at one size"
    ):
        UNet(source=(3, 8, 8), image=RGB)
    with pytest.raises(FactError, match="generator/unet waits for source"):
        _ = UNet(image=RGB).code_shape


def test_the_residual_translator_with_batch_normalization_has_no_bias_before_it():
    options = {"source": RGB, "image": RGB, "width": 2, "blocks": 1}
    batch, instance = BatchResNet(**options), ResNet(**options, dropout=0.5)
    assert sum(name.endswith("bias") for name, _ in instance.named_parameters()) == 8
    norms = {name for name, m in batch.named_modules() if isinstance(m, nn.BatchNorm2d)}
    biases = [name for name, _ in batch.named_parameters() if name.endswith("bias")]
    assert len(norms) == 7 and [n for n in biases if n.rpartition(".")[0] not in norms] == ["layers.16.bias"]
    assert instance.state_dict().keys() == ResNet(**options).state_dict().keys()


@torch.no_grad()
def test_it_translates_as_the_original_network_does():
    config, tensors = original("pix2pix-32")
    image = (config["source"], config["size"], config["size"])
    made = UNet(
        image=(config["target"], *image[1:]), source=image, width=config["width"], halvings=config["downs"]
    ).eval()
    there, here = within(tensors, "G."), {}
    for level in range(config["downs"]):
        prefix, outer = "model." + "1.model." * (level > 0) + "3.model." * (level - 1), level == 0
        inner = level == config["downs"] - 1
        up = made.depth - 1 - level
        place = {f"down.{level}.0": "0" if outer else "1", f"down.{level}.1": "2"}
        place |= {f"up.{up}.1": "3" if outer or inner else "5", f"up.{up}.2": "4" if inner else "6"}
        if inner:
            place[f"down.{level}"] = place.pop(f"down.{level}.0")
        for ours, theirs in place.items():
            here |= {
                name: there[f"{prefix}{theirs}.{name.rpartition('.')[2]}"]
                for name in made.state_dict()
                if name.rpartition(".")[0] == ours
            }
    made.load_state_dict(here)
    assert torch.allclose(made(tensors["in.image"]), tensors["out.G"], atol=1e-5)
