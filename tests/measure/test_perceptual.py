"""The distances of images by the maps of a network, against the formula of LPIPS, and by its features."""

import pytest
import torch

from gancore import build, create
from gancore.errors import CheckpointError, FitError
from gancore.measure.extractors import Emoji, Pixels
from gancore.measure.feature_distance import FeatureDistance
from gancore.measure.perceptual import Perceptual

IMAGE = (3, 16, 16)


def pair(seed=0):
    rng = torch.Generator().manual_seed(seed)
    return (torch.rand(2, *IMAGE, generator=rng) * 2 - 1 for _ in range(2))


def expected(extractor, image, other, weights=None):
    total = torch.zeros(len(image))
    for i, (a, b) in enumerate(zip(extractor.maps(image), extractor.maps(other), strict=True)):
        unit = [m / m.norm(dim=1, keepdim=True).clamp_min(1e-5) for m in (a, b)]
        w = torch.ones(a.shape[1]) if weights is None else weights[i]
        total += torch.einsum("nchw,c->n", (unit[0] - unit[1]).square(), w) / a[0, 0].numel()
    return total


def test_it_is_the_distance_of_the_directions_of_the_maps():
    image, other = pair()
    distance = Perceptual(image=IMAGE)
    assert distance.network.title == "emoji-1"
    assert torch.allclose(distance(image, other), expected(Emoji(image=IMAGE), image, other), rtol=1e-3)
    pixels = Perceptual(image=IMAGE, extractor=Pixels(size=4))
    assert torch.allclose(
        pixels(image, other), expected(Pixels(image=IMAGE, size=4), image, other), rtol=1e-4
    )
    assert Perceptual(image=(1, 8, 8)).network.title == "fashion-1"


def test_weights_of_the_channels_come_from_a_file(tmp_path):
    image, other = pair()
    weights = [torch.rand(m.shape[1]) for m in Emoji(image=IMAGE).maps(image)]
    path = tmp_path / "lpips.pth"
    torch.save({f"lin{i}.model.1.weight": w.reshape(1, -1, 1, 1) for i, w in enumerate(weights)}, path)
    distance = create("perceptual", weights=str(path), image=IMAGE)
    found = distance(image, other)
    assert torch.allclose(found, expected(Emoji(image=IMAGE), image, other, weights), rtol=1e-3)
    with pytest.raises(
        FitError, match=r"for maps of \[48, 48, 96, 96\] channels, but extractor/pixels gives"
    ):
        Perceptual(image=IMAGE, extractor="pixels", weights=str(path))
    with pytest.raises(CheckpointError, match="cannot be read"):
        Perceptual(image=IMAGE, weights=str(tmp_path / "missing.pth"))


def test_vectors_of_zeros_have_a_gradient():
    image = torch.zeros(1, *IMAGE, requires_grad=True)
    distance = Perceptual(image=IMAGE, extractor="pixels")
    (gradient,) = torch.autograd.grad(distance(image, torch.ones(1, *IMAGE)).sum(), image)
    assert gradient.isfinite().all()


def test_a_table_names_the_extractor():
    made = build({"part": "perceptual", "extractor": {"part": "pixels", "size": 8}}, "distance")
    made.bind(facts={"image": IMAGE}, by="the data")
    assert made.network is made.extractor and made.extractor.size == 8
    assert not any(p.requires_grad for p in made.parameters())


def test_it_is_the_mean_square_of_the_differences_of_features():
    image, other = pair()
    distance = create("distance/features", image=IMAGE)
    apart = Emoji(image=IMAGE)(image) - Emoji(image=IMAGE)(other)
    assert torch.allclose(distance(image, other), (apart**2).sum(1) / apart.shape[1], rtol=1e-4)
    assert distance(image, image).tolist() == [0, 0]
    pixels = FeatureDistance(image=IMAGE, extractor=Pixels(size=16))
    close = (image * 0.9, image)
    assert torch.allclose(pixels(*close), ((image * 0.1) ** 2).mean((1, 2, 3)), rtol=1e-3)
