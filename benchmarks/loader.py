"""How fast the loader delivers images of 64×64×3 from the packed form, as float32 in [-1, 1], on one core.

OMP_NUM_THREADS=1 python benchmarks/loader.py
"""

import statistics
import time

import numpy as np
import torch

from gancore.data import Loader, open_data

IMAGES, BATCH, ROUNDS = 20_000, 64, 7


def rates() -> list[float]:
    """Images per second of processor time, a round each; the loader's thread and the caller share one
    core.
    """
    torch.set_num_threads(1)
    pixels = np.random.default_rng(0).integers(0, 256, (IMAGES, 3, 64, 64), dtype=np.uint8)
    data = open_data(pixels, cache="off")
    found = []
    with Loader(data, seed=0, batch=BATCH) as loader:
        for _ in range(ROUNDS):
            start = time.process_time()
            for _ in range(100):
                loader.next()
            found.append(100 * BATCH / (time.process_time() - start))
    return found


def main() -> None:
    found = rates()
    print(
        f"loader, 64×64×3, batch {BATCH}: median {statistics.median(found):,.0f} images/s (from "
        f"{min(found):,.0f} to {max(found):,.0f})"
    )


if __name__ == "__main__":
    main()
