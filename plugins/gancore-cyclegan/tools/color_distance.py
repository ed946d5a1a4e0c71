"""The color distance of translated held-out images to their counterparts in the other domain.

    python color_distance.py runs/0001-cyclegan

The run must have been trained with `--hold-out N` on two domains with the same file names, which pair the
images; training did not use the pairs. Prints the mean distance before and after translation for each
direction; exits with 1 if it did not shrink in both.
"""

import argparse
import sys
from pathlib import Path

import torch
from torch import Tensor

from gancore.data import Paired
from gancore.data.domains import Domains
from gancore.errors import GancoreError, UserError
from gancore.runs.folder import RunFolder

BINS = 8


def histogram(images: Tensor, bins: int = BINS) -> Tensor:
    """`(N, C, H, W)` in [-1, 1] → `(N, bins**C)`, the fraction of an image's pixels in each color bin."""
    levels = ((images + 1) / 2 * bins).long().clamp(0, bins - 1).flatten(2)
    cells = torch.zeros_like(levels[:, 0])
    for level in levels.unbind(1):
        cells = cells * bins + level
    counts = torch.zeros(len(images), bins ** images.shape[1])
    return counts.scatter_add_(1, cells, torch.ones(cells.shape)) / cells.shape[1]


def distances(ours: Tensor, theirs: Tensor) -> Tensor:
    """`(N,)`: the total variation between the color histograms of each pair of images."""
    return (histogram(ours) - histogram(theirs)).abs().sum(1) / 2


def distance(ours: Tensor, theirs: Tensor) -> float:
    """The mean of `distances` over pairs of images."""
    return float(distances(ours, theirs).mean())


def held_out(run: Path) -> Paired:
    """The images that the run did not see, paired by name. Raises UserError if there are none."""
    data = RunFolder(run).data()
    if data is None or data.held_out is None:
        raise UserError(f"{run} held no images out; train with --hold-out N on two domains")
    if not isinstance(unseen := data.held_out, Domains):
        raise UserError(f"{run} was trained on one domain; train with --data SOURCE --data TARGET")
    return Paired(unseen.source, unseen.target)


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="the folder of a run")
    run = parser.parse_args(arguments).run
    try:
        rows = (pairs := held_out(run)).rows(range(len(pairs)))  # type: ignore[arg-type]
        print(
            f"{len(pairs)} held-out pairs; mean color distance to the other domain (0 same, "
            "1 nothing in common)"
        )
        return (
            0
            if all(
                [
                    _nearer(run, "forward", rows["source"], rows["target"]),
                    _nearer(run, "backward", rows["target"], rows["source"]),
                ]
            )
            else 1
        )
    except GancoreError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def _nearer(run: Path, direction: str, source: Tensor, target: Tensor) -> bool:
    before = distances(source, target)
    after = distances(RunFolder(run).pipeline(direction).render(source), target)
    gain, error = float((before - after).mean()), float((before - after).std() / len(before) ** 0.5)
    said = f"{'nearer' if gain > 0 else 'not nearer'} by {gain:.4f} (standard error over pairs {error:.4f})"
    print(
        f"{direction:9} untranslated {float(before.mean()):.4f}  translated {float(after.mean()):.4f}  {said}"
    )
    return gain > 0


if __name__ == "__main__":
    sys.exit(main())
