import errno
from pathlib import Path

import pytest
import torch
from PIL import Image

from gancore.errors import DataError, RunError, UserError
from gancore.pictures.grid import save, save_grid, to_grid, to_pil, to_uint8


def of(value, *shape):
    return torch.full(shape, float(value))


def test_bytes_come_back_exactly():
    every_byte = torch.arange(256)
    assert torch.equal(to_uint8(every_byte / 127.5 - 1), every_byte.to(torch.uint8))


def test_values_outside_are_clamped_and_nan_is_mid_gray():
    assert to_uint8(torch.tensor([-3.0, 3.0, float("nan"), float("inf"), float("-inf")])).tolist() == [
        0,
        255,
        128,
        255,
        0,
    ]


def test_bytes_are_refused():
    with pytest.raises(
        DataError, match=r"floats in \[-1, 1\]; got torch.uint8; divide bytes by 127.5 and subtract 1"
    ):
        to_uint8(torch.zeros(2, dtype=torch.uint8))


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_a_picture_keeps_size_and_channels(channels, mode):
    images = torch.rand(2, channels, 5, 7) * 2 - 1
    made = to_pil(images.requires_grad_())
    assert [(picture.mode, picture.size) for picture in made] == [(mode, (7, 5))] * 2
    assert made[1].tobytes() == to_uint8(images[1]).permute(1, 2, 0).contiguous().numpy().tobytes()


@pytest.mark.parametrize("channels", [2, 5])
def test_other_channel_counts_lie_side_by_side(channels):
    images = torch.linspace(-1, 1, channels).view(1, channels, 1, 1).expand(1, channels, 3, 4)
    (picture,) = to_pil(images)
    assert (picture.mode, picture.size) == ("L", (4 * channels, 3))
    assert [picture.getpixel((4 * c, 1)) for c in range(channels)] == to_uint8(
        torch.linspace(-1, 1, channels)
    ).tolist()


@pytest.mark.parametrize("shape", [(3, 8, 8), (0, 3, 8, 8), (2, 3, 0, 8)])
def test_what_is_no_batch_of_images_is_refused(shape):
    with pytest.raises(
        DataError,
        match=r"images must be \(N, C, H, W\) with no empty axis; got .*; "
        r"a single image needs images\[None\]",
    ):
        to_grid(torch.zeros(shape))


def test_small_images_are_enlarged_by_whole_numbers():
    assert to_grid(of(0, 1, 3, 28, 28)).size == (84 + 4, 84 + 4)
    assert to_grid(of(0, 1, 3, 32, 16)).size == (32 + 4, 64 + 4)
    assert to_grid(of(0, 1, 3, 100, 80)).size == (80 + 4, 100 + 4)


def test_the_sheet_reads_row_by_row():
    images = torch.linspace(-1, 1, 5).view(5, 1, 1, 1).expand(5, 1, 64, 64)
    sheet = to_grid(images, columns=2)
    assert sheet.size == (2 * 66 + 2, 3 * 66 + 2)
    centers = [sheet.getpixel((34 + 66 * column, 34 + 66 * row)) for row in range(3) for column in range(2)]
    assert centers == [0, 64, 128, 191, 255, 255]


@pytest.mark.parametrize(
    ("count", "height", "width", "size"),
    [(64, 64, 64, (8, 8)), (5, 64, 64, (3, 2)), (4, 64, 16, (4, 1)), (1, 8, 8, (1, 1))],
)
def test_the_sheet_is_about_square(count, height, width, size):
    sheet = to_grid(of(0, count, 3, height, width), tile=1)
    assert sheet.size == (size[0] * (width + 2) + 2, size[1] * (height + 2) + 2)


def test_fewer_than_one_column_is_refused():
    with pytest.raises(UserError, match="a grid needs at least 1 column; got columns=0"):
        to_grid(of(0, 1, 3, 8, 8), columns=0)


def test_transparency_shows_the_background():
    clear = torch.cat([of(-1, 1, 3, 64, 64), of(-1, 1, 1, 64, 64)], dim=1)
    solid = torch.cat([of(-1, 1, 3, 64, 64), of(1, 1, 1, 64, 64)], dim=1)
    assert {color for _, color in to_grid(clear, background="white").getcolors()} == {(255, 255, 255)}
    assert {color for _, color in to_grid(clear).getcolors()} == {(255, 255, 255), (214, 214, 214)}
    assert to_grid(solid).getpixel((30, 30)) == (0, 0, 0)


@pytest.mark.parametrize("given", [Path, str])
def test_a_sheet_is_saved_whole(tmp_path, given):
    path = tmp_path / "00000064.png"
    images = torch.rand(4, 3, 8, 8) * 2 - 1
    save_grid(images, given(path))
    with Image.open(path) as saved:
        assert saved.tobytes() == to_grid(images).tobytes()
    assert [file.name for file in tmp_path.iterdir()] == ["00000064.png"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "grid.png"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(
        RunError,
        match=r"could not write .*grid\.png: No space left on device; "
        r"an existing file is unchanged. Free some space",
    ):
        save_grid(of(0, 1, 3, 8, 8), path)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("grid.png", b"old")]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(RunError, match=r"could not write .*nowhere.a\.png: No such file or directory"):
        save_grid(of(0, 1, 3, 8, 8), tmp_path / "nowhere" / "a.png")


def test_the_name_gives_the_format(tmp_path):
    picture = to_pil(of(0, 1, 3, 8, 8))[0]
    save(picture, tmp_path / "a.JPG")
    with Image.open(tmp_path / "a.JPG") as saved:
        assert saved.format == "JPEG"
    with pytest.raises(
        UserError,
        match=r"no picture format is called '.tensor', as in a.tensor; give a name that ends in .png",
    ):
        save(picture, tmp_path / "a.tensor")
    with pytest.raises(
        UserError, match=r"b.jpg: JPEG cannot hold RGBA pictures; give a name that ends in .png"
    ):
        save(to_pil(of(0, 1, 4, 8, 8))[0], tmp_path / "b.jpg")
    assert [file.name for file in tmp_path.iterdir()] == ["a.JPG"]
