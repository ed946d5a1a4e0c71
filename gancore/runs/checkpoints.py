"""The checkpoints in the folder of a run."""

from pathlib import Path

from gancore.runs.layout import CHECKPOINT, RunLayout
from gancore.storage.inside import inside


class Checkpoints(RunLayout):
    """A run by its checkpoints."""

    @property
    def checkpoints(self) -> list[Path]:
        """The folders of the checkpoints, newest first."""
        return committed(self.checkpoints_folder)

    @property
    def seen(self) -> int:
        """The images seen by the newest checkpoint; 0 without any."""
        return int(self.checkpoints[0].name) if self.checkpoints else 0


def committed(checkpoints: Path) -> list[Path]:
    """The checkpoints in a folder, newest first. Raises RunError where one is a link."""
    named = (p for p in checkpoints.glob("*") if CHECKPOINT.fullmatch(p.name))
    found = (p for p in named if inside(checkpoints, p.name).is_dir())
    return sorted(found, key=lambda path: int(path.name), reverse=True)
