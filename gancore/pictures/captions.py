"""Captions of a grid: which row, which column, and what all of it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

SIZE, LINE, MARGIN = 11, 18, 6
"""Pixels: of the letters, of a line, and around a caption."""
WIDEST = 480
"""Pixels that a caption may take beyond the grid; longer ones are cut."""
INK = "#3c3c3c"


@dataclass(frozen=True)
class Captions:
    """What is written beside and below a grid.

    Attributes:
        rows: beside each row.
        columns: below each column.
        title: below it all.
        images: a name for each image, in place of `rows`: a row says its first and its last.
        word: what these are, such as `seed`.
    """

    rows: Sequence[str] = ()
    columns: Sequence[str] = ()
    title: str = ""
    images: Sequence[str] = ()
    word: str = ""

    def of_rows(self, columns: int) -> list[str]:
        """What is written beside each row of so many images."""
        if not self.images:
            return list(self.rows)
        starts = range(0, len(self.images), columns)
        return [self._span(self.images[start : start + columns]) for start in starts]

    def _span(self, names: Sequence[str]) -> str:
        ends = [names[0], names[-1]] if len(names) > 1 else [names[0]]
        return f"{self.word} {' to '.join(ends)}".strip()


def captioned(grid: Image.Image, captions: Captions, tile: tuple[int, int], gap: int) -> Image.Image:
    """The grid, with captions to its right and below; the images stay where they are."""
    pitch = (tile[0] + gap, tile[1] + gap)
    rows = captions.of_rows((grid.width - gap) // pitch[0])
    rows, columns = _fitted(rows, WIDEST), _fitted(captions.columns, pitch[0])
    (title,) = _fitted([captions.title], max(WIDEST, grid.width) - 2 * MARGIN)
    wide = max([grid.width, *(grid.width + _room(text) for text in rows), _room(title)])
    page = Image.new(grid.mode, (wide, grid.height + LINE * (any(columns) + bool(title))), "white")
    page.paste(grid)
    draw, line = ImageDraw.Draw(page), grid.height + LINE // 2 - gap
    for i, text in enumerate(rows):
        _write(draw, (grid.width + MARGIN, gap + i * pitch[1] + tile[1] // 2), text, "lm")
    for i, text in enumerate(columns):
        _write(draw, (gap + i * pitch[0] + tile[0] // 2, line), text, "mm")
    _write(draw, (MARGIN, line + LINE * any(columns)), title, "lm")
    return page


def _write(draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, anchor: str) -> None:
    draw.text(place, text, INK, ImageFont.load_default(SIZE), anchor=anchor)


def _room(text: str) -> int:
    return round(_length(text)) + 2 * MARGIN if text else 0


def _fitted(texts: Sequence[str], width: int) -> list[str]:
    """The texts, each as one line that is no wider; the font has the letters of Latin-1."""
    return [
        _cut(" ".join(text.encode("latin-1", "replace").decode("latin-1").split()), width) for text in texts
    ]


def _cut(text: str, width: int) -> str:
    if _length(text) <= width:
        return text
    whole = text[: width // 2]  # no letter is narrower than two pixels
    while whole and _length(f"{whole}...") > width:
        whole = whole[:-1]
    return f"{whole}..."


def _length(text: str) -> float:
    return ImageFont.load_default(SIZE).getlength(text)
