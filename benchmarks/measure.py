"""How long scores take: features and their Fréchet distance, neighbors of 10,000 images, and every standard
score.

    OMP_NUM_THREADS=2 python benchmarks/measure.py [--count 10000]

Features are those of random images of 64×64×3 under the color extractor; the other scores run on random
features of 128 dimensions, and on random images of 64×64×3 where they look at images. Peak memory is that of
the whole process so far.
"""

import argparse
import resource
import time
from collections.abc import Callable

import torch
from torch import Tensor

from gancore.measure.density_coverage import density_coverage
from gancore.measure.diversity import duplicates, pair_similarities
from gancore.measure.extractors.choose import default_extractor
from gancore.measure.frechet import frechet_distance
from gancore.measure.kernel import kernel_distances
from gancore.measure.memorization import copies
from gancore.measure.moments import Moments
from gancore.measure.precision_recall import precision_recall
from gancore.measure.sliced_wasserstein import (
    laplacian_pyramid,
    levels,
    patches,
    sliced_wasserstein,
    standardized,
)
from gancore.pipeline import evaluating

IMAGE = (3, 64, 64)
WIDTH = 128
BATCH = 256


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def extract(count: int) -> Tensor:
    extractor = default_extractor(IMAGE)
    extractor.bind(facts={"image": IMAGE})
    image = random(BATCH, *IMAGE).clamp(-1, 1)
    found = []
    with evaluating(extractor), torch.no_grad():
        for start in range(0, count, BATCH):
            found.append(extractor(image.roll(start, 3))[: count - start])
    return torch.cat(found)


def statistics(count: int) -> float:
    """The Fréchet distance between `count` images, whose features are computed here, and as many whose
    moments are known.
    """
    known = Moments.of(random(count, extract(BATCH).shape[1]))
    return frechet_distance(Moments.of(extract(count)), known)


def slices(count: int) -> float:
    directions = torch.nn.functional.normalize(random(147, 512), dim=0)
    sides = [laplacian_pyramid(random(min(count, 1024), *IMAGE, seed=s), levels(*IMAGE[1:])) for s in (1, 2)]
    rng = torch.Generator()
    return sum(
        sliced_wasserstein(*(standardized(patches(x, 128, rng), 3) for x in pair), directions)
        for pair in zip(*sides, strict=True)
    )


def measured(name: str, work: Callable[[], object]) -> None:
    start = time.perf_counter()
    work()
    seconds, peak = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:64s} {seconds:7.1f} s   peak {peak:6.0f} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--width", type=int, default=WIDTH, help="dimensions of the features")
    given = parser.parse_args()
    n, real, fake = given.count, random(given.count, given.width), random(given.count, given.width, seed=1)
    how, rng = f"{n:,} × {n:,}, {given.width}-D", torch.Generator()
    print(f"{torch.get_num_threads()} threads")
    measured(f"features of {n:,} images {IMAGE} and their Fréchet distance", lambda: statistics(n))
    measured(f"Fréchet distance, {how}", lambda: frechet_distance(Moments.of(real), Moments.of(fake)))
    measured(
        "kernel distance, 100 subsets of 1,000",
        lambda: kernel_distances(real, fake, subsets=100, size=min(1000, n), rng=rng),
    )
    measured(f"precision and recall, {how}", lambda: precision_recall(real, fake))
    measured(f"density and coverage, {how}", lambda: density_coverage(real, fake))
    measured(f"duplicates, {how}", lambda: duplicates(fake, real))
    measured(f"copies of 2,000 among {n:,}, {given.width}-D", lambda: copies(fake[:2000], real))
    images = random(min(n, 4000), *IMAGE)
    measured(f"MS-SSIM of 2,000 pairs {IMAGE}", lambda: pair_similarities(images, 2000, rng))
    measured(f"sliced Wasserstein distance of 1,024 images {IMAGE}", lambda: slices(n))


if __name__ == "__main__":
    main()
