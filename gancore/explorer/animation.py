"""A walk through several views, back to the first, as an animation."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from gancore.errors import UserError
from gancore.explorer.answer import GIF, Answer
from gancore.explorer.asked import whole
from gancore.explorer.renderer import Renderer
from gancore.latent.views import Between, view_of
from gancore.latent.walk import Walk
from gancore.pictures.animation import save_animation

FIELDS = ("through", "space", "kind", "frames")
FPS = 12.0
FRAMES, MOST_FRAMES, MOST_VIEWS = 24, 60, 24


def animation(walk: Walk, renderer: Renderer, request: Any) -> Answer:
    """`{"through": [view, view, …], "space", "kind", "frames"}` → a GIF with `frames` images from each view
    to the next, and from the last to the first.

    Other requests are answered between two frames.

    Raises:
        UserError: the request is not of that form, or the views cannot be walked between.
    """
    legs, frames = _legs(request)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "walk.gif"
        save_animation(_frames(walk, renderer, legs, frames), path, fps=FPS)
        return Answer(path.read_bytes(), GIF, path.name)


def _frames(walk: Walk, renderer: Renderer, legs: Sequence[Between], frames: int) -> Iterator[Tensor]:
    for leg in legs:
        for i in range(frames):
            at = Between(leg.between, i / frames, leg.space, leg.kind)
            yield renderer.run(lambda at=at: walk.image(at))  # type: ignore[misc]


def _legs(request: Any) -> tuple[list[Between], int]:
    if not isinstance(request, Mapping) or not set(request) <= set(FIELDS):
        raise UserError(f"animation takes a table with {', '.join(FIELDS)}")
    views, frames = request.get("through"), request.get("frames", FRAMES)
    if not isinstance(views, list) or not 2 <= len(views) <= MOST_VIEWS:
        raise UserError(f"through is a list of 2 to {MOST_VIEWS} views")
    how = {name: request[name] for name in ("space", "kind") if name in request}
    pairs = zip(views, [*views[1:], views[0]], strict=True)
    return [_leg({"between": list(pair), **how}) for pair in pairs], whole("frames", frames, MOST_FRAMES)


def _leg(table: Mapping[str, Any]) -> Between:
    found = view_of(table)
    assert isinstance(found, Between)
    return found
