"""How strong adaptive augmentation was in the course of trainings: a picture of p and of r, the sign of
overfitting that it follows.

    pip install matplotlib
    python tools/ada_curve.py RUN [RUN ...] --output ada.png

The runs must have been trained with `augment=ada`.
"""

import argparse
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot

from gancore.runs.folder import RunFolder

SHOWN = {
    "augment/p": "p, probability of a transform",
    "augment/r": "r, mean sign of the scores of real images",
}


def curve(run: Path, scalar: str) -> tuple[list[float], list[float]]:
    """Thousands of images, and the scalar's value there."""
    lines = [line for line in RunFolder(run).log.reports if scalar in line["scalars"]]
    if not lines:
        raise SystemExit(f"{run} has no {scalar} in its log; give runs trained with augment=ada")
    return [line["images"] / 1000 for line in lines], [line["scalars"][scalar] for line in lines]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    figure, panels = pyplot.subplots(1, len(SHOWN), figsize=(9, 3), layout="constrained")
    for panel, (scalar, words) in zip(panels, SHOWN.items(), strict=True):
        for run in given.runs:
            panel.plot(*curve(run, scalar), label=run.name, linewidth=1)
        panel.set(xlabel="thousands of images", title=words, ylim=(0, None))
        panel.grid(alpha=0.3)
    panels[0].legend()
    figure.savefig(given.output, dpi=80)


if __name__ == "__main__":
    main()
