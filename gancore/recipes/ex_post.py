"""Fits a sampler to the codes of a trained encoder."""

import torch

from gancore.component.fitted_sampler import FittedSampler
from gancore.component.interfaces import Encoder
from gancore.pipeline import evaluating
from gancore.recipes.base import Run

__all__ = ["fit_ex_post"]


def fit_ex_post(sampler: FittedSampler, encoder: Encoder, run: Run) -> None:
    """Fits the sampler to the codes of all images of the run, in one pass over the data, for `finish`.

    Every process gathers the codes of all, in the order of the data, and fits them alike; they take 4 N D
    bytes. Labels are read where the encoder reads labels.

    Raises:
        DataError: there are too few images.
    """
    codes = []
    with evaluating(encoder), torch.no_grad():
        for batch in run.pass_over():
            image, label = batch["image"], batch.get("label")
            code = encoder.code(image, label) if encoder.conditional else encoder.code(image)
            codes.append(run.gather(code).float().cpu())
    sampler.fit(torch.cat(codes), rng=run.rng)
