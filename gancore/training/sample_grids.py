"""The sample grids of a run, always from the same latents, to show how the images change."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gancore.component.randomness import fold
from gancore.data import Data
from gancore.latent.wanted_label import classes_of, names_of, rows_of
from gancore.pictures.captions import Captions
from gancore.pictures.grid import save_grid
from gancore.pipeline import Pipeline
from gancore.runs.again import begun_by
from gancore.runs.folder import RunFolder
from gancore.runs.identity import run_hash
from gancore.runs.layout import REAL

COUNT = 64
"""Images in a grid without classes."""

COLUMNS, PAIR, TRIPLE = 8, ("image", "made of it"), ("source", "made of it", "target")
CLASSES = 16
"""Rows in a grid with a class each: the first ones of more."""
RECONSTRUCTION = "reconstruction"
SHOWN = COUNT // 2
TRIPLES = 3
"""How often three columns stand side by side."""
"""Data images in the grids of translators and encoders; each is shown next to its result."""


def write_grids(
    pipelines: dict[str, Pipeline],
    fixed: dict[str, Tensor],
    run: RunFolder,
    images: int,
    seed: int,
    *,
    paired: bool = False,
) -> list[Path]:
    """Writes one grid per pipeline; returns the paths.

    `00012000.png` is from the first pipeline, `00012000-NAME.png` from others; an encoder adds
    `00012000-reconstruction.png`. A row of samples is of one class, if the pipeline draws images of classes.
    `fixed` holds the images that translators and encoders are applied to; where they are `paired`, the target
    stands beside each translation.
    """
    written = []
    texts = {"Command": begun_by(run), "Seed": str(seed), "Run": run_hash(run)}
    title = f"{images:,} images seen · seed {seed}"
    for i, (name, pipeline) in enumerate(pipelines.items()):
        if paired and pipeline.product == "translates" and pipeline.makes in fixed:
            path = run.sample_file(images, "" if i == 0 else name)
            write_triples(pipeline, fixed, path, seed, title, texts)
            written.append(path)
            continue
        grids = {"" if i == 0 else name: sample_grid(pipeline, fixed, seed)}
        if pipeline.encoder is not None and pipeline.product == "draws":
            mark = RECONSTRUCTION if i == 0 else f"{name}-{RECONSTRUCTION}"
            grids[mark] = applied(pipeline, pipeline.makes, fixed, seed)
        for mark, pictures in grids.items():
            path = run.sample_file(images, mark)
            pairs = pipeline.product != "draws" or mark.endswith(RECONSTRUCTION)
            columns = PAIR * (COLUMNS // 2) if pairs else ()
            captions = Captions(() if pairs else row_names(pipeline), columns, title)
            save_grid(pictures, path, columns=COLUMNS, captions=captions, texts=texts)
            written.append(path)
    return written


def write_triples(
    pipeline: Pipeline, fixed: dict[str, Tensor], path: Path, seed: int, title: str, texts: dict[str, str]
) -> None:
    """Writes a grid of sources, what is made of each, and what should be made."""
    count = len(fixed[pipeline.reads]) // TRIPLES * TRIPLES or len(fixed[pipeline.reads])
    source, target = (fixed[entry][:count] for entry in (pipeline.reads, pipeline.makes))
    label = fixed["label"][:count] if "label" in fixed else None
    made = torch.cat(list(pipeline.apply(source, label, seed=seed)))
    columns = TRIPLE * min(TRIPLES, count)
    captions = Captions((), columns, title)
    save_grid(side_by_side(source, made, target), path, columns=len(columns), captions=captions, texts=texts)


def write_real(pipeline: Pipeline, data: Data, run: RunFolder) -> None:
    """Writes a grid of training images to show beside the samples, once; for pipelines that draw images:
    the grids of others show real ones already.
    """
    if pipeline.product != "draws" or run.picture(REAL).is_file():
        return
    rows = data.rows(np.linspace(0, len(data) - 1, min(COUNT, len(data))).astype(int))
    run.pictures_folder.mkdir(exist_ok=True)
    title = f"{min(COUNT, len(data))} of {len(data):,} training images"
    save_grid(rows[pipeline.makes], run.new_picture(REAL), columns=COLUMNS, captions=Captions(title=title))


def sample_grid(pipeline: Pipeline, fixed: dict[str, Tensor], seed: int) -> Tensor:
    """`COUNT` samples, or a row of each class; if the pipeline works on images, these alternating with what
    it makes of them.
    """
    if pipeline.product == "draws":
        rows = len(row_names(pipeline))
        label = torch.arange(rows).repeat_interleave(COLUMNS) if rows else None
        return pipeline.sample(rows * COLUMNS or COUNT, seed=fold(seed, "sheet"), label=label)
    return applied(pipeline, pipeline.reads, fixed, seed)


def row_names(pipeline: Pipeline) -> list[str]:
    """The name, or the number, of the class of each row in a grid of samples; none without classes."""
    if rows_of(pipeline) or not pipeline.conditional:
        return []
    numbers = [f"class {number}" for number in range(classes_of(pipeline))]
    return list(names_of(pipeline) or numbers)[:CLASSES]


def applied(pipeline: Pipeline, entry: str, fixed: dict[str, Tensor], seed: int) -> Tensor:
    """The images of one entry alternating with their translations or reconstructions."""
    made = torch.cat(list(pipeline.apply(fixed[entry], fixed.get("label"), seed=seed)))
    return side_by_side(fixed[entry], made)


def side_by_side(*batches: Tensor) -> Tensor:
    """Batches of as many images, interleaved: first 0, second 0, first 1 …; if their channels differ, as RGB
    on white, and smaller ones enlarged to the size of the others.
    """
    mixed = len({images.shape[1] for images in batches}) > 1
    shown = [(rgb(images) if mixed else images).cpu() for images in batches]
    size = [max(images.shape[axis] for images in shown) for axis in (2, 3)]
    alike = [images if list(images.shape[2:]) == size else interpolate(images, size=size) for images in shown]
    return torch.stack(alike, 1).flatten(0, 1)


def rgb(images: Tensor) -> Tensor:
    """Repeats gray over three channels, puts RGBA on white; otherwise keeps the first three channels."""
    if images.shape[1] < 3:
        return images[:, :1].expand(-1, 3, -1, -1)
    if images.shape[1] == 4:
        alpha = (images[:, 3:] + 1) / 2
        return images[:, :3] * alpha + (1 - alpha)
    return images[:, :3]
