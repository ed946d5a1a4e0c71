"""How many of the 1,000 modes of stacked Fashion-MNIST a generator finds: three images as the channels of
one, each channel of one of ten classes.

    python tools/stacked_modes.py --fashion-mnist FOLDER [--runs runs/stacked] [--jobs 2] [--images 40000]
    [--size 16] [--seeds 0 1] [--only NAME ...]

The measure of Lin et al. 2018 (PacGAN), arXiv:1712.04086, section 4.2, there with digits: the number of modes
among 26,000 samples, and the divergence of their frequencies from those of the data, by the classifier of
the extractor `fashion`. Trains what is not trained yet, and prints a table; the numbers behind a name are
the side of the images and the seed.
"""

import argparse
from itertools import product
from pathlib import Path

import numpy as np
import torch
from adversarial_line import SEEDS, SMALLER_BATCH, UNCONDITIONAL, both
from families import options, train_all
from torch import Tensor

from gancore.component.interfaces import Extractor
from gancore.data import ImageOptions, open_data
from gancore.measure.extractors import Fashion
from gancore.measure.modes import class_balance
from gancore.measure.sets import PipelineSamples
from gancore.pictures.grid import to_uint8
from gancore.runs.opening import load_pipeline

SAMPLES, CLASSES = 26_000, 10
FAMILIES = {name: UNCONDITIONAL[name] for name in ("dcgan", "wgan-gp", "r3gan-small")}
FAMILIES["r3gan-two-blocks"] = FAMILIES["r3gan-small"]
FAMILIES["wgan-gp-batch-8"] = [*UNCONDITIONAL["wgan-gp"], *SMALLER_BATCH]
FAMILIES["wgan-gp-five-steps"] = [*FAMILIES["wgan-gp-batch-8"], "--set=discriminator_steps=5"]
"""One more R3GAN, of which `OF_SIZE` says the blocks, and two more WGAN-GP, in batches of 8 as R3GAN, one of
them with the published five updates of the critic for each one of the generator.
"""
SHARED = ["--batch", "16", "--precision", "auto", "--evaluate-every", "0", "--labels", "none"]
A_MAP_LESS = ["--set=generator.widths=[256, 128, 64]", "--set=discriminator.widths=[64, 128, 128]"]
OF_SIZE = {
    ("wgan-gp", 16): A_MAP_LESS,
    ("wgan-gp-batch-8", 16): A_MAP_LESS,
    ("wgan-gp-five-steps", 16): A_MAP_LESS,
    ("r3gan-two-blocks", 16): both("blocks=[2, 2, 2]"),
    ("r3gan-two-blocks", 32): both("blocks=[2, 2, 2, 2]"),
}
"""Settings that differ with the size of the images; R3GAN has two blocks for each map as published, where
`r3gan-small` has one.
"""


def stacked(folder: Path, count: int, size: int, seed: int = 0) -> np.ndarray:
    """Images of three random ones as channels: `(count, 3, size, size)` uint8."""
    gray = open_data(str(folder), ImageOptions(size=str(size), subset="train"))
    rows = np.random.default_rng(seed).integers(0, len(gray), (3, count))
    channels = [gray.rows(chosen)["image"][:, 0] for chosen in rows]
    return to_uint8(torch.stack(channels, 1)).numpy()


def modes_of(images: Tensor, extractor: Extractor) -> Tensor:
    """The mode of each image `(N, 3, H, W)` in [-1, 1]: `(N,)` from 0 to 999."""
    gray = images.flatten(0, 1)[:, None]  # (3N, 1, H, W)
    found = [extractor.classify(extractor(some)).argmax(1) for some in torch.split(gray, 1024)]
    hundreds = torch.tensor([CLASSES**2, CLASSES, 1])
    return (torch.cat(found).reshape(-1, 3) * hundreds).sum(1)


def counts(images: Tensor, extractor: Extractor) -> Tensor:
    """How many images are of each mode: `(1000,)`."""
    return torch.bincount(modes_of(images, extractor), minlength=CLASSES**3)


def row(name: str, found: Tensor, real: Tensor) -> str:
    """A row of the table."""
    return f"| {name} | {int((found > 0).sum())} | {class_balance(found, real):.3f} |"


def drawn(run: Path) -> Tensor:
    """The samples of a run."""
    return torch.cat(list(PipelineSamples(load_pipeline(run), SAMPLES, seed=1).batches()))


def runs(data: Path, given: argparse.Namespace) -> dict[str, list[str]]:
    """The arguments of each training by the name of its run."""
    shared = [*SHARED, "--data", str(data), "--images", str(given.images)]
    made = {}
    chosen = [name for name in FAMILIES if not given.only or name in given.only]
    for name, seed in product(chosen, given.seeds):
        recipe, *changes = FAMILIES[name]
        words = [recipe, *shared, *changes, *OF_SIZE.get((name, given.size), [])]
        made[f"{name}-{given.size}-{seed}"] = [*words, "--seed", str(seed)]
    return made


def main() -> None:
    parser = options(__doc__, "runs/stacked")
    parser.add_argument("--images", type=int, default=40_000)
    parser.add_argument("--size", type=int, choices=(16, 32), default=16)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    given = parser.parse_args()
    data = given.runs / f"stacked-{given.size}.npy"
    given.runs.mkdir(parents=True, exist_ok=True)
    if not data.exists():
        np.save(data, stacked(given.fashion_mnist, 60_000, given.size))
    made = runs(data, given)
    train_all(made, given)
    if given.train_only:
        return
    extractor = Fashion(image=(1, given.size, given.size))
    with torch.no_grad():
        real = counts(open_data(str(data)).rows(np.arange(SAMPLES))["image"], extractor)
        print("| run | modes | divergence |\n|---|---|---|\n" + row("training images", real, real))
        for name in made:
            print(row(name, counts(drawn(given.runs / name), extractor), real), flush=True)


if __name__ == "__main__":
    main()
