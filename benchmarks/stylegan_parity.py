"""Networks of the original implementations, saved by their own code and imported, beside what that code makes
of them: markdown tables.

    git clone https://github.com/NVlabs/stylegan3 build/stylegan3
    git clone https://github.com/rosinality/stylegan2-pytorch build/rosinality
    python benchmarks/stylegan_parity.py --nvidia build/stylegan3 --rosinality build/rosinality

Weights are random, noise is the constant one. Differences are the largest, relative to the largest value. The
last table has the equivariance metrics of the first repository beside `gancore.measure.equivariance`, on the
same latents, shifts and angles.
"""

import argparse
import importlib
import pickle
import pickletools
import sys
import tempfile
import types
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import torch
from stylegan_reference import load
from torch import Tensor, nn

from gancore.measure.equivariance import KINDS, decibels, difference
from gancore.pipeline import Pipeline, evaluating
from gancore.published import import_discriminator, import_generator, read_networks

TRUNCATION = 0.6


class Case(NamedTuple):
    """A network of NVIDIA's: StyleGAN2 or StyleGAN3, in small widths at a true size."""

    title: str
    module: str
    size: int
    classes: int = 0
    options: dict[str, Any] = {}

    def generator(self, makers: Any) -> Any:
        widths = {"channel_base": 32 * self.size, "channel_max": 32, **self.options}
        return makers.Generator(
            64, self.classes, 64, self.size, 3, mapping_kwargs={"num_layers": 2}, **widths
        )


RADIAL = {"conv_kernel": 1, "use_radial_filters": True}
CASES = [
    Case("StyleGAN2, labels", "stylegan2", 32, 3),
    Case("StyleGAN2", "stylegan2", 1024),
    Case("StyleGAN3-T", "stylegan3", 256),
    Case("StyleGAN3-R", "stylegan3", 256, 0, RADIAL),
]
MOVED = [Case("StyleGAN3-T", "stylegan3", 32), Case("StyleGAN3-R", "stylegan3", 32, 0, RADIAL)]


def off(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).abs().max() / expected.abs().max())


@torch.no_grad()
def shaken(network: nn.Module) -> nn.Module:
    """The network, with random biases and noise strengths in place of the zeros and ones it begins with."""
    for value in network.parameters():
        if value.dim() <= 1:
            value.add_(torch.randn_like(value) * 0.3)
    return network.eval().requires_grad_(False)


def imported(path: Path, generator: str, discriminator: str) -> tuple[Pipeline, nn.Module]:
    """The averaged generator and the discriminator in a file."""
    networks = read_networks(path)
    return import_generator(networks[generator], noise="constant"), import_discriminator(
        networks[discriminator]
    )


def ours(
    pipeline: Pipeline, judge: nn.Module, z: Tensor, images: Tensor, *label: Tensor
) -> tuple[Tensor, ...]:
    """w, image, truncated image, and the scores of some images."""
    with evaluating(*pipeline.parts.values(), judge):
        w = pipeline.conditioner(z, *label)
        truncated = pipeline.conditioner.truncate(w, TRUNCATION)
        return w, pipeline.generator(w), pipeline.generator(truncated), judge(images, *label)


def line(
    title: str, size: int, instructions: str, found: tuple[Tensor, ...], expected: tuple[Tensor, ...]
) -> str:
    cells = " | ".join(f"{off(a, b.reshape(a.shape)):.1e}" for a, b in zip(found, expected, strict=True))
    return f"| {title} | {size}×{size} | {instructions} | {cells} |"


def of_nvidia(case: Case, folder: Path, path: Path) -> str:
    """A pickle as their training writes it, with augmentation, and the networks' outputs beside the imported
    ones'.
    """
    makers, judges = load(folder, case.module)
    g = shaken(case.generator(makers))
    g.mapping.w_avg.normal_()
    d = shaken(judges.Discriminator(case.classes, case.size, 3, channel_base=32 * case.size, channel_max=32))
    augment = importlib.import_module("training.augment").AugmentPipe(
        xflip=1, rotate90=1, brightness=1, imgfilter=1, noise=1
    )
    path.write_bytes(pickle.dumps({"G": deepcopy(g), "D": d, "G_ema": g, "augment_pipe": augment}))
    z, label = torch.randn(3, 64), torch.arange(3)
    marks = nn.functional.one_hot(label).float() if case.classes else torch.zeros(3, 0)
    image = g(z, marks, noise_mode="const")
    expected = (
        g.mapping(z, marks),
        image,
        g(z, marks, truncation_psi=TRUNCATION, noise_mode="const"),
        d(image, marks),
    )
    found = ours(*imported(path, "G_ema", "D"), z, image, *([label] if case.classes else []))
    return line(
        case.title, case.size, f"{sum(1 for _ in pickletools.genops(path.read_bytes())):,}", found, expected
    )


def rosinality(folder: Path) -> Any:
    """The module with its networks; the compiled operators, for which a CPU has others, are left out."""
    torch.utils.cpp_extension.load = lambda *_, **__: None
    sys.path.insert(0, str(folder))
    return importlib.import_module("model")


def of_rosinality(size: int, multiplier: int, folder: Path, path: Path) -> str:
    """A checkpoint as its training writes it."""
    model = rosinality(folder)
    g = shaken(model.Generator(size, 64, 4, channel_multiplier=multiplier))
    d = shaken(model.Discriminator(size, channel_multiplier=multiplier))
    mean, z = torch.randn(64) * 0.3, torch.randn(4, 64)
    torch.save({"g": g.state_dict(), "d": d.state_dict(), "g_ema": g.state_dict(), "latent_avg": mean}, path)
    image, w = g([z], randomize_noise=False, return_latents=True)
    truncated, _ = g([z], randomize_noise=False, truncation=TRUNCATION, truncation_latent=mean)
    found = ours(*imported(path, "g_ema", "d"), z, image)
    return line(
        f"rosinality's StyleGAN2, multiplier {multiplier}", size, "", found, (w, image, truncated, d(image))
    )


def released_scores(g: Any, count: int) -> list[float]:
    metric = importlib.import_module("metrics.equivariance").compute_equivariance_metrics
    silent = types.SimpleNamespace(sub=lambda **_: types.SimpleNamespace(update=lambda _: None))
    asked = types.SimpleNamespace(G=g, device=torch.device("cpu"), num_gpus=1, progress=silent, G_kwargs={})
    torch.manual_seed(1)
    return [
        float(value)
        for value in metric(asked, count, 4, compute_eqt_int=True, compute_eqt_frac=True, compute_eqr=True)
    ]


def our_scores(pipeline: Pipeline, count: int) -> list[float]:
    """The same draws in the same order: latents, then whole pixels, parts of pixels, and an angle."""
    torch.manual_seed(1)
    generator: Any = pipeline.generator
    side, sums = generator.image[1], []
    for _ in range(count // 4):
        code = pipeline.conditioner(torch.randn(4, 64))
        still = generator(code)
        for kind, shape in zip(KINDS.values(), ([2], [2], []), strict=True):
            drawn = (torch.rand(shape) * 2 - 1).double().reshape(-1).tolist()
            motion = kind.draw(drawn if shape else [0.0, 0.0, *drawn], (side / 8, side / 8))
            with generator.moved(**motion._asdict()):
                sums.append(difference(kind, still, generator(code), motion))
    groups = torch.tensor(sums, dtype=torch.float64).reshape(-1, len(KINDS), 2)
    return [decibels(*groups[:, i].unbind(1)).value for i in range(len(KINDS))]


def of_metrics(case: Case, folder: Path, path: Path, count: int = 64) -> str:
    makers, judges = load(folder, case.module)
    g = shaken(case.generator(makers))
    path.write_bytes(pickle.dumps({"G_ema": g, "D": judges.Discriminator(0, case.size, 3, channel_max=4)}))
    pipeline, _ = imported(path, "G_ema", "D")
    with evaluating(*pipeline.parts.values()):
        pairs = list(zip(released_scores(g, count), our_scores(pipeline, count), strict=True))
    largest = max(abs(theirs - own) for theirs, own in pairs)
    return (
        f"| {case.title} | {' | '.join(f'{theirs:.4f} | {own:.4f}' for theirs, own in pairs)} | "
        f"{largest:.1g} dB |"
    )


def rows(given: argparse.Namespace, folder: Path) -> Iterator[str]:
    yield "| network | image | instructions | w | image | truncated | scores |\n|---|---|---|---|---|---|---|"
    if given.nvidia:
        yield from (of_nvidia(case, given.nvidia, folder / "network.pkl") for case in CASES)
    if given.rosinality:
        yield from (
            of_rosinality(size, multiplier, given.rosinality, folder / "network.pt")
            for size, multiplier in ((16, 2), (128, 1))
        )
    if given.nvidia:
        names = " | ".join(f"{name}, released | here" for name in KINDS)
        yield f"\n| network | {names} | largest difference |\n{'|---' * (2 * len(KINDS) + 2)}|"
        yield from (of_metrics(case, given.nvidia, folder / "network.pkl") for case in MOVED)


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nvidia", type=Path, help="a checkout of https://github.com/NVlabs/stylegan3")
    parser.add_argument(
        "--rosinality", type=Path, help="a checkout of https://github.com/rosinality/stylegan2-pytorch"
    )
    given = parser.parse_args()
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        for row in rows(given, Path(folder)):
            print(row, flush=True)


if __name__ == "__main__":
    main()
