"""The discriminator: ProGAN's, with blurred downsampling."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore import Discriminator, field, part
from gancore.component.part import fact
from gancore.component.validators import whole
from gancore.nn.equalized import EqualizedConv2d, EqualizedDownConv2d, EqualizedLinear
from gancore.nn.labels import check_classes, given_label, one_hot
from gancore.nn.minibatch_std import MinibatchStd
from gancore.nn.pyramid import channels, doublings, smallest_map
from gancore.nn.rectifier import leaky_relu
from gancore.nn.upfirdn import Resample


@part("stylegan")
class StyleGANDiscriminator(Discriminator):
    """ProGAN's discriminator, the mirror image of its generator, with a binomial blur before each halving.

    Paper: Karras et al. 2018, arXiv:1812.04948, section 2.1 and appendix C; layers as in ProGAN (Karras et
    al. 2017, arXiv:1710.10196, table 2), with the minibatch standard deviation of its section 3 over groups
    of 4. Differences: the size is fixed from the start, so there is one fromRGB layer, not one per size
    (`discriminator/stylegan-growing` has them all); groups are neighbors in the batch, so that micro-batches
    of whole groups are exact.

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two.
    """

    examples = ({"channels_base": 64, "channels_max": 8, "group": 1},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    channels_base: int = field(
        default=8192, validator=whole(1), help="channels × size / 2 at each size; 8192 gives 16 at 1024×1024"
    )
    channels_max: int = field(default=512, validator=whole(1), help="maximum number of channels")
    group: int = field(
        default=4,
        validator=whole(0),
        help="group size of the minibatch standard deviation; 1 turns it off, 0 takes the whole batch",
    )

    @property
    def outputs(self) -> int:
        """Outputs of the last layer."""
        return 1

    def build(self) -> None:
        """Makes a block for each size, and the layers that score the smallest map."""
        height, width = smallest_map(self.image, self.qualified_name)
        count = doublings(self.image, self.qualified_name)
        sizes = [channels(i, self.channels_base, self.channels_max) for i in range(count + 1, -1, -1)]
        last, hidden = sizes[-2:]
        self.from_image = EqualizedConv2d(self.image[0], sizes[0], 1)
        self.blocks = nn.ModuleList(DownBlock(sizes[i], sizes[i + 1]) for i in range(count))
        self.deviation = MinibatchStd(self.group)
        self.conv = EqualizedConv2d(last + 1, last)
        self.dense = EqualizedLinear(last * height * width, hidden)
        self.score = EqualizedLinear(hidden, self.outputs, gain=1)

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, hidden)`, the last hidden layer."""
        x = leaky_relu(self.from_image(image), 0.2, inplace=True)  # (N, channels, H, W)
        for block in self.blocks:
            x = block(x)  # (N, channels, H/2, W/2), …
        return self.summary(x)

    def summary(self, x: Tensor) -> Tensor:
        """The smallest map `(N, channels, h, w)` → features `(N, hidden)`."""
        x = self.deviation(x)  # (N, channels + 1, h, w)
        x = leaky_relu(self.conv(x), 0.2, inplace=True)  # (N, channels, h, w)
        return leaky_relu(self.dense(x.flatten(1)), 0.2, inplace=True)  # (N, hidden)

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """Features → scores `(N,)`; the label is ignored."""
        scores: Tensor = self.score(features)  # (N, 1)
        return scores[:, 0]  # (N,)


@part("stylegan-labels")
class LabeledStyleGANDiscriminator(StyleGANDiscriminator):
    """`discriminator/stylegan` with one score per class; the label selects one.

    After Mescheder et al. 2018, arXiv:1801.04406, appendix. Not in the StyleGAN paper, whose data have no
    labels; the released code does this for data with labels. Soft labels select a weighted sum.

    `(N, C, H, W)` and `(N,)` int64 or `(N, K)` float → `(N,)` float32.

    Raises:
        FactError: the data have no labels, or the sides are not those of a map with a shorter side of 4 to 7,
            times a power of two.
        FitError: no label was given.
    """

    conditional: ClassVar[bool] = True
    classes: int = fact(help="number of classes K, given by the data")

    @property
    def outputs(self) -> int:
        """One score per class."""
        return self.classes

    def build(self) -> None:
        """Makes the layers."""
        check_classes(self, "discriminator/stylegan")
        super().build()

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """Features and labels → scores `(N,)`."""
        label = given_label(self, label, "discriminator/stylegan")
        scores: Tensor = self.score(features)  # (N, K)
        return (scores * one_hot(label, self.classes).to(scores)).sum(1)  # (N,)


class DownBlock(nn.Module):
    """A convolution, then a blur and a convolution that halves the size."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = EqualizedConv2d(inputs, inputs)
        self.blur = Resample()
        self.down = EqualizedDownConv2d(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs, H, W)` → `(N, outputs, H/2, W/2)`."""
        x = leaky_relu(self.conv(x), 0.2, inplace=True)  # (N, inputs, H, W)
        return leaky_relu(self.down(self.blur(x)), 0.2, inplace=True)  # (N, outputs, H/2, W/2)
