import math

import pytest
import torch
from gancore_gan import MLP, Maxout
from torch.nn.functional import linear

from gancore import build, spec
from gancore.component.randomness import Rows, own_rows, seeded
from gancore.errors import SpecError

MNIST = (1, 28, 28)


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def test_sizes_are_those_of_the_released_mnist_configuration():
    generator, discriminator = MLP(image=MNIST), Maxout(image=MNIST)
    assert [tuple(layer.weight.shape) for layer in generator.layers[::2]] == [
        (1200, 100),
        (1200, 1200),
        (784, 1200),
    ]
    assert [tuple(layer.weight.shape) for layer in discriminator.layers] == [(1200, 784), (1200, 240)]
    assert (parameters(generator), parameters(discriminator)) == (2_503_984, 1_231_441)


@pytest.mark.parametrize(("part", "limit"), [(MLP(image=MNIST), 0.05), (Maxout(image=MNIST), 0.005)])
def test_weights_start_uniform_in_the_published_range_and_biases_at_zero(part, limit):
    for name, p in part.named_parameters():
        if name.endswith("bias"):
            assert not p.any()
        else:
            assert p.abs().max() <= limit
            assert p.std().item() == pytest.approx(limit / math.sqrt(3), rel=0.1)


@pytest.mark.parametrize("image", [(1, 8, 8), (3, 5, 7), (4, 1, 3)])
def test_any_shape_of_image(image):
    generator, discriminator = (
        MLP(image=image, hidden=[6], latent_size=3),
        Maxout(image=image, hidden=[4], pieces=2),
    )
    made = generator(torch.randn(2, 3))
    assert made.shape == (2, *image)
    assert discriminator(made).shape == (2,)


def test_the_image_is_the_tanh_of_a_perceptron():
    generator = MLP(image=(2, 3, 2), hidden=(5, 4), latent_size=3)
    first, _, second, _, last, _ = generator.layers
    code = torch.randn(6, 3)
    hidden = (code @ first.weight.T + first.bias).clamp(min=0)
    hidden = (hidden @ second.weight.T + second.bias).clamp(min=0)
    expected = (hidden @ last.weight.T + last.bias).tanh().view(6, 2, 3, 2)
    assert torch.allclose(generator(code), expected, atol=1e-6)


def test_a_maxout_unit_is_the_largest_of_its_pieces():
    discriminator = Maxout(image=(1, 2, 2), hidden=(3,), pieces=4).eval()
    for p in discriminator.parameters():
        p.data.normal_()
    image = torch.randn(5, 1, 2, 2)
    layer, score = discriminator.layers[0], discriminator.score
    units = []
    for unit in range(3):
        rows = slice(4 * unit, 4 * unit + 4)
        units.append(linear(image.flatten(1), layer.weight[rows], layer.bias[rows]).max(1).values)
    expected = (torch.stack(units, 1) @ score.weight.T + score.bias)[:, 0]
    assert torch.allclose(discriminator(image), expected, atol=1e-6)


def test_dropout_keeps_the_published_shares_and_scales_them_up():
    discriminator = Maxout(image=(1, 2, 2)).train()
    ones = torch.ones(4000, 50)
    for rate, scale in ((0.2, 1.25), (0.5, 2.0)):
        dropped = discriminator._dropped(ones, rate)
        assert set(dropped.unique().tolist()) == {0.0, scale}
        assert (dropped == 0).float().mean().item() == pytest.approx(rate, abs=0.01)
    assert discriminator.eval()._dropped(ones, 0.5) is ones


def test_dropout_reaches_image_and_hidden_units_in_training_alone():
    image = torch.randn(3, 1, 4, 4)
    for rates in ({"input_dropout": 0.0, "dropout": 0.6}, {"input_dropout": 0.6, "dropout": 0.0}):
        discriminator = Maxout(image=(1, 4, 4), hidden=(8,), **rates)
        discriminator.score.weight.data.normal_()
        assert not torch.equal(discriminator.train()(image), discriminator(image))
        assert torch.equal(discriminator.eval()(image), discriminator(image))


def test_rows_of_a_batch_see_the_dropout_of_the_whole():
    discriminator = Maxout(image=(1, 4, 4), hidden=(8, 8)).train()
    image = torch.randn(6, 1, 4, 4)
    with seeded(3):
        whole = discriminator(image)
    with seeded(3), own_rows(Rows(6, 2, 4)):
        assert torch.allclose(discriminator(image[2:4]), whole[2:4], atol=1e-7)


@pytest.mark.parametrize(
    ("kind", "table", "said"),
    [
        (
            "generator",
            {"part": "gancore-gan:mlp", "hidden": []},
            "hidden must be the sizes of one or more layers, whole numbers of at least 1; got ()",
        ),
        ("generator", {"part": "gancore-gan:mlp", "hidden": [3, 0]}, "got (3, 0)"),
        (
            "discriminator",
            {"part": "maxout", "dropout": 1.0},
            "dropout must be a number below 1; got 1.0",
        ),
        ("discriminator", {"part": "maxout", "hidden": "big"}, "hidden takes"),
    ],
)
def test_bad_options_are_refused_in_words(kind, table, said):
    with pytest.raises(SpecError) as caught:
        build(table, kind)
    assert said in str(caught.value)


def test_specs_round_trip():
    for part in (MLP(hidden=(7, 5), latent_size=3), Maxout(hidden=(4,), pieces=2, dropout=0.1)):
        again = build(spec(part), part.kind)
        assert type(again) is type(part)
        assert spec(again) == spec(part)
