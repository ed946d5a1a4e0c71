"""How near translations of held-out images are to their counterparts, and to the other domain as a whole.

    python held_out.py runs/emoji [RUN ...] [--sheet emoji.png]

The runs must have been trained with `--hold-out N` on two domains with the same file names, which pair the
images; training did not use the pairs. Prints a row for each run and direction. Distances to the counterpart
are means over pairs, before → after translation, with the gain and its standard error:

* color: the total variation of histograms of 8³ colors, 0 for equal ones, 1 for nothing in common;
* MAE: the mean absolute difference of pixels, on a scale from 0 to 1.

FD is the Fréchet distance of features between the held-out images, before → after, and those of the other
domain, in pixels averaged down to 4×4 (colors and composition). The rows `faded` are those of images of which
a tenth is white, which is no translation, but brings pixels nearer on average; the rows `reconstructed` those
of what UNIT makes of images in their own domain, which is none either, but as blurred as one. With --sheet, a
grid: each image, its translation, its counterpart. Exits with 1 if in some direction the colors are not
nearer by two standard errors.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from gancore_cyclegan import ThroughCode
from torch import Tensor

from gancore.component.creating import create
from gancore.data import Paired
from gancore.data.domains import Domains
from gancore.errors import GancoreError, UserError
from gancore.measure.frechet import frechet_distance_of_few
from gancore.measure.reconstruction import absolute_error
from gancore.pictures.grid import save_grid
from gancore.runs.folder import RunFolder

BINS = 8
SHOWN = 32
FADED = 0.1
"""The part of white in the images that translations are compared with."""
HEAD = "| run | direction | color | gain | MAE | gain | FD |\n|---|---|---|---|---|---|---|"


def histogram(images: Tensor, bins: int = BINS) -> Tensor:
    """`(N, C, H, W)` in [-1, 1] → `(N, bins**C)`, the fraction of an image's pixels in each color bin."""
    levels = ((images + 1) / 2 * bins).long().clamp(0, bins - 1).flatten(2)
    cells = torch.zeros_like(levels[:, 0])
    for level in levels.unbind(1):
        cells = cells * bins + level
    counts = torch.zeros(len(images), bins ** images.shape[1])
    return counts.scatter_add_(1, cells, torch.ones(cells.shape)) / cells.shape[1]


def color_distances(ours: Tensor, theirs: Tensor) -> Tensor:
    """`(N,)`: the total variation between the color histograms of each pair of images."""
    return (histogram(ours) - histogram(theirs)).abs().sum(1) / 2


def frechet(ours: Tensor, theirs: Tensor) -> float:
    """The Fréchet distance between two sets of images, in pixels averaged down to 4×4."""
    pixels = create("extractor/pixels", size=4, image=tuple(ours.shape[1:]))
    return frechet_distance_of_few(pixels(ours), pixels(theirs))


def held_out(run: Path) -> Paired:
    """The images that the run did not see, paired by name. Raises UserError if there are none."""
    data = RunFolder(run).data()
    if data is None or data.held_out is None:
        raise UserError(f"{run} held no images out; train with --hold-out N on two domains")
    if not isinstance(unseen := data.held_out, Domains):
        raise UserError(f"{run} was trained on one domain; train with --data SOURCE --data TARGET")
    return Paired(unseen.source, unseen.target)


class Gain:
    """A distance before and after translation, and how much smaller it became."""

    def __init__(self, of: Callable[[Tensor, Tensor], Tensor], ours: Tensor, made: Tensor, theirs: Tensor):
        before, after = of(ours, theirs), of(made, theirs)  # (N,)
        self.before, self.after = float(before.mean()), float(after.mean())
        self.gain = float((before - after).mean())
        self.error = float((before - after).std() / len(before) ** 0.5)

    @property
    def significant(self) -> bool:
        """Whether it shrank by two standard errors."""
        return self.gain > 2 * self.error

    def __str__(self) -> str:
        return f"{self.before:.4f} → {self.after:.4f} | {self.gain:.4f} ± {self.error:.4f}"


def directions(run: Path) -> Iterator[tuple[str, Tensor, Tensor, Tensor]]:
    """Each direction that the run translates in: its name, held-out images, translations, counterparts."""
    folder, pairs = RunFolder(run), held_out(run)
    rows = pairs.rows(range(len(pairs)))  # type: ignore[arg-type]
    for name in folder.pipeline_names or [""]:
        pipeline = folder.pipeline(name or None)
        ours, theirs = rows[pipeline.reads], rows[pipeline.makes]
        yield name or "forward", ours, pipeline.render(ours), theirs


def reconstructed(run: Path, name: str, ours: Tensor) -> Tensor | None:
    """Images of a direction after the encoder and the decoder of their own domain; None where the run is not
    one of UNIT.
    """
    folder, other = RunFolder(run), {"forward": "backward", "backward": "forward"}.get(name)
    if other not in folder.pipeline_names:
        return None
    there, back = (folder.pipeline(way).generator for way in (name, other))
    if not (isinstance(there, ThroughCode) and isinstance(back, ThroughCode)):
        return None
    with torch.no_grad():
        return back.decoder(there.encoder.code(ours)).clamp(-1, 1)


def sheet(path: Path, ours: Tensor, made: Tensor, theirs: Tensor) -> None:
    """Some images from all over, each with its translation and its counterpart."""
    chosen = torch.arange(SHOWN) * len(ours) // SHOWN
    save_grid(torch.stack([ours[chosen], made[chosen], theirs[chosen]], 1).flatten(0, 1), path, columns=12)


def row(run: str, way: str, ours: Tensor, made: Tensor, theirs: Tensor) -> Gain:
    """Prints a row; returns the gain in colors."""
    color, pixels = (Gain(of, ours, made, theirs) for of in (color_distances, absolute_error))
    distance = f"{frechet(ours, theirs):.2f} → {frechet(made, theirs):.2f}"
    print(f"| {run} | {way} | {color} | {pixels} | {distance} |", flush=True)
    return color


def measured(run: Path, path: Path | None) -> bool:
    """Prints the rows of a run; returns whether colors are nearer in all directions."""
    nearer = []
    for name, ours, made, theirs in directions(run):
        nearer.append(row(run.name, name, ours, made, theirs).significant)
        row(run.name, f"{name}, faded", ours, ours + FADED * (1 - ours), theirs)
        if (same := reconstructed(run, name, ours)) is not None:
            row(run.name, f"{name}, reconstructed", ours, same, theirs)
        if path:
            sheet(path.with_stem(f"{path.stem}-{run.name}-{name}"), ours, made, theirs)
    return all(nearer)


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", help="folders of runs")
    parser.add_argument("--sheet", type=Path, help="write grids to files that are named after this one")
    given = parser.parse_args(arguments)
    try:
        print(HEAD)
        nearer = [measured(run, given.sheet) for run in given.runs]
        return 0 if all(nearer) else 1
    except GancoreError as error:
        print(error, file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
