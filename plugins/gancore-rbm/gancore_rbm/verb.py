"""The Python functions of the commands `gancore filters` and `gancore rbm-likelihood`."""

import os
from pathlib import Path

import numpy as np

from gancore.data import ImageOptions
from gancore.errors import UserError
from gancore.pictures import save_grid
from gancore.progress import counted
from gancore.runs.folder import RunFolder
from gancore.runs.sources import open_source
from gancore_rbm.encoder import RBMEncoder
from gancore_rbm.hidden_filters import hidden_filters
from gancore_rbm.likelihood import Likelihood, log_likelihood, log_partition

BATCH = 512
"""Images read at a time."""


def filters(
    run: str | os.PathLike[str], *, output: str | os.PathLike[str] = "filters.png", count: int = 100
) -> int:
    """Writes the filters of a trained machine as one picture; returns how many there are.

    Args:
        run: folder of a run trained with recipe rbm, or another whose generator ends in a matrix.
        output: the picture, such as `filters.png`.
        count: at most so many filters, those of largest norm.

    Raises:
        UserError: the generator has no such filters, `count` is below 1, or the picture cannot be written.
    """
    if count < 1:
        raise UserError(f"--count must be at least 1; got {count}")
    found = hidden_filters(RunFolder(os.fspath(run)).pipeline().generator, count)
    save_grid(found, Path(output))
    return len(found)


def rbm_likelihood(
    run: str | os.PathLike[str],
    *,
    data: str | os.PathLike[str] = "emoji",
    subset: str | None = None,
    count: int | None = None,
    chains: int = 100,
    temperatures: int = 1000,
    seed: int = 0,
) -> Likelihood:
    """Estimates the log-likelihood of images under a trained restricted Boltzmann machine.

    Args:
        run: folder of a run trained with recipe rbm.
        data: images to score; they are fitted to the size that the run was trained at.
        subset: train or test, of an IDX folder.
        count: score only this many images, from the first; default: all.
        chains: chains of annealed importance sampling.
        temperatures: its inverse temperatures.
        seed: seed of the chains, and of the black and white images.

    Raises:
        UserError: the run was not trained with recipe rbm, or a number is too small.
    """
    if count is not None and count < 1:
        raise UserError(f"--count must be at least 1; got {count}")
    trained = RunFolder(os.fspath(run))
    encoder = trained.pipeline().encoder
    if not isinstance(encoder, RBMEncoder):
        raise UserError(
            f"{trained} has {getattr(encoder, 'qualified_name', 'no encoder')}; `gancore rbm-likelihood` "
            "scores runs trained with recipe/rbm"
        )
    channels, *size = encoder.image
    images = open_source(str(data), ImageOptions(size=size, channels=channels, subset=subset))
    order = np.arange(min(count or len(images), len(images)))
    partition = log_partition(encoder, chains=chains, temperatures=temperatures, seed=seed)
    batches = (images.rows(order[start : start + BATCH])["image"] for start in range(0, len(order), BATCH))
    return log_likelihood(encoder, counted(batches, len(order)), partition, seed=seed)
