"""The ladder of models that encode: each trained on Fashion-MNIST, judged by its samples and by what it
reconstructs from equally many bits.

    python tools/codes_line.py --fashion-mnist FOLDER [--runs runs/codes] [--jobs 2] [--only NAME ...]
    [--add "NAME: RECIPE WORDS …" ...] [--bits 576] [--images N] [--page FILE] [--keep] [--train-only]

Trains what is not trained yet (hours; a run that was stopped goes on), evaluates, and writes docs/codes.md
with the scores as JSON and a sample grid for each row in docs/codes/ (`--page` puts them elsewhere). Rows
whose recipe no installed plugin offers are left out, and said; `--add` puts further rows behind, and
`--images` makes all trainings short, for a trial.
"""

import argparse
import shlex
from pathlib import Path

import torch
from families import DOCS, anchors, judged, options, rows, table, train_all
from torch import Tensor

import gancore
from gancore import Pipeline
from gancore.data import Data, ImageOptions, open_data
from gancore.measure.code_bits import at_bits
from gancore.measure.density_coverage import DensityCoverage
from gancore.measure.frechet import Frechet
from gancore.measure.kernel import Kernel
from gancore.measure.precision_recall import PrecisionRecall
from gancore.measure.reconstruction import compared
from gancore.measure.score import Value
from gancore.measure.sets import eight_bit
from gancore.runs.opening import load_pipeline

SCORES = (Frechet(), Kernel(), PrecisionRecall(), DensityCoverage())
BITS = 576
"""The bits of a map of 8×8 indices of 512 vectors; also 64 values of 9 bits, or 576 binary units."""
LATENT = "--set=generator.latent=64"
LADDER: dict[str, list[str]] = {
    "pca": ["pca", "--set=components=64"],
    "ica": ["ica", "--set=components=64"],
    "rbm": ["rbm", "--set=generator.hidden=576", "--images", "600000"],
    "dbn": ["dbn", "--set=generator.hidden=[500, 576]"],
    "pretrained-autoencoder": ["pretrained-autoencoder", LATENT, "--images", "600000"],
    "autoencoder": ["autoencoder", LATENT, "--images", "200000"],
    "rae-gp": ["rae-gp", LATENT, "--images", "100000"],
    "vae": ["vae", LATENT, "--images", "200000"],
    "vq-vae": [
        "vq-vae",
        "--set=generator.width=64",
        "--set=encoder.network.width=64",
        "--batch=64",
        "--precision=bf16",
        "--images",
        "200000",
    ],
    "vqgan-small": ["vqgan-small", "--precision=bf16", "--images", "60000"],
}
"""The first stages, in the order of their years; codes of at most 576 bits."""
PRIOR = [
    "code-prior",
    "--set=sampler.layers=4",
    "--set=sampler.heads=4",
    "--set=sampler.width=128",
    "--set=optimizer.lr=0.001",
    "--images",
    "100000",
]
SECOND: dict[str, tuple[str, list[str]]] = {
    "vq-vae-prior": ("vq-vae", PRIOR),
    "vqgan-small-prior": ("vqgan-small", PRIOR),
}
"""The second stages, each over a run of the first."""
SHARED = ["--subset", "train", "--size", "32", "--evaluate-every", "0", "--seed", "0"]


def first_stages(given: argparse.Namespace) -> dict[str, list[str]]:
    """The arguments of each training by the name of its run, without those that cannot be trained."""
    added = {name.strip(): shlex.split(words) for name, _, words in (row.partition(":") for row in given.add)}
    wanted = {name: words for name, words in (LADDER | added).items() if chosen(name, words, given)}
    return {name: arguments(words, given) for name, words in wanted.items()}


def second_stages(given: argparse.Namespace) -> dict[str, list[str]]:
    """The same of the second stages."""
    return {
        name: [*arguments(words, given), "--init", str(given.runs / first)]
        for name, (first, words) in SECOND.items()
        if chosen(name, words, given)
    }


def chosen(name: str, words: list[str], given: argparse.Namespace) -> bool:
    """Whether the row is wanted and its recipe installed."""
    if given.only and name not in given.only:
        return False
    known = words[0] in gancore.list_parts("recipe").names
    if not known:
        print(f"{name}: no installed plugin offers the recipe {words[0]}, so the row is left out", flush=True)
    return known


def arguments(words: list[str], given: argparse.Namespace) -> list[str]:
    """The words of a training with the data; a trial's number of images goes last, and therefore counts."""
    short = ["--images", str(given.images)] if given.images else []
    return [*words, *SHARED, "--data", str(given.fashion_mnist), *short]


def reconstructions(run: Path, train: Data, test: Data, bits: int) -> dict[str, Value]:
    """How closely test images are reconstructed from unrounded codes, and from codes of so many bits."""
    pipeline = load_pipeline(run)
    real, like = (data.rows(torch.arange(min(2000, len(data))))["image"] for data in (test, train))
    made, taken = at_bits(pipeline, real, like, bits)
    free = compared(real, eight_bit(pipeline.reconstruct(real)))
    return {
        "values": Value(float(size_of(pipeline, real[:1])), None, "neither"),
        "bits": Value(taken, None, "neither"),
        **compared(real, eight_bit(made)),
        **{f"{name}, unrounded": value for name, value in free.items()},
    }


def size_of(pipeline: Pipeline, image: Tensor) -> int:
    """The values or indices of a code."""
    return pipeline.encode(image)[0].numel()


def compared_table(found: dict[str, dict[str, Value]]) -> str:
    """A row for each model; in bold the best of a column."""
    titles = list(next(iter(found.values())))
    lines = ["| model | " + " | ".join(titles) + " |", "|---" * (len(titles) + 1) + "|"]
    best = {title: best_of(title, found) for title in titles}
    for name, values in found.items():
        cells = [f"**{v.value:.4g}**" if best[t] == name else f"{v.value:.4g}" for t, v in values.items()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def best_of(title: str, found: dict[str, dict[str, Value]]) -> str | None:
    """The model that is best in a column, if one can be."""
    sign = {"lower": 1, "higher": -1, "neither": 0}[next(iter(found.values()))[title].better]
    return min(found, key=lambda name: sign * found[name][title].value) if sign else None


HEAD = """# The models that encode, side by side

Made by `python tools/codes_line.py --fashion-mnist FOLDER --count 5000`, which trains every row that it finds
a recipe for and evaluates it; `tools/codes_line.py` has every setting, and `--only` makes the page of some
rows. Each row is one run on Fashion-MNIST at 32×32 with one seed and one thread. Minutes are upper bounds, as
the machine was doing other work. Autoencoders draw from a mixture of Gaussians that is fitted to their codes
after the training, `vqgan-small-prior` is a transformer over the codes of `vqgan-small`, which draws nothing
by itself. ↓ lower is better, ↑ higher."""
SAMPLED = """## Samples

Rows that draw images, beside real ones and noise. `real` compares test images with training images. The
scores of every row and their full protocol are in `docs/codes/*.json`. In bold what is better than every
other row by more than two standard errors of the difference."""
RECONSTRUCTED = """## Reconstructions from equally many bits

Up to 2,000 test images, encoded and decoded again. A code of indices has as many bits as its codebook needs.
A code of numbers is rounded: each value to one of 2ᵇ equally spaced levels between the extremes of that value
over up to 2,000 training images, with the largest b for which a code takes at most {bits} bits. PSNR in dB.
The columns on the right are of codes as they are, in float32. The pixels take 8,192 bits."""


def written(given: argparse.Namespace, first: list[str], second: list[str]) -> str:
    """The whole page; pictures and the scores of every row are put beside it."""
    folder = given.page.parent / "codes"
    sampled = [name for name in [*first, *second] if load_pipeline(given.runs / name).sampler is not None]
    found = {name: judged(given.runs, name, given, SCORES) for name in sampled}
    found |= anchors("fashion", given.runs, given, SCORES)
    folder.mkdir(parents=True, exist_ok=True)
    for name, evaluation in found.items():
        evaluation.save(folder / f"{name}.json")
    parts = [HEAD, rows(given.runs, [*first, *second], folder), SAMPLED, table(found)]
    if first:
        encoded = encoded_by(first, given)
        parts += [RECONSTRUCTED.format(bits=given.bits), compared_table(encoded)]
    return "\n\n".join(parts) + "\n"


def encoded_by(names: list[str], given: argparse.Namespace) -> dict[str, dict[str, Value]]:
    """The reconstructions of each run."""
    train, test = (
        open_data(str(given.fashion_mnist), ImageOptions(size="32", subset=part))
        for part in ("train", "test")
    )
    return {name: reconstructions(given.runs / name, train, test, given.bits) for name in names}


def main() -> None:
    parser = options(__doc__, "runs/codes")
    parser.add_argument("--bits", type=int, default=BITS)
    parser.add_argument("--images", type=int, default=0)
    parser.add_argument("--add", nargs="*", default=[])
    parser.add_argument("--page", type=Path, default=DOCS / "codes.md")
    parser.add_argument("--keep", action="store_true", help="take the evaluations that are there")
    given = parser.parse_args()
    first, second = first_stages(given), second_stages(given)
    train_all(first, given)
    train_all(second, given)
    if not given.train_only:
        torch.manual_seed(0)
        given.page.write_text(written(given, list(first), list(second)), encoding="utf-8")


if __name__ == "__main__":
    main()
