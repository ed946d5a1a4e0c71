"""The table of the adversarial families: each trained on the same number of images of Fashion-MNIST, judged
beside real images and noise.

    python tools/adversarial_line.py --fashion-mnist FOLDER [--runs runs/adversarial] [--jobs 2]
    [--only NAME ...]

Trains what is not trained yet (hours; a run that was stopped goes on), evaluates, and writes
docs/adversarial.md with the scores as JSON and a sample grid for each row in docs/adversarial/.
`--train-only` stops after the trainings.
"""

import argparse
from pathlib import Path

import torch
from families import DOCS, anchors, judged, options, rows, table, train_all

from gancore.measure.class_accuracy import ClassAccuracy
from gancore.measure.density_coverage import DensityCoverage
from gancore.measure.evaluation import score_study
from gancore.measure.frechet import Frechet
from gancore.measure.modes import Modes
from gancore.measure.precision_recall import PrecisionRecall
from gancore.training.evaluating import EvaluationRequest, study_of_run

FOLDER = DOCS / "adversarial"
SEEDS = (0, 1)
SCORES = (Frechet(), PrecisionRecall(), DensityCoverage(), Modes(), ClassAccuracy())
THRESHOLDS = (None, 2.0, 1.5, 1.0, 0.5, 0.25)


def both(*settings: str) -> list[str]:
    """The same settings for generator and discriminator."""
    return [f"--set={player}.{setting}" for setting in settings for player in ("generator", "discriminator")]


PYRAMID = ["--set=generator.widths=[256, 128, 64, 32]", "--set=discriminator.widths=[64, 128, 128, 128]"]
RATES = ["--set=generator_optimizer.lr=0.0005", "--set=discriminator_optimizer.lr=0.0005"]
TWO_RATES = ["--set=generator_optimizer.lr=0.00025", "--set=discriminator_optimizer.lr=0.001"]
SMALL_EMBEDDING = [
    "--set=conditioner.size=8",
    "--set=generator.embedding_size=8",
    "--set=generator.latent_size=128",
]
"""Fewer numbers for the class than for a chunk of the latent, so that images of a class differ."""
FASTER_MOMENTS = [f"--set={player}_optimizer.betas=[0.0, 0.9]" for player in ("generator", "discriminator")]
ONE = "--set=discriminator_steps=1"
"""The published four or five steps leave the generator too few in a training of minutes."""
SHORT_AVERAGE = ["--set=average.half_life=2000"]
"""In place of one that starts after 200,000 images, and of ProGAN's, a third of the whole training."""
SMALLER_BATCH = ["--batch", "8"]
GROWING = [*both("widths=[256, 128, 64, 32]"), "--set=stabilize=1500", "--set=fade=1500"]
"""Four sizes within 10,500 images."""
RESNET = [*PYRAMID, *RATES, ONE]
UNCONDITIONAL: dict[str, list[str]] = {
    "dcgan": ["dcgan"],
    "wgan-gp": ["wgan-gp", *RESNET],
    "sngan": ["sngan", *RESNET],
    "sagan": ["sagan", *PYRAMID, *TWO_RATES],
    "r3gan-small": ["r3gan-small", *SMALLER_BATCH],
    "progan": ["progan", *GROWING, *SHORT_AVERAGE, "--precision", "float32"],
    "dcgan-batch-8": ["dcgan", *SMALLER_BATCH],
}
"""The families without labels."""
CONDITIONAL: dict[str, list[str]] = {
    "sagan-labels": ["sagan-labels", *PYRAMID, *TWO_RATES],
    "biggan": [
        "biggan",
        *PYRAMID,
        *SMALL_EMBEDDING,
        *TWO_RATES,
        *FASTER_MOMENTS,
        ONE,
        *SHORT_AVERAGE,
    ],
    "cgan": ["cgan"],
    "acgan": ["acgan", *RATES],
    "sngan-projection": ["sngan-projection", *RESNET],
    "infogan": ["infogan"],
}
"""Those that are given the class, and InfoGAN, which finds something like it."""
ONCE = ("sagan", "progan", "dcgan-batch-8", "cgan", "acgan", "sngan-projection", "infogan")
"""Families that are not compared with DCGAN, trained with the first seed only."""
SHARED = [
    "--batch",
    "16",
    "--precision",
    "bf16",
    "--size",
    "32",
    "--subset",
    "train",
    "--evaluate-every",
    "0",
]


def runs(given: argparse.Namespace) -> dict[str, list[str]]:
    """The arguments of each training by the name of its run, seed by seed."""
    shared = [*SHARED, "--data", str(given.fashion_mnist), "--images", str(given.images)]
    made = {
        f"{name}-{seed}": [recipe, *shared, "--seed", str(seed), *changes]
        for seed in SEEDS
        for name, (recipe, *changes) in (UNCONDITIONAL | CONDITIONAL).items()
        if seed == SEEDS[0] or name not in ONCE
    }
    return {name: words for name, words in made.items() if not given.only or name in given.only}


TRUNCATED = """Samples of `biggan-0` from latents whose coordinates beyond a threshold are drawn again
(Brock et al. 2018, arXiv:1809.11096, section 3.1): variety is traded for quality."""
HEAD = """# The adversarial families side by side

Made by `python tools/adversarial_line.py --fashion-mnist FOLDER`, which trains every row and evaluates 5,000
samples of it; `--only` makes the table of some rows. Each row is one run on Fashion-MNIST at 32×32, with one
thread and in bf16, ProGAN's in float32, which takes longer; the number behind a name is its seed. All have
seen the same number of real images, in batches of 16, and of 8 for R3GAN and for one more DCGAN, which gives
twice the updates. Networks are small (32 to 256 channels, `tools/adversarial_line.py` has every setting),
with one update of the generator for each one of the discriminator, other than published for WGAN-GP, SNGAN
and BigGAN, whose learning rates are higher too: so short a training has few updates. `sagan-labels`,
`biggan`, `cgan`, `acgan` and `sngan-projection` are given the class, as SAGAN and BigGAN are in their
papers; BigGAN has 8 numbers for it beside the 32 of the latent in each block, so that images of a class
differ. `class accuracy` is the fraction of samples that are classified as the class they were drawn for.
`real` compares test images with training images. The scores of every row and their full protocol are in
`docs/adversarial/*.json`. ↓ lower is better, ↑ higher; in bold what is better than every other row by more
than two standard errors of the difference; of precision and density none whose recall is below 0.05."""


def truncations(run: Path, given: argparse.Namespace) -> str:
    """Precision and recall of a run's samples from truncated latents (Brock et al. 2018, figure 2b)."""
    lines = ["| threshold | FD | precision | recall |", "|---|---|---|---|"]
    for threshold in THRESHOLDS:
        request = EvaluationRequest(count=given.count, threshold=threshold)
        found = score_study(study_of_run(run, None, request), [Frechet(), PrecisionRecall()])
        values = [f"{value.value:.3f}" for value in found.scores.values()]
        lines.append(f"| {threshold or 'none'} | " + " | ".join(values) + " |")
    return "\n".join(lines)


def written(given: argparse.Namespace) -> str:
    """The whole page; the scores of every row are put beside it."""
    names = list(runs(given))
    found = {name: judged(given.runs, name, given, SCORES) for name in names}
    found |= anchors("fashion", given.runs, given, SCORES)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, evaluation in found.items():
        evaluation.save(FOLDER / f"{name}.json")
    parts = [HEAD, rows(given.runs, names, FOLDER), table(found)]
    if "biggan-0" in names:
        curve = truncations(given.runs / "biggan-0", given)
        parts += ["## Truncated latents", TRUNCATED, curve]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    parser = options(__doc__, "runs/adversarial")
    parser.add_argument("--images", type=int, default=30_000)
    parser.set_defaults(count=5_000)
    parser.add_argument("--keep", action="store_true", help="take the evaluations that are there")
    given = parser.parse_args()
    train_all(runs(given), given)
    if not given.train_only:
        torch.manual_seed(0)
        (DOCS / "adversarial.md").write_text(written(given), encoding="utf-8")


if __name__ == "__main__":
    main()
