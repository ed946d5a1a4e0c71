"""The training recipe of DCGAN."""

from gancore.component.interfaces import Discriminator, Generator, Sampler
from gancore.component.part import Seat, field, part, seat
from gancore.component.validators import whole
from gancore.recipes.gan import TwoPlayerGAN
from gancore.standard.samplers import Uniform
from gancore_dcgan.discriminator import DCGANDiscriminator
from gancore_dcgan.generator import DCGANGenerator


@part("dcgan")
class DCGAN(TwoPlayerGAN):
    """The two-player game between deep convolutional networks.

    Paper: Radford et al. 2015, arXiv:1511.06434, section 4. One step is, in this order:

    1. one update of the discriminator, on a new batch and new latents;
    2. one update of the generator, on new latents;
    3. an update of the averaged weights.

    Batch size 128, Adam with learning rate 0.0002 and β₁ = 0.5, uniform latents of dimension 100; the
    generator maximizes log D(G(z)). Differences: samples come from an exponential average of the generator's
    weights (`average = "no-average"` for the paper's), and each player's update draws its own latents, as in
    Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1 (the paper's code shares one draw).
    """

    examples = (
        {"generator": {"width": 2, "latent_size": 6}, "discriminator": {"width": 2}},
        {
            "generator": {"part": "dcgan-plain", "width": 2, "latent_size": 6},
            "discriminator": {"part": "dcgan-plain", "width": 2},
            "regularizers": [{"part": "r1", "every": 2}],
        },
    )
    generator: Seat[Generator] = seat(default=DCGANGenerator)
    discriminator: Seat[Discriminator] = seat(default=DCGANDiscriminator)
    sampler: Seat[Sampler] = seat(default=Uniform)
    batch: int = field(default=128, validator=whole(1), help="batch size, unless the run sets one")
