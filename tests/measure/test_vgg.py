"""VGG's convolutions, and LPIPS with weights from files."""

import pytest
import torch
from torch.nn.functional import conv2d, max_pool2d

from gancore.errors import CheckpointError, FitError, MeasureError
from gancore.measure.extractors import VGG16, VGG19
from gancore.measure.perceptual import Perceptual

IMAGE = (3, 16, 20)
PLACES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
"""Of the convolutions in torchvision's `features`; those at 4, 9, 16 and 23 halve."""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    made = VGG16(image=IMAGE, weights="none")
    state = {
        f"features.{place}.{kind}": getattr(layer, kind).detach() + (0.01 if kind == "bias" else 0)
        for place, layer in zip(PLACES, made.convolutions, strict=True)
        for kind in ("weight", "bias")
    }
    path = tmp_path_factory.mktemp("vgg") / "vgg16.pth"
    torch.save({**state, "classifier.0.weight": torch.zeros(2, 2)}, path)
    return path, state


def test_maps_are_those_before_each_halving(file):
    path, state = file
    made, image = VGG16(image=IMAGE, weights=str(path)), torch.rand(2, *IMAGE) * 2 - 1
    # LPIPS's own words for the normalization of images in [-1, 1]
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
    x, expected = (image - shift[:, None, None]) / scale[:, None, None], []
    for place in range(30):
        if place in PLACES:
            x = conv2d(
                x, state[f"features.{place}.weight"], state[f"features.{place}.bias"], padding=1
            ).relu()
        if place in (4, 9, 16, 23):
            expected.append(x)
            x = max_pool2d(x, 2)
    expected.append(x)
    for found, map_ in zip(made.maps(image), expected, strict=True):
        assert torch.allclose(found, map_, rtol=1e-3, atol=1e-4)
    assert [m.shape[1] for m in expected] == [64, 128, 256, 512, 512]
    assert torch.allclose(made(image), expected[-1].mean((2, 3)), rtol=1e-3, atol=1e-4)
    assert sum(p.numel() for p in made.parameters()) == 14_714_688
    assert made.title.startswith("vgg16-") and len(made.title) == 14


def test_maps_of_vgg19_are_those_before_the_rectifiers(tmp_path):
    made, image = VGG19(image=IMAGE, weights="none"), torch.rand(2, *IMAGE) * 2 - 1
    places = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)  # those at 4, 9, 18 and 27 halve
    state = {
        f"features.{place}.{kind}": value.detach() + (0.01 if kind == "bias" else 0)
        for place, layer in zip(places, made.convolutions, strict=True)
        for kind, value in layer.named_parameters()
    }
    torch.save({**state, "classifier.0.weight": torch.zeros(2, 2)}, tmp_path / "vgg19.pth")
    made = VGG19(image=IMAGE, weights=str(tmp_path / "vgg19.pth"))
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = ((image + 1) / 2 - mean[:, None, None]) / deviation[:, None, None]
    expected = {}
    for place in range(35):
        if place in places:
            weight, bias = (state[f"features.{place}.{kind}"] for kind in ("weight", "bias"))
            expected[place] = conv2d(x, weight, bias, padding=1)
            x = expected[place].relu()
        elif place in (4, 9, 18, 27):
            x = max_pool2d(x, 2)
    maps = made.maps(image)
    for found, place in zip(maps, (2, 7, 16, 25, 34), strict=True):
        torch.testing.assert_close(found, expected[place], rtol=1e-3, atol=1e-4)
    after = VGG19(image=IMAGE, weights=str(tmp_path / "vgg19.pth"), rectified=True).maps(image)
    assert all(torch.equal(some.relu(), other) for some, other in zip(maps, after, strict=True))
    assert sum(p.numel() for p in made.parameters()) == 20_024_384
    assert made.title.startswith("vgg19-") and VGG19(image=IMAGE, weights="none").title == "vgg19-unweighted"
    with pytest.raises(MeasureError, match="not hold the weights of VGG16's .* torchvision's vgg16-397923af"):
        VGG16(image=IMAGE, weights=str(tmp_path / "vgg19.pth"))
    with pytest.raises(MeasureError, match="such as torchvision's vgg19-dcbb9e9d.pth, as weights=FILE"):
        VGG19(image=IMAGE)


def test_lpips_from_files(file, tmp_path):
    path, _ = file
    weights = [torch.rand(channels) for channels in (64, 128, 256, 512, 512)]
    lpips = {f"lin{i}.model.1.weight": w.reshape(1, -1, 1, 1) for i, w in enumerate(weights)}
    torch.save(lpips, tmp_path / "vgg.pth")
    extractor = {"part": "vgg16", "weights": str(path)}
    distance = Perceptual(image=IMAGE, extractor=extractor, weights=str(tmp_path / "vgg.pth"))
    image, other = torch.rand(2, 2, *IMAGE) * 2 - 1
    expected = torch.zeros(2)
    for a, b, w in zip(distance.network.maps(image), distance.network.maps(other), weights, strict=True):
        a, b = (m / (m.norm(dim=1, keepdim=True) + 1e-10) for m in (a, b))
        expected += conv2d((a - b).square(), w.reshape(1, -1, 1, 1)).mean((1, 2, 3))
    assert torch.allclose(distance(image, other), expected, rtol=1e-3)


def test_what_does_not_fit_is_said(tmp_path):
    with pytest.raises(MeasureError, match="needs weights, which do not come with gancore: give it a file"):
        VGG16(image=IMAGE)
    with pytest.raises(FitError, match="1 or 3 channels and at least 16×16; these are 3×8×8"):
        VGG16(image=(3, 8, 8), weights="none")
    with pytest.raises(CheckpointError, match="cannot be read"):
        VGG16(image=IMAGE, weights=str(tmp_path / "missing.pth"))
    torch.save({"features.0.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "short.pth")
    with pytest.raises(MeasureError, match="does not hold the weights of VGG16's convolutions"):
        VGG16(image=IMAGE, weights=str(tmp_path / "short.pth"))
