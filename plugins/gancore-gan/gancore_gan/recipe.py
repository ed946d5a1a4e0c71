"""The training recipe of the first GAN."""

from gancore.component.interfaces import Discriminator, Generator
from gancore.component.part import Seat, field, part, seat
from gancore.component.validators import whole
from gancore.recipes.gan import TwoPlayerGAN
from gancore_gan.maxout import Maxout
from gancore_gan.mlp import MLP


@part("gan")
class GAN(TwoPlayerGAN):
    """The two-player minimax game between multilayer perceptrons.

    Paper: Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1 with k = 1. One step is, in this order:

    1. one update of the discriminator, on a new batch and new latents;
    2. one update of the generator, on new latents;
    3. an update of the averaged weights.

    As in the released MNIST configuration, latents have dimension 100, the batch size is 100, and the
    generator maximizes log D(G(z)) (section 3); `loss = "minimax"` is the game of eq. 1.
    Differences: latents are standard normal, as in the released configurations for CIFAR-10 and TFD, while
    the one for MNIST has them uniform in [-√3, √3], with the same mean and variance; Adam (learning rate
    0.0002, β₁ = 0.5) instead of gradient descent with momentum (learning rate 0.1, momentum 0.5 growing to
    0.7), so that color images of any size train with the same values; samples come from an exponential
    average of the generator's weights (`average = "no-average"` for the paper's).
    """

    examples = (
        {
            "generator": {"hidden": [12, 8], "latent_size": 6},
            "discriminator": {"hidden": [8, 6], "pieces": 3},
        },
    )
    generator: Seat[Generator] = seat(default=MLP)
    discriminator: Seat[Discriminator] = seat(default=Maxout)
    batch: int = field(default=100, validator=whole(1), help="batch size, unless the run sets one")
