"""Makes pictures and videos larger, file by file."""

import os
from pathlib import Path

from gancore.latent.wanted_label import Wanted
from gancore.progress import Progress, tell
from gancore.verbs.loading import Run
from gancore.verbs.translating.engine import Way
from gancore.verbs.translating.folder import Translations, translate_folder


def upscale(
    run: Run,
    images: str | os.PathLike[str],
    *,
    label: Wanted | None = None,
    source_from: str | None = None,
    seed: int | None = None,
    pipeline: str | None = None,
    tile: int | None = None,
    overlap: int | None = None,
    alpha: str | None = None,
    precision: str | None = None,
    device: str | None = None,
    output: Path | str,
    progress: Progress = tell,
) -> Translations:
    """Makes the image files of a folder larger with a trained translator whose images are larger than what it
    reads by a whole factor, and its videos, if ffmpeg is there.

    As `translate`, and the colors are those of the source: gray images stay gray, and a network that was
    trained on gray images is given each color of others by itself.

    Args:
        run: folder of a run, checkpoint, saved pipeline or import; or a `Pipeline`.
        images: a folder or zip of image files, or one image file or video.
        label: class of all images, its name, or a row of numbers, if the network reads labels.
        source_from: what of each image is translated: its half ("left", "right"), or "edges", "smaller-2",
            "smaller-3" or "smaller-4" made of it as in training; default: the image itself, which is made
            gray where the network reads gray images.
        seed: seed of the noise; default: 0.
        pipeline: which one, if the run has several, e.g. `backward`; default: the first.
        tile: longest side of the pieces that larger images are made from, in pixels that are read; 0:
            never; default: as many as make 1024.
        overlap: pixels of its neighbors that a tile reads too, on each side; default: 32.
        alpha: keep it, resized; send it through the network as a gray picture (network); or lay images on
            white or black; default: keep.
        precision: float32; bf16 for autocast with float32 weights; or auto: bf16 where the device has
            instructions for it; default: float32.
        device: auto, cpu, cuda, cuda:1 or mps; default: cpu, or where a given `Pipeline` is.
        output: folder for the larger images.
        progress: called as `progress(what, done, total)`.

    Raises:
        UserError: the run makes no images larger; otherwise as `translate`.
    """
    way = Way(
        label=label,
        source_from=source_from,
        seed=seed,
        pipeline=pipeline,
        tile=tile,
        overlap=overlap,
        alpha=alpha,
        precision=precision,
        device=device,
        same=True,
    )
    return translate_folder(run, images, way, output, progress)
