"""The "Measured" part of gancore-stylegan's README: the style line trained at 32×32, judged, and laid in a
table.

    python tools/style_line.py --fashion-mnist FOLDER [--runs runs/style] [--jobs 2] [--only NAME ...]
    [--train-only]

Trains what is not trained yet (hours; a run that was stopped goes on), judges each run by the standard
scores, and writes table and pictures between the marks in the README; the scores with their whole protocol go
beside the pictures. Others are left out.
"""

import argparse
from pathlib import Path

import torch
from families import options, sheet, train_all

from gancore.measure.evaluation import Evaluation, score_study
from gancore.measure.standard import standard_scores
from gancore.runs.folder import RunFolder
from gancore.training.evaluating import EvaluationRequest, study_of_run

PLUGIN = Path(__file__).parents[1] / "plugins" / "gancore-stylegan"
PICTURES = PLUGIN.joinpath("pictures")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
SEEDS = (0, 1)


def both(*options: str) -> list[str]:
    """The same options for generator and discriminator."""
    return [f"--set={player}.{option}" for option in options for player in ("generator", "discriminator")]


SMALL = both("channels_base=2048", "channels_max=128")
"""64 feature maps at 32×32, 128 at 16×16 and below."""
SMALL_1 = both("channels_base=1024", "channels_max=128")
"""The same maps in StyleGAN's way of counting, where the base is halved once more."""
BF16 = ["--precision", "bf16"]
RATE_2 = ["--set=generator_optimizer.lr=0.0025", "--set=discriminator_optimizer.lr=0.0025"]
LEARN_2 = ["--set=conditioner.mixing=0", "--set=generator_regularizers=[]", *RATE_2]
"""As ADA's own runs at 32×32 (arXiv:2006.06676, appendix on CIFAR-10): no style mixing, no path length
regularization, learning rate 0.0025. γ stays the recipe's 10, by trials of 20,000 emoji: FD[emoji-1] 33, with
γ = 1 (and two mapping layers) 68; with style mixing and path lengths 53.
"""
FEW = ["--set=regularizers.0.gamma=1", "--hold-out", "1228", "--images", "150000"]
"""500 of the 1,728 emoji. γ = 1, as ADA's own for small data at 256×256: with 10 nothing overfits in 50,000
images, and p stays at 0.
"""
ADA = ["--set=augment=ada", "--set=augment.speed=15000"]
"""p could go from 0 to 1 within a tenth of the training; published are 500,000 images, a fiftieth of theirs.
"""
FAMILIES: dict[str, list[str]] = {
    "dcgan": ["dcgan", "--batch", "32", *BF16, "--images", "200000"],
    "stylegan2": ["stylegan2", *SMALL, *LEARN_2, "--batch", "16", *BF16, "--images", "200000"],
    "stylegan": [
        "stylegan",
        *SMALL_1,
        "--set=generator.constant_spread=1",
        "--batch",
        "16",
        *BF16,
        "--images",
        "200000",
    ],
}
"""What is trained on both data sets, at 32×32."""
EMOJI: dict[str, list[str]] = {
    "stylegan2-mixed": [
        "stylegan2",
        *SMALL,
        *RATE_2,
        "--batch",
        "16",
        *BF16,
        "--hold-out",
        "128",
        "--images",
        "200000",
    ],
    "few": ["stylegan2", *SMALL, *LEARN_2, "--batch", "16", *BF16, *FEW],
    "few-ada": ["stylegan2", *SMALL, *LEARN_2, *ADA, "--batch", "16", *BF16, *FEW],
    "stylegan3": [
        "stylegan3",
        *both("channels_base=2048", "channels_max=64"),
        "--batch",
        "16",
        *BF16,
        "--images",
        "50000",
    ],
}
"""What is trained on the emoji alone."""


def runs(given: argparse.Namespace) -> dict[str, list[str]]:
    """The arguments of each training by the name of its run."""
    gray = ["--data", str(given.fashion_mnist), "--subset", "train", "--size", "32"]
    made: dict[str, list[str]] = {}
    for seed in SEEDS:
        made |= {
            f"{family}-emoji-{seed}": [*words, "--hold-out", "128", "--seed", str(seed)]
            for family, words in FAMILIES.items()
        }
        made |= {f"{family}-emoji-{seed}": [*words, "--seed", str(seed)] for family, words in EMOJI.items()}
        made |= {
            f"{family}-fashion-{seed}": [*words, *gray, "--seed", str(seed)]
            for family, words in FAMILIES.items()
        }
    return {name: made[name] for name in given.only} if given.only else made


def judged(run: Path, given: argparse.Namespace) -> Evaluation:
    """Every score of one run, kept beside it: against what it learned from, or all emoji where it saw few."""
    path = RunFolder(run).score_file("style-line")
    if path.exists():
        return Evaluation.load(path)
    against = "emoji" if run.name.startswith("few") else None
    found = score_study(
        study_of_run(run, None, EvaluationRequest(count=given.count, against=against)), standard_scores()
    )
    found.save(path)
    return found


def table(folder: Path, names: list[str], given: argparse.Namespace) -> str:
    """A row for each run that has ended: what it was, what it scored, its samples."""
    shown = ("FD", "KID", "precision", "recall", "coverage", "duplicates")
    lines = [
        f"| run | images | minutes | parameters | {' | '.join(shown)} | alarms | samples |",
        "|---" * (len(shown) + 6) + "|",
    ]
    for name in names:
        run = RunFolder(folder / name)
        if (end := run.log.finished) is None:
            continue
        found = judged(folder / name, given)
        found.save(PICTURES / f"{name}.json")
        picture = sheet(run, PICTURES / f"{name}.png")
        values = {title.partition("[")[0]: value.value for title, value in found.scores.items()}
        rung = ", ".join(alarm.name for alarm in run.log.alarms) or "none"
        cells = [
            name,
            f"{end['images']:,}",
            f"{float(str(end['seconds'])) / 60:.1f}",
            ", ".join(f"{player} {count:,}" for player, count in run.facts["parameters"].items()),
            *(f"{values[score]:.4g}" if score in values else "" for score in shown),
            rung,
            f"![{name}](pictures/{picture.name})",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write(text: str) -> None:
    """Puts the table between the marks of the README."""
    readme = PLUGIN / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    readme.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def main() -> None:
    given = options(__doc__, "runs/style").parse_args()
    train_all(runs(given), given)
    if not given.train_only:
        torch.manual_seed(0)
        write(table(given.runs, list(runs(given)), given))


if __name__ == "__main__":
    main()
