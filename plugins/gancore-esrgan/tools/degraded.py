"""A grid of degraded images: a row for each image; the image, single steps of the degradation, and sources of
the whole chains.

    python degraded.py --data photos/ --size 128 --output degraded.png

Sources are enlarged by repeating pixels.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from gancore_esrgan.degradation import (
    JPEG,
    ClassicalDegradation,
    Degradation,
    GaussianNoise,
    PoissonNoise,
    RandomBlur,
    SecondOrderDegradation,
    SincFilter,
)
from torch import Tensor
from torch.nn import functional

import gancore
from gancore.component.randomness import fold, seeded
from gancore.data import open_data
from gancore.pictures.captions import Captions
from gancore.pictures.grid import save_grid

SCALE = 4


def source(degradation: Degradation) -> Callable[[Tensor], Tensor]:
    """The sources of images, in the images' size."""

    def enlarged(image: Tensor) -> Tensor:
        return functional.interpolate(degradation(image), scale_factor=degradation.scale)

    return enlarged


def columns() -> dict[str, Callable[[Tensor], Tensor]]:
    """What each column shows; the chains are shown twice, by other random numbers."""
    mild = source(gancore.create("degradation/second-order-mild", scale=SCALE))
    return {
        "target": lambda image: image,
        "blur": RandomBlur(sinc=0.0),
        "sinc": SincFilter(probability=1.0, cutoff=(1.1, 1.6)),
        "Gaussian": GaussianNoise(deviation=(30.0, 30.0)),
        "Poisson": PoissonNoise(scale=(3.0, 3.0)),
        "JPEG": JPEG(quality=(30.0, 30.0)),
        "bicubic": source(ClassicalDegradation(scale=SCALE, blur="none")),
        "classical": source(ClassicalDegradation(scale=SCALE)),
        "mild": mild,
        "mild ": mild,
        "second": source(SecondOrderDegradation(scale=SCALE)),
        "second ": source(SecondOrderDegradation(scale=SCALE)),
    }


@torch.no_grad()
def shown(image: Tensor, seed: int) -> Tensor:
    """The grid of images `(N, C, H, W)`, row by row."""
    made = []
    for name, change in columns().items():
        with seeded(fold(seed, name)):
            made.append(change(image))
    return torch.stack(made, dim=1).flatten(0, 1)


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="emoji", help="images; by default those that come with gancore")
    parser.add_argument("--size", type=int, default=64, help="height and width of the targets")
    parser.add_argument("--count", type=int, default=4, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="seed of the degradations and of the choice")
    parser.add_argument("--output", type=Path, default=Path("degraded.png"), help="the picture")
    given = parser.parse_args(arguments)
    data = open_data(given.data, size=given.size)
    chosen = torch.randperm(len(data), generator=torch.Generator().manual_seed(given.seed))[: given.count]
    grid = shown(data.rows(chosen.tolist())["image"], given.seed)
    names = [name.strip() for name in columns()]
    save_grid(grid, given.output, columns=len(names), captions=Captions(columns=names))


if __name__ == "__main__":
    main()
