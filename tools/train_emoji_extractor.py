"""Train the extractor for color images on emoji that two vendors drew, and say how well it finds the other
vendor's drawing.

    OMP_NUM_THREADS=1 python tools/train_emoji_extractor.py google-64.zip twitter-64.zip \\
        --output gancore/measure/weights/emoji-1.safetensors
    python tools/train_emoji_extractor.py google-64.zip twitter-64.zip --evaluate

A zip holds one vendor's drawings under names that both share, and `dataset.json` with categories. About 300
emoji are held out, whole families at a time; training sees neither vendor's drawing of them, and the shipped
weights never did.
"""

import argparse
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from small_training import Descent, fold_norms, save, with_norms
from torch import Tensor, nn

from gancore.data import open_data
from gancore.measure.extractors.emoji import Emoji, EmojiNetwork
from gancore.measure.extractors.pixels import Pixels
from gancore.measure.extractors.resizing import smooth
from gancore.measure.extractors.small_network import SIZE

HELD_OUT = 300 / 1728
BATCH, STEPS, CATEGORY_STEPS = 256, 700, 300
TEMPERATURE, CATEGORY_WEIGHT = 0.07, 0.1
PEOPLE = {"1f466", "1f467", "1f468", "1f469", "1f9d1", "1f9d2"}
DIAGNOSTICS = {"2640", "2642", "27a1", "200d", "fe0f"}
CLOCKS = range(0x1F550, 0x1F568)


class Pairs(NamedTuple):
    """Both vendors' drawings `(2, N, 3, 64, 64)` in [-1, 1] on white, and their categories `(N,)`."""

    drawings: Tensor
    label: Tensor


def family(name: str) -> str:
    """What remains of the code points without people, gender and direction; the drawings of one family
    resemble each other.
    """
    points = [point for point in Path(name).stem.split("-") if point not in PEOPLE | DIAGNOSTICS]
    if len(points) == 1 and int(points[0], 16) in CLOCKS:
        return "clock"
    return "-".join(dict.fromkeys(points)) or "people"


def held_out(name: str) -> bool:
    """Whether an emoji is kept out of training."""
    return int(hashlib.sha256(family(name).encode()).hexdigest()[:8], 16) / 2**32 < HELD_OUT


def read(google: Path, twitter: Path) -> tuple[Pairs, Pairs]:
    """The emoji to train on, and those held out."""
    several = [open_data(path, alpha="white") for path in (google, twitter)]
    names = sorted(set(several[0].names) & set(several[1].names))
    rows = [np.array([data.names.index(name) for name in names]) for data in several]
    drawings = torch.stack(
        [
            data.rows(np.sort(row))["image"][np.argsort(np.argsort(row))]
            for data, row in zip(several, rows, strict=True)
        ]
    )
    label = torch.from_numpy(np.asarray(several[0].labels)[rows[0]]).long()
    out = torch.tensor([held_out(name) for name in names])
    return Pairs(drawings[:, ~out], label[~out]), Pairs(drawings[:, out], label[out])


def spread(*shape: int) -> Tensor:
    return torch.rand(*shape) * 2 - 1


def augment(image: Tensor) -> Tensor:
    """64×64 → 32×32: moved, colored, with a rectangle of one color over it; never mirrored, which would
    unmake the pair.
    """
    return covered(colored(shrunk(moved(image))))


def moved(image: Tensor) -> Tensor:
    """Shifts, scales, stretches, turns and shears; what comes in from outside is white."""
    n = len(image)
    scale, stretch, turn, shear = (
        1.05 + 0.2 * spread(n),
        1 + 0.12 * spread(n),
        0.15 * spread(n),
        0.1 * spread(n),
    )
    shift = 0.15 * spread(n, 2)
    across = torch.stack([scale * stretch * turn.cos(), shear - scale * turn.sin(), shift[:, 0]], 1)
    along = torch.stack([scale * turn.sin(), scale / stretch * turn.cos(), shift[:, 1]], 1)
    grid = F.affine_grid(torch.stack([across, along], 1), [n, *image.shape[1:]], align_corners=False)
    return 1 - F.grid_sample(1 - image, grid, padding_mode="zeros", align_corners=False)


def shrunk(image: Tensor) -> Tensor:
    """To 32×32: by one filter or another, or through 24×24."""
    way = int(torch.randint(4, ()))
    if way == 0:
        return smooth(smooth(image, 24), SIZE)
    if way == 1:
        return F.interpolate(image, (SIZE, SIZE), mode="bicubic", antialias=True, align_corners=False)
    return smooth(image, SIZE)


def colored(image: Tensor) -> Tensor:
    """Changes brightness, contrast, saturation and tint a little, takes the color from some, and adds faint
    noise.
    """
    n = len(image)
    level = image.mean((1, 2, 3), keepdim=True)
    image = level + (image - level) * (1 + 0.25 * spread(n, 1, 1, 1)) + 0.15 * spread(n, 1, 1, 1)
    gray = image.mean(1, keepdim=True)
    image = gray + (image - gray) * (1 + 0.4 * spread(n, 1, 1, 1)) + 0.1 * spread(n, 3, 1, 1)
    image = torch.where(torch.rand(n, 1, 1, 1) < 0.1, gray, image)
    return image + 0.04 * torch.rand(n, 1, 1, 1) * torch.randn_like(image)


def covered(image: Tensor) -> Tensor:
    """Lays a rectangle of one color over half of the images (DeVries & Taylor 2017, cutout,
    arXiv:1708.04552).
    """
    n = len(image)
    center, reach = torch.rand(n, 2, 1) * SIZE, 3 + torch.rand(n, 2, 1) * 5
    inside = (torch.arange(SIZE) - center).abs() < reach
    over = inside[:, 0, :, None] & inside[:, 1, None, :] & (torch.rand(n, 1, 1) < 0.5)
    return torch.where(over[:, None], spread(n, 3, 1, 1), image)


def contrast(one: Tensor, other: Tensor) -> Tensor:
    """The normalized temperature-scaled cross entropy between two vendors' features `(B, D)`, both ways."""
    alike = F.normalize(one, dim=1) @ F.normalize(other, dim=1).T / TEMPERATURE
    own = torch.arange(len(alike))
    return (F.cross_entropy(alike, own) + F.cross_entropy(alike.T, own)) / 2


def renewed(drawings: Tensor) -> Tensor:
    """Makes new emoji of old: mirrors, transposes and exchanges colors, the same way for both vendors'
    drawings `(2, B, 3, 64, 64)`.
    """
    n = drawings.shape[1]
    drawings = torch.where(chance(0.5, n), drawings.flip(4), drawings)
    drawings = torch.where(chance(0.25, n), drawings.flip(3), drawings)
    drawings = torch.where(chance(0.25, n), drawings.transpose(3, 4), drawings)
    order = torch.stack([torch.randperm(3) for _ in range(n)])[None, :, :, None, None]
    return torch.where(chance(0.5, n), drawings.gather(2, order.expand_as(drawings)), drawings)


def chance(share: float, n: int) -> Tensor:
    return (torch.rand(n) < share)[None, :, None, None, None]


def views(drawings: Tensor) -> Tensor:
    """Augmented drawings of both vendors, one after the other: `(2B, 3, 32, 32)`."""
    return augment(renewed(drawings).flatten(0, 1)).contiguous(memory_format=torch.channels_last)


def train(pairs: Pairs, steps: int) -> EmojiNetwork:
    torch.manual_seed(0)
    network = with_norms(EmojiNetwork())
    descend = Descent(network, steps=steps, lr=2e-3, decay=0.05, every=50)
    for _ in range(steps):
        rows = torch.randperm(len(pairs.label))[:BATCH]
        with torch.autocast("cpu", torch.bfloat16):
            features = network(views(pairs.drawings[:, rows])).float()
        categories = F.cross_entropy(
            network.classifier(features), pairs.label[rows].repeat(2), label_smoothing=0.1
        )
        descend(contrast(*features.chunk(2)) + CATEGORY_WEIGHT * categories)
    network = fold_norms(network).half().float()
    learn_categories(network, pairs)
    return network


def learn_categories(network: EmojiNetwork, pairs: Pairs) -> None:
    """Fits the layer that tells categories apart anew, on emoji as they are and on features as they ship."""
    torch.manual_seed(1)
    with torch.no_grad():
        features = torch.cat([network(augment(drawings)) for _ in range(4) for drawings in pairs.drawings])
    label, layer = pairs.label.repeat(8), network.classifier
    descend = Descent(layer, steps=CATEGORY_STEPS, lr=1e-2, decay=0.1, every=CATEGORY_STEPS)
    for _ in range(CATEGORY_STEPS):
        descend(F.cross_entropy(layer(features), label))


def recall(features: Callable[[Tensor], Tensor], pairs: Pairs, depth: int) -> tuple[float, float]:
    """The share of drawings whose counterpart is among the `depth` nearest of the other vendor's: Google →
    Twitter, and back.
    """
    with torch.no_grad():
        google, twitter = (features(drawings).double() for drawings in pairs.drawings)
    distance = torch.cdist(google, twitter)
    own = distance.diagonal()
    there, back = (distance < own[:, None]).sum(1), (distance < own[None, :]).sum(0)
    return float((there < depth).double().mean()), float((back < depth).double().mean())


def accuracy(extractor: Emoji, pairs: Pairs) -> float:
    with torch.no_grad():
        found = [extractor.classify(extractor(drawings)).argmax(1) for drawings in pairs.drawings]
    return float((torch.stack(found) == pairs.label).double().mean())


def untrained(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return EmojiNetwork()


def evaluate(pairs: Pairs) -> dict[str, tuple[tuple[float, float], tuple[float, float]]]:
    """Recall@1 and @5, each there and back, of the shipped weights, of pixels, and of the same network
    untrained (mean of three).
    """
    image = (3, 64, 64)
    several: dict[str, list[Callable[[Tensor], Tensor]]] = {
        "emoji-1": [Emoji(image=image)],
        "pixels-1": [Pixels(image=image)],
    }
    several["untrained"] = [lambda x, net=untrained(seed): net(smooth(x, SIZE)) for seed in range(3)]
    found = {}
    for name, extractors in several.items():
        rows = np.array(
            [[recall(extractor, pairs, depth) for depth in (1, 5)] for extractor in extractors]
        ).mean(0)
        found[name] = (tuple(rows[0].tolist()), tuple(rows[1].tolist()))
    return found


def report(known: Pairs, out: Pairs) -> None:
    print(f"{len(known.label)} emoji trained on, {len(out.label)} held out")
    print(
        "| features | recall@1 Google → Twitter | Twitter → Google | recall@5 Google → Twitter | Twitter → "
        "Google |\n|---|---|---|---|---|"
    )
    for name, (first, fifth) in evaluate(out).items():
        print(f"| {name} | {first[0]:.3f} | {first[1]:.3f} | {fifth[0]:.3f} | {fifth[1]:.3f} |")
    extractor = Emoji(image=(3, 64, 64))
    print(
        f"categories told apart: {accuracy(extractor, out):.3f} of the held out, "
        f"{accuracy(extractor, known):.3f} of the others"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("google", type=Path)
    parser.add_argument("twitter", type=Path)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--evaluate", action="store_true", help="say how well the shipped weights do")
    given = parser.parse_args()
    known, out = read(given.google, given.twitter)
    if given.output:
        save(train(known, given.steps), given.output)
    if given.evaluate:
        report(known, out)


if __name__ == "__main__":
    main()
