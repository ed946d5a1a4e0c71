"""Every score against its public reference, on the same features or images: the largest difference.

    python tools/score_parity.py [--markdown]

References are scipy, torchmetrics, prdc and scikit-image where these have the score; where none has, a slow
form in float64 written from the definition alone. Differences are relative to the reference where that is
over 1, else absolute.
"""

import argparse
import contextlib
import io
import math
import warnings
from collections.abc import Callable, Iterable

import attrs
import numpy as np
import scipy
import torch
from torch import Tensor, nn

from gancore.measure import (
    density_coverage,
    diversity,
    frechet,
    inception_score,
    intra_class,
    kernel,
    memorization,
    modes,
    neighbors,
    path_length,
    precision_recall,
    reconstruction,
    sliced_wasserstein,
    ssim,
)
from gancore.measure.moments import Moments

LIMIT = 1e-4
WIDTH, MANY = 32, 400

Pairs = Iterable[tuple[float, float]]


@attrs.frozen
class Row:
    """One line of the table: a score, what it is held against, and pairs (ours, reference)."""

    score: str
    reference: str
    pairs: Callable[[], Pairs]

    def difference(self) -> float:
        return max(abs(ours - theirs) / max(1.0, abs(theirs)) for ours, theirs in self.pairs())


def features(n: int = MANY, width: int = WIDTH, seed: int = 0, shift: float = 0.0) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    mixing = torch.randn(width, width, generator=torch.Generator().manual_seed(99)) / width**0.5
    return torch.randn(n, width, generator=rng) @ (torch.eye(width) + mixing) + shift


def pictures(n: int = 12, size: int = 32, channels: int = 3, seed: int = 0) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    coarse = torch.rand(n, channels, 4, 4, generator=rng) * 2 - 1
    smooth = nn.functional.interpolate(coarse, size=(size, size), mode="bicubic")
    return (smooth + 0.1 * torch.randn(n, channels, size, size, generator=rng)).clamp(-1, 1)


REAL, FAKE = features(seed=1), features(seed=2, shift=0.3)


def by_square_root(real: np.ndarray, fake: np.ndarray) -> float:
    """The Fréchet distance as it is defined, through the square root of the product of covariances."""
    one, other = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    root = scipy.linalg.sqrtm(one @ other)
    return float(np.sum((real.mean(0) - fake.mean(0)) ** 2) + np.trace(one + other - 2 * np.real(root)))


def frechet_pairs() -> Pairs:
    for seed in range(3):
        real, fake = features(seed=seed), features(seed=seed + 10, shift=0.2 * seed)
        exact = by_square_root(real.double().numpy(), fake.double().numpy())
        yield frechet.frechet_distance(Moments.of(real), Moments.of(fake)), exact
        yield frechet.frechet_distance_of_few(real, fake), exact


def frechet_of_few_pairs() -> Pairs:
    for n, m in ((20, 25), (20, MANY), (MANY, 20)):
        real, fake = features(n, seed=3), features(m, seed=4, shift=0.5)
        one, other = (np.cov(rows.double().numpy(), rowvar=False) for rows in (real, fake))
        values = np.linalg.eigvals(one @ other)
        means = float((real.double().mean(0) - fake.double().mean(0)).square().sum())
        yield (
            frechet.frechet_distance_of_few(real, fake),
            means + np.trace(one + other) - 2 * np.sqrt(values.clip(min=0) + 0j).real.sum(),
        )


def intra_class_pairs() -> Pairs:
    labels = torch.arange(MANY) % 3
    found = intra_class.intra_class_distances(REAL, labels, FAKE, labels)
    for k, ours in found.items():
        yield ours, by_square_root(REAL[labels == k].double().numpy(), FAKE[labels == k].double().numpy())


class Given(nn.Module):
    """Hands features through, in place of a network."""

    def forward(self, image: Tensor) -> Tensor:
        return image


def kernel_pairs() -> Pairs:
    from torchmetrics.image.kid import KernelInceptionDistance

    for size in (100, MANY):
        metric = KernelInceptionDistance(feature=Given(), subsets=20, subset_size=size)
        metric.update(REAL.double(), real=True)
        metric.update(FAKE.double(), real=False)
        with torch.random.fork_rng():
            torch.manual_seed(7)
            mean, deviation = metric.compute()
        rng = torch.Generator().manual_seed(7)
        found = kernel.kernel_distances(REAL, FAKE, subsets=20, size=size, rng=rng)
        yield float(found.mean()), float(mean)
        yield float(found.std(correction=0)), float(deviation)


def inception_pairs() -> Pairs:
    from torchmetrics.image.inception import InceptionScore

    logits = 3 * features(width=10, seed=5)
    metric = InceptionScore(feature=Given(), splits=10)
    metric.update(logits)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        mean, deviation = metric.compute()
    order = torch.randperm(len(logits), generator=torch.Generator().manual_seed(7))
    found = inception_score.inception_scores(logits[order], 10)
    yield float(found.mean()), float(mean)
    yield float(found.std()), float(deviation)


def reference_prdc(real: Tensor, fake: Tensor, k: int) -> dict[str, float]:
    from prdc import compute_prdc

    with contextlib.redirect_stdout(io.StringIO()):
        return compute_prdc(real_features=real.numpy(), fake_features=fake.numpy(), nearest_k=k)


def precision_pairs() -> Pairs:
    for real, fake in ((REAL, FAKE), (REAL[:150], FAKE), (REAL, REAL), (REAL, 0.3 * FAKE)):
        theirs = reference_prdc(real, fake, 3)
        ours = precision_recall.precision_recall(real, fake, 3)
        yield from zip(ours, (theirs["precision"], theirs["recall"]), strict=True)


def density_pairs() -> Pairs:
    for real, fake in ((REAL, FAKE), (REAL[:150], FAKE), (REAL, 0.3 * FAKE)):
        theirs = reference_prdc(real, fake, 5)
        ours = density_coverage.density_coverage(real, fake, 5)
        yield from zip(ours, (theirs["density"], theirs["coverage"]), strict=True)


def similarity_pairs() -> Pairs:
    from skimage.metrics import structural_similarity

    for channels in (1, 3):
        one, other = pictures(channels=channels, seed=1), pictures(channels=channels, seed=2)
        other = 0.7 * one + 0.3 * other
        how = {
            "gaussian_weights": True,
            "sigma": 1.5,
            "use_sample_covariance": False,
            "data_range": 2.0,
            "channel_axis": 0,
        }
        theirs = [
            structural_similarity(a.double().numpy(), b.double().numpy(), **how)
            for a, b in zip(one, other, strict=True)
        ]
        yield from zip(ssim.ssim(one, other).tolist(), theirs, strict=True)


def scales_pairs() -> Pairs:
    for size, count in ((32, 2), (64, 3), (176, 5)):
        one = pictures(4, size=size, seed=1)
        other = 0.7 * one + 0.3 * pictures(4, size=size, seed=2)
        weights = [w / sum(ssim.WEIGHTS[:count]) for w in ssim.WEIGHTS[:count]]
        for a, b, ours in zip(one, other, ssim.ms_ssim(one, other).tolist(), strict=True):
            yield ours, slow_ms_ssim(a, b, weights)


def slow_ms_ssim(first: Tensor, second: Tensor, weights: list[float]) -> float:
    """From scipy's Gaussian filter, cut off where it would look over the edge."""
    one, other, product = first.double().numpy(), second.double().numpy(), 1.0
    for i, weight in enumerate(weights):
        luminances, contrasts = [], []
        for a, b in zip(one, other, strict=True):
            ma, mb, aa, bb, ab = (
                scipy.ndimage.gaussian_filter(x, 1.5, truncate=3.5)[5:-5, 5:-5]
                for x in (a, b, a * a, b * b, a * b)
            )
            va, vb, vab = aa - ma**2, bb - mb**2, ab - ma * mb
            contrasts.append((2 * vab + 0.06**2) / (va + vb + 0.06**2))
            luminances.append((2 * ma * mb + 0.02**2) / (ma**2 + mb**2 + 0.02**2))
        factors = (
            [c * m for c, m in zip(contrasts, luminances, strict=True)]
            if i == len(weights) - 1
            else contrasts
        )
        product *= max(0.0, float(np.mean(factors))) ** weight
        one, other = (halved(x) for x in (one, other))
    return product


def halved(x: np.ndarray) -> np.ndarray:
    h, w = x.shape[1] // 2, x.shape[2] // 2
    return x[:, : 2 * h, : 2 * w].reshape(-1, h, 2, w, 2).mean((2, 4))


def neighbor_pairs() -> Pairs:
    theirs = np.sort(scipy.spatial.distance.cdist(FAKE.double().numpy(), REAL.double().numpy()), axis=1)[
        :, :4
    ]
    yield from zip(
        neighbors.nearest(FAKE, REAL, 4)[0].flatten().tolist(), theirs.flatten().tolist(), strict=True
    )


def duplicate_pairs() -> Pairs:
    for fake in (FAKE, torch.cat([FAKE[:200], FAKE[:200] + 0.01])):
        near = []
        for rows in (fake, REAL):
            distances = scipy.spatial.distance.cdist(rows.double().numpy(), rows.double().numpy())
            np.fill_diagonal(distances, np.inf)
            near.append(distances.min(1))
        yield diversity.duplicates(fake, REAL), float(np.mean(near[0] < np.quantile(near[1], 0.01)))


def balance_pairs() -> Pairs:
    for fake, real in (([10, 20, 30], [30, 20, 10]), ([0, 5, 5], [4, 4, 2]), ([7, 7, 7], [1, 2, 3])):
        ours = modes.class_balance(torch.tensor(fake), torch.tensor(real))
        yield ours, float(scipy.stats.entropy(fake, real))


def copying_pairs() -> Pairs:
    near, _ = neighbors.nearest(FAKE, REAL, 1)
    fresh, _ = neighbors.nearest(features(300, seed=8), REAL, 1)
    theirs = scipy.stats.mannwhitneyu(
        near[:, 0].numpy(), fresh[:, 0].numpy(), method="asymptotic", use_continuity=False
    )
    deviation = math.sqrt(len(near) * len(fresh) * (len(near) + len(fresh) + 1) / 12)
    yield (
        memorization.mann_whitney_z(near[:, 0], fresh[:, 0]),
        (float(theirs.statistic) - len(near) * len(fresh) / 2) / deviation,
    )


def p_value_pairs() -> Pairs:
    for n, a, m, b in ((200, 30, 300, 20), (100, 3, 100, 3), (50, 50, 60, 1), (50, 0, 60, 9)):
        fake, fresh = torch.arange(n) < a, torch.arange(m) < b
        theirs = scipy.stats.fisher_exact([[a, n - a], [b, m - b]], alternative="greater").pvalue
        yield memorization.share_p_value(fake, fresh), float(theirs)


def copies_pairs() -> Pairs:
    fake = torch.cat([FAKE[:100], REAL[:100] + 0.01])
    distances = np.sort(scipy.spatial.distance.cdist(fake.double().numpy(), REAL.double().numpy()), axis=1)[
        :, :50
    ]
    near, copied = memorization.copies(fake, REAL)
    yield from zip(near.tolist(), distances[:, 0].tolist(), strict=True)
    yield from zip(
        copied.double().tolist(),
        (distances[:, 0] < distances.mean(1) / 2).astype(float).tolist(),
        strict=True,
    )


def path_pairs() -> Pairs:
    """Squared steps of a known image of a latent, whose change along a great circle is known in closed
    form.
    """
    rng = np.random.default_rng(0)
    start, end, places = rng.normal(size=(200, 8)), rng.normal(size=(200, 8)), rng.random(200)
    matrix = rng.normal(size=(8, 5))
    theirs = []
    for a, b, t in zip(start, end, places, strict=True):
        angle = np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
        points = []
        for at in (t, t + 1e-4):
            u = (
                np.sin((1 - at) * angle) * a / np.linalg.norm(a) + np.sin(at * angle) * b / np.linalg.norm(b)
            ) / np.sin(angle)
            points.append((u * ((1 - at) * np.linalg.norm(a) + at * np.linalg.norm(b))) @ matrix)
        theirs.append(np.sum((points[1] - points[0]) ** 2) / 1e-8)
    first, second = path_length._between(
        path_length.spherical, torch.from_numpy(start), torch.from_numpy(end), torch.from_numpy(places), 1e-4
    )
    lengths = path_length.squared_steps(
        first @ torch.from_numpy(matrix), second @ torch.from_numpy(matrix), 1e-4
    )
    yield from zip(lengths.tolist(), theirs, strict=True)
    low, high = np.percentile(theirs, 1, method="lower"), np.percentile(theirs, 99, method="higher")
    kept = [x for x in theirs if low <= x <= high]
    yield float(path_length.trimmed(lengths).mean()), float(np.mean(kept))


def pyramid_pairs() -> Pairs:
    """The pyramid through scipy's filter, in float64."""
    images = pictures(3, size=64, channels=2).double()
    weights = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    rest, theirs = images.numpy(), []
    for _ in range(2):
        coarse = scipy.ndimage.convolve(rest, weights[None, None], mode="mirror")[:, :, ::2, ::2]
        spread = np.zeros_like(rest)
        spread[:, :, ::2, ::2] = coarse
        theirs.append(rest - scipy.ndimage.convolve(spread, 4 * weights[None, None], mode="mirror"))
        rest = coarse
    for ours, expected in zip(
        sliced_wasserstein.laplacian_pyramid(images.float(), 3), [*theirs, rest], strict=True
    ):
        yield from zip(ours.flatten().tolist(), expected.flatten().tolist(), strict=True)


def sliced_pairs() -> Pairs:
    """Patches cut and standardized one by one, and scipy's Wasserstein distance along each direction."""
    one, other = pictures(6, seed=1), pictures(6, seed=2)
    ours = [
        sliced_wasserstein.patches(x, 20, torch.Generator().manual_seed(i))
        for i, x in enumerate((one, other))
    ]
    directions = nn.functional.normalize(
        torch.randn(147, 16, generator=torch.Generator().manual_seed(3)), dim=0
    )
    theirs = []
    for i, images in enumerate((one, other)):
        rng = torch.Generator().manual_seed(i)
        tops, lefts = (torch.randint(26, (6, 20), generator=rng) for _ in range(2))
        cut = [
            images[n, :, t : t + 7, s : s + 7]
            for n in range(6)
            for t, s in zip(tops[n].tolist(), lefts[n].tolist(), strict=True)
        ]
        rows = np.stack([x.double().numpy() for x in cut])
        rows = (rows - rows.mean((0, 2, 3), keepdims=True)) / rows.std((0, 2, 3), keepdims=True)
        theirs.append(rows.reshape(len(rows), -1))
    expected = [
        scipy.stats.wasserstein_distance(theirs[0] @ d, theirs[1] @ d) for d in directions.double().numpy().T
    ]
    one, other = (sliced_wasserstein.standardized(x, 3) for x in ours)
    yield sliced_wasserstein.sliced_wasserstein(one, other, directions), float(np.mean(expected))


def reconstruction_pairs() -> Pairs:
    from skimage.metrics import peak_signal_noise_ratio

    one, other = pictures(seed=1), pictures(seed=2)
    theirs = [
        peak_signal_noise_ratio(a.double().numpy(), b.double().numpy(), data_range=2.0)
        for a, b in zip(one, other, strict=True)
    ]
    yield from zip(reconstruction.peak_signal_to_noise(one, other).tolist(), theirs, strict=True)
    errors = [
        float(np.abs(a.double().numpy() - b.double().numpy()).mean() / 2)
        for a, b in zip(one, other, strict=True)
    ]
    yield from zip(reconstruction.absolute_error(one, other).tolist(), errors, strict=True)


SLOW = "float64 form from the definition"
ROWS = [
    Row("FD, FID", "scipy.linalg.sqrtm", frechet_pairs),
    Row("FD of fewer images than dimensions", f"{SLOW} (numpy eigenvalues)", frechet_of_few_pairs),
    Row("iFD", "scipy.linalg.sqrtm, class by class", intra_class_pairs),
    Row("KID", "torchmetrics KernelInceptionDistance, same subsets", kernel_pairs),
    Row("IS", "torchmetrics InceptionScore, same order", inception_pairs),
    Row("precision, recall", "prdc, k = 3", precision_pairs),
    Row("density, coverage", "prdc, k = 5", density_pairs),
    Row("nearest neighbors", "scipy cdist", neighbor_pairs),
    Row("SSIM", "scikit-image structural_similarity", similarity_pairs),
    Row("MS-SSIM", f"{SLOW} (scipy gaussian_filter)", scales_pairs),
    Row("duplicates", f"{SLOW} (scipy cdist)", duplicate_pairs),
    Row("class balance", "scipy.stats.entropy", balance_pairs),
    Row("C_T", "scipy.stats.mannwhitneyu", copying_pairs),
    Row("memorized", f"{SLOW} (scipy cdist)", copies_pairs),
    Row("memorization p", "scipy.stats.fisher_exact", p_value_pairs),
    Row("PPL", f"{SLOW} (numpy)", path_pairs),
    Row("SWD: pyramid", "scipy.ndimage.convolve", pyramid_pairs),
    Row("SWD: distance", "scipy.stats.wasserstein_distance", sliced_pairs),
    Row("MAE, PSNR", "numpy; scikit-image peak_signal_noise_ratio", reconstruction_pairs),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--markdown", action="store_true", help="print a table for docs/scores.md")
    markdown = parser.parse_args().markdown
    warnings.simplefilter("ignore")
    if markdown:
        print("| score | reference | largest difference |\n|---|---|---|")
    worst = 0.0
    for row in ROWS:
        difference = row.difference()
        worst = max(worst, difference)
        plain, table = (
            f"{row.score:36s} {row.reference:56s} {difference:.1e}",
            f"| {row.score} | {row.reference} | {difference:.0e} |",
        )
        print(table if markdown else plain)
    if worst > LIMIT:
        raise SystemExit(f"the largest difference is {worst:.1e}, over {LIMIT:g}")


if __name__ == "__main__":
    main()
