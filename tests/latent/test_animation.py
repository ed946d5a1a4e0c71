"""Moving pictures: frames, times, and files that are whole or not there."""

import os
import stat
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from gancore.errors import DataError, RunError, UserError
from gancore.pictures.animation import check_animation, save_animation, tiled


def frames(count=5, channels=3, size=(8, 8)):
    rng = torch.Generator().manual_seed(0)
    return [torch.rand(1, channels, *size, generator=rng) * 2 - 1 for _ in range(count)]


def shown(path):
    """Each frame as RGBA pixels, and its milliseconds."""
    with Image.open(path) as file:
        for i in range(file.n_frames):
            file.seek(i)
            yield np.asarray(file.convert("RGBA")).astype(int), file.info["duration"]


def as_pixels(frame, factor=32):
    image = ((frame[0] + 1) * 127.5).round().permute(1, 2, 0).numpy().astype(int)
    return image.repeat(factor, 0).repeat(factor, 1)


@pytest.mark.parametrize("ending", ["apng", "webp"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_lossless_formats_hold_every_frame(tmp_path, ending, channels):
    given = frames(channels=channels)
    if channels == 4:
        given = [torch.cat([frame[:, :3], frame[:, 3:].sign()], 1) for frame in given]
    save_animation(given, tmp_path / f"walk.{ending}", fps=24)
    found = list(shown(tmp_path / f"walk.{ending}"))
    assert len(found) == 5 and sum(time for _, time in found) == round(5000 / 24)
    for frame, (pixels, _) in zip(given, found, strict=True):
        expected = as_pixels(frame)
        seen = pixels[..., 3:] > 0
        assert np.array_equal((pixels[..., : min(channels, 3)] * seen), expected[..., :3] * seen)
        if channels == 4:
            assert np.array_equal(pixels[..., 3], expected[..., 3])


def test_a_gif_runs_at_its_speed_and_repeats(tmp_path):
    given = frames(count=24)
    save_animation(given, tmp_path / "walk.gif", fps=24)
    found = list(shown(tmp_path / "walk.gif"))
    # a GIF counts hundredths: 24 frames take 40 or 50 ms each, a second in all
    assert (
        len(found) == 24
        and sum(time for _, time in found) == 1000
        and {time for _, time in found} == {40, 50}
    )
    assert abs(found[3][0][..., :3] - as_pixels(given[3])).mean() < 8
    with Image.open(tmp_path / "walk.gif") as file:
        assert file.info["loop"] == 0


def test_a_gray_gif_is_exact_and_transparent_frames_lie_on_white(tmp_path):
    given = frames(channels=1)
    save_animation(given, tmp_path / "gray.gif")
    assert all(
        np.array_equal(pixels[..., :1], as_pixels(frame))
        for frame, (pixels, _) in zip(given, shown(tmp_path / "gray.gif"), strict=True)
    )
    clear = [torch.cat([frame, torch.full((1, 1, 8, 8), -1.0)], 1) for frame in frames(2)]
    save_animation(clear, tmp_path / "clear.gif")
    assert (next(shown(tmp_path / "clear.gif"))[0] == 255).all()


def test_a_folder_holds_a_png_a_frame(tmp_path):
    given = frames()
    save_animation(given, tmp_path / "deep" / "walk")
    names = sorted(path.name for path in (tmp_path / "deep" / "walk").iterdir())
    assert names == [f"{i:06d}.png" for i in range(5)]
    assert np.array_equal(
        np.asarray(Image.open(tmp_path / "deep" / "walk" / "000004.png")), as_pixels(given[4])
    )


def test_tiles_lie_in_rows():
    images = torch.arange(6.0).reshape(6, 1, 1, 1).expand(6, 1, 2, 3)
    sheet = tiled(images, 3)
    assert sheet.shape == (1, 1, 4, 9)
    assert sheet[0, 0, ::2, ::3].tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(DataError, match="6 images do not fill rows of 4"):
        tiled(images, 4)


@pytest.mark.parametrize("ending", ["gif", "apng", "webp", "mp4", ""])
def test_what_breaks_half_way_leaves_the_old_file(tmp_path, ending, monkeypatch):
    fake_ffmpeg(tmp_path, monkeypatch, COUNTS)
    target = tmp_path / "out" / (f"walk.{ending}" if ending else "walk")
    target.parent.mkdir()
    if ending:
        target.write_text("old")

    def broken():
        yield frames()[0]
        yield frames()[1]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        save_animation(broken(), target)
    assert [path.name for path in target.parent.iterdir()] == ([target.name] if ending else [])
    assert not ending or target.read_text() == "old"


@pytest.mark.parametrize(
    ("name", "fps", "text"),
    [
        (
            "walk.avi",
            24,
            r"'.avi'; give a name that ends in .gif, .apng, .webp, .mp4, in .png for a grid, or a new folder",
        ),
        (
            "walk.gif",
            60,
            "a GIF shows at most 50 frames a second; got 60: slow down, or give a name that ends in .webp",
        ),
        ("full", 24, "full already exists; give a new folder for the frames"),
        (
            "folder.gif",
            24,
            "folder.gif is a folder; give the name of a file, or a folder's name without an ending",
        ),
        (
            "walk.mp4",
            24,
            "walk.mp4: MP4 needs ffmpeg, which is not installed; "
            r"install it or pip install 'gancore\[video\]', or give a name that ends in .webp or .gif",
        ),
    ],
)
def test_wrong_words(tmp_path, monkeypatch, name, fps, text):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    (tmp_path / "folder.gif").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    for act in (
        lambda: check_animation(tmp_path / name, fps),
        lambda: save_animation(frames(), tmp_path / name, fps=fps),
    ):
        with pytest.raises(UserError, match=text):
            act()
    assert sorted(tmp_path.rglob("*")) == before


def test_a_place_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match="could not write .*walk.gif: .*; nothing of it is left"):
        save_animation(frames(), tmp_path / "file" / "walk.gif")


# ffmpeg, in its place a script that does what it is told

COUNTS = """
words = sys.argv[1:]
if "-encoders" in words:
    print(" V....D libx264")
else:
    content = sys.stdin.buffer.read()
    open(words[-1], "w").write(" ".join(words[:-1]) + f" {len(content)}")
"""
FAILS = """
if "-encoders" not in sys.argv:
    sys.stdin.buffer.read(10)
    sys.stderr.write("Unknown encoder 'nothing'")
    sys.exit(8)
"""


def fake_ffmpeg(folder, monkeypatch, text):
    path = folder / "bin" / "ffmpeg"
    path.parent.mkdir()
    path.write_text(f"#!{sys.executable}\nimport sys\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")


def test_ffmpeg_gets_every_frame_and_its_size_and_speed(tmp_path, monkeypatch):
    fake_ffmpeg(tmp_path, monkeypatch, COUNTS)
    save_animation(frames(count=7, channels=1, size=(6, 8)), tmp_path / "walk.mp4", fps=12)
    said = (tmp_path / "walk.mp4").read_text()
    assert (
        "-f rawvideo -pix_fmt rgb24 -s 256x192 -r 12 -i -" in said
        and "-c:v libx264" in said
        and "-f mp4" in said
    )
    assert said.endswith(f" {7 * 256 * 192 * 3}")


def test_without_a_system_ffmpeg_that_of_a_package_is_taken(tmp_path, monkeypatch):
    fake_ffmpeg(tmp_path, monkeypatch, COUNTS)
    program = str(tmp_path / "bin" / "ffmpeg")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", SimpleNamespace(get_ffmpeg_exe=lambda: program))
    monkeypatch.setenv("PATH", str(tmp_path))
    save_animation(frames(count=3), tmp_path / "walk.mp4")
    assert "-c:v libx264" in (tmp_path / "walk.mp4").read_text()


def test_ffmpegs_own_message_is_told_and_nothing_is_left(tmp_path, monkeypatch):
    fake_ffmpeg(tmp_path, monkeypatch, FAILS)
    with pytest.raises(
        RunError, match="ffmpeg ended with code 8: Unknown encoder 'nothing'; nothing was written"
    ):
        save_animation(frames(count=60, size=(64, 64)), tmp_path / "walk.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]


@pytest.mark.skipif(
    not any(os.access(os.path.join(p, "ffmpeg"), os.X_OK) for p in os.get_exec_path()),
    reason="there is no ffmpeg",
)
def test_a_real_ffmpeg_writes_a_film(tmp_path):
    save_animation(frames(count=6, size=(9, 9)), tmp_path / "walk.mp4")
    content = (tmp_path / "walk.mp4").read_bytes()
    assert content[4:8] == b"ftyp" and len(content) > 1000 and b"moov" in content
