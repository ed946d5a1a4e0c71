"""The folder of a run: what was trained, what came of it, and what training writes there."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from gancore.errors import RunError
from gancore.runs.checkpoints import committed
from gancore.runs.layout import CHECKPOINT, CHECKPOINTS, LOCK, run_around
from gancore.runs.lock import locked
from gancore.runs.pipelines import Best, Pipelines, only_pipeline, owner
from gancore.runs.results import Results, SampleGrid
from gancore.runs.trained import RunData, Trained
from gancore.storage.inside import read_utf8

__all__ = ["Best", "RunData", "RunFolder", "SampleGrid", "committed", "existing", "only_pipeline", "owner"]


class RunFolder(Trained, Pipelines, Results):
    """The content of a run's folder, finished or not: the one door to it.

    Nothing is cached: each property reads the folder when it is accessed. Texts, scores and pictures are read
    without torch; `recipe`, `pipeline`, `data` and `settings` import it.
    """

    def __repr__(self) -> str:
        from gancore.runs.showing import text

        return text(self) if self.exists else super().__repr__()

    def _repr_html_(self) -> str:
        from gancore.runs.showing import html

        return html(self)

    @classmethod
    def new(cls, output: Path | str | None, name: str) -> "RunFolder":
        """Creates the folder of a new run: the requested one, which must be empty, or the next
        `runs/0007-NAME`.

        Raises:
            RunError: it is not empty, or cannot be created.
        """
        if output is None:
            return cls(_next_folder(Path("runs"), name))
        path = Path(output)
        if path.exists() and not path.is_dir():
            raise RunError(f"{path} is no folder; name one for the run that is not there yet")
        if path.exists() and any(path.iterdir()):
            resume = f"resume it with `gancore train --resume {path}`, or " if cls(path).exists else ""
            raise RunError(f"{path} is not empty; {resume}name another folder")
        _make(path)
        return cls(path)

    @classmethod
    def around(cls, checkpoint: Path | str) -> "RunFolder | None":
        """The run that a checkpoint belongs to; None if the path is not that of a checkpoint."""
        path = Path(checkpoint)
        within = path.parent.name == CHECKPOINTS and CHECKPOINT.fullmatch(path.name)
        return cls(path.parent.parent) if within else None

    def command(self) -> str:
        """The commands that make this run again, a line each; empty if the folder lacks the information."""
        from gancore.runs.again import commands

        return "\n".join(commands(self))

    def lock(self) -> AbstractContextManager[None]:
        """Locks the run for this process. The operating system releases the lock when the process ends, for
        whatever reason.

        Raises:
            RunError: another process is training there, or the folder is not writable.
        """
        return locked(self.path, self._own(LOCK))

    @property
    def holder(self) -> int | None:
        """The process that holds the lock, or held it last; None if none did."""
        try:
            return int(read_utf8(self._own(LOCK)))
        except (OSError, ValueError):
            return None


def existing(path: "Path | str | RunFolder") -> RunFolder:
    """A run whose folder exists, whatever it contains. Raises RunError if it is not a folder, or one inside a
    run.
    """
    run = RunFolder(path)
    if not run.path.is_dir():
        raise RunError(f"{run} is not a folder; expected the folder of a run, such as runs/0007-dcgan.")
    if not run.exists and (told := run_around(run.path)):
        raise RunError(f"{run} is not a run; give the folder that `gancore train` made{told}")
    return run


def _next_folder(runs: Path, name: str) -> Path:
    taken: Iterator[int] = (int(m[1]) for p in runs.glob("*") if (m := re.match(r"(\d+)-", p.name)))
    number = max(taken, default=0) + 1
    while not _make(path := runs / f"{number:04d}-{name}", new=True):
        number += 1
    return path


def _make(path: Path, *, new: bool = False) -> bool:
    """Creates the folder; `new` says that it must not exist yet, in case two trainings start at the same
    time.
    """
    try:
        path.mkdir(parents=True, exist_ok=not new)
    except OSError as error:
        if new and isinstance(error, FileExistsError) and path.is_dir():
            return False
        raise RunError(
            f"cannot create the run folder {path}: {error.strerror or error}; choose a writable folder"
        ) from None
    return True
