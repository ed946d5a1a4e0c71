"""Whether CoGAN pairs two domains that it saw no pairs of: Fashion-MNIST, and edges of other images of it.

    python tools/coupled_edges.py --fashion-mnist FOLDER [--runs runs/coupled] [--images 40000]

The domains of Liu & Tuzel 2016, arXiv:1606.07536, section 4, there with digits. Trains, draws both domains
from the same latents, and prints the correlation of the edges of each image with the edges drawn beside it,
and with those drawn for another image. Writes pairs to `pairs.png` in the folder of the runs.
"""

from pathlib import Path

import numpy as np
import torch
from families import options, train_all
from PIL import Image
from torch import Tensor

from gancore.data import ImageOptions, open_data
from gancore.data.made import edges
from gancore.measure.sets import PipelineSamples
from gancore.pictures.grid import to_uint8
from gancore.runs.opening import load_pipeline

RUN, SAMPLES, SHOWN = "cogan", 1000, 16
SETTINGS = ["--batch", "32", "--precision", "bf16", "--evaluate-every", "0", "--labels", "none"]


def domains(fashion: Path, folder: Path) -> list[str]:
    """Files of two domains of unlike images: half of the training images, and edges of the rest."""
    data = open_data(str(fashion), ImageOptions(size="32", subset="train"))
    half = len(data) // 2
    first, second = (data.rows(np.arange(half) + start)["image"] for start in (0, half))
    folder.mkdir(parents=True, exist_ok=True)
    made = {"images": first, "edges": edges(second)}
    for name, images in made.items():
        np.save(folder / f"{name}.npy", to_uint8(images).numpy())
    return [f"--data={folder / name}.npy" for name in made]


def correlation(a: Tensor, b: Tensor) -> float:
    """The mean over images of the correlation of their pixels."""
    a, b = (x.flatten(1) - x.flatten(1).mean(1, keepdim=True) for x in (a, b))
    return float(torch.cosine_similarity(a, b).mean())


def main() -> None:
    parser = options(__doc__, "runs/coupled")
    parser.add_argument("--images", type=int, default=40_000)
    given = parser.parse_args()
    words = ["cogan", *SETTINGS, *domains(given.fashion_mnist, given.runs), "--images", str(given.images)]
    train_all({RUN: words}, given)
    source, target = (
        torch.cat(list(PipelineSamples(load_pipeline(given.runs / RUN, name), SAMPLES, seed=1).batches()))
        for name in ("source", "target")
    )
    found = edges(source)
    print(f"edges of an image and those drawn beside it: correlation {correlation(found, target):.3f}")
    print(f"and those drawn for another image: {correlation(found, target.roll(1, 0)):.3f}")
    shown = torch.cat([torch.cat([*some[:SHOWN]], -1) for some in (source, target)], -2)  # (1, 2H, 16W)
    Image.fromarray(to_uint8(shown[0]).numpy()).save(given.runs / "pairs.png")


if __name__ == "__main__":
    main()
