"""What the features of `emoji-1` see: the Fréchet distance from half of the embedded emoji to what is made of
the other half; a table.

    python tools/what_emoji_features_see.py [google-64.zip twitter-64.zip]

With the drawings of two vendors, as tools/train_emoji_extractor.py takes them, also how far these are from
each other.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from gancore.component.interfaces import Extractor
from gancore.data import open_data
from gancore.measure.extractors.emoji import Emoji
from gancore.measure.extractors.pixels import Pixels
from gancore.measure.frechet import frechet_distance_of_few

COMPONENTS = 64


def noisy(deviation: float) -> Callable[[Tensor], Tensor]:
    return lambda x: (x + deviation * torch.randn_like(x)).clamp(-1, 1)


def coarse(size: int) -> Callable[[Tensor], Tensor]:
    return lambda x: interpolate(adaptive_avg_pool2d(x, size), x.shape[2:], mode="nearest")


def gaussian(x: Tensor) -> Tensor:
    """Normal numbers on the first principal components of the pixels."""
    rows = x.flatten(1)
    _, scale, axes = torch.linalg.svd(rows - rows.mean(0), full_matrices=False)
    drawn = torch.randn(len(x), COMPONENTS) * scale[:COMPONENTS] / (len(x) - 1) ** 0.5
    return (rows.mean(0) + drawn @ axes[:COMPONENTS]).clamp(-1, 1).reshape(x.shape)


MADE: dict[str, Callable[[Tensor], Tensor]] = {
    "nothing": lambda x: x,
    **{f"noise of standard deviation {deviation}": noisy(deviation) for deviation in (0.1, 0.2, 0.4)},
    **{f"means of areas at {size}×{size} pixels, enlarged again": coarse(size) for size in (24, 16, 8)},
    "100 of them, again and again": lambda x: x[torch.arange(len(x)) % 100 * (len(x) // 100)],
    f"normal numbers on the first {COMPONENTS} principal components of the pixels": gaussian,
    "noise alone": lambda x: torch.rand_like(x) * 2 - 1,
}


def images(source: str) -> Tensor:
    """All images of a source at 32×32, as the embedded emoji lie on white."""
    data = open_data(source, size=32, channels=3)
    return data.rows(torch.arange(len(data)).numpy())["image"]


def distance(extractor: Extractor, real: Tensor, made: Tensor) -> float:
    extractor.bind(by="the images", facts={"image": tuple(real.shape[1:])})
    with torch.no_grad():
        return frechet_distance_of_few(extractor(real), extractor(made))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("drawings", type=Path, nargs="*")
    given = parser.parse_args()
    torch.manual_seed(0)
    emoji = images("emoji")
    print("| | FD[emoji-1] |\n|---|---|")
    for name, make in MADE.items():
        print(f"| {name} | {distance(Emoji(), emoji[::2], make(emoji[1::2])):.3g} |")
    if given.drawings:
        google, twitter = (images(str(path)) for path in given.drawings)
        for extractor in (Emoji(), Pixels(size=8)):
            others = [distance(extractor, twitter[::2], other[1::2]) for other in (twitter, google)]
            print(
                f"{extractor.title}: to the other half of Twitter's emoji {others[0]:.2g}, "
                f"to Google's of these {others[1]:.2g}"
            )


if __name__ == "__main__":
    main()
