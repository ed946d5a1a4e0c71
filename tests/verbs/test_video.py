"""Videos frame by frame, with a stand-in for ffmpeg that gives frames and notes how it was called."""

import json
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from translators import AnyNegative, Larger, Looking, Normalized, between_images

import gancore
from gancore.data.source import Unreadable
from gancore.pictures import animation
from gancore.verbs.translating.engine import Engine, Way
from gancore.verbs.translating.video import translate_video

LARGER = between_images(Larger(image=(3, 16, 16)))
FFMPEG = """#!{python}
import json, sys
from pathlib import Path

words = sys.argv[1:]
with Path({calls!r}).open("a") as file:
    file.write(json.dumps(words) + "\\n")
source = Path(next((w for w in words if w.startswith("file:")), "").removeprefix("file:"))
if "-encoders" in words:
    print("libx264")
elif words[-1] == "-":
    content = source.read_bytes()
    if content.startswith(b"broken"):
        sys.exit("moov atom not found")
    head, _, frames = content.partition(b"|")
    y4m = "yuv4mpegpipe" in words
    header = b"YUV4MPEG2 W6 H4 F" + head + b" Ip A2:1\\nFRAME\\n"
    sys.stdout.buffer.write(header + bytes(36) if y4m else frames)
else:
    made = sys.stdin.buffer.read()
    if {fails!r}:
        sys.exit("no space")
    Path(words[-1].removeprefix("file:")).write_bytes(b"video " + made)
"""


@pytest.fixture
def ffmpeg(tmp_path, monkeypatch):
    """Makes the stand-in, and gives the calls of it so far."""
    calls = tmp_path / "calls"

    def made(fails=False):
        program = tmp_path / "bin" / "ffmpeg"
        program.parent.mkdir(exist_ok=True)
        program.write_text(FFMPEG.format(python=sys.executable, calls=str(calls), fails=fails))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent))

    made()
    return made, lambda: [json.loads(line) for line in calls.read_text().splitlines()]


def ppm(pixels):
    return b"P6\n%d %d\n255\n" % pixels.shape[1::-1] + pixels.tobytes()


@pytest.fixture
def videos(tmp_path):
    folder, frames = tmp_path / "videos", np.random.default_rng(0).integers(0, 256, (3, 4, 6, 3), np.uint8)
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(b"30000:1001|" + b"".join(map(ppm, frames)))
    (folder / "odd.webm").write_bytes(b"25:1|" + ppm(frames[0, :3, :5].copy()))
    (folder / "cut.mov").write_bytes(b"25:1|" + ppm(frames[0]) + ppm(frames[1])[:-5])
    (folder / "broken.avi").write_bytes(b"broken")
    return folder, frames


def test_frames_sizes_rate_and_sound(videos, ffmpeg, tmp_path):
    folder, frames = videos
    heard = []
    done = gancore.upscale(LARGER, folder, output=tmp_path / "out", progress=lambda *w: heard.append(w))
    assert sorted(done.written) == ["clip.mp4", "odd.webm"]
    assert dict(done.refused) == {
        "broken.avi": "ffmpeg ended with code 1: moov atom not found",
        "cut.mov": "a frame ends before its pixels do",
    }
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "clip.mp4",
        "odd.mkv",
        "translation.json",
        "translation-sources.jsonl",
    }
    larger = [np.repeat(np.repeat(frame, 2, 0), 2, 1) for frame in frames]
    assert (tmp_path / "out" / "clip.mp4").read_bytes() == b"video " + b"".join(map(ppm, larger))
    assert ("frames of clip.mp4", 3, 0) in heard
    read, write = [c for c in ffmpeg[1]() if "-encoders" not in c and any("clip" in w for w in c)][1:]
    original = f"file:{(folder / 'clip.mp4').resolve()}"
    assert read[read.index("-f") : read.index("-i") + 2] == ["-f", "mov", "-i", original]
    assert read[read.index("-r") + 1] == write[write.index("-framerate") + 1] == "30000/1001"
    assert write[write.index("-i", write.index("pipe:0")) + 1] == original
    for pair in (("-map", "0:v:0"), ("-c:a", "copy"), ("-pix_fmt", "yuv420p"), ("-f", "mp4")):
        assert any(pair == two for two in pairwise(write)), pair
    assert read[read.index("-pix_fmt") + 1] == "rgb24"
    assert write[write.index("-vf") + 1] == "setsar=2/1,scale=out_color_matrix=bt709"
    odd = next(c for c in ffmpeg[1]() if c[-3:-1] == ["-f", "matroska"])
    assert "yuv420p" in odd  # 6×10
    assert gancore.upscale(LARGER, folder, output=tmp_path / "out").present == ("clip.mp4", "odd.webm")


def test_an_odd_side_takes_full_color(videos, ffmpeg, tmp_path):
    gancore.translate(
        between_images(AnyNegative(image=(3, 8, 8))), videos[0] / "odd.webm", output=tmp_path / "out"
    )
    assert any("yuv444p" in call for call in ffmpeg[1]())


def test_where_it_cannot_write_nothing_is_left(videos, ffmpeg, tmp_path):
    ffmpeg[0](fails=True)
    done = gancore.upscale(LARGER, videos[0] / "clip.mp4", output=tmp_path / "out")
    assert dict(done.refused) == {"clip.mp4": "ffmpeg ended with code 1: no space; nothing of it is left"}
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "translation-sources.jsonl",
        "translation.json",
    ]


def test_frames_of_no_or_endless_size_are_refused(videos, ffmpeg, tmp_path):
    for name, head in {"none": b"P6\n0 4\n255\n", "endless": b"P6\n999999999999 999999999999\n255\n"}.items():
        (videos[0] / f"{name}.mp4").write_bytes(b"25:1|" + head)
    done = gancore.upscale(LARGER, videos[0], output=tmp_path / "out")
    assert "its frames are 0×4; from 1 to" in dict(done.refused)["none.mp4"]
    assert "its frames are 999999999999×999999999999" in dict(done.refused)["endless.mp4"]
    assert sorted(done.written) == ["clip.mp4", "odd.webm"]


def test_a_program_that_cannot_be_started_is_named(videos, ffmpeg, tmp_path, monkeypatch):
    program = tmp_path / "bin" / "ffmpeg"
    program.write_bytes(b"\x7fELF of another machine")
    Image.new("RGB", (4, 4)).save(videos[0] / "a.png")
    done = gancore.upscale(LARGER, videos[0], output=tmp_path / "out")
    assert done.written == ("a.png",) and len(done.refused) == 4
    assert dict(done.refused)["clip.mp4"].startswith(f"{program} cannot be started (")


def test_frames_in_tiles_are_noted(videos, ffmpeg, tmp_path):
    chosen = between_images(Normalized(image=(3, 8, 8)))
    done = gancore.translate(chosen, videos[0] / "clip.mp4", tile=3, output=tmp_path / "out")
    assert done.written == ("clip.mp4",) and "tones may differ from tile to tile" in done.notes[0]
    whole = gancore.translate(chosen, videos[0] / "clip.mp4", tile=0, output=tmp_path / "whole")
    assert not whole.notes


def test_without_ffmpeg_the_rest_is_done(videos, tmp_path, monkeypatch):
    monkeypatch.setattr("gancore.verbs.translating.video.ffmpeg", lambda: None)
    Image.new("RGB", (4, 4)).save(videos[0] / "a.png")
    done = gancore.upscale(LARGER, videos[0], output=tmp_path / "out")
    assert done.written == ("a.png",) and len(done.refused) == 4
    assert dict(done.refused)["clip.mp4"].startswith("videos need ffmpeg, which is not installed; install it")


def asked(path, *words):
    """What the real ffmpeg gives for a file."""
    made = subprocess.run([animation.ffmpeg(), "-v", "error", "-i", str(path), *words], capture_output=True)
    return np.frombuffer(made.stdout, np.uint8).reshape(-1, 3)


@pytest.mark.skipif(animation.ffmpeg() is None, reason="ffmpeg is not installed")
@pytest.mark.parametrize(
    "words",
    [
        ["-c:v", "ffv1", "-pix_fmt", "yuv422p10le"],
        ["-vf", "scale=out_color_matrix=bt709", "-colorspace", "bt709"],
        ["-vf", "setsar=2/1"],
    ],
    ids=["10-bit", "bt709", "wide-pixels"],
)
def test_colors_and_the_shape_of_pixels_stay(tmp_path, words):
    source, target = tmp_path / "a.mkv", tmp_path / "b.mkv"
    made = ["-f", "lavfi", "-i", "color=c=0xC83264:size=32x24:rate=10:duration=0.2"]
    subprocess.run([animation.ffmpeg(), "-v", "error", *made, *words, str(source)], check=True)
    translate_video(Engine.of(LARGER, Way()), source, target, lambda count: None)
    one = ["-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    before, after = asked(source, *one), asked(target, *one)
    assert len(after) == 4 * len(before)
    assert np.abs(after.mean(0) - before.mean(0)).max() < 5  # levels
    shown = subprocess.run([animation.ffmpeg(), "-i", str(target)], capture_output=True, text=True).stderr
    assert "bt709" in shown and "SAR 2:1" in shown if "setsar=2/1" in words else "SAR 1:1" in shown


@pytest.mark.skipif(animation.ffmpeg() is None, reason="ffmpeg is not installed")
def test_with_the_real_ffmpeg(tmp_path):
    program, source = animation.ffmpeg(), tmp_path / "a.mp4"
    made = ["-f", "lavfi", "-i", "testsrc=size=32x24:rate=10:duration=0.5"]
    subprocess.run([program, "-v", "error", *made, str(source)], check=True)
    engine = Engine.of(between_images(Looking(image=(3, 32, 32))), Way(same=True))
    translate_video(engine, source, tmp_path / "b.mp4", lambda count: None)
    shown = subprocess.run([program, "-i", str(tmp_path / "b.mp4")], capture_output=True, text=True).stderr
    assert "64x48" in shown and "10 fps" in shown
    (tmp_path / "c.mp4").write_bytes(b"nothing")
    with pytest.raises(Unreadable, match="ffmpeg ended with code"):
        translate_video(engine, tmp_path / "c.mp4", tmp_path / "d.mp4", lambda count: None)
    assert not (tmp_path / "d.mp4").exists()
