"""Pixels, and the two extractors that ship with the package."""

import math

import pytest
import torch
from safetensors.torch import load_file

from gancore import build, spec
from gancore.data import open_data
from gancore.errors import FitError, MeasureError, UserError
from gancore.measure.extractors import Emoji, Fashion, Pixels, default_extractor, emoji, small_network
from gancore.measure.extractors.resizing import smooth

WEIGHTS = sorted(small_network.WEIGHTS.glob("*.safetensors"))


def test_pixels_are_means_of_areas():
    image = torch.arange(16.0).reshape(1, 1, 4, 4) / 16
    assert torch.equal(Pixels(size=2, image=(1, 4, 4))(image) * 16, torch.tensor([[2.5, 4.5, 10.5, 12.5]]))
    assert Pixels(image=(5, 7, 9))(torch.zeros(3, 5, 7, 9)).shape == (3, 5 * 16 * 16)


def test_pixels_say_their_size():
    assert Pixels().title == "pixels-1"
    assert Pixels(size=8).title == "pixels-1-8x8"
    assert spec(build({"part": "pixels", "size": 8}, "extractor"))["size"] == 8
    with pytest.raises(ValueError, match=r"size must be a whole number, at least 1; got 0"):
        Pixels(size=0)


def test_pixels_tell_no_classes_apart():
    with pytest.raises(UserError, match=r"extractor/pixels is not a classifier; use an extractor that is"):
        Pixels(image=(1, 4, 4)).classify(torch.zeros(1, 256))


@pytest.mark.parametrize(
    ("image", "title", "width"),
    [
        ((1, 28, 28), "fashion-1", 128),
        ((3, 64, 64), "emoji-1", 128),
        ((4, 9, 7), "pixels-1", 1024),
        ((2, 40, 40), "pixels-1", 512),
    ],
)
def test_where_none_is_named_the_channels_decide(image, title, width):
    extractor = default_extractor(image)
    assert extractor.title == title
    assert extractor(torch.rand(2, *image) * 2 - 1).shape == (2, width)


def test_the_default_can_be_told_again_what_it_was_told():
    extractor = default_extractor((3, 16, 16))
    extractor.bind(seed=0, by="the images", facts={"image": (3, 16, 16)})
    extractor.require()


def test_other_channels_are_refused_with_advice():
    with pytest.raises(
        FitError,
        match=r"extractor/emoji reads images with 3 channels, these have 1: "
        r"take the extractor fashion for gray images",
    ):
        Emoji(image=(1, 32, 32))
    with pytest.raises(
        FitError,
        match=r"extractor/fashion reads images with 1 channel, these have 3: "
        r"take the extractor emoji for RGB images",
    ):
        Fashion(image=(3, 32, 32))


def test_features_of_emoji_lie_on_a_sphere_and_those_of_fashion_above_zero():
    features = Emoji(image=(3, 40, 24))(torch.rand(5, 3, 40, 24) * 2 - 1)
    assert torch.allclose(features.norm(dim=1), torch.full((5,), math.sqrt(128)), rtol=1e-4)
    assert (Fashion(image=(1, 8, 8))(torch.rand(5, 1, 8, 8) * 2 - 1) >= 0).all()


def test_an_image_of_their_own_size_is_not_resized():
    image = torch.rand(2, 3, 32, 32)
    assert smooth(image, 32) is image
    large = image.repeat_interleave(2, 2).repeat_interleave(2, 3)
    # each pixel of a shrunk image is a mean over its neighborhood, not one pixel picked
    assert torch.allclose(smooth(large, 32).mean((2, 3)), image.mean((2, 3)), atol=0.01)
    checks = (torch.arange(64)[:, None] + torch.arange(64)).remainder(2).float().expand(1, 3, 64, 64)
    assert torch.allclose(smooth(checks, 32)[..., 1:-1, 1:-1], torch.tensor(0.5), atol=1e-5)


def test_features_lead_a_gradient_to_the_image_and_to_no_weight():
    extractor, image = Emoji(image=(3, 32, 32)), torch.rand(2, 3, 32, 32, requires_grad=True)
    extractor(image)[:, 0].sum().backward()
    assert image.grad is not None and image.grad.abs().sum() > 0
    assert not any(p.requires_grad for p in extractor.parameters())


@pytest.mark.parametrize("path", WEIGHTS, ids=lambda path: path.stem)
def test_shipped_weights_are_small_and_in_half_precision(path):
    assert path.stat().st_size < 2_000_000
    assert {value.dtype for value in load_file(path).values()} == {torch.float16}
    assert all(bool(value.isfinite().all()) for value in load_file(path).values())


def test_both_weights_ship():
    assert [path.stem for path in WEIGHTS] == ["emoji-1", "fashion-1"]


@pytest.mark.parametrize("content", [None, b"no weights"], ids=["missing", "damaged"])
def test_an_installation_without_its_weights(content, tmp_path, monkeypatch):
    monkeypatch.setattr(small_network, "WEIGHTS", tmp_path)
    if content is not None:
        (tmp_path / "emoji-1.safetensors").write_bytes(content)
    with pytest.raises(
        MeasureError,
        match=r"emoji-1\.safetensors cannot be read \(.*\); it is part of the package: install gancore again",
    ):
        Emoji(image=(3, 32, 32))


def test_categories_are_those_of_the_embedded_emoji():
    assert tuple(open_data("emoji").class_names) == emoji.CLASSES
