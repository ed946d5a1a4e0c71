"""StyleGAN as it was trained: its networks with layers to and from colors at each size, and the recipe that
lets them grow.
"""

from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from gancore import Conditioner, Discriminator, Generator, fact, field, part, seat
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.nn.equalized import EqualizedConv2d
from gancore.nn.growing import Growing, blended, doubled, halved, level_of
from gancore.nn.pyramid import channels, doublings
from gancore.recipes.growing import GrowingGAN, Pairs, by_size
from gancore_stylegan.stylegan1.discriminator import LabeledStyleGANDiscriminator, StyleGANDiscriminator
from gancore_stylegan.stylegan1.mapping import LabeledStyleGANMapping, StyleGANMapping
from gancore_stylegan.stylegan1.recipe import StyleGAN
from gancore_stylegan.stylegan1.synthesis import StyleGANSynthesis

AT_REST = "of the layers to and from colors only those of the sizes in use have a gradient"


@part("stylegan-growing")
class GrowingStyleGANSynthesis(StyleGANSynthesis, Growing):
    """The style-based generator with a layer to colors at each size, which can grow.

    Paper: Karras et al. 2018, arXiv:1812.04948, appendix C: grown as in ProGAN (arXiv:1710.10196, fig. 2):
    while a size fades in, its image is mixed with that of the size before, each pixel repeated. Told a
    `starting_size` by a recipe it starts there, else whole. It always gives images of the full size and reads
    a code for each layer; the layers of sizes not yet in use leave theirs unread. The layers of
    `generator/stylegan` go by the same names, and start from the same weights.

    `(N, L, W)`, L twice the number of sizes → `(N, C, H, W)` float32, unbounded.

    Raises:
        FactError: the image is no map with a shorter side of 4 to 7 doubled some times.
    """

    expected_failures = {"gradient_reaches_everything": AT_REST}
    starting_size: int = fact(
        default=0,
        help="shorter side of the images it starts from, told by a recipe that grows it; 0: whole at once",
    )

    def build(self) -> None:
        """Makes the layers."""
        super().build()
        *smaller, _ = self.widths
        self.to_smaller = nn.ModuleList(EqualizedConv2d(width, self.image[0], 1, gain=1) for width in smaller)
        self.start_growing(len(smaller), level_of(self.starting_size, min(self.image[1:]), len(smaller)))

    def forward(self, code: Tensor) -> Tensor:
        """`(N, L, W)` → `(N, C, H, W)` float32, as fine as the stage says."""
        level, weight = self.newest()
        x = before = code
        for i in range(level + 1):
            before, x = x, self.blocks[i](x, code[:, 2 * i], code[:, 2 * i + 1])
        image = self.colored(x, level)
        if weight is not None:
            image = blended(doubled(self.colored(before, level - 1), 1), image, weight)
        image = doubled(image, self.doublings - level)
        return at_least_float32(image)

    def colored(self, x: Tensor, level: int) -> Tensor:
        """The image that the maps of a size are."""
        image: Tensor = (self.to_image if level == self.doublings else self.to_smaller[level])(x)
        return image


@part("stylegan-growing")
class GrowingStyleGANDiscriminator(StyleGANDiscriminator, Growing):
    """ProGAN's discriminator with blurred downsampling and a layer from colors at each size, which can grow.

    Paper: Karras et al. 2018, arXiv:1812.04948, appendix C: grown as in ProGAN (arXiv:1710.10196, fig. 2):
    while a size fades in, its maps are mixed with those of the image at half the size. Told a `starting_size`
    by a recipe it starts there, else whole. It always reads images of the full size, and averages them down
    to the size in use. Otherwise as `discriminator/stylegan`.

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: the image is no map with a shorter side of 4 to 7 doubled some times.
    """

    expected_failures = {"gradient_reaches_everything": AT_REST}
    starting_size: int = fact(
        default=0,
        help="shorter side of the images it starts from, told by a recipe that grows it; 0: whole at once",
    )

    def build(self) -> None:
        """Makes the layers."""
        super().build()
        count = doublings(self.image, self.qualified_name)
        widths = [channels(level + 1, self.channels_base, self.channels_max) for level in range(count)]
        self.from_smaller = nn.ModuleList(EqualizedConv2d(self.image[0], width, 1) for width in widths)
        self.start_growing(count, level_of(self.starting_size, min(self.image[1:]), count))

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, channels of the last hidden layer)`."""
        level, weight = self.newest()
        image = halved(image, self.doublings - level)
        x = self.seen(image, level)
        for i in range(self.doublings - level, self.doublings):
            x = self.blocks[i](x)
            if weight is not None:
                x, weight = blended(self.seen(halved(image, 1), level - 1), x, weight), None
        return self.summary(x)

    def seen(self, image: Tensor, level: int) -> Tensor:
        """The first maps of an image of a size."""
        return leaky_relu(
            (self.from_image if level == self.doublings else self.from_smaller[level])(image),
            0.2,
            inplace=True,
        )


@part("stylegan-growing-labels")
class LabeledGrowingStyleGANDiscriminator(GrowingStyleGANDiscriminator, LabeledStyleGANDiscriminator):
    """The same with one score for each class, of which the label picks one; see
    `discriminator/stylegan-labels`.

    `(N, C, H, W)` and `(N,)` int64 or `(N, K)` float → `(N,)` float32.

    Raises:
        FactError: the data have no labels, or the image is no map with a shorter side of 4 to 7 doubled some
        times.
        FitError: no label was given.
    """


@part("stylegan-growing")
class GrowingStyleGANMapping(StyleGANMapping, Growing):
    """The mapping network that mixes styles among the layers of the sizes in use alone, as the released code
    does.

    Paper: Karras et al. 2018, arXiv:1812.04948, section 3.1 (mixing regularization), which does not speak of
    growing. Otherwise as `conditioner/stylegan`. A recipe that grows tells it the stage; until then all
    layers are in use.

    `(N, latent_width)` → `(N, L, W)`, or `(N, W)`, float32.

    Raises:
        FitError: the generator's code is neither `(W,)` nor `(L, W)`.
    """

    @property
    def layers_in_use(self) -> int:
        """Two for each size."""
        return 2 * (self.newest()[0] + 1)

    def build(self) -> None:
        """Makes the layers."""
        super().build()
        doublings = self.code[0] // 2 - 1 if len(self.code) == 2 else 0
        self.start_growing(doublings, doublings)


@part("stylegan-growing-labels")
class LabeledGrowingStyleGANMapping(GrowingStyleGANMapping, LabeledStyleGANMapping):
    """The same with labels; see `conditioner/stylegan-labels`.

    `(N, latent_width)` and `(N,)` int64 or `(N, K)` float → `(N, L, W)`, or `(N, W)`, float32.

    Raises:
        FactError: the data have no labels.
        FitError: no label was given, or the generator's code is neither `(W,)` nor `(L, W)`.
    """


@part("stylegan-growing")
class GrowingStyleGAN(GrowingGAN, StyleGAN):
    """The style-based generator trained as in the paper: from 8×8 images on, each size fading in.

    Paper: Karras et al. 2018, arXiv:1812.04948, appendix C; ProGAN (arXiv:1710.10196), appendix A.1. The
    released code trains and fades each size over 600,000 images (ProGAN's paper says 800,000) of 25 million;
    on eight GPUs it has batches of 512 at 4×4, then 256, 128, 64, and 32 from 64×64 on; learning rates of
    0.001, then 0.0015 at 128×128, 0.002 at 256×256 and 0.003 above. Loss, penalty, optimizers and average are
    those of `recipe/stylegan`. R1 is taken at the full size, as there: see `gancore.nn.growing`. How short
    trainings differ: see `recipe/growing`.
    """

    examples = StyleGAN.examples
    generator: Generator = seat(default=GrowingStyleGANSynthesis)
    discriminator: Discriminator = seat(default=GrowingStyleGANDiscriminator)
    conditioner: Conditioner = seat(default=GrowingStyleGANMapping)
    starting_size: int = field(default=8, validator=whole(1), help="least shorter side of the first images")
    batch: int = field(
        default=512, validator=whole(1), help="batch size of the smallest images, 4×4; see `batches`"
    )
    batches: tuple[tuple[int, int], ...] = by_size(
        ((8, 256), (16, 128), (32, 64), (64, 32)), help="batch sizes from these sizes on"
    )
    rates: Pairs = by_size(
        ((128, 1.5), (256, 2.0), (512, 3.0)),
        help="factors on the learning rate from these sizes on; below: 1",
    )
