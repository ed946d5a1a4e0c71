"""A pipeline as a folder of plain safetensors and JSON."""

from pathlib import Path

import torch

from gancore.errors import ExportError, UserError
from gancore.pipeline import Pipeline

__all__ = ["export_pipeline"]


def export_pipeline(pipeline: Pipeline, folder: Path | str) -> float:
    """Writes the pipeline with `Pipeline.save` and reads it back: returns 0.0, since its weights have the
    same bits.

    Raises:
        UserError: the folder exists.
        ExportError: the pipeline read back differs from the one written.
    """
    folder = Path(folder)
    if folder.exists():
        raise UserError(f"{folder} already exists; give a new folder")
    pipeline.save(folder)
    mine, read = pipeline.state_dict(), Pipeline.load(folder).state_dict()
    if mine.keys() != read.keys() or not all(torch.equal(mine[name], read[name]) for name in mine):
        raise ExportError(f"{folder} reads back differently from what was written; the disk may be failing")
    return 0.0
