"""Several runs on one page."""

import os
from collections.abc import Sequence
from pathlib import Path

from gancore.pictures.compare import write_comparison


def compare(
    runs: Sequence[str | os.PathLike[str]],
    *,
    output: Path | str = "compare.html",
    samples: int = 16,
    seed: int = 0,
) -> Path:
    """Lays runs side by side on one page: samples, scores, curves, alarms, and where the recipes differ;
    returns its path.

    Args:
        runs: two run folders or more.
        output: the page to write.
        samples: images of each run to draw from the one seed; 0 for none.
        seed: of these images.

    Raises:
        UserError: fewer than two runs, or one given twice. RunError: a folder is not a run.
    """
    return write_comparison([Path(run) for run in runs], Path(output), samples=samples, seed=seed)
