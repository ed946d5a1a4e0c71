"""The page of codes: which images belong together, and which are nearest to each other."""

from collections.abc import Callable, Sequence
from html import escape
from io import BytesIO

from torch import Tensor

from gancore.pictures.embed import data_uris
from gancore.pictures.grid import to_grid
from gancore.pictures.page import Section, document

Row = tuple[str, Sequence[int]]
"""What a row of images is called, and which images it shows."""
Look = Callable[[Sequence[int]], Tensor]
ROOM = 6_000_000
"""Characters that the pictures may take on the page."""
TOGETHER = "Each row is one cluster of codes (k-means), the largest first."
NEAR = "Each row begins with an image; those whose codes are nearest to its code follow, nearest first."


def codes_page(title: str, images: Look, *, clusters: Sequence[Row], neighbors: Sequence[Row]) -> str:
    """One self-contained HTML page; `images` gives those of some indices, `(n, C, H, W)` in [-1, 1]."""
    rows = [*clusters, *neighbors]
    uris, _ = data_uris({i: _strip(images, chosen) for i, (_, chosen) in enumerate(rows)}, ROOM)
    shown = [_figure(name, uris[i]) for i, (name, _) in enumerate(rows)]
    count = len(clusters)
    return document(
        title=title,
        kind="report",
        header=f"<header><h1>{escape(title)}</h1></header>",
        sections=[
            Section("clusters", "Clusters", _section(TOGETHER, shown[:count])),
            Section("neighbors", "Nearest neighbors", _section(NEAR, shown[count:])),
        ],
        data={},
    )


def _section(text: str, shown: Sequence[str]) -> str:
    return f'<p class="hint">{escape(text)}</p>{"".join(shown)}' if shown else ""


def _figure(name: str, uri: str) -> str:
    alt = escape(name, quote=True)
    return f'<figure><img src="{uri}" alt="{alt}"><figcaption>{escape(name)}</figcaption></figure>'


def _strip(images: Look, chosen: Sequence[int]) -> bytes:
    content = BytesIO()
    to_grid(images(chosen), columns=len(chosen)).save(content, "PNG")
    return content.getvalue()
