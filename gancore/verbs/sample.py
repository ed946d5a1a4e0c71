"""Images from a run, or images translated or reconstructed by it."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gancore.data import ImageOptions
from gancore.data import Images as ImageFiles
from gancore.errors import UserError
from gancore.pipeline import Pipeline, check_truncation
from gancore.runs.sources import open_source
from gancore.storage.files import distinct
from gancore.verbs.loading import Run, load
from gancore.verbs.pictures import Images, check_images, written
from gancore.verbs.progress import Progress, counted, silent


def sample(
    run: Run,
    *,
    count: int = 64,
    seed: int | None = None,
    label: int | None = None,
    truncation: float = 1.0,
    truncation_layers: int | None = None,
    pipeline: str | None = None,
    data: Path | str | None = None,
    output: Path | str | None = None,
    progress: Progress = silent,
) -> Images:
    """Draws images from a trained run, or sends given images through it.

    Args:
        run: a run, checkpoint, saved pipeline or import by its folder, or a pipeline at hand.
        count: the number of images.
        seed: of the latents and the noise; left out: 0.
        label: the class of all images; left out: as in the data.
        truncation: 1 for none, towards 0 nearer to the mean.
        truncation_layers: truncate the first so many layers alone; left out: all.
        pipeline: which of several, as `backward`; left out: the first.
        data: images to translate or reconstruct, in place of sampling: a folder, zip, IDX or .npy file.
        output: FILE.png for a grid, FILE.npy, or a folder for one file each; left out: nothing is written.
        progress: is told how far the work is.

    Raises:
        UserError: options contradict each other or the pipeline, or the output cannot be written there.
        RunError: there is no pipeline.
    """
    if truncation_layers is not None and truncation == 1:
        raise UserError(
            "--truncation-layers says which layers --truncation moves; "
            "give --truncation too, as 0.7, or leave it out"
        )
    if data is not None and (truncation != 1 or label is not None):
        raise UserError(
            "--data gives the images to start from, so that --truncation and --label change nothing; "
            "leave them out"
        )
    if count < 1:
        raise UserError(f"--count is a number of images, at least 1; got {count}")
    if output is not None:
        check_images(Path(output))
    chosen, number = load(run, pipeline), seed or 0
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
    label: int | None,
    seed: int,
    truncated: dict[str, Any],
    progress: Progress,
) -> Tensor:
    """The images of `Pipeline.sample`, the same bits."""
    wanted = None if label is None else torch.full((count,), label)
    latent, marks = pipeline.draw(count, seed=seed, label=wanted)
    return torch.cat(list(counted(pipeline.chunks(latent, marks, seed=seed, **truncated), count, progress)))


def _through(pipeline: Pipeline, source: str, seed: int) -> tuple[Tensor, list[str]]:
    shape = pipeline.generator.code_shape if pipeline.sampler is None else pipeline.generator.image
    images = open_source(source, ImageOptions(channels=shape[0], size=tuple(shape[1:]), labels="none"))
    rows = images.rows(np.arange(len(images)))["image"]
    made = (
        pipeline.render(rows, seed=seed)
        if pipeline.sampler is None
        else pipeline.reconstruct(rows, seed=seed)
    )
    return made, distinct([Path(name).stem for name in images.names]) if isinstance(
        images, ImageFiles
    ) else []
