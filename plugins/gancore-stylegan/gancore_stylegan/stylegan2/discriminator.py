"""StyleGAN2's discriminators: image → score."""

import math
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore import Discriminator, field, part
from gancore.component.part import fact
from gancore.component.validators import above, whole
from gancore.errors import SpecError
from gancore.nn.equalized import EqualizedLinear
from gancore.nn.labels import check_classes, given_label, one_hot
from gancore.nn.minibatch_std import MinibatchStd
from gancore.nn.pixel_norm import pixel_norm
from gancore.nn.upfirdn import Fir
from gancore_stylegan.stylegan2.activated import (
    ActivatedConv2d,
    ActivatedDownConv2d,
    ActivatedLinear,
    DownShortcut,
)
from gancore_stylegan.stylegan2.clamping import CLAMP_HELP, CLAMP_RANGE
from gancore_stylegan.stylegan2.synthesis import Size, stage_sizes, stage_widths


@part("stylegan2-plain")
class PlainStyleGAN2Discriminator(Discriminator):
    """A sequence of two convolutions per size, the second of which halves it.

    Paper: Karras et al. 2019, arXiv:1912.04958, section 4.1, without the skips or residuals of fig. 7; the
    minibatch standard deviation (Karras et al. 2017, arXiv:1710.10196, section 3) over groups of 4 comes
    before the last convolution. Where the released code computes in float16, it clamps at ±256 (here
    `clamp=256`) after the leaky ReLU of each convolution, except that of a skip's fromRGB layer at the
    smallest size. Difference: groups are neighbors in the batch, so that micro-batches of whole groups are
    exact.

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two.
    """

    examples = ({"channels_base": 64, "channels_max": 8, "group": 1},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    channels_base: int = field(
        default=32768, validator=whole(1), help="channels × size at each size; 32768 gives 32 at 1024×1024"
    )
    channels_max: int = field(default=512, validator=whole(1), help="maximum number of channels")
    group: int = field(
        default=4,
        validator=whole(0),
        help="group size of the minibatch standard deviation; 1 turns it off, 0 takes the whole batch",
    )
    clamp: float = field(default=0.0, validator=CLAMP_RANGE, help=CLAMP_HELP)

    @property
    def widths(self) -> list[int]:
        """Channels at each size, the largest first."""
        return stage_widths(self.image, self.qualified_name, self.channels_base, self.channels_max)[::-1]

    @property
    def sizes(self) -> list[Size]:
        """Height and width of the maps, the largest first."""
        return stage_sizes(self.image, self.qualified_name)[::-1]

    @property
    def outputs(self) -> int:
        """Outputs of the last layer."""
        return 1

    def build(self) -> None:
        """Makes the fromRGB layer, a block for each size, and the layers that score the smallest map."""
        widths, (height, width) = self.widths, self.sizes[-1]
        last = widths[-1]
        self.from_image = ActivatedConv2d(self.image[0], widths[0], 1, clamp=self.clamp)
        steps = zip(pairwise(widths), self.sizes[:-1], strict=True)
        self.blocks = nn.ModuleList(DownBlock(fewer, more, size, self.clamp) for (fewer, more), size in steps)
        self.deviation = MinibatchStd(self.group)
        self.conv = ActivatedConv2d(last + 1, last, clamp=self.clamp)
        self.dense = ActivatedLinear(last * height * width, last)
        self.score = EqualizedLinear(last, self.outputs, gain=1)
        self.finish()

    def finish(self) -> None:
        """Makes the layers that a subclass adds."""

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, channels)`, as many channels as the smallest map has."""
        x = self.deviation(self.smallest(image))  # (N, channels + 1, h, w)
        features: Tensor = self.dense(self.conv(x).flatten(1))  # (N, channels·h·w) → (N, channels)
        return features

    def smallest(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the smallest map `(N, channels, h, w)`."""
        x: Tensor = self.from_image(image)  # (N, channels, H, W)
        for block in self.blocks:
            x = block(x)  # (N, channels, H/2, W/2), …
        return x

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """Features → scores `(N,)`; the label is ignored."""
        scores: Tensor = self.score(features)  # (N, 1)
        return scores[:, 0]  # (N,)


@part("stylegan2")
class StyleGAN2Discriminator(PlainStyleGAN2Discriminator):
    """The residual discriminator: each block adds a shortcut from its input.

    Paper: Karras et al. 2019, arXiv:1912.04958, section 4.1 and fig. 7c, right, used in configuration F; the
    shortcut is downsampled with the filter [1, 3, 3, 1], and the sum divided by √2. Otherwise like
    discriminator/stylegan2-plain.

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two.
    """

    def finish(self) -> None:
        """Makes the shortcuts."""
        steps = zip(pairwise(self.widths), self.sizes[:-1], strict=True)
        self.shortcuts = nn.ModuleList(DownShortcut(fewer, more, size) for (fewer, more), size in steps)

    def smallest(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the smallest map `(N, channels, h, w)`."""
        x: Tensor = self.from_image(image)  # (N, channels, H, W)
        for block, shortcut in zip(self.blocks, self.shortcuts, strict=True):
            x = (block(x) + shortcut(x)) * math.sqrt(0.5)  # (N, channels, H/2, W/2), …
        return x


@part("stylegan2-skip")
class SkipStyleGAN2Discriminator(PlainStyleGAN2Discriminator):
    """The discriminator with input skips: each size, even the smallest, adds features of the halved image.

    Paper: Karras et al. 2019, arXiv:1912.04958, section 4.1 and fig. 7b, right. Otherwise like
    discriminator/stylegan2-plain. Weights saved by versions without a fromRGB layer at the smallest size load
    with zeros there, which do not change the scores.

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two.
    """

    def finish(self) -> None:
        """Makes the fromRGB layers of the smaller sizes, and the filters that halve an image."""
        layers = [ActivatedConv2d(self.image[0], width, 1, clamp=self.clamp) for width in self.widths[1:]]
        for last in layers[-1:]:
            last.clamp = 0.0  # as in the released code
        self.from_images = nn.ModuleList(layers)
        self.halves = nn.ModuleList(Fir(size, down=2, padding=(1, 1)) for size in self.sizes[:-1])

    def later_weights(self) -> dict[str, Tensor]:
        """Zeros for the fromRGB layer at the smallest size."""
        last = f"from_images.{len(self.blocks) - 1}."
        return {
            name: torch.zeros_like(value)
            for name, value in self.state_dict().items()
            if name.startswith(last)
        }

    def smallest(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the smallest map `(N, channels, h, w)`."""
        x: Tensor = self.from_image(image)  # (N, channels, H, W)
        for block, halve, from_image in zip(self.blocks, self.halves, self.from_images, strict=True):
            image = halve(image)  # (N, C, H/2, W/2), …
            x = block(x) + from_image(image)  # (N, channels, H/2, W/2), …
        return x


@part("stylegan2-plain-labels")
class LabeledPlainStyleGAN2Discriminator(PlainStyleGAN2Discriminator):
    """The plain discriminator with a projection head: the dot product of its last layer and a mapped label.

    Paper: Karras et al. 2020 (ADA), arXiv:2006.06676, appendix on CIFAR-10, after Miyato & Koyama 2018,
    arXiv:1802.05637: a label is embedded, normalized, and goes through 8 layers at a hundredth of the
    learning rate; the dot product is divided by the square root of its length. Without these layers, the
    mapped label is its normalized embedding. Soft labels give a weighted sum of embeddings.

    `(N, C, H, W)` and `(N,)` int64 or `(N, K)` float → `(N,)` float32.

    Raises:
        FactError: the data have no labels, or the sides are not those of a map with a shorter side of 4 to 7,
            times a power of two.
        FitError: no label was given.
        SpecError: there are no layers for labels, and their embedding does not have the width of the output.
    """

    conditional: ClassVar[bool] = True
    classes: int = fact(help="number of classes K, given by the data")
    label_layers: int = field(
        default=8, validator=whole(0), help="number of fully connected layers after a label's embedding"
    )
    label_width: int = field(
        default=0, validator=whole(0), help="width of a mapped label; 0: the number of features"
    )
    label_embedding: int = field(
        default=0, validator=whole(0), help="width of a label's embedding; 0: label_width"
    )
    label_hidden: int = field(
        default=0, validator=whole(0), help="width of the layers between the two; 0: label_width"
    )
    label_lr_multiplier: float = field(
        default=0.01,
        validator=above(0),
        help="learning rate of these layers, as a fraction of the discriminator's",
    )

    @property
    def outputs(self) -> int:
        """Outputs of the last layer, as many as a mapped label has."""
        return self.label_width or self.widths[-1]

    def build(self) -> None:
        """Makes the layers, and those for labels."""
        check_classes(self, self.qualified_name.removesuffix("-labels"))
        super().build()
        first, hidden = self.label_embedding or self.outputs, self.label_hidden or self.outputs
        if not self.label_layers and first != self.outputs:
            raise SpecError(
                f"{self.qualified_name}: label_embedding is {first}, "
                "but without label_layers it must be the label_width, "
                f"{self.outputs}; leave it out"
            )
        widths = [first, *[hidden] * (self.label_layers - 1), self.outputs]
        rate = self.label_lr_multiplier
        self.embedding = EqualizedLinear(self.classes, first, gain=1)
        self.labels = nn.ModuleList(
            ActivatedLinear(*widths[i : i + 2], lr_multiplier=rate) for i in range(self.label_layers)
        )

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """Features and labels → scores `(N,)`."""
        label = given_label(self, label, self.qualified_name.removesuffix("-labels"))
        mapped = self.mapped(one_hot(label, self.classes).to(self.embedding.weight))  # (N, outputs)
        scores = self.score(features)  # (N, outputs)
        product: Tensor = (scores.to(mapped.dtype) * mapped).sum(1)  # (N,)
        return product / math.sqrt(self.outputs)

    def mapped(self, label: Tensor) -> Tensor:
        """Labels `(N, K)` → vectors `(N, outputs)`, in full precision even under autocast."""
        with torch.autocast(label.device.type, enabled=False):
            x = pixel_norm(self.embedding(label))  # (N, label_embedding)
            for layer in self.labels:
                x = layer(x)
        return x


@part("stylegan2-labels")
class LabeledStyleGAN2Discriminator(LabeledPlainStyleGAN2Discriminator, StyleGAN2Discriminator):
    """The residual discriminator with a projection head, as in discriminator/stylegan2-plain-labels.

    Paper: Karras et al. 2020 (ADA), arXiv:2006.06676. Otherwise like discriminator/stylegan2.

    `(N, C, H, W)` and `(N,)` int64 or `(N, K)` float → `(N,)` float32.

    Raises:
        FactError: the data have no labels, or the sides are not those of a map with a shorter side of 4 to 7,
            times a power of two.
        FitError: no label was given.
        SpecError: there are no layers for labels, and their embedding does not have the width of the output.
    """


@part("stylegan2-skip-labels")
class LabeledSkipStyleGAN2Discriminator(LabeledPlainStyleGAN2Discriminator, SkipStyleGAN2Discriminator):
    """The discriminator with input skips and a projection head, as in discriminator/stylegan2-plain-labels.

    Paper: Karras et al. 2020 (ADA), arXiv:2006.06676, whose released code has it. Otherwise like
    discriminator/stylegan2-skip.

    `(N, C, H, W)` and `(N,)` int64 or `(N, K)` float → `(N,)` float32.

    Raises:
        FactError: the data have no labels, or the sides are not those of a map with a shorter side of 4 to 7,
            times a power of two.
        FitError: no label was given.
        SpecError: there are no layers for labels, and their embedding does not have the width of the output.
    """


class DownBlock(nn.Module):
    """Two convolutions, the second of which halves the size."""

    def __init__(self, inputs: int, outputs: int, size: Size, clamp: float) -> None:
        super().__init__()
        self.conv = ActivatedConv2d(inputs, inputs, clamp=clamp)
        self.down = ActivatedDownConv2d(inputs, outputs, size, clamp=clamp)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` → `(N, outputs, H/2, W/2)`."""
        halved: Tensor = self.down(self.conv(x))
        return halved
