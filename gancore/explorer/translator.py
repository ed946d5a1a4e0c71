"""The answers about translators: a picture before and after, of the person's own or of the run's data."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from torch import Tensor

from gancore.data.fitting import as_image
from gancore.data.options import FITS, ImageOptions
from gancore.data.source import Raw
from gancore.errors import UserError
from gancore.explorer.answer import LARGEST_PICTURE, PNG, Answer, Ask, Take, png
from gancore.explorer.asked import one_of, opened
from gancore.explorer.renderer import Renderer
from gancore.explorer.shelf import Shelf
from gancore.latent.views import view_of
from gancore.latent.wanted_label import Wanted, classes_of, names_of, wanted_label
from gancore.pictures.grid import to_pil
from gancore.pipeline import Pipeline, translated
from gancore.runs.folder import owner

FIELDS = ("direction", "fit", "seed", "label")
KEEP = "keep"
"""Keeping a picture's own size, where a translator reads any."""
LONGEST_SIDE = 1024
"""Larger pictures are reduced to it where a translator reads any size."""


@dataclass(frozen=True)
class Wish:
    """What is to be translated how."""

    pipeline: Pipeline
    fit: str
    seed: int
    label: Wanted | None


class Translators:
    """The translators, or the autoencoders, of a run by name, and the pictures that they were trained on."""

    page = "translate.html"

    def __init__(self, pipelines: Mapping[str, Pipeline], folder: Path, shelves: Mapping[str, Shelf]) -> None:
        self.pipelines, self.folder, self.shelves = pipelines, folder, shelves
        self.renderer = Renderer()
        self.asks: dict[str, Ask] = {"/data": lambda request: Answer(self.data(request), PNG)}
        self.takes: dict[str, Take] = {
            "/before": lambda content, request: Answer(self.before(content, request), PNG),
            "/after": lambda content, request: Answer(self.after(content, request), PNG),
        }

    def close(self) -> None:
        """Ends what is under way."""
        self.renderer.close()

    def about(self) -> dict[str, Any]:
        """The properties that the page needs."""
        return {
            "name": owner(self.folder),
            "largest_picture": LARGEST_PICTURE,
            "directions": [self._direction(name, pipeline) for name, pipeline in self.pipelines.items()],
        }

    def _direction(self, name: str, pipeline: Pipeline) -> dict[str, Any]:
        shelf, reads_labels = self.shelves.get(pipeline.reads), pipeline.reads_labels
        return {
            "name": name,
            "reads": pipeline.reads,
            "makes": pipeline.makes,
            "generator": pipeline.generator.qualified_name,
            "shape": list(pipeline.reads_shape),
            "fits": [KEEP, *FITS] if _any_size(pipeline) else list(FITS),
            "classes": classes_of(pipeline) if reads_labels else 0,
            "class_names": list(names_of(pipeline)) if reads_labels else [],
            "pictures": 0 if shelf is None else self.renderer.run(lambda: len(shelf)),
        }

    def data(self, request: Any) -> bytes:
        """`{"direction", "index"}` → a picture of the data as PNG, as the translator reads it.

        Raises:
            UserError: there is no such picture, or it cannot be read.
        """
        table = dict(request) if isinstance(request, Mapping) else {}
        index = table.pop("index", None)
        pipeline = self._wish(table).pipeline
        shelf = self.shelves.get(pipeline.reads)
        if shelf is None or not isinstance(index, int) or isinstance(index, bool):
            raise UserError('data takes {"direction", "index"} where the run has its data')
        return self.renderer.keep("data", request, lambda: png(to_pil(shelf.image(index, pipeline)[None])[0]))

    def before(self, content: bytes, request: Any) -> bytes:
        """A picture's file → PNG of what the translator reads; the request is `{"direction", "fit"}`.

        Raises:
            UserError: the request is not of that form, or the picture cannot be read.
        """
        return png(to_pil(_read(content, self._wish(request)))[0])

    def after(self, content: bytes, request: Any) -> bytes:
        """A picture's file → PNG of its translation; the request is `{"direction", "fit", "seed", "label"}`.
        Raises as `before`, and DataError if the picture is too small.
        """
        wish = self._wish(request)
        image, label = _read(content, wish), wanted_label(wish.pipeline, wish.label)
        made = self.renderer.run(lambda: translated(wish.pipeline, image, label, seed=wish.seed))
        return png(to_pil(made)[0])

    def _wish(self, request: Any) -> Wish:
        if not isinstance(request, Mapping) or not set(request) <= set(FIELDS):
            raise UserError(f"a translation takes a table with {', '.join(FIELDS)}")
        name = one_of("direction", request.get("direction", next(iter(self.pipelines))), list(self.pipelines))
        pipeline = self.pipelines[name]
        fits = (KEEP, *FITS) if _any_size(pipeline) else FITS
        fit = one_of("fit", request.get("fit", fits[0]), fits)
        point = view_of({key: request[key] for key in ("seed", "label") if key in request})
        return Wish(pipeline, fit, cast(Any, point).seed, cast(Any, point).label)


def _any_size(pipeline: Pipeline) -> bool:
    return pipeline.product == "translates" and bool(pipeline.generator.size_multiple)


def _read(content: bytes, wish: Wish) -> Tensor:
    """A picture's file as an image `(1, C, H, W)` in [-1, 1]."""
    raw = opened(content)
    channels, *size = wish.pipeline.reads_shape
    fit, shape = (wish.fit, size) if wish.fit != KEEP else ("stretch", _bounded(raw))
    options = ImageOptions(channels=channels, bits=8, size=(shape[0], shape[1]), fit=fit)
    return as_image(raw, options, "the picture")[None]


def _bounded(raw: Raw) -> tuple[int, int]:
    height, width = raw.pixels.shape[:2]
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))
