"""Train a generator on drawn shapes whose labels are rows of numbers, and say how closely it
follows them.

    OMP_NUM_THREADS=1 python tools/follow_labels.py continuous
    OMP_NUM_THREADS=1 python tools/follow_labels.py several

`continuous`: a disc; the label holds its position (x, y) and its color (r, g, b), each in [-1, 1]. `several`:
four places, each with or without a square; the label says which are there. Generated images are measured as
the drawn ones are, and the correlation of what is measured with the label that was asked for is printed for
each number. Takes a minute or two on one core, and needs gancore-dcgan.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gancore import create, load
from gancore.data import open_data
from gancore.training.start import train

SIZE = 16
PLACES = [(4, 4), (4, 12), (12, 4), (12, 12)]


def rows(kind: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Labels `(n, 5)` in [-1, 1], or `(n, 4)` of zeros and ones."""
    if kind == "continuous":
        return rng.uniform(-1, 1, (n, 5)).astype(np.float32)
    return rng.integers(0, 2, (n, 4)).astype(np.float32)


def drawn(kind: str, label: np.ndarray) -> np.ndarray:
    """The images of labels, `(n, 3, 16, 16)` in [-1, 1]."""
    return np.stack([(_disc if kind == "continuous" else _squares)(row) for row in label]).astype(np.float32)


def measured(kind: str, image: Tensor) -> Tensor:
    """The numbers of the label as read off images, up to scale: `(N, K)`."""
    light = (image + 1).clamp(min=0) / 2  # the background is -1
    if kind == "several":
        return torch.stack([light[:, :, y - 2 : y + 2, x - 2 : x + 2].mean((1, 2, 3)) for y, x in PLACES], 1)
    weight = light.amax(1)  # (N, H, W)
    weight = weight / weight.sum((1, 2), keepdim=True).clamp(min=1e-6)
    place = torch.linspace(-1, 1, SIZE)
    x, y = (weight.sum(1) * place).sum(1), (weight.sum(2) * place).sum(1)
    color = (light * weight[:, None]).sum((2, 3))
    return torch.cat([torch.stack([x, y], 1), color], 1)


def correlations(kind: str, image: Tensor, label: Tensor) -> list[float]:
    """The correlation of each number of the label with what is measured in the images."""
    found = measured(kind, image)
    return [float(torch.corrcoef(torch.stack(pair))[0, 1]) for pair in zip(found.T, label.T, strict=True)]


def recipe(width: int):
    """DCGAN's networks; the generator is given the label with the latent, the discriminator by projection."""
    return create(
        "two-player",
        {
            "generator": {"part": "dcgan", "width": width, "latent_size": 32},
            "conditioner": "one-hot",
            "discriminator": {"part": "projection", "network": {"part": "dcgan-plain", "width": width}},
            "loss": "hinge",
            "generator_optimizer": {"part": "adam", "lr": 5e-4, "betas": [0.0, 0.99]},
            "discriminator_optimizer": {"part": "adam", "lr": 5e-4, "betas": [0.0, 0.99]},
        },
    )


def follow(kind: str, *, images: int, seed: int = 0, width: int = 12, count: int = 500) -> list[float]:
    """Trains on `images` images and returns the correlations of `count` samples."""
    rng = np.random.default_rng(seed)
    label = rows(kind, 4096, rng)
    data = open_data(drawn(kind, label), labels=label, values="signed")
    with tempfile.TemporaryDirectory() as folder:
        how = {"batch": 32, "seed": seed, "threads": 1, "evaluate_every": 0, "sample_every": images}
        train(recipe(width), data, output=Path(folder) / "run", images=images, **how)
        wanted = torch.from_numpy(rows(kind, count, rng))
        return correlations(kind, load(Path(folder) / "run").sample(count, seed=1, label=wanted), wanted)


def _disc(row: np.ndarray) -> np.ndarray:
    x, y = 7.5 + 4.5 * row[:2]
    down, right = np.mgrid[:SIZE, :SIZE]
    inside = np.clip(3.5 - np.hypot(down - y, right - x), 0, 1)  # soft border, so that places are continuous
    return -1 + inside * (1.3 + 0.7 * row[2:, None, None])


def _squares(row: np.ndarray) -> np.ndarray:
    image = np.full((3, SIZE, SIZE), -1.0)
    for there, (y, x) in zip(row, PLACES, strict=True):
        image[:, y - 2 : y + 2, x - 2 : x + 2] += 2 * there
    return image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("kind", nargs="?", choices=["continuous", "several"], default="continuous")
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    started = time.monotonic()
    found = follow(given.kind, images=given.images, seed=given.seed)
    print(f"{given.kind}: {' '.join(f'{r:.3f}' for r in found)}, least {min(found):.3f}")
    print(f"{given.images} images, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
