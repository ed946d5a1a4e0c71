"""How well clusters of codes agree with the classes of Fashion-MNIST, beside clusters of pixels.

    python tools/purity.py RUN [RUN ...] --fashion-mnist FOLDER [--subset test] [--clusters 10] [--starts 5]

Prints a table: the purity of k-means (the fraction of images whose class is the most frequent one of their
cluster) for the pixels and for the codes of each run, as mean and standard deviation over several starts.
"""

import argparse
from pathlib import Path

import torch

import gancore
from gancore.data import Data, ImageOptions, open_data
from gancore.verbs.codes import Codes


def opened(folder: Path, size: int, subset: str) -> Data:
    """The images with their classes."""
    return open_data(str(folder), ImageOptions(size=str(size), subset=subset, labels="auto"))


def pixels(data: Data) -> Codes:
    """The images themselves in place of codes."""
    rows = [data.rows(chosen)["image"] for chosen in torch.arange(len(data)).split(1024)]
    return Codes(codes=torch.cat(rows), data=data)


def row(name: str, codes: Codes, clusters: int, starts: int) -> str:
    """A row of the table."""
    found = torch.tensor([codes.purity(clusters, seed=seed) for seed in range(starts)])
    deviation = float(found.std()) if starts > 1 else 0.0
    return f"| {name} | {codes.rows.shape[1]:,} | {float(found.mean()):.3f} ± {deviation:.3f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", type=Path, nargs="*")
    parser.add_argument("--fashion-mnist", type=Path, required=True)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--subset", default="test")
    parser.add_argument("--clusters", type=int, default=10)
    parser.add_argument("--starts", type=int, default=5)
    given = parser.parse_args()
    data = opened(given.fashion_mnist, given.size, given.subset)
    print(f"{len(data):,} images, {given.clusters} clusters, {given.starts} starts of k-means\n")
    print("| rows | values | purity |\n|---|---|---|", flush=True)
    print(row("pixels", pixels(data), given.clusters, given.starts), flush=True)
    for run in given.runs:
        codes = gancore.encode(run, data)
        print(row(run.name, codes, given.clusters, given.starts), flush=True)


if __name__ == "__main__":
    main()
