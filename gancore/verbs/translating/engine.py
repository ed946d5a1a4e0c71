"""A translator, ready to be given tiles."""

from contextlib import AbstractContextManager
from typing import Self

import attrs
import torch
from torch import Tensor

from gancore.component.precision import in_precision
from gancore.data.options import FITS
from gancore.errors import UserError
from gancore.latent.wanted_label import Wanted, wanted_label
from gancore.pipeline import Pipeline, Tiles, made_of, ratios, tiles_of
from gancore.verbs.loading import Run, load, precision_for
from gancore.verbs.translating.colors import ALPHAS
from gancore.verbs.translating.sources import check_source_from


@attrs.frozen(kw_only=True)
class Way:
    """How images are to be translated; None is the default of each.

    Attributes:
        same: what is made has the colors of what is read, as where images are made larger.
    """

    label: Wanted | None = None
    fit: str | None = None
    seed: int | None = None
    pipeline: str | None = None
    tile: int | None = None
    overlap: int | None = None
    alpha: str | None = None
    precision: str | None = None
    device: str | None = None
    source_from: str | None = None
    same: bool = False


@attrs.frozen(kw_only=True)
class Engine:
    """A translator with how it is to be used.

    Attributes:
        alpha: one of `ALPHAS`.
        fit: crop, pad or stretch; None: images of another size than the translator's are refused.
        source_from: what of the images the translator is given; None: they themselves.
    """

    pipeline: Pipeline
    label: Tensor | None
    seed: int
    tiles: Tiles
    alpha: str
    fit: str | None
    source_from: str | None
    precision: str
    same: bool

    @classmethod
    def of(cls, run: Run, way: Way) -> Self:
        """Loads the translator, or uses a given one, and moves it to the device, if one is named.

        Raises:
            UserError: it does not translate images, or an option does not fit it.
        """
        pipeline = load(run, way.pipeline, way.device)
        check(pipeline, way)
        tiles = tiles_of(pipeline, way.tile, way.overlap)
        label = wanted_label(pipeline, way.label)
        # every network takes this layout, in which convolutions are faster, in bf16 much
        pipeline.generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return cls(
            pipeline=pipeline,
            label=label,
            seed=way.seed or 0,
            tiles=tiles,
            alpha=way.alpha or "keep",
            fit=way.fit,
            source_from=way.source_from,
            precision=precision_for(pipeline, way.precision),
            same=way.same,
        )

    def made(self, window: Tensor) -> Tensor:
        """Rows `(N, C, h, w)` → what the translator makes of them. Raises DataError for a size that it
        cannot read.
        """
        label = None if self.label is None else self.label.expand(len(window), *self.label.shape[1:])
        laid = window.contiguous(memory_format=torch.channels_last)
        return made_of(self.pipeline, laid, label, seed=self.seed)

    def running(self) -> AbstractContextManager[object]:
        """The precision, for as long as images are made: inside one block weights are cast once."""
        return in_precision(self.precision, self.pipeline.device)


def check(pipeline: Pipeline, way: Way) -> None:
    """Raises UserError for a pipeline that does not translate, or an option that does not fit it."""
    name = pipeline.generator.qualified_name
    if pipeline.product != "translates":
        advice = "reconstruct them with `gancore sample RUN --data`" if pipeline.encoder else "sample from it"
        raise UserError(f"{name} does not translate images; {advice}, or give the run of a translator")
    if way.label is not None and not pipeline.reads_labels:
        raise UserError(f"{pipeline.conditioner.qualified_name} reads no labels; omit --label")
    if way.label is None and pipeline.reads_labels:
        raise UserError(f"{pipeline.conditioner.qualified_name} reads labels; give --label, e.g. --label 0")
    if way.alpha not in (None, *ALPHAS):
        raise UserError(f"--alpha is {way.alpha!r}; give one of {', '.join(ALPHAS)}")
    if way.fit not in (None, *FITS):
        raise UserError(f"--fit is {way.fit!r}; give one of {', '.join(FITS)}")
    if way.source_from is not None:
        check_source_from(pipeline, way.source_from)
    if way.same:
        _check_larger(pipeline)
    for what, count in (("reads", pipeline.reads_shape[0]), ("makes", pipeline.generator.image[0])):
        if count > 4:
            raise UserError(f"{name} {what} images of {count} channels, and picture files have 1 to 4")


def _check_larger(pipeline: Pipeline) -> None:
    tall, wide = ratios(pipeline)
    if tall != wide or tall < 2 or tall % 1:
        raise UserError(
            f"{pipeline.generator.qualified_name} makes images {tall:g} times as high and {wide:g} times as "
            "wide, not 2, 3 or more times as large both ways; use `gancore translate`"
        )
