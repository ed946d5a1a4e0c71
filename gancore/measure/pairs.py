"""How close images made of others are to what they should be."""

from typing import ClassVar

import torch

from gancore.component.part import field, part
from gancore.component.validators import whole
from gancore.measure.picking import need, some_indices
from gancore.measure.reconstruction import compared, mean_value
from gancore.measure.score import Need, Score, Value
from gancore.measure.sharpness import sharpness
from gancore.measure.study import Study


@part("pairs")
class Pairs(Score):
    """How close translations are to their targets: MAE, PSNR, SSIM, and the distance of features, each
    averaged over pairs; and how sharp they are.

    MAE is the L1 distance, on a scale from 0 to 1; PSNR and SSIM are those of `score/reconstruction`. The
    feature distance is Euclidean, as the extractor sees the two images. Sharpness is the mean length of the
    gradient, divided by that of the targets. The anchor `identity` is the same of the sources themselves,
    resized by bicubic where they have another size than the targets.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({"pairs"})
    images: int = field(default=2000, validator=whole(2), help="maximum number of pairs")

    def forward(self, study: Study) -> dict[str, Value]:
        """`MAE` and `feature distance[title]` (lower is better), `PSNR` and `SSIM` (higher is better), and
        `sharpness`, 1 for images as sharp as the targets.
        """
        assert study.pairs is not None
        made, real, _ = study.pairs
        need("MAE", 8, "a mean over images", pairs=len(made))
        chosen = some_indices(len(made), self.images, study.rng("some pairs"))
        images = made.rows(chosen), real.rows(chosen)
        first, second = (torch.cat(list(study.extract(torch.split(one, 256)))).double() for one in images)
        apart = (first - second).norm(dim=1)
        name = f"feature distance[{study.title}]"
        found = compared(images[1], images[0]) | {name: mean_value(apart, "lower")}
        sharp = sharpness(*images)
        return found | ({} if sharp is None else {"sharpness": sharp})
