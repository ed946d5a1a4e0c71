"""Truncation of latents, where the code keeps no mean."""

from copy import copy

from gancore.errors import UserError
from gancore.pipeline import Pipeline
from gancore.recipes.products import prepared

__all__ = ["with_threshold"]


def with_threshold(pipeline: Pipeline, threshold: float) -> Pipeline:
    """The pipeline with its latents truncated: coordinates beyond the threshold are drawn again.

    Paper: Brock et al. 2018 (BigGAN), arXiv:1809.11096, section 3.1. The parts are shared with the pipeline,
    unless they get ready for drawing (`Part.prepare`): that is done anew, since statistics of batch norms
    depend on the threshold.

    Raises:
        UserError: the pipeline draws no latents, or its sampler or generator cannot be truncated so.
    """
    if pipeline.sampler is None:
        raise UserError(f"{pipeline.generator.qualified_name} draws no latents; omit the threshold")
    truncated = copy(pipeline)
    truncated.sampler = pipeline.sampler.truncated(threshold)
    truncated.generator = pipeline.generator.truncated(threshold)
    return prepared(truncated)
