"""Whether CoGAN pairs two domains that it saw no pairs of: Fashion-MNIST and edges of other images of it, or
the emoji of two vendors.

    python tools/coupled.py --fashion-mnist FOLDER | --emoji FOLDER [--runs runs/coupled] [--images N]

The first domains are those of Liu & Tuzel 2016, arXiv:1606.07536, section 4, there with digits. The other
FOLDER holds google-64.zip and twitter-64.zip. Trains, draws both domains from the same latents, and prints
the correlation of the edges of each image with the edges of the one drawn beside it, and of one drawn from
another latent. Writes pairs beside the run, under its name.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from families import train_all
from PIL import Image
from torch import Tensor

from gancore.data import ImageOptions, open_data
from gancore.data.made import edges
from gancore.measure.sets import PipelineSamples
from gancore.pictures.grid import to_uint8
from gancore.runs.opening import load_pipeline

SAMPLES, SHOWN = 1000, 16
SETTINGS = [
    "--batch",
    "32",
    "--size",
    "32",
    "--precision",
    "auto",
    "--evaluate-every",
    "0",
    "--labels",
    "none",
]
LENGTHS = {"cogan": ["--images", "40000"], "cogan-emoji": ["--images", "80000", "--mirror"]}
"""By the name of the run."""


def fashion_and_edges(fashion: Path, folder: Path) -> list[Path]:
    """Files of two domains of unlike images: half of the training images, and edges of the rest."""
    data = open_data(str(fashion), ImageOptions(size="32", subset="train"))
    half = len(data) // 2
    first, second = (data.rows(np.arange(half) + start)["image"] for start in (0, half))
    folder.mkdir(parents=True, exist_ok=True)
    made = {"images": first, "edges": edges(second)}
    for name, images in made.items():
        np.save(folder / f"{name}.npy", to_uint8(images).numpy())
    return [folder / f"{name}.npy" for name in made]


def correlation(a: Tensor, b: Tensor) -> float:
    """The mean over images of the correlation of their pixels."""
    a, b = (x.flatten(1) - x.flatten(1).mean(1, keepdim=True) for x in (a, b))
    return float(torch.cosine_similarity(a, b).mean())


def drawn(run: Path, domain: str) -> Tensor:
    """Samples of a domain, from the same latents for both."""
    return torch.cat(list(PipelineSamples(load_pipeline(run, domain), SAMPLES, seed=1).batches()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    domains = parser.add_mutually_exclusive_group(required=True)
    domains.add_argument("--fashion-mnist", type=Path)
    domains.add_argument("--emoji", type=Path)
    parser.add_argument("--runs", type=Path, default=Path("runs/coupled"))
    parser.add_argument("--images", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.set_defaults(jobs=1)
    given = parser.parse_args()
    if given.emoji:
        name, places = "cogan-emoji", [given.emoji / f"{vendor}-64.zip" for vendor in ("google", "twitter")]
    else:
        name, places = "cogan", fashion_and_edges(given.fashion_mnist, given.runs)
    words = ["cogan", *SETTINGS, *LENGTHS[name], *(f"--data={place}" for place in places)]
    words += ["--images", str(given.images)] if given.images else []
    train_all({name: words}, given)
    source, target = (drawn(given.runs / name, domain) for domain in ("source", "target"))
    ours, theirs = edges(source), edges(target) if given.emoji else target
    print(f"edges of an image and those drawn beside it: correlation {correlation(ours, theirs):.3f}")
    print(f"and those drawn from another latent: {correlation(ours, theirs.roll(1, 0)):.3f}")
    shown = torch.cat([torch.cat([*some[:SHOWN]], -1) for some in (source, target)], -2)  # (C, 2H, 16W)
    Image.fromarray(to_uint8(shown).numpy().transpose(1, 2, 0).squeeze()).save(given.runs / f"{name}.png")


if __name__ == "__main__":
    main()
