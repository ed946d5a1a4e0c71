"""Translates pictures and videos, file by file."""

import os
from pathlib import Path

from gancore.latent.wanted_label import Wanted
from gancore.progress import Progress, tell
from gancore.verbs.loading import Run
from gancore.verbs.translating.engine import Way
from gancore.verbs.translating.folder import Translations, translate_folder


def translate(
    run: Run,
    images: str | os.PathLike[str],
    *,
    label: Wanted | None = None,
    fit: str | None = None,
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
    """Translates the image files of a folder with a trained translator into a folder of PNG files, and its
    videos into videos, if ffmpeg is there.

    Names and folders, alpha and the depth of 16-bit PNGs are kept. Images keep their size, times the factor
    of the generator, if it reads any size; otherwise each must have its size, unless `fit` says what to do.
    Large images are made from tiles, in memory that does not grow with them. A file that cannot be read or
    does not fit is named in the result, and the others are translated. Translations that are there already
    are not made again, so that the same call continues where it was stopped.

    Args:
        run: folder of a run, checkpoint, saved pipeline or import; or a `Pipeline`.
        images: a folder or zip of image files, or one image file or video.
        label: class of all images, its name, or a row of numbers, if the translator reads labels.
        fit: crop, pad or stretch images of another size than the generator's; default: refuse them.
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
        output: folder for the translations.
        progress: called as `progress(what, done, total)`.

    Raises:
        UserError: the run does not translate images, an option does not fit it, or the output holds
        something else. DataError: there are no image files. RunError: the folder holds no pipeline, or a
        file could not be written.
    """
    way = Way(
        label=label,
        fit=fit,
        source_from=source_from,
        seed=seed,
        pipeline=pipeline,
        tile=tile,
        overlap=overlap,
        alpha=alpha,
        precision=precision,
        device=device,
    )
    return translate_folder(run, images, way, output, progress)
