"""What a few minutes of training on the embedded emoji give: a table of recipes and settings.

    OMP_NUM_THREADS=1 python tools/first_minutes.py [--images 26000] [--runs runs/first] [--only NAME ...]

Trains each candidate that is not trained yet on one thread, in bf16, one after the other, and prints the
images it saw, the seconds that took, and the scores that it ended with. Compare candidates at equal times.
"""

import argparse
from pathlib import Path

from families import trained

from gancore.measure.evaluation import Evaluation
from gancore.runs.folder import RunFolder

PLAYERS = ("generator", "discriminator")


def rates(lr: float, schedule: str = "constant") -> list[str]:
    """The same learning rate for both players, with the momenta of R3GAN's end."""
    adam = f"{{part = 'adam', lr = {lr}, betas = [0.0, 0.99], schedule = {{part = '{schedule}'}}}}"
    return [f"--set={player}_optimizer={adam}" for player in PLAYERS]


def penalties(gamma: float, every: int = 1) -> str:
    """R1 and R2."""
    both = ", ".join(f"{{part = '{name}', gamma = {gamma}, every = {every}}}" for name in ("r1", "r2"))
    return f"--set=regularizers=[{both}]"


BASE = ["dcgan", "--set=average.half_life=5000"]
GAME = [*BASE, "--set=discriminator=dcgan-plain", "--set=loss=relativistic-pairing", penalties(0.5)]
LARGE = ["--batch", "32"]
SMALL = ["--batch", "16"]
CLASSES = [
    "--set=conditioner={part = 'embedding', size = 16}",
    "--set=generator.latent_size=116",
    "--set=discriminator={part = 'projection', network = 'dcgan-plain'}",
]
RESNET = "--set=generator={part = 'sngan', widths = [128, 128, 128, 64]}"
CANDIDATES: dict[str, list[str]] = {
    "dcgan": ["dcgan", *LARGE],
    "dcgan, lr 0.0005": [*BASE, *LARGE, *[f"--set={player}_optimizer.lr=0.0005" for player in PLAYERS]],
    "relativistic, DiffAugment": [*GAME, *LARGE, *rates(1e-3), "--set=augment=diffaugment"],
    "relativistic": [*GAME, *LARGE, *rates(1e-3)],
    "relativistic, lr 0.002": [*GAME, *LARGE, *rates(2e-3), penalties(0.2)],
    "relativistic, ResNet": [*GAME, *LARGE, *rates(1e-3), RESNET],
    "relativistic, batch 16": [*GAME, *SMALL, *rates(1e-3)],
    "relativistic, batch 16, to zero": [*GAME, *SMALL, *rates(1e-3, "cosine")],
    "relativistic, batch 16, every 4": [*GAME, *SMALL, *rates(1e-3), penalties(0.5, 4)],
    "relativistic, batch 16, classes": [*GAME, *SMALL, *rates(1e-3), *CLASSES],
    "dcgan-relativistic": ["dcgan-relativistic"],
    "dcgan-relativistic-labels": ["dcgan-relativistic-labels"],
}
"""Settings by what they change; the last two are presets, whose learning rate falls to a fifth."""


def row(name: str, run: RunFolder) -> str:
    """A row of the table."""
    end = run.log.finished
    if end is None:
        return f"| {name} | not finished |"
    found = Evaluation.load(run.score_file(int(end["images"])))
    values = [f"{value.value:.3g}" for value in found.scores.values()]
    seconds = float(str(end["seconds"]))
    return f"| {name} | {end['images']:,} | {seconds:.0f} | {' | '.join(values)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=26_000)
    parser.add_argument("--runs", type=Path, default=Path("runs/first"))
    parser.add_argument("--only", nargs="*", default=list(CANDIDATES))
    given = parser.parse_args()
    given.runs.mkdir(parents=True, exist_ok=True)
    rows = ["| candidate | images | seconds | FD | precision | recall |", "|---|---|---|---|---|---|"]
    for name in given.only:
        folder = name.replace(", ", "-").replace(" ", "-")
        words = [*CANDIDATES[name], "--images", str(given.images), "--precision", "bf16"]
        trained(folder, words, given.runs, threads=1)
        rows.append(row(name, RunFolder(given.runs / folder)))
    print("\n".join(rows))


if __name__ == "__main__":
    main()
