"""Images that belong to seeds, one a seed."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gancore.errors import UserError
from gancore.pipeline import Pipeline
from gancore.standard.samplers import Normal

__all__ = ["LIKE", "images_of_seeds", "latent_of_seed"]


def nvidia(seed: int, shape: tuple[int, ...]) -> Tensor:
    """The latent `(1, *shape)` that the scripts of StyleGAN, StyleGAN2, its PyTorch versions and StyleGAN3
    draw for a seed.
    """
    return torch.from_numpy(np.random.RandomState(seed).randn(1, *shape)).float()


LIKE: dict[str, Callable[[int, tuple[int, ...]], Tensor]] = {"nvidia": nvidia}
"""Whose latents a seed stands for, where not those of `Pipeline.sample`."""


def latent_of_seed(
    pipeline: Pipeline, seed: int, label: Tensor | None = None, *, like: str | None = None
) -> tuple[Tensor, Tensor | None]:
    """The latent `(1, *latent)` of a seed, and its label if the conditioner reads labels. `like` is a name in
    `LIKE`.

    Raises:
        UserError: as `Pipeline.draw`; there is no such name; or the latents of the pipeline are not normal,
        so that others would give images that it was not trained for.
    """
    latent, label = pipeline.draw(1, seed=seed, label=label)
    if like is None:
        return latent, label
    if like not in LIKE:
        raise UserError(f"--like knows {', '.join(LIKE)}; got {like!r}")
    if type(pipeline.sampler) is not Normal:
        drawn = "nothing" if pipeline.sampler is None else pipeline.sampler.qualified_name
        raise UserError(f"--like {like} draws normal latents, but this pipeline draws {drawn}; omit --like")
    if not 0 <= seed < 2**32:
        raise UserError(f"--like {like} takes seeds from 0 to {2**32 - 1}; got {seed}")
    return LIKE[like](seed, tuple(pipeline.sampler.latent)), label


def images_of_seeds(
    pipeline: Pipeline,
    seeds: Sequence[int],
    label: Tensor | None = None,
    *,
    like: str | None = None,
    **truncated: Any,
) -> Iterator[Tensor]:
    """The image `(1, C, H, W)` of each seed: what `Pipeline.sample(1, seed=…)` gives.

    Each is rendered alone, with noise of its own seed, so that it does not depend on the other seeds, nor, by
    rounding, on how many are rendered at a time.
    """
    for seed in seeds:
        latent, mark = latent_of_seed(pipeline, seed, label, like=like)
        yield pipeline.render(latent, mark, seed=seed, **truncated)
