"""Perceptual path length: how abruptly images change along a path through the latent space."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from gancore.component.part import field, part
from gancore.component.randomness import Rows, fold, own_rows, render_seed, seeded
from gancore.component.validators import above, whole
from gancore.latent.codes import codes_of, has_codes
from gancore.latent.interpolate import linear, spherical
from gancore.latent.spaces import SPACES, PlainSpace
from gancore.measure.picking import need
from gancore.measure.score import Score, Value
from gancore.measure.study import Study
from gancore.pipeline import Pipeline, evaluating

Way = Callable[[Tensor, Tensor, Tensor], Tensor]
CHUNK = 64
"""Pairs of images generated at a time."""


def squared_steps(first: Tensor, second: Tensor, epsilon: float) -> Tensor:
    """|f₁ - f₂|² / ε² of pairs of features `(N, D)`: `(N,)` float64.

    Paper: Karras et al. 2018, arXiv:1812.04948, eqs. 2 and 3.
    """
    return (first.double() - second.double()).square().sum(1) / epsilon**2


def trimmed(lengths: Tensor) -> Tensor:
    """The lengths between the 1st and 99th percentiles (as order statistics), as in the paper's code."""
    low = torch.quantile(lengths, 0.01, interpolation="lower")
    high = torch.quantile(lengths, 0.99, interpolation="higher")
    return lengths[(lengths >= low) & (lengths <= high)]


def path_lengths(
    study: Study, pipeline: Pipeline, space: PlainSpace, *, count: int, epsilon: float
) -> Tensor:
    """|f(x(t)) - f(x(t + ε))|² / ε² at `count` random points t of as many random paths.

    `(count,)` float64.
    """
    rng = study.rng(f"path-length {space}")
    start, label = pipeline.draw(count, seed=fold(study.seed, "path-length", "start"))
    end, _ = pipeline.draw(count, seed=fold(study.seed, "path-length", "end"), label=label)
    places = torch.rand(count, generator=rng, dtype=torch.float64)
    found = []
    for part_ in torch.split(torch.arange(count), CHUNK):
        mark = None if label is None else label[part_]
        codes = _codes(pipeline, space, start[part_], end[part_], mark, places[part_], epsilon)
        seed = fold(study.seed, "path-length", int(part_[0]))
        first, second = study.extract(_images(pipeline, code, seed) for code in codes)
        found.append(squared_steps(first, second, epsilon))
    return torch.cat(found)


def _codes(
    pipeline: Pipeline,
    space: PlainSpace,
    start: Tensor,
    end: Tensor,
    label: Tensor | None,
    places: Tensor,
    epsilon: float,
) -> tuple[Tensor, Tensor]:
    """The codes at t and at t + ε: of latents on a great circle, or on a straight line between codes."""
    if space == "w":
        first, second = _between(
            linear, codes_of(pipeline, start, label), codes_of(pipeline, end, label), places, epsilon
        )
        return first, second
    first, second = _between(spherical, start, end, places, epsilon)
    return codes_of(pipeline, first, label), codes_of(pipeline, second, label)


def _between(way: Way, start: Tensor, end: Tensor, places: Tensor, epsilon: float) -> Tensor:
    pairs = [way(a, b, torch.stack([t, t + epsilon])) for a, b, t in zip(start, end, places, strict=True)]
    return torch.stack(pairs, 1)


def _images(pipeline: Pipeline, code: Tensor, seed: int) -> Tensor:
    """Images in [-1, 1], not rounded; the same seed gives a batch the same noise."""
    noise = seeded(render_seed(seed), pipeline.device)
    with evaluating(pipeline.generator), torch.no_grad(), noise, own_rows(Rows(len(code), 0, len(code))):
        image: Tensor = pipeline.generator(code.to(pipeline.device)).clamp(-1, 1).float().cpu()
    return image


@part("path-length")
class PathLength(Score):
    """Perceptual path length: the mean squared change of features over a step ε along a random path, over ε².

    Paper: Karras et al. 2018 (StyleGAN), arXiv:1812.04948, section 4.1, eqs. 2 (z, spherical) and 3 (w,
    linear), at random points of the whole path, with ε = 1e-4, and without the lowest and highest 1 % as in
    its code. Differences: the distance is the squared distance of the extractor's features instead of the
    weighted one of VGG-16's (LPIPS); images are not cropped; latents keep their norms, which are interpolated
    as well; fewer paths by default (100,000 in the paper). Both images of a pair have the same label and the
    same noise. Values depend on the extractor's scale: compare models only under one extractor.
    """

    needs = frozenset({"pipeline"})
    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"count": 100},)
    count: int = field(default=1000, validator=whole(100), help="random paths; 100,000 in the paper")
    epsilon: float = field(default=1e-4, validator=above(0), help="the step ε")

    def forward(self, study: Study) -> dict[str, Value]:
        """`PPL z[title]`, unless latents are indices, and `PPL w[title]`, if codes differ from the latents;
        lower is better.
        """
        pipeline = study.pipeline
        assert pipeline is not None
        need(
            f"PPL z[{study.title}]",
            2,
            "more than one image of the model",
            samples=len(study.samples),
        )
        spaces: tuple[PlainSpace, ...] = SPACES if has_codes(pipeline) else ("z",)
        if pipeline.conditioner.codebook_size:
            spaces = ("w",)  # nothing lies between two indices
        found = {}
        for space in spaces:
            lengths = trimmed(path_lengths(study, pipeline, space, count=self.count, epsilon=self.epsilon))
            found[f"PPL {space}[{study.title}]"] = Value(
                float(lengths.mean()), float(lengths.std() / len(lengths) ** 0.5), "lower"
            )
        return found
