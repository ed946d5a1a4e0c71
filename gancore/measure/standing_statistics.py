"""Batch-norm statistics for sampling."""

from copy import deepcopy

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from gancore.measure.sets import CHUNK
from gancore.pipeline import Pipeline

PASSES = 16
"""Batches that standing statistics are averaged over."""


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
    training mode, statistics accumulated over them. Here each statistic is the plain mean over `passes`
    batches.
    """
    copy = deepcopy(pipeline)
    for norm in (m for part in copy.parts.values() for m in part.modules() if isinstance(m, _BatchNorm)):
        norm.reset_running_stats()
        norm.momentum = None
    latent, label = copy.draw(batch * passes, seed=seed)
    _pass_through([copy.conditioner, copy.generator], copy, latent, label, batch, truncation)
    return copy


@torch.no_grad()
def _pass_through(
    modules: list[nn.Module],
    copy: Pipeline,
    latent: torch.Tensor,
    label: torch.Tensor | None,
    batch: int,
    truncation: float,
) -> None:
    for module in modules:
        module.eval()
        for norm in (m for m in module.modules() if isinstance(m, _BatchNorm)):
            norm.train()
    for start in range(0, len(latent), batch):
        part = slice(start, start + batch)
        mark = None if label is None else label[part].to(copy.device)
        code = copy.conditioner(latent[part].to(copy.device), mark)
        copy.generator(code if truncation == 1 else copy.conditioner.truncate(code, truncation))
    for module in modules:
        module.eval()
