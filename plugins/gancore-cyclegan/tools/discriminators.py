"""How soon a discriminator tells two domains apart, without any translator: what it can teach one at most.

    python discriminators.py google-64.zip twitter-64.zip --size 32

Trains discriminators alone by least squares on the images of two domains and prints how often each gives a
held-out image of the second a higher mean score than one of the first (the area under the ROC curve), after
some updates, and the seconds of processor time of all of them.
"""

import argparse
import time
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from gancore.component.creating import create
from gancore.component.randomness import seeded
from gancore.data import ImageOptions, open_data
from gancore.standard.losses import LeastSquares

HELD_OUT = 200
BATCH = 8
JUDGES = {
    "patches of 70×70, width 64": ("patchgan", {"layers": 3, "width": 64}, 2e-4),
    "patches of 34×34, width 32": ("patchgan", {"layers": 2, "width": 32}, 2e-4),
    "the same without normalization": ("patchgan-plain", {"layers": 2, "width": 32}, 2e-4),
    "the same without normalization, learning rate 1e-3": (
        "patchgan-plain",
        {"layers": 2, "width": 32},
        1e-3,
    ),
}


def split(location: str, size: int) -> tuple[Tensor, Tensor]:
    """Images for training and held-out ones, `(N, C, H, W)`."""
    data = open_data(location, ImageOptions(size=(size, size)))
    images = data.rows(np.arange(len(data)))["image"]
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return images[order[HELD_OUT:]], images[order[:HELD_OUT]]


def area(low: Tensor, high: Tensor) -> float:
    """How often a number of `high` is above one of `low`."""
    return float((high[:, None] > low[None]).float().mean())


def trained(
    discriminator: nn.Module, lr: float, first: Tensor, second: Tensor, updates: list[int]
) -> Iterator[int]:
    """Trains, and yields after each of these numbers of updates."""
    optimizer, loss = torch.optim.Adam(discriminator.parameters(), lr=lr, betas=(0.5, 0.999)), LeastSquares()
    for update in range(1, max(updates) + 1):
        real, fake = (discriminator(rows[torch.randint(len(rows), (BATCH,))]) for rows in (second, first))
        optimizer.zero_grad()
        loss.discriminator(real, fake).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if update in updates:
            yield update


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("domains", nargs=2, metavar="DOMAIN")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--updates", type=int, nargs="+", default=[100, 200, 400])
    given = parser.parse_args()
    torch.set_num_threads(1)
    (first, first_unseen), (second, second_unseen) = (split(one, given.size) for one in given.domains)
    print(f"| discriminator | {' | '.join(map(str, given.updates))} | seconds |")
    print("|---|" + "---|" * (len(given.updates) + 1))
    for name, (part, options, lr) in JUDGES.items():
        with seeded(0):
            discriminator = create(f"discriminator/{part}", image=tuple(first.shape[1:]), **options)
            cells, start = [], time.process_time()
            for _ in trained(discriminator, lr, first, second, given.updates):
                with torch.no_grad():
                    scores = [
                        discriminator(rows).flatten(1).mean(1) for rows in (first_unseen, second_unseen)
                    ]
                cells.append(f"{area(*scores):.3f}")
        print(f"| {name} | {' | '.join(cells)} | {time.process_time() - start:.0f} |", flush=True)


if __name__ == "__main__":
    main()
