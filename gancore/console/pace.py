"""What every display of a training says: where it begins, how fast it is, and where it ends."""

import time
from typing import Any

from gancore.console.progress_line import long_note, span


class Pace:
    """The rate of a training in this session, and the time left at that rate, from its first step on."""

    SETTLED = 10.0
    """Seconds after which the rate is taken to judge the whole training."""

    def __init__(self) -> None:
        self.first, self.noted = 0, False

    def begin(self, run: Any) -> None:
        """The images seen before this session."""
        self.first = run.images

    def rate(self, run: Any) -> float:
        """Images in a second."""
        return float((run.images - self.first) / max(1e-9, time.monotonic() - run.started))

    def left(self, run: Any) -> float | None:
        """Seconds to the end; None before the first step."""
        rate = self.rate(run)
        return max(0, run.total - run.images) / rate if rate > 0 else None

    def note(self, run: Any) -> str:
        """Once, what to say about a training of more than a day."""
        if self.noted or time.monotonic() - run.started < self.SETTLED or (left := self.left(run)) is None:
            return ""
        self.noted = True
        return long_note(left, run.total)


def beginning(run: Any) -> list[str]:
    """What is being trained, from where on, and into which folder."""
    return [
        f"training {run.recipe.qualified_name} on {run.data.description}",
        f"{run.images} of {run.total} images seen, batch {run.run.batch_size}, {run.run.device}; "
        f"run folder {run.folder}",
    ]


def ending(run: Any) -> str:
    """How long it took, and what to look at next."""
    return (
        f"done: {run.images} images in {span(run.seconds)}. Report: {run.run_folder.report_file}; "
        f"next: gancore {_next(run)}"
    )


def _next(run: Any) -> str:
    """The command that uses the first pipeline."""
    first = next(iter(run.recipe.pipelines().values()))
    if first.product == "draws":
        return f"sample {run.folder} --count 64"
    if first.product == "reconstructs":
        return f"sample {run.folder} --data FOLDER --output FOLDER"
    larger = first.generator.image[1] > first.reads_shape[1]
    return f"{'upscale' if larger else 'translate'} {run.folder} FOLDER"
