"""A video through a translator, frame by frame, by way of the program ffmpeg.

The program is started without a shell, with a demuxer chosen by the suffix, so that nothing in a file makes
it open another one.
"""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from gancore.data.decode import MAX_PIXELS
from gancore.data.rows import WholeRows
from gancore.data.source import Array, Raw, Unreadable
from gancore.pictures.animation import encoded, ffmpeg
from gancore.storage.files import whole_file
from gancore.verbs.translating.engine import Engine
from gancore.verbs.translating.strips import Translation

DEMUXERS = {
    ".mp4": "mov",
    ".m4v": "mov",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "matroska",
    ".avi": "avi",
}
MUXERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
VIDEOS = frozenset(DEMUXERS)
LONGEST_WORD = 16
"""Characters of a number in the header of a frame."""


def video_suffix(suffix: str) -> str:
    """Of what is made of a video: its own where it holds the codec, else .mkv."""
    return suffix if suffix in MUXERS else ".mkv"


def translate_video(engine: Engine, source: Path, target: Path, progress: Callable[[int], object]) -> bool:
    """Every frame at its size, times the translator's factor; the frame rate, the shape of pixels and the
    sound are kept. Frames have 8 bits. Says whether frames were cut into tiles.

    Raises:
        Unreadable: ffmpeg is not there, or cannot read the video or write the result.
    """
    program = ffmpeg()
    if program is None:
        raise Unreadable(
            "videos need ffmpeg, which is not installed; install it or pip install 'gancore[video]'"
        )
    original = ["-f", DEMUXERS[source.suffix.lower()], "-i", f"file:{source.resolve()}"]
    given = [program, "-v", "error", "-nostdin", *original]
    rate, shape = _rate_and_shape(given)
    with whole_file(target) as aside:
        plain = ["-r", rate, "-pix_fmt", "rgb24", "-f", "image2pipe", "-c:v", "ppm"]
        frames = _frames([*given, "-map", "0:v:0", *plain, "-"])
        first = next(frames, None)
        if first is None:
            raise Unreadable("it has no frames")
        made = _made(engine, first)
        sink = _sink(original, made, rate, shape, MUXERS[target.suffix.lower()])
        with _written([program, "-v", "error", "-y", *sink, f"file:{aside.resolve()}"]) as feed:
            feed.write(_ppm(made))
            for count, frame in enumerate(frames, 2):
                feed.write(_ppm(_made(engine, frame)))
                progress(count)
    return Translation(engine, WholeRows(Raw(first))).tiles > 1


def _made(engine: Engine, frame: Array) -> Array:
    made = np.concatenate(list(Translation(engine, WholeRows(Raw(frame))).strips()))
    return made[..., :3] if made.shape[2] > 2 else np.repeat(made[..., :1], 3, 2)


def _rate_and_shape(given: list[str]) -> tuple[str, str]:
    """Frames a second and the width of a pixel by its height, as fractions: from the header of the first
    frame in a format that says them.
    """
    one = [*given, "-map", "0:v:0", "-frames:v", "1", "-pix_fmt", "yuv420p", "-f", "yuv4mpegpipe", "-"]
    with _reading(one) as pipe:
        head = pipe.readline(256).split()
        pipe.read()
    found = {word[:1]: word[1:].decode("ascii", "replace").replace(":", "/") for word in head}
    if head[:1] != [b"YUV4MPEG2"] or b"F" not in found:
        raise Unreadable("ffmpeg finds no frames in it")
    shape = found.get(b"A", "1/1")
    return found[b"F"], "1/1" if shape.startswith("0/") else shape  # 0: it is not known


def _frames(words: list[str]) -> Iterator[Array]:
    """Frames `(H, W, 3)`, each from a PPM file in the pipe."""
    with _reading(words) as pipe:
        while (kind := pipe.read(3)) == b"P6\n":
            width, height, most = (_number(pipe) for _ in range(3))
            if not 0 < width * height <= MAX_PIXELS:
                raise Unreadable(f"its frames are {width}×{height}; from 1 to {MAX_PIXELS} pixels are read")
            pixels = pipe.read(width * height * 3) if most == 255 else b""
            if len(pixels) < width * height * 3:
                raise Unreadable("a frame ends before its pixels do")
            yield np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
        if kind:
            raise Unreadable("ffmpeg gives something else than frames")


def _number(pipe: IO[bytes]) -> int:
    word = b""
    while (character := pipe.read(1)).isdigit() and len(word) < LONGEST_WORD:
        word += character
    if not word:
        raise Unreadable("a frame has no size")
    return int(word)


def _ppm(pixels: Array) -> bytes:
    height, width = pixels.shape[:2]
    return b"P6\n%d %d\n255\n" % (width, height) + np.ascontiguousarray(pixels).tobytes()


def _sink(original: list[str], frame: Array, rate: str, shape: str, muxer: str) -> list[str]:
    """Frames from the input, with pixels of this shape, and the sound of the original as it is."""
    even = not (frame.shape[0] % 2 or frame.shape[1] % 2)
    shown = "yuv420p" if even else "yuv444p"  # 4:2:0, which most players want, needs even sides
    frames = ["-f", "image2pipe", "-c:v", "ppm", "-framerate", rate, "-i", "pipe:0"]
    kept = ["-map", "0:v:0", "-map", "1:a?", "-c:a", "copy", *encoded(f"setsar={shape}"), "-pix_fmt", shown]
    return [*frames, *original, *kept, "-f", muxer]


@contextmanager
def _reading(words: list[str]) -> Iterator[IO[bytes]]:
    """What the program writes. Raises Unreadable with its message if it fails."""
    with tempfile.TemporaryFile() as said:
        process = _started(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said)
        pipe = cast(IO[bytes], process.stdout)
        try:
            yield pipe
            if code := process.wait():
                raise Unreadable(f"ffmpeg ended with code {code}: {_message(said)}")
        finally:
            _ended(process, pipe)


@contextmanager
def _written(words: list[str]) -> Iterator[IO[bytes]]:
    """The input of the program. Raises Unreadable with its message if it fails."""
    with tempfile.TemporaryFile() as said:
        process = _started(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said)
        feed, broken = cast(IO[bytes], process.stdin), False
        try:
            try:
                yield feed
                feed.close()
            except BrokenPipeError:  # its code and message say more
                broken = True
            if (code := process.wait()) or broken:
                raise Unreadable(f"ffmpeg ended with code {code}: {_message(said)}; nothing of it is left")
        finally:
            _ended(process, feed)


def _started(words: list[str], **pipes: Any) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(words, bufsize=2**20, **pipes)
    except OSError as error:  # no permission, or no program for this machine
        raise Unreadable(f"{words[0]} cannot be started ({error.strerror}); install ffmpeg anew") from None


def _message(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read(2000).decode("utf-8", errors="replace").strip() or "no message"


def _ended(process: "subprocess.Popen[bytes]", pipe: IO[bytes]) -> None:
    process.kill()
    process.wait()
    try:
        pipe.close()
    except BrokenPipeError:
        pass
