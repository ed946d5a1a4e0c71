"""Images of two halves side by side, as the data sets of Isola et al. 2016 hold their pairs."""

from typing import Literal

from gancore.data.source import Raw, Source, Unreadable

Side = Literal["left", "right"]


class Half(Source):
    """One half of each image of a source, before it is brought to any size."""

    def __init__(self, whole: Source, side: Side) -> None:
        self.whole, self.side = whole, side
        self.title = f"{side} half of {whole.title}"
        self.names, self.notes = whole.names, whole.notes

    def read(self, index: int) -> Raw:
        """One half. Raises Unreadable if the width is odd."""
        raw = self.whole.read(index)
        half = half_of(raw.pixels.shape[1])
        start = 0 if self.side == "left" else half
        return Raw(raw.pixels[:, start : start + half], raw.alpha, raw.low)

    def measure(self, index: int) -> tuple[int, int, bool, bool] | None:
        """That of the image, with half of its width. Raises Unreadable as `read`."""
        found = self.whole.measure(index)
        return None if found is None else (found[0], half_of(found[1]), *found[2:])

    def digest(self) -> str | None:
        """That of the images and the side."""
        found = self.whole.digest()
        return None if found is None else f"{self.side} half of {found}"


def half_of(width: int) -> int:
    """Half of a width. Raises Unreadable if it is odd."""
    if width % 2:
        raise Unreadable(f"its width of {width} is odd, so that it has no two halves of equal width")
    return width // 2
