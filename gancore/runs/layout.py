"""Where everything in the folder of a run lies: the only place that defines it."""

import re
from pathlib import Path

from gancore.storage.files import leftovers, sweep
from gancore.storage.inside import inside
from gancore.storage.names import RECIPE, SETTINGS

LOG, LOCK, REPORT = "log.jsonl", ".lock", "report.html"
PIPELINES, CHECKPOINTS, BEST, BEST_FACTS = "pipeline", "checkpoints", "best", "best.json"
SAMPLES, SCORES, PICTURES = "samples", "scores", "pictures"
INDEX = "pipelines.json"
"""Lists the pipelines of a run that has several, the default first."""
UNREADABLE = "unreadable.tsv"
"""Lists the images of the data that were left out, with the reasons."""
INSTANCES = "instances.tsv"
"""Lists the images of the data that instance selection chose, by number and name."""
EVALUATION = "evaluation"
"""The file of `scores/` that `gancore evaluate` writes."""
REAL = "real"
"""The picture of training images that the report shows beside the samples."""
OLDER = {"neighbors": "neighbours"}
"""Pictures that earlier versions saved under another name."""
GRID, CHECKPOINT = re.compile(r"(\d+)(?:-(.+))?\.png"), re.compile(r"\d{8,}")


def counted(images: int) -> str:
    """The name of files made after so many images."""
    return f"{images:08d}"


class RunLayout:
    """The paths in the folder of a run. Each raises RunError where it leads elsewhere, as through a link."""

    def __init__(self, path: "Path | str | RunLayout") -> None:
        self.path = Path(path)

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunLayout) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)

    @property
    def exists(self) -> bool:
        """Whether this is the folder of a run."""
        return self.settings_file.is_file() and self.recipe_file.is_file()

    def _own(self, *names: str) -> Path:
        return inside(self.path, *names)

    @property
    def recipe_file(self) -> Path:
        """The spec of the recipe."""
        return self._own(RECIPE)

    @property
    def settings_file(self) -> Path:
        """How the recipe was trained: command, settings, data and environment."""
        return self._own(SETTINGS)

    @property
    def log_file(self) -> Path:
        """The log, which `gancore.runs.log.Log` writes."""
        return self._own(LOG)

    @property
    def instances_file(self) -> Path:
        """The images that instance selection chose."""
        return self._own(INSTANCES)

    @property
    def unreadable_file(self) -> Path:
        """Lists the images that were left out since they cannot be read: name, tab, reason."""
        return self._own(UNREADABLE)

    @property
    def report_file(self) -> Path:
        """The page that `gancore report` writes."""
        return self._own(REPORT)

    @property
    def checkpoints_folder(self) -> Path:
        """Contains a folder for each checkpoint."""
        return self._own(CHECKPOINTS)

    @property
    def pipelines_folder(self) -> Path:
        """Contains the saved pipeline, or a folder for each of several."""
        return self._own(PIPELINES)

    @property
    def best_folder(self) -> Path:
        """Contains the pipelines with the best score, in the same layout as in the run itself."""
        return self._own(BEST)

    @property
    def samples_folder(self) -> Path:
        """Contains the sample grids."""
        return self._own(SAMPLES)

    @property
    def scores_folder(self) -> Path:
        """Contains the evaluations."""
        return self._own(SCORES)

    @property
    def pictures_folder(self) -> Path:
        """Contains the pictures that complement the scores."""
        return self._own(PICTURES)

    def score_file(self, name: str | int = EVALUATION) -> Path:
        """Where to write an evaluation: by name, or by the images seen if it was made during training."""
        return self._own(SCORES, f"{counted(name) if isinstance(name, int) else name}.json")

    def new_picture(self, name: str) -> Path:
        """Where to write a picture, such as `neighbors`."""
        return self._picture_file(name)

    def picture(self, name: str) -> Path:
        """The path of a picture, or of a file with an earlier version's spelling of its name if only that
        exists.
        """
        return self._picture_file(self._picture_name(name))

    def checkpoint(self, images: int) -> Path:
        """Where the checkpoint after so many images lies."""
        return self._own(CHECKPOINTS, counted(images))

    def sample_file(self, images: int, pipeline: str = "") -> Path:
        """Where to write a sample grid."""
        return self._own(SAMPLES, f"{counted(images)}{pipeline and '-'}{pipeline}.png")

    def _picture_name(self, name: str) -> str:
        names = [name, OLDER.get(name, name)]
        return next((n for n in names if self._picture_file(n).is_file()), name)

    def _picture_file(self, name: str, suffix: str = "png") -> Path:
        return self._own(PICTURES, f"{name}.{suffix}")

    @property
    def half_written(self) -> list[Path]:
        """The files that are being written, or were left incomplete by a killed process."""
        return [left for folder in self._written for left in leftovers(folder)]

    def sweep(self) -> None:
        """Removes incomplete files left by a killed process; called with the folder locked."""
        for folder in self._written:
            sweep(folder)

    @property
    def _written(self) -> list[Path]:
        return [self._own(name) for name in ("", CHECKPOINTS, SAMPLES, PIPELINES, SCORES, BEST, PICTURES)]


def run_around(path: Path) -> str:
    """For an error: the run that a file or folder lies in, if any."""
    above = (RunLayout(path.parent), RunLayout(path.parent.parent))
    found = next((run for run in above if run.path != path and run.exists), None)
    return "" if found is None else f", which is {found}"
