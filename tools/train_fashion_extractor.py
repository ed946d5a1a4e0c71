"""Train the extractor for gray images on the training images of Fashion-MNIST, and say how well it tells the
test images apart.

    OMP_NUM_THREADS=1 python tools/train_fashion_extractor.py FOLDER --output
    gancore/measure/weights/fashion-1.safetensors python tools/train_fashion_extractor.py FOLDER --evaluate

FOLDER holds the IDX files of Fashion-MNIST (Debian: package dataset-fashion-mnist). The test images are read
for the figure alone.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from small_training import Descent, fold_norms, save, with_norms
from torch import Tensor

from gancore.data import open_data
from gancore.measure.extractors.fashion import Fashion, FashionNetwork
from gancore.measure.extractors.resizing import smooth
from gancore.measure.extractors.small_network import SIZE

BATCH, EPOCHS = 128, 6


def read(folder: Path, subset: str) -> tuple[Tensor, Tensor]:
    """Images `(N, 1, 28, 28)` in [-1, 1] and labels `(N,)`."""
    data = open_data(folder, subset=subset)
    return data.rows(np.arange(len(data)))["image"], torch.from_numpy(np.asarray(data.labels)).long()


def augment(image: Tensor) -> Tensor:
    """Shifts, scales and turns a little, changes contrast, blanks a square; black stays black. To 32×32, by
    one of two filters.
    """
    n = len(image)
    scale, turn, shift = 1 + 0.12 * spread(n), 0.1 * spread(n), 0.1 * spread(n, 2)
    rows = torch.stack(
        [
            scale * turn.cos(),
            -scale * turn.sin(),
            shift[:, 0],
            scale * turn.sin(),
            scale * turn.cos(),
            shift[:, 1],
        ],
        1,
    )
    grid = F.affine_grid(rows.view(n, 2, 3), [n, 1, 28, 28], align_corners=False)
    moved = F.grid_sample(image + 1, grid, padding_mode="zeros", align_corners=False)
    sharp = torch.rand(()) < 0.5
    made = F.interpolate(moved, (SIZE, SIZE), mode="bicubic") if sharp else smooth(moved, SIZE)
    made = made.clamp(0, 2) * (1 + 0.2 * spread(n, 1, 1, 1))
    return torch.where(squares(n), 0.0, made).clamp(0, 2) - 1


def squares(n: int) -> Tensor:
    """A mask `(n, 1, 32, 32)` of one rectangle in half of the images."""
    center, reach = torch.rand(n, 2, 1) * SIZE, 2 + torch.rand(n, 2, 1) * 5
    inside = (torch.arange(SIZE) - center).abs() < reach
    return (inside[:, 0, :, None] & inside[:, 1, None, :] & (torch.rand(n, 1, 1) < 0.5))[:, None]


def spread(*shape: int) -> Tensor:
    return torch.rand(*shape) * 2 - 1


def train(image: Tensor, label: Tensor, epochs: int) -> FashionNetwork:
    torch.manual_seed(0)
    network = with_norms(FashionNetwork())
    steps = len(image) // BATCH
    descend = Descent(network, steps=steps * epochs, lr=3e-3, decay=0.02, every=100)
    for _ in range(epochs):
        order = torch.randperm(len(image))
        for i in range(steps):
            rows = order[i * BATCH : (i + 1) * BATCH]
            view = augment(image[rows]).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16):
                features = network(view)
            descend(F.cross_entropy(network.classifier(features.float()), label[rows], label_smoothing=0.05))
    return fold_norms(network)


@torch.no_grad()
def accuracy(extractor: Fashion, image: Tensor, label: Tensor) -> float:
    found = torch.cat([extractor.classify(extractor(batch)).argmax(1) for batch in image.split(500)])
    return float((found == label).float().mean())


def evaluate(folder: Path) -> dict[str, float]:
    """The accuracy of the shipped weights on the 10,000 test images: as they are, and brought to 32×32 as
    training data are.
    """
    image, label = read(folder, "test")
    large = open_data(folder, subset="test", size=SIZE)
    small, big = Fashion(image=(1, 28, 28)), Fashion(image=(1, SIZE, SIZE))
    return {
        "28×28": accuracy(small, image, label),
        "32×32": accuracy(big, large.rows(np.arange(len(large)))["image"], label),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--evaluate", action="store_true", help="say how well the shipped weights do")
    given = parser.parse_args()
    if given.output:
        save(train(*read(given.folder, "train"), given.epochs), given.output)
    if given.evaluate:
        for size, share in evaluate(given.folder).items():
            print(f"fashion-{Fashion.version}: accuracy {share:.4f} on the test images at {size}")


if __name__ == "__main__":
    main()
