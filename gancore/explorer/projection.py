"""Pictures that are projected in the background, one at a time."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any, cast

from torch import Tensor

from gancore.data.fitting import as_image
from gancore.data.options import FITS, ImageOptions
from gancore.errors import GancoreError, UserError
from gancore.explorer.answer import broken
from gancore.explorer.asked import one_of, opened, whole
from gancore.explorer.renderer import Renderer
from gancore.latent.inversion import Projection, Search, begin_search
from gancore.latent.spaces import SPACES, PlainSpace
from gancore.latent.views import Label, view_of
from gancore.latent.walk import Walk
from gancore.measure.extractors.choose import default_extractor
from gancore.pipeline import evaluating

FIELDS = ("space", "fit", "steps", "label")
STEPS, MOST_STEPS = 300, 5000
DIGITS = 5
REMEMBERED = 16


@dataclass
class Job:
    """The projection of a picture, and what came of it: a view or an error."""

    total: int
    done: int = 0
    view: dict[str, Any] | None = None
    error: str = ""
    ended: bool = False
    stopped: Event = field(default_factory=Event)

    def table(self) -> dict[str, Any]:
        """What the page is told."""
        outcome = {name: found for name in ("view", "error") if (found := getattr(self, name))}
        return {"done": self.done, "total": self.total, "ended": self.ended, **outcome}


@dataclass(frozen=True)
class Wanted:
    """How a picture is to be projected."""

    space: str
    fit: str
    steps: int
    label: Label


class Projections:
    """Projects pictures into the latent space of a walk. Images are rendered between two steps."""

    def __init__(self, walk: Walk, renderer: Renderer) -> None:
        self.walk, self.renderer = walk, renderer
        self._jobs: dict[str, Job] = {}
        self._lock = Lock()

    def begin(self, content: bytes, request: Any) -> dict[str, Any]:
        """Begins to project a picture; `request` is `{"space", "fit", "steps", "label"}`.

        Raises:
            UserError: the picture cannot be read, the request is not of that form, or another picture is
            being projected.
        """
        wanted = _wanted(request)
        image = _read(content, self.walk, wanted.fit)
        name, job = secrets.token_hex(8), Job(wanted.steps)
        with self._lock:
            if any(not other.ended for other in self._jobs.values()):
                raise UserError("another picture is being projected; wait for it, or cancel it")
            self._jobs[name] = job
            for old in list(self._jobs)[:-REMEMBERED]:
                del self._jobs[old]
        Thread(target=self._work, args=(job, image, wanted), daemon=True).start()
        return {"job": name, **job.table()}

    def progress(self, request: Any) -> dict[str, Any]:
        """How far a projection is: `{"job"}` → `{"done", "total", "ended"}`, at the end with the `view` or an
        `error`.
        """
        return self._job(request).table()

    def cancel(self, request: Any) -> dict[str, Any]:
        """Stops a projection after its current step."""
        job = self._job(request)
        job.stopped.set()
        return job.table()

    def close(self) -> None:
        """Stops everything."""
        for job in self._jobs.values():
            job.stopped.set()

    def _job(self, request: Any) -> Job:
        name = request.get("job") if isinstance(request, Mapping) else None
        if not isinstance(name, str) or name not in self._jobs:
            raise UserError('no such projection; give {"job": …} as it was answered when it began')
        return self._jobs[name]

    def _work(self, job: Job, image: Tensor, wanted: Wanted) -> None:
        try:
            self._search(job, image, wanted)
        except GancoreError as error:
            job.error = str(error)
        except Exception as error:  # the page must survive any error in a plugin's network
            if job.stopped.is_set():
                return
            job.error = broken(error)
        finally:
            job.ended = True

    def _search(self, job: Job, image: Tensor, wanted: Wanted) -> None:
        search = self.renderer.run(lambda: _begun(self.walk, image, wanted))
        while job.done < job.total and not job.stopped.is_set():
            self.renderer.run(lambda: _step(self.walk, search, job.done))
            job.done += 1
        if job.done == job.total:
            job.view = self.renderer.run(lambda: _view(search))


def _begun(walk: Walk, image: Tensor, wanted: Wanted) -> Search:
    pipeline = walk.pipeline
    perceptual = default_extractor(tuple(pipeline.generator.image))  # type: ignore[arg-type]
    space = cast(PlainSpace, walk.space(wanted.space))
    settings = Projection(steps=wanted.steps)
    return begin_search(pipeline, image[None], perceptual, settings, space=space, label=wanted.label)


def _step(walk: Walk, search: Search, step: int) -> None:
    with evaluating(*walk.pipeline.parts.values()):
        search.step(step)


def _view(search: Search) -> dict[str, Any]:
    """The view that shows what was found, without the noise maps that were fitted beside it."""
    point, label = search.point[0].cpu(), search.space.label
    if search.space.layered and bool((point == point[:1]).all()):
        point = point[0]
    start = [round(number, DIGITS) for number in point.flatten().tolist()]
    view = {"seed": 0, "space": search.space.name, "start": start}
    return view if label is None or search.space.name == "w" else {**view, "label": label[0].tolist()}


def _read(content: bytes, walk: Walk, fit: str) -> Tensor:
    channels, *size = walk.pipeline.generator.image
    options = ImageOptions(channels=channels, size=(size[0], size[1]), fit=fit, bits=8)
    return as_image(opened(content), options, "the picture")


def _wanted(request: Any) -> Wanted:
    if not isinstance(request, Mapping) or not set(request) <= set(FIELDS):
        raise UserError(f"project takes a table with {', '.join(FIELDS)}")
    space = one_of("space", request.get("space", "z"), SPACES)
    fit = one_of("fit", request.get("fit", FITS[0]), FITS)
    steps = whole("steps", request.get("steps", STEPS), MOST_STEPS)
    labeled = view_of({"label": request["label"]} if "label" in request else {})
    return Wanted(space, fit, steps, getattr(labeled, "label", None))
