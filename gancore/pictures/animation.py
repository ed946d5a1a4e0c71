"""Frames as an animation or video file, or as a folder of images, written atomically."""

import itertools
import math
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import IO, cast

from PIL import Image
from torch import Tensor

from gancore.errors import DataError, RunError, UserError
from gancore.pictures.grid import to_pil
from gancore.storage.files import whole_file, whole_folder

__all__ = ["ENDINGS", "check_animation", "save_animation", "tiled"]

ENDINGS = (".gif", ".apng", ".webp", ".mp4")
SMALLEST = 256
FASTEST_GIF = 50


def tiled(images: Tensor, columns: int) -> Tensor:
    """Images `(N, C, H, W)`, N a multiple of `columns`, edge to edge in rows: one image `(1, C, H · N /
    columns, W · columns)`.

    Raises:
        DataError: the images do not fill the rows.
    """
    n, c, h, w = images.shape
    if columns < 1 or n % columns:
        raise DataError(
            f"{n} images do not fill rows of {columns}; give a number of columns that divides {n}"
        )
    rows = images.reshape(n // columns, columns, c, h, w)
    return rows.permute(2, 0, 3, 1, 4).reshape(1, c, n // columns * h, columns * w)


def check_animation(path: Path, fps: float) -> None:
    """Checks in advance whether `save_animation` could write there.

    Raises:
        UserError: the suffix is not that of an animation, the format does not support the frame rate, `.mp4`
        without ffmpeg, or a folder in use.
    """
    ending = path.suffix.lower()
    if not ending:
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UserError(f"{path} already exists; give a new folder for the frames")
    elif ending not in ENDINGS:
        raise UserError(
            f"{path.name} ends in {path.suffix!r}; give a name that ends in {', '.join(ENDINGS)}, "
            "in .png for a grid, or a new folder"
        )
    elif path.is_dir():
        raise UserError(f"{path} is a folder; give the name of a file, or a folder's name without an ending")
    elif ending == ".gif" and fps > FASTEST_GIF:
        raise UserError(
            f"a GIF shows at most {FASTEST_GIF} frames a second; "
            f"got {fps:g}: slow down, or give a name that ends in .webp"
        )
    elif ending == ".mp4" and ffmpeg() is None:
        raise UserError(
            f"{path.name}: MP4 needs ffmpeg, which is not installed; install it or "
            "pip install 'gancore[video]', or give a name that ends in .webp or .gif"
        )


def ffmpeg() -> str | None:
    """The program ffmpeg: the system's, or else that of the package imageio-ffmpeg; None without either."""
    if found := shutil.which("ffmpeg"):
        return found
    try:
        return str(import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except (ImportError, RuntimeError):  # the latter: installed for a system for which it has no program
        return None


def save_animation(frames: Iterable[Tensor], path: Path, *, fps: float = 24.0) -> None:
    """Write frames, each an image `(1, C, H, W)` in [-1, 1], in the format of the suffix: `.gif`, `.apng`,
    `.webp`, `.mp4`, or without one a folder of PNGs.

    Frames are enlarged by a whole number until the longer side has at least 256 pixels; in GIF and MP4,
    transparent ones are composited over white. All formats except MP4 loop forever.

    Raises:
        UserError: as `check_animation`.
        RunError: ffmpeg failed, or the file could not be written; nothing of it is left.
    """
    check_animation(path, fps)
    shown = (_enlarged(to_pil(frame)[0]) for frame in frames)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.suffix:
            return _folder(shown, path)
        with whole_file(path) as aside:
            WRITERS[path.suffix.lower()](shown, aside, fps)
    except OSError as error:
        raise RunError(
            f"could not write {path}: {error.strerror or error}; "
            "nothing of it is left. Free some space or name another folder."
        ) from error


def _enlarged(picture: Image.Image) -> Image.Image:
    factor = max(1, math.ceil(SMALLEST / max(picture.size)))
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")


def _folder(frames: Iterator[Image.Image], path: Path) -> None:
    with whole_folder(path) as aside:
        for i, frame in enumerate(frames):
            frame.save(aside / f"{i:06d}.png", "PNG")


def _gif(frames: Iterator[Image.Image], aside: Path, fps: float) -> None:
    # without dithering: its grain would crawl from frame to frame
    flat = (_on_white(frame) for frame in frames)
    few = [frame if frame.mode == "L" else frame.quantize(256, dither=Image.Dither.NONE) for frame in flat]
    few[0].save(
        aside, "GIF", save_all=True, append_images=few[1:], duration=_durations(len(few), fps, 10), loop=0
    )


def _apng(frames: Iterator[Image.Image], aside: Path, fps: float) -> None:
    several = list(frames)
    several[0].save(
        aside,
        "PNG",
        save_all=True,
        append_images=several[1:],
        duration=_durations(len(several), fps, 1),
        loop=0,
    )


def _webp(frames: Iterator[Image.Image], aside: Path, fps: float) -> None:
    several = list(frames)
    times = _durations(len(several), fps, 1)
    several[0].save(
        aside,
        "WEBP",
        save_all=True,
        append_images=several[1:],
        duration=times,
        loop=0,
        lossless=True,
        quality=60,
    )


def _durations(count: int, fps: float, step: int) -> list[int]:
    """Milliseconds of each frame in multiples of `step`; rounding errors do not accumulate."""
    ends = [round(i * 1000 / fps / step) * step for i in range(count + 1)]
    return [end - start for start, end in itertools.pairwise(ends)]


def _mp4(frames: Iterator[Image.Image], aside: Path, fps: float) -> None:
    first = _on_white(next(frames)).convert("RGB")
    size = f"{first.width}x{first.height}"
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", f"{fps:g}", "-i", "-"]
    # many players support only 4:2:0, which needs even sides
    sink = [
        "-an",
        *encoded("pad=ceil(iw/2)*2:ceil(ih/2)*2"),
        "-pix_fmt",
        "yuv420p",
        "-movflags",
        "+faststart",
        "-f",
        "mp4",
    ]
    rest = (_on_white(frame).convert("RGB") for frame in frames)
    with _ffmpeg([*source, *sink, str(aside)]) as feed:
        for frame in itertools.chain([first], rest):
            feed.write(frame.tobytes())


def encoded(*filters: str) -> list[str]:
    """The options of ffmpeg that filter frames and encode them in colors that say what they are: players take
    videos that say nothing for BT.709 where they are large, and else for BT.601.
    """
    names = ("colorspace", "color_primaries", "color_trc")
    told = [word for name in names for word in (f"-{name}", "bt709")]
    return [*_codec(), "-vf", ",".join([*filters, "scale=out_color_matrix=bt709"]), *told]


def _codec() -> list[str]:
    """The options of ffmpeg that choose the codec and quality of a video."""
    known = subprocess.run(
        [cast(str, ffmpeg()), "-hide_banner", "-encoders"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    ).stdout
    return ["-c:v", "libx264", "-crf", "16"] if "libx264" in known else ["-q:v", "3"]


@contextmanager
def _ffmpeg(words: Sequence[str]) -> Iterator[IO[bytes]]:
    """Runs ffmpeg and yields its input; if it fails, the error contains ffmpeg's message."""
    # a pipe for its messages could fill up while it waits to be read
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [cast(str, ffmpeg()), "-v", "error", "-y", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        feed = cast(IO[bytes], process.stdin)
        try:
            # an ffmpeg that fails closes its side: its code and message say more than that
            with suppress(BrokenPipeError):
                yield feed
                feed.close()
            code = process.wait()
        finally:
            process.kill()
            process.wait()
            with suppress(OSError):
                feed.close()
        if code:
            said.seek(0)
            text = said.read(4000).decode("utf-8", errors="replace").strip()
            raise RunError(
                f"ffmpeg ended with code {code}: {text or 'no message'}; "
                "nothing was written. Try a .webp name."
            )


WRITERS: dict[str, Callable[[Iterator[Image.Image], Path, float], None]] = {
    ".gif": _gif,
    ".apng": _apng,
    ".webp": _webp,
    ".mp4": _mp4,
}
