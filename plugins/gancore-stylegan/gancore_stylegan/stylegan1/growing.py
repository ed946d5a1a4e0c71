"""StyleGAN with progressive growing: networks with toRGB or fromRGB layers at each size, and the recipe."""

from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from gancore import Conditioner, Discriminator, Generator, Seat, fact, field, part, seat
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.nn.equalized import EqualizedConv2d
from gancore.nn.growing import Growing, level_of
from gancore.nn.pyramid import channels, doublings
from gancore.recipes.growing import GrowingGAN, Pairs, by_size
from gancore_stylegan.stylegan1.discriminator import LabeledStyleGANDiscriminator, StyleGANDiscriminator
from gancore_stylegan.stylegan1.mapping import LabeledStyleGANMapping, StyleGANMapping
from gancore_stylegan.stylegan1.recipe import StyleGAN
from gancore_stylegan.stylegan1.synthesis import StyleGANSynthesis

UNUSED_LAYERS = "of the toRGB and fromRGB layers, only those of the sizes in use have a gradient"


@part("stylegan-growing")
class GrowingStyleGANSynthesis(StyleGANSynthesis, Growing):
    """The style-based generator with a toRGB layer at each size, which can grow.

    Paper: Karras et al. 2018, arXiv:1812.04948, appendix C: grown as in ProGAN (arXiv:1710.10196, fig. 2):
    while a size fades in, its image is blended with that of the previous size, each pixel repeated. It starts
    at the `starting_size` that a recipe gives, or else fully grown. It always makes images of the full size
    and reads a code for each layer, and ignores the codes of layers not yet in use. The layers that it shares
    with `generator/stylegan` have the same names and the same initial weights.

    `(N, L, W)`, L twice the number of sizes → `(N, C, H, W)` float32, unbounded.

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two.
    """

    expected_failures = {"gradient_reaches_everything": UNUSED_LAYERS}
    starting_size: int = fact(
        default=0,
        help="shorter side of the first images, given by a growing recipe; 0: fully grown from the start",
    )

    def build(self) -> None:
        """Makes the layers."""
        super().build()
        *smaller, _ = self.widths
        self.to_smaller = nn.ModuleList(EqualizedConv2d(width, self.image[0], 1, gain=1) for width in smaller)
        self.start_growing(len(smaller), level_of(self.starting_size, min(self.image[1:]), len(smaller)))

    def forward(self, code: Tensor) -> Tensor:
        """`(N, L, W)` → `(N, C, H, W)` float32, with the detail of the current stage."""
        level, _ = self.newest()
        x = before = code
        for i in range(level + 1):
            before, x = x, self.blocks[i](x, code[:, 2 * i], code[:, 2 * i + 1])  # (N, channels, h, w)
        return at_least_float32(self.grown(x, before, self.to_rgb))  # (N, C, H, W)

    def to_rgb(self, x: Tensor, level: int) -> Tensor:
        """The maps of a level `(N, channels, h, w)` → an image `(N, C, h, w)`."""
        image: Tensor = (self.to_image if level == self.doublings else self.to_smaller[level])(x)
        return image


@part("stylegan-growing")
class GrowingStyleGANDiscriminator(StyleGANDiscriminator, Growing):
    """ProGAN's discriminator with blurred downsampling and a fromRGB layer at each size, which can grow.

    Paper: Karras et al. 2018, arXiv:1812.04948, appendix C: grown as in ProGAN (arXiv:1710.10196, fig. 2):
    while a size fades in, its maps are blended with those of the image at half the size. It starts at the
    `starting_size` that a recipe gives, or else fully grown. It always reads images of the full size, and
    averages them down to the size in use. Otherwise like `discriminator/stylegan`.

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two.
    """

    expected_failures = {"gradient_reaches_everything": UNUSED_LAYERS}
    starting_size: int = fact(
        default=0,
        help="shorter side of the first images, given by a growing recipe; 0: fully grown from the start",
    )

    def build(self) -> None:
        """Makes the layers."""
        super().build()
        count = doublings(self.image, self.qualified_name)
        widths = [channels(level + 1, self.channels_base, self.channels_max) for level in range(count)]
        self.from_smaller = nn.ModuleList(EqualizedConv2d(self.image[0], width, 1) for width in widths)
        self.start_growing(count, level_of(self.starting_size, min(self.image[1:]), count))

    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, hidden)`, the last hidden layer."""
        return self.summary(self.shrunk(image, self.from_rgb, self.blocks))

    def from_rgb(self, image: Tensor, level: int) -> Tensor:
        """An image at the size of a level `(N, C, h, w)` → its first maps `(N, channels, h, w)`."""
        return leaky_relu(
            (self.from_image if level == self.doublings else self.from_smaller[level])(image),
            0.2,
            inplace=True,
        )


@part("stylegan-growing-labels")
class LabeledGrowingStyleGANDiscriminator(GrowingStyleGANDiscriminator, LabeledStyleGANDiscriminator):
    """`discriminator/stylegan-growing` with one score per class, as in `discriminator/stylegan-labels`.

    `(N, C, H, W)` and `(N,)` int64 or `(N, K)` float → `(N,)` float32.

    Raises:
        FactError: the data have no labels, or the sides are not those of a map with a shorter side of 4 to 7,
            times a power of two.
        FitError: no label was given.
    """


@part("stylegan-growing")
class GrowingStyleGANMapping(StyleGANMapping, Growing):
    """The mapping network that mixes styles only among the layers of the sizes in use.

    Paper: Karras et al. 2018, arXiv:1812.04948, section 3.1 (mixing regularization), which does not mention
    growing; the released code does it this way. Otherwise like `conditioner/stylegan`. A recipe that grows
    sets the stage; until then all layers are in use.

    `(N, latent_width)` → `(N, L, W)`, or `(N, W)`, float32.

    Raises:
        FitError: the generator's code is neither `(W,)` nor `(L, W)`.
    """

    @property
    def layers_in_use(self) -> int:
        """Two per size."""
        return 2 * (self.newest()[0] + 1)

    def build(self) -> None:
        """Makes the layers."""
        super().build()
        doublings = self.code[0] // 2 - 1 if len(self.code) == 2 else 0
        self.start_growing(doublings, doublings)


@part("stylegan-growing-labels")
class LabeledGrowingStyleGANMapping(GrowingStyleGANMapping, LabeledStyleGANMapping):
    """`conditioner/stylegan-growing` with labels, as in `conditioner/stylegan-labels`.

    `(N, latent_width)` and `(N,)` int64 or `(N, K)` float → `(N, L, W)`, or `(N, W)`, float32.

    Raises:
        FactError: the data have no labels.
        FitError: no label was given, or the generator's code is neither `(W,)` nor `(L, W)`.
    """


@part("stylegan-growing")
class GrowingStyleGAN(GrowingGAN, StyleGAN):
    """The style-based generator trained as in the paper: from 8×8 images on, fading in each size.

    Paper: Karras et al. 2018, arXiv:1812.04948, appendix C; ProGAN (arXiv:1710.10196), appendix A.1. One step
    is, in this order:

    1. the stage moves on with the number of images seen, and with it the batch size and learning rates;
    2. one update of the discriminator by the loss and R1, on real images with the detail of that stage;
    3. one update of the generator, on new latents;
    4. an update of the averaged weights.

    The released code stabilizes and fades in each size over 600,000 images each (ProGAN's paper: 800,000) of
    25 million. On eight GPUs it has batch sizes of 512 at 4×4, then 256, 128, 64, and 32 from 64×64 on, and
    learning rates of 0.001, then 0.0015 at 128×128, 0.002 at 256×256 and 0.003 above. Loss, penalty,
    optimizers and average are those of `recipe/stylegan`. R1 is computed at the full size, as there: see
    `gancore.nn.growing`. For how short trainings differ, see `recipe/growing`.
    """

    examples = StyleGAN.examples
    generator: Seat[Generator] = seat(default=GrowingStyleGANSynthesis)
    discriminator: Seat[Discriminator] = seat(default=GrowingStyleGANDiscriminator)
    conditioner: Seat[Conditioner] = seat(default=GrowingStyleGANMapping)
    starting_size: int = field(default=8, validator=whole(1), help="least shorter side of the first images")
    batch: int = field(
        default=512, validator=whole(1), help="batch size at the smallest size, 4×4; see `batches`"
    )
    batches: tuple[tuple[int, int], ...] = by_size(
        ((8, 256), (16, 128), (32, 64), (64, 32)), help="batch sizes from these sizes on"
    )
    rates: Pairs = by_size(
        ((128, 1.5), (256, 2.0), (512, 3.0)),
        help="factors on the learning rate from these sizes on; 1 below the first",
    )
