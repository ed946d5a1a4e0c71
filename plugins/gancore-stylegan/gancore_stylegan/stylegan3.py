"""How a StyleGAN3 learns."""

from collections.abc import Sequence

from attrs.validators import ge

from gancore import GAN, Conditioner, Discriminator, DiscriminatorRegularizer, Generator, Optimizer, field, part, seat
from gancore.standard.optimizers import Adam
from gancore.standard.regularizers import R1
from gancore_stylegan.mapping import StyleGANMapping
from gancore_stylegan.stylegan2_discriminator import StyleGAN2Discriminator
from gancore_stylegan.stylegan3_synthesis import StyleGAN3Synthesis

__all__ = ["StyleGAN3"]


def two_layers() -> StyleGANMapping:
    """StyleGAN3's mapping: two layers, no mixing (arXiv:2106.12423, section 3, config D), w̄ kept to 0.998 in an update."""
    return StyleGANMapping(layers=2, mixing=0.0, decay=0.998)


def lazy_r1() -> R1:
    """R1 in every 16th step with the released code's γ for 256×256."""
    return R1(gamma=2.0, every=16)


def generator_adam() -> Adam:
    """The generator's Adam: learning rate 0.0025."""
    return Adam(lr=0.0025, betas=(0.0, 0.99), eps=1e-8)


def discriminator_adam() -> Adam:
    """The discriminator's Adam: learning rate 0.002."""
    return Adam(lr=0.002, betas=(0.0, 0.99), eps=1e-8)


@part("stylegan3")
class StyleGAN3(GAN):
    """The two-player game with the alias-free generator.

    Paper: Karras et al. 2021 (StyleGAN3), arXiv:2106.12423, section 3 (config D: no style mixing, no path length regularization) and
    appendix F: non-saturating loss, R1 in every 16th step, Adam with β₁ = 0, β₂ = 0.99, ε = 1e-8 and learning rates 0.0025 and 0.002,
    batch of 32, an exponential average of the generator's weights with a half-life of 10,000 images. γ is 2, which the released code
    advises for 256×256; it goes with the number of pixels: 0.5 at 128×128, 8 at 512×512, 32 at 1024×1024. Configuration R:
    `generator = "stylegan3-r"`. The discriminator is StyleGAN2's. Differences: the average's half-life is shorter in the first 200,000
    images (`average.ramp_up = inf` for none); in configuration R the discriminator's images are not blurred in the first 200,000 images.
    """

    examples = (
        {
            "generator": {"part": "stylegan3-t", "code_width": 4, "channels_base": 32, "channels_max": 6, "layers": 4},
            "conditioner": {"part": "stylegan", "latent_width": 4, "width": 6, "layers": 2, "mixing": 0.0},
            "discriminator": {"part": "stylegan2", "channels_base": 64, "channels_max": 8, "group": 2},
            "regularizers": [{"part": "r1", "every": 2}],
        },
    )
    generator: Generator = seat(default=StyleGAN3Synthesis)
    discriminator: Discriminator = seat(default=StyleGAN2Discriminator)
    conditioner: Conditioner = seat(default=two_layers)
    regularizers: Sequence[DiscriminatorRegularizer] = seat(default=(lazy_r1,))
    generator_optimizer: Optimizer = seat(default=generator_adam)
    discriminator_optimizer: Optimizer = seat(default=discriminator_adam)
    batch: int = field(default=32, validator=ge(1), help="batch size, where the run is given none")
