"""One picture through a translator, tile by tile and from above to below."""

from collections.abc import Callable, Iterator

import numpy as np

from gancore.data import ImageOptions
from gancore.data.fitting import fit_image
from gancore.data.options import FACTORS
from gancore.data.rows import Rows, WholeRows, whole
from gancore.data.source import Array, Raw
from gancore.errors import DataError
from gancore.pipeline import Span, ratios, size_read, spans
from gancore.verbs.translating.colors import Colors
from gancore.verbs.translating.engine import Engine
from gancore.verbs.translating.sources import after_fit, before_fit

STRIP = 2**27
"""About how many bytes of a picture are made before they are written."""


class Translation:
    """A picture as it will be: its sides, its channels, and its rows.

    Raises:
        DataError: the translator reads one size, and the picture has another.
    """

    def __init__(self, engine: Engine, rows: Rows) -> None:
        how = engine.source_from
        self.engine, self.rows = engine, after_fit(_fitted(engine, before_fit(rows, how)), how)
        self.multiple = engine.pipeline.generator.size_multiple or 1
        self.ratios = ratios(engine.pipeline)
        reads, makes = engine.pipeline.reads_shape[0], engine.pipeline.generator.image[0]
        self.colors = Colors(
            reads=reads,
            makes=makes,
            channels=self.rows.channels,
            alpha=self.rows.alpha,
            bits=self.rows.bits,
            how=engine.alpha,
            same=engine.same,
        )
        sides = zip((self.rows.height, self.rows.width), self.ratios, strict=True)
        self.height, self.width = (int(side * ratio) for side, ratio in sides)
        read = [
            size_read(engine.pipeline, side, engine.label) for side in (self.rows.height, self.rows.width)
        ]
        self.band = _Band(self.rows, *read)
        self.down, self.across = self._spans()

    @property
    def profile(self) -> bytes:
        """The color profile of the picture, if it is one for the channels that are made."""
        kind = b"GRAY" if self.colors.count < 3 else b"RGB "
        return self.rows.profile if self.rows.profile[16:20] == kind else b""

    @property
    def tiles(self) -> int:
        """How many there are."""
        return len(self.down) * len(self.across)

    def _spans(self) -> tuple[list[Span], list[Span]]:
        tiles, width = self.engine.tiles, self.band.width
        row = width * self.ratios[0] * self.ratios[1] * self.colors.count * self.colors.bits / 8
        most = max(1, int(STRIP / row)) // self.multiple * self.multiple
        tall = min(tiles.tile, most) if tiles.tile else self.band.height
        # what a small picture is continued by is read, but not made
        down = spans(self.band.height, tall, tiles.overlap, self.multiple)
        across = tiles.spans(width, self.multiple)
        return [y for y in down if y.start < self.rows.height], [
            x for x in across if x.start < self.rows.width
        ]

    def strips(self, each: Callable[[], object] = lambda: None) -> Iterator[Array]:
        """Pixels `(R, W, C)` from above to below; `each` is called after each tile. Raises Unreadable where
        the picture is damaged.
        """
        for y in self.down:
            top, bottom = round(y.start * self.ratios[0]), round(y.stop * self.ratios[0])
            strip = np.empty((bottom - top, self.width, self.colors.count), self.band.kind)
            window = self.band.window(y)
            for x in self.across:
                left, right = round(x.start * self.ratios[1]), round(x.stop * self.ratios[1])
                strip[:, left:right] = self._tile(window[:, x.low : x.high], y, x)[:, : self.width - left]
                each()
            yield strip[: self.height - top]

    def _tile(self, window: Array, y: Span, x: Span) -> Array:
        made = self.engine.made(self.colors.given(window))
        channels = self.colors.taken(made, window)
        return self.colors.pixels(channels[:, y.made(self.ratios[0]), x.made(self.ratios[1])])


class _Band:
    """The rows of a picture that tiles still need, its last row and column repeated up to the size that is
    read.
    """

    def __init__(self, rows: Rows, height: int, width: int) -> None:
        self.rows, self.top, self.taken = rows, 0, 0
        self.height, self.width = height, width
        self.kind = np.uint16 if rows.bits == 16 else np.uint8
        self.held = np.empty((0, self.width, rows.channels), self.kind)

    def window(self, span: Span) -> Array:
        """The rows `(h, W, C)` that a tile reads; no earlier ones can be asked for again."""
        kept, new = self.held[span.low - self.top :].copy(), min(span.high, self.rows.height) - self.taken
        self.held = kept  # frees the rows before
        if new > 0:
            self.held = np.concatenate([kept, self._sideways(self.rows.take(new))])
            self.taken += new
        self.top, lacks = span.low, span.high - span.low - len(self.held)
        return np.pad(self.held, ((0, lacks), (0, 0), (0, 0)), mode="edge") if lacks else self.held

    def _sideways(self, rows: Array) -> Array:
        lacks = self.width - rows.shape[1]
        return np.pad(rows, ((0, 0), (0, lacks), (0, 0)), mode="edge") if lacks else rows


def _fitted(engine: Engine, rows: Rows) -> Rows:
    """The picture in the size that the translator reads, where it reads one."""
    pipeline = engine.pipeline
    height, width = (FACTORS.get(engine.source_from or "", 1) * side for side in pipeline.reads_shape[1:])
    if engine.fit is not None:
        options = ImageOptions(size=(height, width), fit=engine.fit, alpha="keep")
        pixels = fit_image(whole(rows), options, "it").transpose(1, 2, 0)
        return WholeRows(Raw(pixels, rows.alpha), rows.profile)
    if not pipeline.generator.size_multiple and (rows.height, rows.width) != (height, width):
        raise DataError(
            f"it is {rows.height}×{rows.width}, but {pipeline.generator.qualified_name} reads "
            f"{height}×{width}; give --fit crop, pad or stretch"
        )
    return rows
