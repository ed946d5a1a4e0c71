"""Gray, transparent, deep, indexed, turned and broken pictures through translators: nothing is lost in
silence.
"""

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms
from torch.nn.functional import interpolate
from translators import AnyNegative, Doubled, Larger, Looking, Normalized, between_images, know_translators

import gancore
from gancore.cli import run as command
from gancore.data.png.writing import written_png
from gancore.data.rows import open_rows
from gancore.errors import RunError, UserError
from gancore.pipeline import translated
from gancore.verbs.translating.colors import Colors

RNG = np.random.default_rng(0)
NEGATIVE = between_images(AnyNegative(image=(3, 8, 8)))
LARGER = between_images(Larger(image=(3, 16, 16)))


@pytest.fixture(scope="module", autouse=True)
def offered():
    know_translators()


def pixels(*shape, bits=8):
    return RNG.integers(0, 2**bits, shape, np.uint8 if bits == 8 else np.uint16)


def deep(path, values, profile=b""):
    height, width, channels = values.shape
    with written_png(path, height, width, channels, 16, profile) as file:
        file.rows(values)


def read(path):
    with path.open("rb") as file:
        rows = open_rows(file)
        return rows.take(rows.height)


@pytest.fixture
def mixed(tmp_path):
    """A folder with every kind of picture, each of a size of its own."""
    folder = tmp_path / "mixed"
    (folder / "inner").mkdir(parents=True)
    Image.fromarray(pixels(9, 14, 3)).save(folder / "rgb.png")
    Image.fromarray(pixels(5, 6)).save(folder / "gray.png")
    Image.fromarray(pixels(7, 8, 2), "LA").save(folder / "gray-alpha.png")
    Image.fromarray(pixels(8, 8, 4)).save(folder / "rgba.png")
    Image.fromarray(pixels(30, 10, 3)).convert("P").save(folder / "indexed.png")
    Image.fromarray(pixels(11, 12, bits=16)).save(folder / "inner" / "gray16.png")
    deep(folder / "inner" / "rgb16.png", pixels(13, 4, 3, bits=16))
    deep(folder / "inner" / "rgba16.png", pixels(4, 13, 4, bits=16))
    Image.fromarray(pixels(16, 24, 4), "CMYK").save(folder / "cmyk.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels(16, 24, 3)).save(folder / "turned.jpg", exif=exif)
    (folder / "broken.png").write_bytes((folder / "rgb.png").read_bytes()[:200])
    (folder / "broken16.png").write_bytes((folder / "inner" / "rgba16.png").read_bytes()[:300])
    return folder


SHAPES = {
    "rgb": (9, 14, 3),
    "gray-alpha": (7, 8, 2),
    "rgba": (8, 8, 4),
    "indexed": (30, 10, 3),
    "inner/rgb16": (13, 4, 3),
    "inner/rgba16": (4, 13, 4),
    "cmyk": (16, 24, 3),
    "turned": (24, 16, 3),
    "gray": (5, 6, 1),
    "inner/gray16": (11, 12, 1),
}


def test_everything_is_made_larger_and_what_is_broken_is_named(mixed, tmp_path, capsys):
    LARGER.save(tmp_path / "run")
    out = tmp_path / "out"
    assert command(["upscale", str(tmp_path / "run"), str(mixed), "--output", str(out)]) == 1
    said = capsys.readouterr()
    assert "10 translations in" in said.out and "2 could not be translated" in said.out
    assert "broken.png: " in said.err and "broken16.png: the file ends before its pixels do" in said.err
    made = {path.relative_to(out).with_suffix("").as_posix(): read(path) for path in out.rglob("*.png")}
    assert {name: tuple(one.shape) for name, one in made.items()} == {
        name: (2 * height, 2 * width, channels) for name, (height, width, channels) in SHAPES.items()
    }
    assert {name for name, one in made.items() if one.dtype == np.uint16} == {
        "inner/gray16",
        "inner/rgb16",
        "inner/rgba16",
    }
    for name in set(SHAPES) - {"cmyk", "turned"}:
        alpha = name in ("gray-alpha", "rgba", "inner/rgba16")
        source = read(mixed / f"{name}.png")
        color = made[name][::2, ::2, : source.shape[2] - alpha].astype(int)
        # a gray picture comes back by its luma, whose weights are rounded
        assert np.abs(color - source[..., : color.shape[2]]).max() <= 1, name
    again = gancore.upscale(tmp_path / "run", mixed, output=out)
    assert len(again.present) == 10 and len(again.refused) == 2 and not again.written
    assert not list(out.rglob(".*"))


def test_depth_is_kept_bit_for_bit(mixed, tmp_path):
    gancore.translate(NEGATIVE, mixed, output=tmp_path / "out")
    for name in ("inner/rgb16", "inner/rgba16", "rgb", "rgba"):
        source, made = read(mixed / f"{name}.png"), read(tmp_path / "out" / f"{name}.png")
        most = np.iinfo(source.dtype).max
        assert np.array_equal(made[..., :3], most - source[..., :3]), name
        assert np.array_equal(made[..., 3:], source[..., 3:]), name


def test_a_translator_may_color_what_is_gray(mixed, tmp_path):
    gancore.translate(NEGATIVE, mixed / "gray.png", output=tmp_path / "out")
    made = read(tmp_path / "out" / "gray.png")
    assert made.shape == (5, 6, 3) and np.array_equal(made[..., :1], 255 - read(mixed / "gray.png"))


def test_alpha_is_resized_or_translated_or_laid_on_a_ground(mixed, tmp_path):
    source = read(mixed / "rgba.png")
    made = {}
    for how in ("keep", "network", "white", "black"):
        gancore.upscale(LARGER, mixed / "rgba.png", alpha=how, output=tmp_path / how)
        made[how] = read(tmp_path / how / "rgba.png")
    alpha = torch.from_numpy(source[None, None, ..., 3].astype(np.float32))
    bicubic = interpolate(alpha, scale_factor=2.0, mode="bicubic")[0, 0].numpy()
    assert np.abs(made["keep"][..., 3] - bicubic.clip(0, 255)).max() <= 0.51
    assert np.abs(made["network"][::2, ::2, 3].astype(int) - source[..., 3]).max() <= 1
    assert np.array_equal(made["keep"][..., :3], made["network"][..., :3])
    share = source[..., 3:] / 255
    for how, ground in (("white", 255), ("black", 0)):
        laid = source[..., :3] * share + ground * (1 - share)
        assert np.abs(made[how][::2, ::2] - laid).max() <= 1
    with pytest.raises(UserError, match="--alpha is 'green'; give one of keep, network, white, black"):
        gancore.upscale(LARGER, mixed, alpha="green", output=tmp_path / "none")


def test_alpha_of_a_tile_is_that_of_the_whole(mixed, tmp_path):
    for tile in (0, 4):
        gancore.upscale(LARGER, mixed / "rgba.png", tile=tile, output=tmp_path / str(tile))
    assert np.array_equal(*(read(tmp_path / tile / "rgba.png") for tile in ("0", "4")))


def test_a_network_of_gray_pictures_is_given_each_color_by_itself(mixed, tmp_path):
    gray = between_images(Larger(image=(1, 16, 16)))
    gancore.upscale(gray, mixed, output=tmp_path / "out")
    assert np.array_equal(read(tmp_path / "out" / "rgb.png")[::2, ::2], read(mixed / "rgb.png"))
    assert read(tmp_path / "out" / "rgba.png").shape == (16, 16, 4)
    gancore.translate(gray, mixed / "rgb.png", output=tmp_path / "gray")
    assert read(tmp_path / "gray" / "rgb.png").shape == (18, 28, 1)


@pytest.mark.parametrize(
    ("reads", "makes", "channels", "alpha", "same", "count"),
    [
        (3, 3, 4, True, False, 4),
        (3, 3, 2, True, True, 2),
        (3, 3, 2, True, False, 4),
        (4, 4, 3, False, True, 3),
        (4, 4, 3, False, False, 4),
        (4, 4, 1, False, True, 1),
        (4, 4, 2, True, True, 2),
        (2, 2, 3, False, False, 2),
        (1, 3, 3, False, False, 3),
        (3, 1, 4, True, False, 2),
        (3, 4, 4, True, False, 4),
        (1, 1, 4, True, True, 4),
    ],
)
@pytest.mark.parametrize("how", ["keep", "network"])
def test_channels_in_and_out(reads, makes, channels, alpha, same, count, how):
    colors = Colors(reads=reads, makes=makes, channels=channels, alpha=alpha, bits=8, how=how, same=same)
    window = pixels(5, 6, channels)
    given = colors.given(window)
    assert given.shape[1:] == (reads, 5, 6) and given.dtype == torch.float32
    made = torch.rand(len(given), makes, 10, 12) * 2 - 1
    assert colors.count == count and colors.pixels(colors.taken(made, window)).shape == (10, 12, count)


def test_large_pictures_are_cut_and_the_files_say_the_same(tmp_path):
    source = tmp_path / "a.png"
    Image.fromarray(pixels(45, 70, 3)).save(source)
    chosen, heard = between_images(Looking(image=(3, 32, 32))), []
    whole = gancore.upscale(chosen, source, tile=0, output=tmp_path / "whole")
    tiled = gancore.upscale(
        chosen, source, tile=16, overlap=8, output=tmp_path / "tiled", progress=lambda *w: heard.append(w)
    )
    assert not whole.notes and not tiled.notes
    assert ("tiles of a.png", 15, 15) in heard and ("images", 1, 1) in heard
    image = torch.from_numpy(read(source).astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1
    expected = ((translated(chosen, image) + 1) * 127.5)[0].permute(1, 2, 0).numpy()
    for folder in ("whole", "tiled"):
        assert np.abs(read(tmp_path / folder / "a.png") - expected).max() <= 0.51


def test_tiles_of_a_network_that_looks_at_everything_are_mentioned(tmp_path, capsys):
    between_images(Normalized(image=(3, 8, 8))).save(tmp_path / "run")
    Image.fromarray(pixels(20, 20, 3)).save(tmp_path / "a.png")
    words = ["translate", str(tmp_path / "run"), str(tmp_path / "a.png"), "--tile", "8"]
    assert command([*words, "--output", str(tmp_path / "out")]) == 0
    assert "generator/normalized has layers that look at all of what they read (InstanceNorm2d)" in (
        capsys.readouterr().err
    )
    assert not gancore.translate(tmp_path / "run", tmp_path / "a.png", output=tmp_path / "whole").notes


def test_the_color_profile_stays_where_it_fits(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(pixels(8, 8, 3)).save(tmp_path / "a.jpg", icc_profile=profile)
    Image.fromarray(pixels(8, 8, 4), "CMYK").save(tmp_path / "b.jpg", icc_profile=b"x" * 16 + b"CMYK")
    deep(tmp_path / "c.png", pixels(8, 8, 3, bits=16), profile)
    (tmp_path / "in").mkdir()
    for name in ("a.jpg", "b.jpg", "c.png"):
        (tmp_path / name).rename(tmp_path / "in" / name)
    gancore.upscale(LARGER, tmp_path / "in", output=tmp_path / "out")
    found = {}
    for path in (tmp_path / "out").glob("*.png"):
        with Image.open(path) as picture:
            found[path.stem] = picture.info.get("icc_profile", b"")
            assert not picture.getexif()
    assert found == {"a": profile, "b": b"", "c": profile}


def test_sizes_are_fitted_with_alpha_and_depth(tmp_path):
    deep(tmp_path / "a.png", pixels(24, 12, 4, bits=16))
    one = between_images(Doubled(image=(3, 16, 16)))
    for fit in ("crop", "pad", "stretch"):
        gancore.translate(one, tmp_path / "a.png", fit=fit, output=tmp_path / fit)
        made = read(tmp_path / fit / "a.png")
        assert made.shape == (16, 16, 4) and made.dtype == np.uint16
    assert (read(tmp_path / "pad" / "a.png")[:, :3, 3] == 0).all()


def test_what_cannot_be_made_larger_is_refused(mixed, tmp_path):
    with pytest.raises(UserError, match="1 times as high and 1 times as wide, .* use `gancore translate`"):
        gancore.upscale(NEGATIVE, mixed, output=tmp_path / "out")
    with pytest.raises(UserError, match="reads images of 5 channels, and picture files have 1 to 4"):
        gancore.translate(between_images(AnyNegative(image=(5, 8, 8))), mixed, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    gancore.upscale(LARGER, mixed / "rgb.png", output=tmp_path / "out")
    for change in ({"tile": 4}, {"alpha": "white"}, {"precision": "bf16"}):
        with pytest.raises(UserError, match="holds something else than these translations"):
            gancore.upscale(LARGER, mixed / "rgb.png", output=tmp_path / "out", **change)
    with pytest.raises(UserError, match="holds something else"):
        gancore.translate(LARGER, mixed / "rgb.png", output=tmp_path / "out")


def test_half_precision_and_the_device(mixed, tmp_path):
    chosen = between_images(Looking(image=(3, 16, 16)))
    for precision in ("float32", "bf16"):
        gancore.upscale(
            chosen, mixed / "rgb.png", precision=precision, device="cpu", output=tmp_path / precision
        )
    full, half = (read(tmp_path / name / "rgb.png").astype(int) for name in ("float32", "bf16"))
    assert 0 < np.abs(full - half).max() <= 4
    with pytest.raises(UserError, match="precision"):
        gancore.upscale(chosen, mixed, precision="fp8", output=tmp_path / "none")
    with pytest.raises(UserError, match="device is 'abacus'"):
        gancore.upscale(chosen, mixed, device="abacus", output=tmp_path / "none")


def test_a_full_disk_ends_the_work(mixed, tmp_path, monkeypatch):
    def full(self, rows):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gancore.data.png.writing.Encoder.rows", full)
    with pytest.raises(RunError, match="could not write .*gray-alpha.png"):
        gancore.translate(NEGATIVE, mixed / "gray-alpha.png", output=tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "translation-sources.jsonl",
        "translation.json",
    ]


def test_pictures_in_a_zip(mixed, tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        for name in ("rgb.png", "inner/rgb16.png"):
            file.write(mixed / name, name)
    done = gancore.translate(NEGATIVE, tmp_path / "a.zip", output=tmp_path / "out")
    assert len(done.written) == 2
    assert np.array_equal(
        read(tmp_path / "out" / "inner" / "rgb16.png"), 65535 - read(mixed / "inner" / "rgb16.png")
    )
