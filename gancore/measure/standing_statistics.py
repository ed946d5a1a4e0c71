"""Batch-norm statistics for sampling."""

from collections.abc import Callable

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from gancore.measure.sets import CHUNK
from gancore.nn.standing import standing_statistics
from gancore.pipeline import Pipeline
from gancore.recipes.products import PASSES, changed_by_passes


def has_batch_norm(pipeline: Pipeline) -> bool:
    """Whether sampling depends on batch statistics."""
    return any(
        isinstance(m, _BatchNorm) and m.track_running_stats
        for part in pipeline.parts.values()
        for m in part.modules()
    )


def with_standing_statistics(
    pipeline: Pipeline, *, seed: int = 0, truncation: float = 1.0, batch: int = CHUNK, passes: int = PASSES
) -> Pipeline:
    """A copy whose batch norms use statistics of its own samples instead of the running ones from training.

    Paper: Brock et al. 2018 (BigGAN), arXiv:1809.11096, appendix E: forward passes of the generator in
    training mode, with the statistics accumulated over them. Here each statistic is the plain mean over
    `passes` batches.
    """

    def renew(copy: Pipeline, run: Callable[[], None]) -> None:
        standing_statistics(nn.ModuleList([copy.conditioner, copy.generator]), run)

    return changed_by_passes(pipeline, renew, seed=seed, truncation=truncation, batch=batch, passes=passes)
