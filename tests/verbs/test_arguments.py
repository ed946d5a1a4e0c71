"""Arguments of another kind than expected, as in a notebook, end in words."""

import numpy as np
import pytest
import torch
from PIL import Image
from translators import AnyNegative, between_images

import gancore
from gancore.errors import DataError, UserError
from gancore.pipeline import translated

NEGATIVE = between_images(AnyNegative(image=(3, 8, 8)))


@pytest.mark.parametrize(
    ("images", "kind"),
    [
        (np.zeros((1, 8, 8, 3), np.uint8), "a ndarray"),
        (torch.zeros(1, 3, 8, 8), "a Tensor"),
        (Image.new("RGB", (8, 8)), "a Image"),
        (["a.png", "b.png"], "a list"),
        (None, "a NoneType"),
        ("", "''"),
    ],
)
def test_images_are_given_by_their_path(images, kind, tmp_path):
    with pytest.raises(UserError, match=f"the images are {kind}; give the path of a folder"):
        gancore.translate(NEGATIVE, images, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("tile", ["8", 8.5, True, -1])
def test_tiles_have_whole_sides(tile, tmp_path):
    with pytest.raises(UserError, match=f"--tile is {tile!r}; give a whole number of pixels, 0 or more"):
        gancore.translate(NEGATIVE, tmp_path, tile=tile, output=tmp_path / "out")


IMAGES = torch.rand(1, 3, 9, 7) * 2 - 1


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (IMAGES.numpy(), "images are a ndarray; expected images .*, as a tensor"),
        ((IMAGES * 255).to(torch.uint8), "images are torch.uint8; .*: divide by 127.5 and subtract 1"),
        (IMAGES * 255, "values are from -2.* to 2.*; expected images"),
        (IMAGES * float("nan"), "values are from nan to nan; expected images"),
        (IMAGES[0], r"images are \(3, 9, 7\); expected images \(N, 3, H, W\), float in"),
        (IMAGES.permute(0, 2, 3, 1), r"images are \(1, 9, 7, 3\); expected"),
        (IMAGES[:, :1], r"images are \(1, 1, 9, 7\); expected"),
        (IMAGES[:0], r"images are \(0, 3, 9, 7\); expected"),
        (IMAGES[:, :, :0], r"images are \(1, 3, 0, 7\); expected"),
    ],
)
def test_images_in_memory_are_checked(images, said):
    with pytest.raises(DataError, match=said):
        translated(NEGATIVE, images)


def test_other_floats_are_taken():
    for kind in (torch.float64, torch.float16):
        assert torch.allclose(translated(NEGATIVE, IMAGES.to(kind)), -IMAGES, atol=1e-3)
