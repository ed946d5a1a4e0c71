"""The report page of a run."""

import os
from pathlib import Path

from gancore.pictures.report import write_report
from gancore.progress import tell


def report(run: str | os.PathLike[str]) -> Path:
    """Writes RUN/report.html: curves, sample timeline and recipe in one file; returns its path.

    Args:
        run: a run folder, finished or not.

    Raises:
        RunError: the run is not a folder, or the page cannot be written.
    """
    tell(f"writing the report of {run}")
    return write_report(Path(run))
