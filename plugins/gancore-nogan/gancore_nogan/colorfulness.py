"""How colorful images are."""

import torch
from torch import Tensor

from gancore.component.part import field, part
from gancore.component.validators import whole
from gancore.errors import MeasureError
from gancore.measure.picking import need, some_images
from gancore.measure.reconstruction import mean_value
from gancore.measure.score import Score, Value
from gancore.measure.study import Study

__all__ = ["Colorfulness", "colorfulness"]


def colorfulness(images: Tensor) -> Tensor:
    """The spread of the opponent colors of RGB images `(N, 3, H, W)` in [-1, 1], and 0.3 of their mean:
    `(N,)` float64, 0 for gray.

    Paper: Hasler & Süsstrunk 2003, "Measuring colorfulness in natural images": with R, G and B from 0 to
    255, rg = R - G and yb = (R + G) / 2 - B, √(σ²_rg + σ²_yb) + 0.3 √(μ²_rg + μ²_yb) over the pixels.
    """
    red, green, blue = ((images.double() + 1) * 127.5).flatten(2).unbind(1)  # (N, H·W) each
    opponents = torch.stack([red - green, (red + green) / 2 - blue], 1)  # (N, 2, H·W)
    spread = opponents.var(2, correction=0).sum(1).sqrt()
    whole: Tensor = spread + 0.3 * torch.linalg.vector_norm(opponents.mean(2), dim=1)
    return whole


@part("colorfulness")
class Colorfulness(Score):
    """How colorful samples are, and reference images, each averaged over images.

    Paper: Hasler & Süsstrunk 2003, "Measuring colorfulness in natural images". Neither direction is better:
    colors like those of the reference have its value. Images have three channels; others raise MeasureError.
    """

    images: int = field(default=2000, validator=whole(2), help="maximum number of images of each side")

    def forward(self, study: Study) -> dict[str, Value]:
        """`colorfulness`, and `colorfulness of the reference`."""
        if study.reference.image[0] != 3:
            raise MeasureError(
                f"colorfulness is that of RGB images; these are {study.reference.image} (channels, height, "
                "width): give --channels 3, or leave the score out"
            )
        need(
            "colorfulness",
            2,
            "a mean over images",
            reference=len(study.reference),
            samples=len(study.samples),
        )
        return {
            "colorfulness": mean_value(colorfulness(some_images(study, "samples", self.images)), "neither"),
            "colorfulness of the reference": mean_value(
                colorfulness(some_images(study, "reference", self.images)), "neither"
            ),
        }
