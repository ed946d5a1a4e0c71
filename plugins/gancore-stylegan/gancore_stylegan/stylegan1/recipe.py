"""The training recipe of StyleGAN."""

from gancore import (
    Conditioner,
    Discriminator,
    DiscriminatorRegularizer,
    Generator,
    Optimizer,
    Seat,
    Seats,
    TwoPlayerGAN,
    field,
    part,
    seat,
)
from gancore.component.validators import whole
from gancore.standard.optimizers import Adam
from gancore.standard.regularizers import R1
from gancore_stylegan.stylegan1.discriminator import StyleGANDiscriminator
from gancore_stylegan.stylegan1.mapping import StyleGANMapping
from gancore_stylegan.stylegan1.synthesis import StyleGANSynthesis


def published_adam() -> Adam:
    """Adam as in ProGAN (arXiv:1710.10196, appendix A.1): learning rate 0.001, β = (0, 0.99), ε = 1e-8."""
    return Adam(lr=0.001, betas=(0.0, 0.99), eps=1e-8)


@part("stylegan")
class StyleGAN(TwoPlayerGAN):
    """The two-player game with the style-based generator.

    Paper: Karras et al. 2018, arXiv:1812.04948, appendix C. One step is, in this order:

    1. one update of the discriminator by the loss and R1, on a new batch and new latents;
    2. one update of the generator, on new latents;
    3. an update of the averaged weights.

    Non-saturating loss, R1 with γ = 10 in every step, Adam with β₁ = 0, β₂ = 0.99, ε = 1e-8, an exponential
    average of the generator's weights for sampling; the released code averages with a half-life of 10,000
    images and has a batch size of 32 on eight GPUs. The learning rate is 0.001, that of sizes up to 64×64;
    the released code has 0.0015 at 128×128, 0.002 at 256×256 and 0.003 above. Differences: no growing, the
    size is fixed from the start; the half-life of the average is shorter in the first 200,000 images
    (`average.ramp_up = inf` for the published one).
    """

    examples = (
        {
            "generator": {"code_width": 4, "channels_base": 64, "channels_max": 8},
            "conditioner": {"latent_width": 4, "width": 6, "layers": 2},
            "discriminator": {"channels_base": 64, "channels_max": 8, "group": 2},
            "regularizers": [{"part": "r1", "every": 2}],
        },
    )
    generator: Seat[Generator] = seat(default=StyleGANSynthesis)
    discriminator: Seat[Discriminator] = seat(default=StyleGANDiscriminator)
    conditioner: Seat[Conditioner] = seat(default=StyleGANMapping)
    regularizers: Seats[DiscriminatorRegularizer] = seat(default=(R1,))
    generator_optimizer: Seat[Optimizer] = seat(default=published_adam)
    discriminator_optimizer: Seat[Optimizer] = seat(default=published_adam)
    batch: int = field(default=32, validator=whole(1), help="batch size, unless the run sets one")
