"""Large images in tiles: what each makes is what the whole would make."""

import pytest
import torch
from translators import AnyNegative, Looking, Negative, Normalized, between_images

from gancore.errors import UserError
from gancore.pipeline import Tiles, global_layers, spans, tiles_of, translated
from gancore.standard import UNet


@pytest.mark.parametrize("multiple", [1, 4])
@pytest.mark.parametrize("tile", [1, 16, 30])
@pytest.mark.parametrize("overlap", [0, 5])
@pytest.mark.parametrize("size", [4, 60, 128])
def test_spans_cover_every_row_once_and_start_at_multiples(size, overlap, tile, multiple):
    found = spans(size, tile, overlap, multiple)
    assert [row for span in found for row in range(span.start, span.stop)] == list(range(size))
    for span in found:
        assert span.stop - span.start <= max(tile + multiple - 1, multiple)
        assert span.start % multiple == span.low % multiple == 0
        assert span.low == max(0, span.start - -(-overlap // multiple) * multiple)
        assert span.high == min(size, span.stop + -(-overlap // multiple) * multiple)


@pytest.mark.parametrize("size", [(40, 56), (33, 47), (7, 90)])
def test_tiles_make_what_the_whole_makes_where_the_overlap_covers_the_field(size):
    chosen, image = between_images(Looking(image=(3, 32, 32))), torch.rand(2, 3, *size) * 2 - 1
    whole = translated(chosen, image)
    tiled = translated(chosen, image, tiles=Tiles(16, 4))
    assert whole.shape == (2, 3, 2 * size[0], 2 * size[1]) and whole.std() > 0.05
    assert (whole - tiled).abs().max() < 1e-5


def test_without_overlap_only_the_seams_differ():
    chosen, image = between_images(Looking(image=(3, 32, 32))), torch.rand(1, 3, 32, 64) * 2 - 1
    differs = (
        (translated(chosen, image) - translated(chosen, image, tiles=Tiles(32, 0))).abs().amax((0, 1, 2))
    )
    assert differs[54:74].max() > 1e-3
    assert max(differs[:54].max(), differs[74:].max()) < 1e-5


def test_how_large_tiles_are_by_default():
    same, twice = (between_images(part(image=(3, 32, 32))) for part in (AnyNegative, Looking))
    assert tiles_of(same) == Tiles(1024, 32) and tiles_of(twice) == Tiles(512, 32)
    assert tiles_of(twice, 0) == Tiles(0, 32) and tiles_of(twice, 64, 7) == Tiles(64, 7)
    one = between_images(Negative(image=(3, 32, 32)))
    assert tiles_of(one) == Tiles(0)
    with pytest.raises(UserError, match="generator/negative reads one size, 32×32; omit --tile"):
        tiles_of(one, 16)
    with pytest.raises(UserError, match="--overlap is -1; give a whole number of pixels, 0 or more"):
        tiles_of(twice, 16, -1)


def test_layers_that_look_at_all_of_an_image_are_known():
    assert global_layers(between_images(Normalized(image=(3, 8, 8)))) == ["InstanceNorm2d"]
    assert not global_layers(between_images(Looking(image=(3, 8, 8))))
    for own in (True, False):
        unet = UNet(image=(3, 8, 8), source=(3, 8, 8), width=2, own_statistics=own)
        assert global_layers(between_images(unet)) == (["BatchNorm2d"] if own else [])
