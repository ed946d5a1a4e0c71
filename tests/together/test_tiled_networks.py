"""Published networks in tiles make what they make of whole images, and say where they cannot."""

import pytest
import torch

import gancore
from gancore.pipeline import Pipeline, Tiles, global_layers, translated
from gancore.standard import Identity

SMALL = {"width": 4, "growth": 2, "blocks": 1}
CASES = {
    "rrdb ×4": ("rrdb", SMALL, 4, 24),
    "rrdb ×2": ("rrdb", SMALL, 2, 40),
    "rrdb ×1": ("rrdb", SMALL, 1, 80),
    "srvgg": ("srvgg", {"width": 4, "convs": 2}, 4, 8),
    "unet": ("unet", {"width": 4, "halvings": 2}, 1, 24),
}


def between(name, options, scale):
    source, image = (3, 16, 16), (3, 16 * scale, 16 * scale)
    generator = gancore.create(f"generator/{name}", options, image=image, source=source)
    return Pipeline(conditioner=Identity(code=source), generator=generator)


@pytest.mark.parametrize(("name", "options", "scale", "overlap"), CASES.values(), ids=CASES)
def test_tiles_are_the_whole_where_the_overlap_covers_the_field(name, options, scale, overlap):
    torch.manual_seed(0)
    chosen, image = between(name, options, scale), torch.rand(1, 3, 18, 230) * 2 - 1
    whole = translated(chosen, image)
    assert whole.shape == (1, 3, 18 * scale, 230 * scale)
    assert (whole - translated(chosen, image, tiles=Tiles(32, overlap))).abs().max() < 1e-5
    assert not global_layers(chosen)


def test_normalization_by_an_image_is_named():
    assert global_layers(between("unet-instance", {"width": 4}, 1)) == ["InstanceNorm"]
    assert global_layers(between("unet", {"width": 4, "own_statistics": True}, 1)) == ["BatchNorm2d"]
