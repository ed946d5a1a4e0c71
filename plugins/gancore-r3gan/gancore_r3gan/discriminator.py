"""The discriminators of R3GAN, without and with labels."""

import math
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gancore import Discriminator, fact, field, part
from gancore.component.part import interface
from gancore.component.validators import whole
from gancore.nn.labels import LabelEmbedding, check_classes, given_label
from gancore_r3gan.layers import Down, ToBasis, conv, scaled
from gancore_r3gan.stages import (
    blocks_field,
    cardinalities_field,
    expansion_field,
    plan,
    resampling_field,
    widths_field,
)


@interface("discriminator")
class StagedDiscriminator(Discriminator):
    """What both discriminators share: the options, and the layers before the last."""

    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    widths: tuple[int, ...] = widths_field()
    cardinalities: tuple[int, ...] = cardinalities_field()
    blocks: tuple[int, ...] = blocks_field()
    expansion: int = expansion_field()
    kernel: int = field(default=3, validator=whole(1), help="kernel of the grouped convolutions")
    resampling: tuple[float, ...] = resampling_field()

    def make_layers(self, outputs: int) -> None:
        """Makes the layers, with so many numbers at the end."""
        made = plan(self, self.image)
        self.from_image = conv(self.image[0], made.widths[-1])
        stages = [nn.Sequential(*blocks) for blocks in made.stages(self.expansion, self.kernel)]
        self.stages = nn.ModuleList(stages[::-1])
        downs: list[nn.Module] = [Down(a, b, made.taps) for a, b in pairwise(made.widths[::-1])]
        self.downs = nn.ModuleList([*downs, nn.Identity()])
        self.end = ToBasis(made.widths[0], outputs, made.small)

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the last map `(N, widths[0], 4, 4)`."""
        x: Tensor = self.from_image(image)  # (N, widths[-1], H, W)
        for stage, down in zip(self.stages, self.downs, strict=True):
            x = down(stage(x))  # (N, widths[i - 1], h/2, w/2)
        return x


EXAMPLES: tuple[dict[str, Any], ...] = (
    {"widths": (8, 8, 4), "cardinalities": (2, 2, 1), "blocks": (1, 1, 1)},
    {"widths": (8, 4, 4), "cardinalities": (1, 1, 1), "blocks": (1, 2, 1)},
)


@part("r3gan", tags=["piecewise-linear"])
class R3GANDiscriminator(StagedDiscriminator):
    """The mirror of the generator: stages of grouped bottlenecks, halved in between, and a learned 4×4 basis.

    Paper: Huang et al. 2024 (R3GAN), arXiv:2501.05441, section 3 and appendix D; options as in
    generator/r3gan.

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two, or
        widths, cardinalities or blocks do not match the maps.
    """

    examples = EXAMPLES

    def build(self) -> None:
        """Makes the layers."""
        self.make_layers(1)

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """The last map → `(N,)`."""
        scores: Tensor = self.end(features)  # (N, 1)
        return scores[:, 0]


@part("r3gan-labels", tags=["piecewise-linear"])
class LabeledR3GANDiscriminator(StagedDiscriminator):
    """R3GAN's discriminator with a vector at the end, whose product with the label's embedding is the score.

    Paper: Huang et al. 2024 (R3GAN), arXiv:2501.05441; the released code embeds labels in as many numbers as
    the smallest map has channels (`embedding` = 0). A label may be a class or a row of K numbers.

    `(N, C, H, W)` and labels `(N,)` int64 or `(N, K)` float → `(N,)` float32.

    Raises:
        FactError: the data have no labels; else like discriminator/r3gan.
        FitError: no label was given, or a row is not of length K.
    """

    examples = tuple({**example, "classes": 3} for example in EXAMPLES)
    conditional: ClassVar[bool] = True
    classes: int = fact(help="number of classes K, given by the data")
    embedding: int = field(
        default=0, validator=whole(0), help="length of a label's embedding; 0: channels of the smallest map"
    )

    def build(self) -> None:
        """Makes the layers and the embedding."""
        check_classes(self, "discriminator/r3gan")
        size = self.embedding or plan(self, self.image).widths[0]
        self.make_layers(size)
        self.label = LabelEmbedding(self.classes, size)
        scaled(self.label.weight.t(), 1 / math.sqrt(size))

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """The last map and labels → `(N,)`."""
        label = given_label(self, label, "discriminator/r3gan")
        vector = self.end(features)  # (N, E)
        scores: Tensor = (vector * self.label(label).to(vector)).sum(1)
        return scores
