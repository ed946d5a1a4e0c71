import pytest
import torch
from torch.nn import functional

from gancore import PairedGAN
from gancore.component.scored import Scored
from gancore.errors import FitError, UserError
from gancore.standard import LayerMatching, MultiScaleDiscriminator, PatchGAN, ProjectionDiscriminator

RGB = (3, 20, 16)


def judge(scales=3, image=RGB, network=None):
    return MultiScaleDiscriminator(network=network or PatchGAN(width=2, layers=1), scales=scales, image=image)


def test_each_scale_has_a_network_of_its_own_for_the_halved_image():
    made = judge(image=(3, 25, 24))
    assert [net.image for net in (made.network, *made.smaller)] == [(3, 25, 24), (3, 13, 12), (3, 7, 6)]
    weights = [net.body[0].weight for net in (made.network, *made.smaller)]
    assert not torch.equal(weights[0], weights[1]) and not torch.equal(weights[1], weights[2])


def test_scores_are_those_of_the_networks_repeated_to_one_size():
    made, image = judge(scales=2, image=(3, 20, 20)), torch.randn(2, 3, 20, 20)
    half = functional.avg_pool2d(image, 3, 2, 1, count_include_pad=False)
    assert torch.allclose(half[:, :, 1, 1], image[:, :, 1:4, 1:4].mean((2, 3)), atol=1e-6)
    assert torch.allclose(half[:, :, 0, 0], image[:, :, :2, :2].mean((2, 3)), atol=1e-6)
    full, coarse = made.network(image), made.smaller[0](half)  # (2, 1, 8, 8) and (2, 1, 3, 3)
    scores = made(image)
    assert full.shape[2:] == (8, 8) and coarse.shape[2:] == (3, 3) and scores.shape == (2, 1, 16, 8)
    assert torch.allclose(scores[:, :, :8], full, atol=1e-6)
    repeated = coarse[:, :, [0, 0, 0, 1, 1, 2, 2, 2]][:, :, :, [0, 0, 0, 1, 1, 2, 2, 2]]
    assert torch.allclose(scores[:, :, 8:], repeated, atol=1e-6)


def test_maps_are_those_of_all_scales():
    made, image = judge(scales=2), torch.randn(2, *RGB)
    half = functional.avg_pool2d(image, 3, 2, 1, count_include_pad=False)
    expected = [*made.network.maps(image), *made.smaller[0].maps(half)]
    assert all(torch.equal(a, b) for a, b in zip(made.maps(image), expected, strict=True))
    assert made.conditional is False


def test_labels_are_passed_on():
    network = ProjectionDiscriminator(network=PatchGAN(width=2, layers=1))
    made = MultiScaleDiscriminator(network=network, scales=2, image=RGB, classes=3)
    image = torch.randn(1, *RGB)
    first, second = (made(image, torch.tensor([label])) for label in (0, 1))
    assert made.conditional and all(
        not torch.equal(a, b) for a, b in zip(first.chunk(2, 2), second.chunk(2, 2), strict=True)
    )


def test_too_many_scales_are_refused():
    with pytest.raises(
        FitError, match="halves images of 20×16 2 times, for which .* got 5×4: .* or give fewer"
    ):
        judge()


def maps_of(*values):
    found = [torch.tensor(value, dtype=torch.float32) for value in values]
    return Scored(lambda: found[0], lambda image: image, maps_of=lambda image: found)


def test_layers_are_matched_by_their_mean_absolute_differences():
    fake = maps_of([[[[1.0, 2.0]]]], [[[[0.0]], [[3.0]]]])
    real = maps_of([[[[0.0, 4.0]]]], [[[[1.0]], [[3.0]]]])
    assert LayerMatching(weight=10.0)(None, fake, real).item() == pytest.approx(10 * (3 / 2 + 1 / 2))


def test_no_gradient_of_the_matching_comes_from_the_real_images():
    value = torch.ones(1, 1, 1, 1, requires_grad=True)
    real = Scored(lambda: value, lambda image: image, maps_of=lambda image: [3 * value])
    fake = Scored(lambda: value, lambda image: image, maps_of=lambda image: [5 * value])
    LayerMatching(weight=1.0)(None, fake, real).backward()
    assert value.grad.item() == pytest.approx(5)


def test_a_discriminator_without_maps_says_so():
    network = ProjectionDiscriminator(network=PatchGAN(width=2, layers=1), image=RGB, classes=2)
    with pytest.raises(UserError, match="gives no maps of its layers .* such as patchgan or multi-scale"):
        network.maps(torch.randn(1, *RGB))


def test_a_translator_learns_from_the_maps_of_source_and_image_joined():
    recipe = PairedGAN(
        generator={"part": "unet-instance", "width": 2, "dropout": 0.0},
        discriminator={
            "part": "multi-scale",
            "network": {"part": "patchgan", "width": 2, "layers": 1},
            "scales": 2,
        },
        generator_regularizers=["layer-matching"],
        image=(3, 16, 16),
        source=(1, 16, 16),
    )
    source, target = torch.randn(2, 1, 16, 16), torch.randn(2, 3, 16, 16)
    real = recipe.pairs({"source": source, "target": target})
    terms = recipe.generator_terms(recipe.latent_batch(None, 2, real), real)
    made = recipe.generator(source)
    fake, want = (recipe.discriminator.maps(torch.cat([source, image], 1)) for image in (made, target))
    expected = 10 * sum((a - b).abs().mean() for a, b in zip(fake, want, strict=True))
    assert len(fake) == 4 and terms["layer-matching"].item() == pytest.approx(expected.item(), rel=1e-5)
