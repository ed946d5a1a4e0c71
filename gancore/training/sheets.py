"""The sample sheets of a run: always the same latents, so that one sees the images change."""

from pathlib import Path

import torch
from torch import Tensor

from gancore.pictures.grid import save_grid
from gancore.pipeline import Pipeline
from gancore.randomness import fold

COUNT = 64
"""Images on a sheet."""


def write_sheets(pipelines: dict[str, Pipeline], fixed: dict[str, Tensor], folder: Path, images: int, seed: int) -> list[Path]:
    """`00012000.png` from the first pipeline, `00012000-NAME.png` from others; an encoder adds `00012000-reconstruction.png`.

    `fixed` holds the images that translators and encoders show, beside what they make of them.
    """
    written = []
    for i, (name, pipeline) in enumerate(pipelines.items()):
        sheets = {"" if i == 0 else f"-{name}": sheet(pipeline, fixed, seed)}
        if pipeline.encoder is not None and "image" in fixed:
            half = fixed["image"][: COUNT // 2]
            sheets["-reconstruction"] = side_by_side(half, pipeline.reconstruct(half, seed=seed))
        for mark, pictures in sheets.items():
            path = folder / f"{images:08d}{mark}.png"
            save_grid(pictures, path, columns=8)
            written.append(path)
    return written


def sheet(pipeline: Pipeline, fixed: dict[str, Tensor], seed: int) -> Tensor:
    """`COUNT` samples, or for a translator source images and what becomes of them, in turn."""
    if pipeline.sampler is not None:
        return pipeline.sample(COUNT, seed=fold(seed, "sheet"))
    source = fixed[pipeline.reads][: COUNT // 2]
    return side_by_side(source, pipeline.render(source, seed=seed))


def side_by_side(left: Tensor, right: Tensor) -> Tensor:
    """Two batches in turn: left 0, right 0, left 1 …; a grey one is shown with the channels of the other."""
    channels = max(left.shape[1], right.shape[1])
    left, right = (t.expand(-1, channels, -1, -1) if t.shape[1] == 1 else t for t in (left, right))
    return torch.stack([left.cpu(), right.cpu()], 1).flatten(0, 1)
