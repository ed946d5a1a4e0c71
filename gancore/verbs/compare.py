"""A page that compares several runs."""

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
    """Compares runs side by side on one page (samples, scores, curves, alarms, recipe differences); returns
    its path.

    Args:
        runs: two or more run folders.
        output: the page to write.
        samples: images to draw from each run with the same seed; 0 for none.
        seed: seed of these images.

    Raises:
        UserError: fewer than two runs, or the same run twice. RunError: a folder is not a run.
    """
    return write_comparison([Path(run) for run in runs], Path(output), samples=samples, seed=seed)
