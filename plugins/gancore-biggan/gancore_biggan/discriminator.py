"""The discriminators of BigGAN and BigGAN-deep."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore import Discriminator, fact, field, part
from gancore.component.part import interface
from gancore.component.validators import above, as_tuple, sizes, whole
from gancore.errors import FactError
from gancore.nn.initializers import orthogonal_weights
from gancore.nn.labels import check_classes, given_label
from gancore.nn.projection import ProjectionHead
from gancore.nn.residual import ResidualBlock
from gancore.nn.resnet import check_halvings
from gancore.nn.spectral_norm import SpectralConv2d, SpectralEmbedding, SpectralLinear
from gancore_biggan.layers import DeepDown, Stages
from gancore_biggan.plan import attended, down_plan
from gancore_biggan.up import Make

__all__ = ["BigGANDiscriminator", "DeepBigGANDiscriminator"]

INSTEAD = "a discriminator that reads none, such as discriminator/dcgan"


@interface("discriminator")
class DownNetwork(Discriminator):
    """What both discriminators share: the options, and the score of the last maps' sums with projection."""

    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    conditional: ClassVar[bool] = True
    classes: int = fact(help="number of classes K, given by the data")
    width: int = field(
        default=96, validator=whole(1), help="channels that the published multiples are multiples of"
    )
    widths: tuple[int, ...] = field(
        default=(),
        converter=as_tuple,
        validator=sizes(none=True),
        help="channels of the maps, from the image on; (): as published for the size of the images",
    )
    halvings: int = field(
        default=0,
        validator=whole(0),
        help="how many of the first stages halve the map; 0: as published for the size of the images",
    )
    attention: tuple[int, ...] = field(
        default=(64,),
        converter=as_tuple,
        validator=sizes(none=True),
        help="shorter sides of the maps with self-attention; one that images do not reach means none",
    )
    spectral_eps: float = field(default=1e-6, validator=above(0), help="smallest σ to divide by")

    def plan(self) -> tuple[tuple[int, ...], int]:
        """Channels of the maps, and how many stages halve. Raises FactError where these do not fit."""
        widths, count = self.widths, self.halvings
        if not (widths and count):
            published = down_plan(self.image, self.width, self.qualified_name)
            widths, count = widths or published[0], count or published[1]
        check_halvings(self.image, count, self.qualified_name)
        return widths, count

    @property
    def conv(self) -> Make:
        """Makes convolutions."""
        return partial(SpectralConv2d, eps=self.spectral_eps)

    def make_stages(self, widths: Sequence[int], count: int) -> None:
        """Makes the stages between maps of these channels, the first `count` of which halve; the head."""
        side, stages = min(self.image[1:]), len(widths) - 1
        maps = [side >> min(i + 1, count) for i in range(stages)]
        attends = attended(maps, self.attention, side, self.qualified_name)
        blocks = [
            self.stage(fewer, more, first=i == 0, down=i < count)
            for i, (fewer, more) in enumerate(pairwise(widths))
        ]
        self.stages = Stages(blocks, attends, widths[1:], self.conv)
        self.head = ProjectionHead(
            widths[-1],
            self.classes,
            linear=partial(SpectralLinear, eps=self.spectral_eps),
            embedding=partial(SpectralEmbedding, eps=self.spectral_eps),
        )
        orthogonal_weights(self)

    def stage(self, inputs: int, outputs: int, *, first: bool, down: bool) -> Sequence[nn.Module]:
        """The blocks of a stage."""
        raise NotImplementedError

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, features)` and labels → `(N,)`."""
        scores: Tensor = self.head(features, given_label(self, label, INSTEAD))
        return scores


@part("biggan")
class BigGANDiscriminator(DownNetwork):
    """Residual blocks halve the image; the last maps are summed, scored, and projected onto the class.

    Paper: Brock et al. 2018, arXiv:1809.11096, section 3 and appendix B, tables 4 to 6, fig. 15c: one block
    for each halving and one more, self-attention at 64×64, all layers spectrally normalized and initialized
    orthogonally. Up to 32 pixels 4 blocks of 4 · `width` channels, of which 2 halve, as in the released code
    for CIFAR-10. A label may be a class or a row of K numbers. The power iteration is that of
    `gancore.nn.spectral_norm`.

    `(N, C, H, W)` and labels `(N,)` int64 or `(N, K)` float → `(N,)` float32.

    Raises:
        FactError: the data have no labels, the sides cannot be halved as often, or no map has a size in
        `attention`.
        FitError: no label was given, or a row is not of length K.
    """

    examples = ({"widths": (4, 6), "halvings": 1, "attention": (8,), "classes": 3},)

    def build(self) -> None:
        """Makes the layers."""
        check_classes(self, INSTEAD)
        widths, count = self.plan()
        self.make_stages((self.image[0], *widths), count)

    def stage(self, inputs: int, outputs: int, *, first: bool, down: bool) -> Sequence[nn.Module]:
        """One block."""
        pool = nn.AvgPool2d(2) if down else None
        return [ResidualBlock(inputs, outputs, conv=self.conv, down=pool, preactivation=not first)]

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, features)`, the last maps summed over all places."""
        return torch.relu(self.stages.run(image)).sum((2, 3))


@part("biggan-deep")
class DeepBigGANDiscriminator(DownNetwork):
    """A convolution, and stages of bottleneck blocks that halve the map first; scored like
    discriminator/biggan.

    Paper: Brock et al. 2018, arXiv:1809.11096, appendix B, tables 7 to 9 and fig. 16c. `widths` begin with
    the convolution's channels. Up to 32 pixels 3 stages of 4 · `width` channels, of which 2 halve, as in the
    released code. Otherwise like discriminator/biggan.

    `(N, C, H, W)` and labels `(N,)` int64 or `(N, K)` float → `(N,)` float32.

    Raises:
        FactError: the data have no labels, the sides cannot be halved as often, channels become fewer, or no
        map has a size in `attention`.
        FitError: no label was given, or a row is not of length K.
    """

    examples = ({"widths": (4, 8), "halvings": 1, "depth": 1, "attention": (8,), "classes": 3},)
    depth: int = field(default=2, validator=whole(1), help="blocks of each stage")

    def build(self) -> None:
        """Makes the layers."""
        check_classes(self, INSTEAD)
        widths, count = self.plan()
        if list(widths) != sorted(widths) or len(widths) < 2:
            raise FactError(
                f"{self.qualified_name} needs at least two widths, none smaller than the one before, since "
                f"its shortcuts only add channels; got {list(widths)}"
            )
        self.from_image = self.conv(self.image[0], widths[0], 3, padding=1)
        self.make_stages(widths, count)

    def stage(self, inputs: int, outputs: int, *, first: bool, down: bool) -> Sequence[nn.Module]:
        """The first block halves the map and changes its channels."""
        rest = [DeepDown(outputs, outputs, conv=self.conv, down=False) for _ in range(self.depth - 1)]
        return [DeepDown(inputs, outputs, conv=self.conv, down=down), *rest]

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, features)`, the last maps summed over all places."""
        return torch.relu(self.stages.run(self.from_image(image))).sum((2, 3))
