"""Images drawn, translated or reconstructed by a run."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gancore.data import ImageOptions
from gancore.data import Images as ImageFiles
from gancore.errors import UserError
from gancore.latent.wanted_label import Wanted, wanted_label
from gancore.pipeline import Pipeline, check_truncation
from gancore.runs.sources import open_source
from gancore.storage.files import distinct
from gancore.verbs.loading import Run, load
from gancore.verbs.pictures import Images, check_images, written
from gancore.verbs.progress import Progress, counted, silent
from gancore.verbs.words import Changes, changes_of


def sample(
    run: Run,
    *,
    count: int = 64,
    seed: int | None = None,
    label: Wanted | None = None,
    truncation: float = 1.0,
    truncation_layers: int | None = None,
    pipeline: str | None = None,
    set: Changes = (),
    data: Path | str | None = None,
    output: Path | str | None = None,
    progress: Progress = silent,
) -> Images:
    """Draws images from a trained run, or translates or reconstructs given images with it.

    Args:
        run: folder of a run, checkpoint, saved pipeline or import; or a `Pipeline`.
        count: number of images.
        seed: seed of latents and noise; default: 0.
        label: class of all images, or its name, or a row of numbers; default: drawn as in the data.
        truncation: 1 for none; values closer to 0 move images toward the mean.
        truncation_layers: truncate only this many of the first layers; default: all.
        pipeline: which one, if the run has several, e.g. `backward`; default: the first.
        set: options of the pipeline's parts, by path: {"sampler.temperature": 0.9}.
        data: images to translate or reconstruct instead of sampling: a folder, zip, IDX or .npy file.
        output: FILE.png for a grid, FILE.npy, or a folder for one file per image; default: nothing is
            written.
        progress: called as `progress(what, done, total)`.

    Raises:
        UserError: options conflict with each other or the pipeline, or the output cannot be written.
        RunError: the folder holds no pipeline.
    """
    if truncation_layers is not None and truncation == 1:
        raise UserError(
            "--truncation-layers has no effect without --truncation; "
            "give --truncation too, e.g. 0.7, or omit it"
        )
    if data is not None and (truncation != 1 or label is not None):
        raise UserError("--truncation and --label have no effect with --data; omit them")
    if count < 1:
        raise UserError(f"--count must be at least 1; got {count}")
    if output is not None:
        check_images(Path(output))
    chosen, number = load(run, pipeline), seed or 0
    if changes := changes_of(set):
        chosen = chosen.with_options(changes)
    check_truncation(chosen, truncation, truncation_layers)
    if data is not None:
        images, names = _through(chosen, str(data), number)
        return written(Images(images=images, names=tuple(names)), output)
    truncated = {"truncation": truncation, "truncation_layers": truncation_layers}
    drawn = _drawn(chosen, count, label, number, truncated, progress)
    return written(Images(images=drawn, seed=number), output)


def _drawn(
    pipeline: Pipeline,
    count: int,
    label: Wanted | None,
    seed: int,
    truncated: dict[str, Any],
    progress: Progress,
) -> Tensor:
    """The images of `Pipeline.sample`, bit for bit."""
    wanted = wanted_label(pipeline, label)
    several = None if wanted is None else wanted.expand(count, *wanted.shape[1:])
    latent, marks = pipeline.draw(count, seed=seed, label=several)
    return torch.cat(list(counted(pipeline.chunks(latent, marks, seed=seed, **truncated), count, progress)))


def _through(pipeline: Pipeline, source: str, seed: int) -> tuple[Tensor, list[str]]:
    shape, labels = pipeline.reads_shape, "auto" if pipeline.reads_labels else "none"
    images = open_source(source, ImageOptions(channels=shape[0], size=tuple(shape[1:]), labels=labels))
    rows = images.rows(np.arange(len(images)))
    made = torch.cat(list(pipeline.apply(rows["image"], rows.get("label"), seed=seed)))
    names = [Path(name).stem for name in images.names] if isinstance(images, ImageFiles) else []
    return made, distinct(names)
