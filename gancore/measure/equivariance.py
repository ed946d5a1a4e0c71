"""Equivariance: whether moving what a generator draws equals moving the finished image."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, cast

import torch
from torch import Tensor

from gancore.component.interfaces import Movable
from gancore.component.part import field, part
from gancore.component.randomness import Rows, fold, own_rows, render_seed, seeded
from gancore.component.validators import whole, within
from gancore.errors import MeasureError
from gancore.latent.codes import codes_of
from gancore.measure.motions import filtered_as_if_turned, shifted, shifted_by_pixels, turned
from gancore.measure.picking import need
from gancore.measure.score import Score, Value
from gancore.measure.study import Study
from gancore.pipeline import Pipeline, evaluating

__all__ = ["KINDS", "Equivariance", "Kind", "Motion", "decibels", "difference"]

MOST = 200.0
"""The highest value in dB, reached by identical images."""


class Motion(NamedTuple):
    """A translation in pixels, or a rotation in radians."""

    right: float = 0.0
    down: float = 0.0
    turn: float = 0.0


class Kind(NamedTuple):
    """How one of the scores draws its motions (from three uniform values in [-1, 1] and the largest shift to
    the right and down), and what it compares between an image and the generator's moved one: the moved image,
    the expected one, and the mask. `least` is the minimum image side.
    """

    draw: Callable[[Sequence[float], tuple[float, float]], Motion]
    compare: Callable[[Tensor, Tensor, Motion], tuple[Tensor, Tensor, Tensor]]
    least: int


def _turned(image: Tensor, moved: Tensor, motion: Motion) -> tuple[Tensor, Tensor, Tensor]:
    expected, inside = turned(image, motion.turn)
    seen, also = filtered_as_if_turned(moved, motion.turn)
    return seen, expected, inside * also


KINDS: dict[str, Kind] = {
    "EQ-T": Kind(
        lambda u, most: Motion(round(u[0] * most[0]), round(u[1] * most[1])),
        lambda image, moved, motion: (moved, *shifted_by_pixels(image, int(motion.right), int(motion.down))),
        8,
    ),
    "EQ-T_frac": Kind(
        lambda u, most: Motion(u[0] * most[0], u[1] * most[1]),
        lambda image, moved, motion: (moved, *shifted(image, motion.right, motion.down)),
        8,
    ),
    "EQ-R": Kind(lambda u, _: Motion(turn=u[2] * math.pi), _turned, 16),
}
"""Appendices E.1, E.2 and E.3."""


def difference(kind: Kind, image: Tensor, moved: Tensor, motion: Motion) -> tuple[float, float]:
    """The sum of squared differences from the expected values, and the number of values compared."""
    seen, expected, mask = kind.compare(image, moved, motion)
    squares = ((seen - expected).square() * mask).flatten(1).sum(1)
    return float(squares.cpu().double().sum()), float(mask.sum()) * len(image) * image.shape[1]


def decibels(squares: Tensor, counts: Tensor) -> Value:
    """The PSNR in dB for a range of 2, from sums of squared differences and counts of values, `(G,)` float64
    each.

    Its standard error follows from the deviation between the sums.
    """
    mean = float(squares.sum() / counts.sum())
    if mean == 0:
        return Value(MOST, 0.0, "higher")
    value, error = min(10 * math.log10(4 / mean), MOST), None
    if len(counts) > 1:
        deviation = float((squares - mean * counts).std()) * len(counts) ** 0.5 / float(counts.sum())
        error = 10 / math.log(10) * deviation / mean
    return Value(value, error, "higher")


def _images(pipeline: Pipeline, codes: Tensor, motion: Motion, seed: int) -> Tensor:
    """Generated images, neither clamped nor rounded; the same seed gives them the same noise."""
    generator = pipeline.generator
    noise = seeded(render_seed(seed), pipeline.device)
    moved = cast(Movable, generator).moved(**motion._asdict())
    with evaluating(generator), torch.no_grad(), noise, own_rows(Rows(len(codes), 0, len(codes))), moved:
        image: Tensor = generator(codes.to(pipeline.device))
    return image.float()


@part("equivariance")
class Equivariance(Score):
    """EQ-T, EQ-T_frac and EQ-R: the PSNR between images of a moved input and moved images of the input.

    Paper: Karras et al. 2021 (StyleGAN3), arXiv:2106.12423, section 2.1 and appendix E: translations by up to
    an eighth of the image, in whole pixels (E.1) and in fractions of a pixel (E.2), and rotations by any
    angle (E.3), over the pixels unaffected by borders, with a range of 2; samples are not truncated, clamped
    or rounded. As in the released code, several samples share one motion. Differences: fewer samples by
    default (50,000 in the paper); images need not be square. A model whose images are of a single color has
    the highest values.

    Raises:
        MeasureError: images are smaller than 8×8 pixels. Images below 16×16 have no EQ-R.
    """

    needs = frozenset({"pipeline", "movable"})
    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"count": 8},)
    count: int = field(default=1000, validator=whole(8), help="samples; 50,000 in the paper")
    group: int = field(default=4, validator=whole(1), help="samples that share one motion")
    reach: float = field(
        default=0.125,
        validator=within(0, 0.25),
        help="the largest translation, as a fraction of the image's side",
    )

    def forward(self, study: Study) -> dict[str, Value]:
        """`EQ-T`, `EQ-T_frac` and `EQ-R` in dB; higher is better."""
        assert study.pipeline is not None
        need("EQ-T", 2, "more than one image of the model", samples=len(study.samples))
        side = min(study.pipeline.generator.image[1:])
        if side < min(kind.least for kind in KINDS.values()):
            raise MeasureError(
                "EQ-T needs images of at least 8×8 pixels; "
                f"got {side} on a side: evaluate a model with larger images"
            )
        found = torch.tensor(list(self.compared(study, study.pipeline)), dtype=torch.float64)
        kinds = zip(KINDS.items(), found.unbind(1), strict=True)
        return {name: decibels(*sums.unbind(1)) for (name, kind), sums in kinds if side >= kind.least}

    def compared(self, study: Study, pipeline: Pipeline) -> Iterator[list[tuple[float, float]]]:
        """For each kind and group of samples: the sum of squared differences, and the number of values
        compared.
        """
        latent, label = pipeline.draw(self.count, seed=fold(study.seed, "equivariance"))
        _, height, width = pipeline.generator.image
        most, rng = (self.reach * width, self.reach * height), study.rng("equivariance")
        for start in range(0, self.count, self.group):
            rows, seed = slice(start, start + self.group), fold(study.seed, "equivariance", start)
            codes = codes_of(pipeline, latent[rows], None if label is None else label[rows])
            motions = [
                kind.draw((torch.rand(3, generator=rng, dtype=torch.float64) * 2 - 1).tolist(), most)
                for kind in KINDS.values()
            ]
            image, *moved = (_images(pipeline, codes, motion, seed) for motion in (Motion(), *motions))
            each = zip(KINDS.values(), moved, motions, strict=True)
            yield [difference(kind, image, other, motion) for kind, other, motion in each]
