"""The codes that a run's encoder gives to images."""

import os
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import torch
from torch import Tensor

from gancore.data import Data, ImageOptions
from gancore.data import Images as ImageFiles
from gancore.errors import UserError
from gancore.pipeline import Pipeline
from gancore.progress import Progress, tell
from gancore.runs.sources import open_source
from gancore.verbs.codes import Codes, check_codes
from gancore.verbs.loading import Run, load
from gancore.verbs.outputs import check_file
from gancore.verbs.words import given

CHUNK = 256
"""Images read at a time."""


def encode(
    run: Run,
    data: Data | str | os.PathLike[str],
    *,
    labels: str | os.PathLike[str] | None = None,
    fit: str | None = None,
    pipeline: str | None = None,
    device: str | None = None,
    output: Path | str | None = None,
    page: Path | str | None = None,
    progress: Progress = tell,
) -> Codes:
    """Encodes images with the encoder of a trained run.

        codes = gancore.encode("runs/0003-vae", "photos/")
        distances, indices = codes.nearest(5)
        groups = codes.clusters(10)

    Args:
        run: folder of a run, checkpoint, saved pipeline or import; or a `Pipeline`.
        data: images to encode: a folder, zip, IDX or .npy file, or emoji; or a `Data`.
        labels: auto, folders, none, or a file of labels, for an encoder that reads labels and for the purity
            of clusters; default: auto if the encoder reads labels, else none.
        fit: crop, pad or stretch images of another size; default: crop.
        pipeline: which one, if the run has several, e.g. `backward`; default: the first.
        device: auto, cpu, cuda, cuda:1 or mps; default: cpu, or where a given `Pipeline` is.
        output: FILE.npy for the codes, with the file names in FILE.json beside it; default: nothing is
            written.
        page: FILE.html to show clusters and nearest neighbors of the codes.
        progress: called as `progress(what, done, total)`.

    Raises:
        UserError: the run has no encoder, its labels are missing, or the output cannot be written.
        RunError: the folder holds no pipeline.
    """
    for path, check in ((output, check_codes), (page, check_file)):
        if path is not None:
            check(Path(path))
    chosen = load(run, pipeline, device)
    if chosen.encoder is None:
        raise UserError(
            f"{chosen.generator.qualified_name} has no encoder, so it cannot encode images; "
            "give a run that trains one, such as of the recipe vae"
        )
    options = {"labels": None if labels is None else str(labels), "fit": fit}
    opened = data if isinstance(data, Data) else _opened(chosen, str(data), options)
    entry = "image" if "image" in opened.rows(np.arange(1)) else chosen.reads or chosen.makes
    codes = _encoded(chosen, opened, entry, progress)
    names = tuple(opened.names) if isinstance(opened, ImageFiles) else ()
    found = Codes(codes=codes, data=opened, entry=entry, names=names)
    if page is not None:
        found.save_page(page)
    return found if output is None else attrs.evolve(found, path=found.save(output))


def _opened(pipeline: Pipeline, source: str, options: dict[str, Any]) -> Data:
    channels, *size = pipeline.reads_shape
    usual = {} if pipeline.reads_labels else {"labels": "none"}
    return open_source(source, ImageOptions(**usual | given(**options), channels=channels, size=tuple(size)))


def _encoded(pipeline: Pipeline, data: Data, entry: str, progress: Progress) -> Tensor:
    assert pipeline.encoder is not None
    codes = []
    for start in range(0, len(data), CHUNK):
        progress("images", start, len(data))
        rows = data.rows(np.arange(start, min(start + CHUNK, len(data))))
        label = rows.get("label") if pipeline.encoder.conditional else None
        codes.append(pipeline.encode(rows[entry], label))
    progress("images", len(data), len(data))
    return torch.cat(codes)
