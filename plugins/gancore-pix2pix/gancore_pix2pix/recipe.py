"""The training recipe of Pix2Pix."""

from gancore import Discriminator, Generator, Loss, Optimizer, Seat, field, part, seat
from gancore.component.validators import whole
from gancore.recipes.generator_first import GeneratorFirst
from gancore.standard import Adam, BatchPatchGAN, Linear, NonSaturating, UNet, Weighted

__all__ = ["Pix2Pix"]


def noisy_unet() -> UNet:
    """The U-Net that translates as it trains (arXiv:1611.07004, section 3.3)."""
    return UNet(noise=True, own_statistics=True)


def halved_loss() -> Weighted:
    """The non-saturating loss with the discriminator's objective halved (arXiv:1611.07004, section 3.3)."""
    return Weighted(loss=NonSaturating(), discriminator_weight=0.5)


def published_adam() -> Adam:
    """Learning rate 2e-4, β₁ = 0.5, β₂ = 0.999 (arXiv:1611.07004, section 3.3), constant for the first half
    of the training and linear to zero in the second, as in the published code.
    """
    return Adam(lr=2e-4, betas=(0.5, 0.999), schedule=Linear(constant=0.5))


@part("pix2pix")
class Pix2Pix(GeneratorFirst):
    """A U-Net learns from pairs to translate images, by their absolute difference and by a discriminator of
    patches that reads source and image together.

    Paper: Isola et al. 2016, arXiv:1611.07004, sections 3 and 6. One step is, in this order:

    1. a batch of pairs, of one in the paper;
    2. one update of the translator, by -log D(x, G(x)) in place of log(1 - D(x, G(x))) (section 3.3), and by
       100 times the absolute difference from the target (eqs. 3 and 4);
    3. one update of the discriminator on source and target joined, and on source and the translation that was
       made for the second (eq. 1, halved: section 3.3);
    4. an update of the averaged weights.

    Adam's learning rate of 2e-4 is constant for 100 epochs, then decays to zero over the next 100, as in the
    published code; the paper trains as many epochs as each of its data sets needs. The ablations of sections
    4.2 and 4.4 are options: `adversarial=0` (L1 alone), `pixel_weight=0` (cGAN alone), `reads_source=False`
    (GAN + L1), `generator.dropout=0`, and as the discriminator `pixelgan-batch` (1×1) or `layers` of 1
    (16×16) to 5 (286×286).

    The paper has no latent: noise is the dropout of the U-Net, which stays when images are translated, where
    batch normalization takes the statistics of the image itself (section 3.3). `generator.noise=false` gives
    one translation for each source.

    Differences: the paper alternates beginning with the discriminator, so that the translator meets one that
    has just seen its translation; here it meets that of the step before, and a translation is made once for
    both updates, as it is in the published code. The learning rate decays with each batch, not each
    epoch. Images are not enlarged and cropped at random unless the data are opened so. Weights may be
    averaged for translating, which is off.

    Raises:
        FitError: the parts do not fit in shape, or source and target differ in size.
    """

    examples = (
        {
            "generator": {"part": "unet", "width": 2, "halvings": 2, "noise": True, "own_statistics": True},
            "discriminator": {"part": "patchgan-batch", "width": 2, "layers": 1},
            "batch": 2,
        },
    )

    generator: Seat[Generator] = seat(default=noisy_unet)
    discriminator: Seat[Discriminator] = seat(default=BatchPatchGAN)
    loss: Seat[Loss] = seat(default=halved_loss)
    generator_optimizer: Seat[Optimizer] = seat(default=published_adam)
    discriminator_optimizer: Seat[Optimizer] = seat(default=published_adam)
    batch: int = field(default=1, validator=whole(1), help="batch size, where the run is given none")
    epochs: int = field(default=200, validator=whole(1), help="epochs, where the run is given no length")

    def length(self, available: int) -> int:
        """The epochs."""
        return self.epochs * available
