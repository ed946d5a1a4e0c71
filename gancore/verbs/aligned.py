"""Tables as text."""

from collections.abc import Sequence

from gancore.errors import shown


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows as lines of text with aligned columns; a cell is one line, whatever it holds."""
    rows = [[shown(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    return "\n".join("  ".join(line).rstrip() for line in lines)
