"""The explorer's answers, independent of transport: each depends only on the request and the pipeline."""

import io
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from pprint import pformat
from typing import Any

import numpy as np
from PIL import Image

from gancore.errors import UserError
from gancore.explorer.animation import animation
from gancore.explorer.answer import LARGEST_PICTURE, NPY, PNG, Answer, Ask, Take, as_json, png
from gancore.explorer.asked import one_of, whole
from gancore.explorer.projection import Projections
from gancore.explorer.renderer import Renderer
from gancore.latent.spaces import SPACES
from gancore.latent.views import Point, View, view_of
from gancore.latent.walk import Walk
from gancore.latent.wanted_label import names_of, rows_of
from gancore.pictures.grid import to_pil
from gancore.runs.folder import owner

__all__ = ["Session"]

LARGEST = 5
SMALL = 128


class Session:
    """An explored pipeline; its only state is a cache of answers, and the projections under way."""

    page = "explore.html"

    def __init__(self, walk: Walk, folder: Path, directions: Path | None = None) -> None:
        self.walk, self.folder, self.directions = walk, folder, directions
        self.renderer = Renderer()
        self.projections = Projections(walk, self.renderer)
        self.asks: dict[str, Ask] = {
            "/image": lambda request: Answer(self.image(request), PNG),
            "/small": lambda request: Answer(self.small(request), PNG),
            "/neighbors": lambda request: Answer(self.neighbors(request), PNG),
            "/latent": self.latent,
            "/snippet": lambda request: as_json(self.snippet(request)),
            "/principal": lambda request: as_json(self.principal(request)),
            "/animation": lambda request: animation(walk, self.renderer, request),
            "/progress": lambda request: as_json(self.projections.progress(request)),
            "/cancel": lambda request: as_json(self.projections.cancel(request)),
        }
        self.takes: dict[str, Take] = {
            "/project": lambda content, request: as_json(self.projections.begin(content, request))
        }

    def close(self) -> None:
        """Ends what is under way."""
        self.projections.close()
        self.renderer.close()

    def about(self) -> dict[str, Any]:
        """The properties of the pipeline that the page needs."""
        walk, parts, given = self.walk, self.walk.pipeline, self.walk.directions
        rows = rows_of(parts)
        first = Point(label=0 if walk.classes and not rows else None)
        width, height = to_pil(self.renderer.run(lambda: walk.image(first)))[0].size
        return {
            "name": owner(self.folder),
            "folder": str(self.folder),
            "parts": {name: part.qualified_name for name, part in parts.parts.items()},
            "image": list(parts.generator.image),
            "picture": [width, height],
            "latent": list(walk.latent_shape),
            "code": list(walk.code_shape),
            "spaces": ["z", "w"] if walk.has_codes else ["z"],
            "space": "w" if walk.has_codes and (walk.truncates or parts.conditioner.codebook_size) else "z",
            "truncates": walk.truncates,
            "classes": walk.classes,
            "class_names": list(names_of(parts)),
            "label_rows": rows,
            "layers": walk.layers,
            "principal": walk.sliders,
            "directions": None
            if given is None
            else {"space": given.space, "method": given.method, "names": list(given.names)},
            "largest_picture": LARGEST_PICTURE,
            "plane": math.prod(walk.latent_shape) > 1,
        }

    def image(self, request: Any) -> bytes:
        """A view → its image as PNG."""
        view = view_of(request)
        return self.renderer.keep("image", request, lambda: png(to_pil(self.walk.image(view))[0]))

    def small(self, request: Any) -> bytes:
        """A view → its image as PNG, reduced to at most `SMALL` pixels on the longer side."""
        view = view_of(request)
        return self.renderer.keep("small", request, lambda: png(_reduced(to_pil(self.walk.image(view))[0])))

    def neighbors(self, request: Any) -> bytes:
        """`{"view", "along", "size", "step"}` → PNG of `size` × `size` images edge to edge: the point in the
        middle, and those around it.

        `along` is `shift` or `principal`: the two coordinates of the point that change by `step`, to the
        right and upward.
        """
        size, around = _around(request)
        return self.renderer.keep("neighbors", request, lambda: _grid(to_pil(self.walk.images(around)), size))

    def latent(self, request: Any) -> Answer:
        """A view → an array `(1, …)` as `.npy`: its latent, or its code if it was moved or mixed in w."""
        view = view_of(request)

        def made() -> Answer:
            place = self.walk.place(view)
            content = io.BytesIO()
            np.save(
                content, (place.code if place.latent is None else place.latent).numpy(), allow_pickle=False
            )
            return Answer(content.getvalue(), NPY, f"{'code' if place.latent is None else 'latent'}.npy")

        return self.renderer.run(made)

    def snippet(self, request: Any) -> dict[str, str]:
        """A view → Python code that reproduces the image."""
        view_of(request)
        words = pformat(request, width=100, sort_dicts=False, compact=True)
        more = "" if self.directions is None else f", directions={str(self.directions)!r}"
        lines = [
            "from gancore.latent.walk import Walk",
            "from gancore.pictures import to_pil",
            "",
            f"walk = Walk.load({str(self.folder)!r}{more})",
            f"view = {words}".replace("\n", "\n       "),
            f"image = walk.image(view)  # {(1, *self.walk.pipeline.generator.image)}, in [-1, 1]",
            'to_pil(image)[0].save("image.png")',
        ]
        return {"python": "\n".join(lines) + "\n"}

    def principal(self, request: Any) -> dict[str, Any]:
        """`{"space"}` → the standard deviation of the pipeline's own latents or codes along each principal
        direction; finds the directions if needed.
        """
        space = request.get("space") if isinstance(request, Mapping) else None
        if space not in SPACES:
            raise UserError('principal takes {"space": "z"} or {"space": "w"}')
        found = self.renderer.run(lambda: self.walk.principal(self.walk.space(space)))
        return {"deviation": found.deviation.tolist()}


def _around(request: Any) -> tuple[int, list[View]]:
    if not isinstance(request, Mapping) or not {"view"} <= set(request) <= {"view", "along", "size", "step"}:
        raise UserError("neighbors takes a table with view, along, size and step")
    view, along, size, step = (
        request.get(name, other)
        for name, other in (("view", None), ("along", "shift"), ("size", 3), ("step", 1.0))
    )
    point = view_of(view)
    if not isinstance(point, Point):
        raise UserError("only a point has neighbors; a mix or an interpolation does not")
    size = whole("size", size, LARGEST)
    if isinstance(step, bool) or not isinstance(step, int | float) or not 0 <= step <= 10:
        raise UserError(f"step is a number from 0 to 10; got {str(step)[:40]}")
    along = one_of("along", along, ("shift", "principal"))
    middle = (size - 1) / 2
    moves = [
        ((column - middle) * step, (middle - row) * step) for row in range(size) for column in range(size)
    ]
    return size, [_moved(point, along, right, up) for right, up in moves]


def _moved(point: Point, along: str, right: float, up: float) -> Point:
    if along == "shift":
        return replace(point, shift=(point.shift[0] + right, point.shift[1] + up))
    first, second, *rest = (*point.principal, 0.0, 0.0)
    return replace(point, principal=(first + right, second + up, *rest[: max(0, len(point.principal) - 2)]))


def _reduced(picture: Image.Image) -> Image.Image:
    picture.thumbnail((SMALL, SMALL), Image.Resampling.LANCZOS)
    return picture


def _grid(several: list[Image.Image], columns: int) -> bytes:
    width, height = several[0].size
    grid = Image.new(several[0].mode, (width * columns, height * (len(several) // columns)))
    for i, picture in enumerate(several):
        grid.paste(picture, (i % columns * width, i // columns * height))
    return png(grid)
