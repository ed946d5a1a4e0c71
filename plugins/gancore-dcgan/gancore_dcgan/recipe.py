"""How a DCGAN learns."""

from gancore.component.interfaces import Discriminator, Generator, Sampler
from gancore.component.part import field, part, seat
from gancore.component.validators import whole
from gancore.recipes.gan import TwoPlayerGAN
from gancore.standard.samplers import Uniform
from gancore_dcgan.discriminator import DCGANDiscriminator
from gancore_dcgan.generator import DCGANGenerator


@part("dcgan")
class DCGAN(TwoPlayerGAN):
    """The two-player game between deep convolutional networks.

    Paper: Radford et al. 2015, arXiv:1511.06434, section 4: batches of 128, Adam with learning rate 0.0002
    and β₁ = 0.5, latents of 100 uniform numbers, the generator maximizing log D(G(z)). Differences: samples
    are made with an exponential average of the generator's weights (`average = "no-average"` for the
    paper's), and each player's update has latents of its own, as Goodfellow et al. 2014, arXiv:1406.2661,
    algorithm 1, says.
    """

    examples = (
        {"generator": {"width": 2, "latent_size": 6}, "discriminator": {"width": 2}},
        {
            "generator": {"part": "dcgan-plain", "width": 2, "latent_size": 6},
            "discriminator": {"part": "dcgan-plain", "width": 2},
            "regularizers": [{"part": "r1", "every": 2}],
        },
    )
    generator: Generator = seat(default=DCGANGenerator)
    discriminator: Discriminator = seat(default=DCGANDiscriminator)
    sampler: Sampler = seat(default=Uniform)
    batch: int = field(default=128, validator=whole(1), help="batch size, where the run is given none")
