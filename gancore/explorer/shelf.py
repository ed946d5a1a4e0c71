"""The pictures that a run was trained on, read one at a time."""

from collections.abc import Mapping
from functools import cached_property

import attrs
from torch import Tensor

from gancore.data.fitting import as_image
from gancore.data.opening import find
from gancore.data.options import ImageOptions
from gancore.data.source import Source, Unreadable
from gancore.errors import GancoreError, RunError, UserError
from gancore.pipeline import Pipeline
from gancore.runs.folder import RunFolder

DOMAINS = ("source", "target")


class Shelf:
    """The pictures of one source of data, opened when it is first looked at; one that is gone is empty."""

    def __init__(self, where: str, options: ImageOptions) -> None:
        self.where, self.options = where, options

    @cached_property
    def _source(self) -> Source | None:
        try:
            return find(self.where, self.options)[0]
        except GancoreError:
            return None

    def __len__(self) -> int:
        return 0 if self._source is None else len(self._source)

    def image(self, index: int, pipeline: Pipeline) -> Tensor:
        """Picture number `index` as a translator reads it, `(C, H, W)` in [-1, 1]. Raises UserError if there
        is none, or it cannot be read.
        """
        if self._source is None or not 0 <= index < len(self):
            raise UserError(f"there are {len(self)} pictures; got number {str(index)[:40]}")
        channels, height, width = pipeline.reads_shape
        fit = "crop" if self.options.fit == "random" else self.options.fit
        options = attrs.evolve(self.options, channels=channels, bits=8, size=(height, width), fit=fit)
        try:
            return as_image(self._source.read(index), options, self._source.names[index])
        except Unreadable as error:
            raise UserError(f"{self._source.names[index]} cannot be read ({error})") from None


def shelves_of(run: RunFolder) -> Mapping[str, Shelf]:
    """The pictures that a run was trained on by their entry of a batch; none if they were given in Python."""
    try:
        sources = run.sources if run.exists else None
    except RunError:
        return {}
    if sources is None:
        return {}
    entries = ("image",) if len(sources.data) == 1 else DOMAINS
    return {entry: Shelf(where, sources.options) for entry, where in zip(entries, sources.data, strict=False)}
