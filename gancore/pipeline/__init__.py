"""The result of a training in every family: sampler → conditioner → generator."""

from gancore.pipeline.any_size import made_of, size_read, translated
from gancore.pipeline.fit import check_fit
from gancore.pipeline.mode import evaluating
from gancore.pipeline.pipeline import CHUNK, Pipeline, check_count
from gancore.pipeline.saving import holds_pipeline
from gancore.pipeline.tiles import Span, Tiles, global_layers, ratios, spans, tiles_of
from gancore.pipeline.truncation import check_truncation, keeps_a_mean, layers_of, truncated

__all__ = [
    "CHUNK",
    "Pipeline",
    "Span",
    "Tiles",
    "check_count",
    "check_fit",
    "check_truncation",
    "evaluating",
    "global_layers",
    "holds_pipeline",
    "keeps_a_mean",
    "layers_of",
    "made_of",
    "ratios",
    "size_read",
    "spans",
    "tiles_of",
    "translated",
    "truncated",
]
