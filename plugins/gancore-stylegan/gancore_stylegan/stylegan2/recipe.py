"""How a StyleGAN2 learns."""

from collections.abc import Sequence

from gancore import (
    Conditioner,
    Discriminator,
    DiscriminatorRegularizer,
    Generator,
    GeneratorRegularizer,
    Optimizer,
    field,
    part,
    seat,
)
from gancore.component.validators import whole
from gancore.standard.optimizers import Adam
from gancore.standard.regularizers import R1
from gancore_stylegan.stylegan2.discriminator import StyleGAN2Discriminator
from gancore_stylegan.stylegan2.mapping import StyleGAN2Mapping
from gancore_stylegan.stylegan2.order import GeneratorFirst
from gancore_stylegan.stylegan2.path_length import PathLength
from gancore_stylegan.stylegan2.synthesis import StyleGAN2Synthesis


def published_adam() -> Adam:
    """Adam as in arXiv:1912.04958, appendix B: learning rate 0.002, β₁ = 0, β₂ = 0.99, ε = 1e-8."""
    return Adam(lr=0.002, betas=(0.0, 0.99), eps=1e-8)


def lazy_r1() -> R1:
    """R1 in every 16th step (arXiv:1912.04958, appendix B), γ = 10."""
    return R1(gamma=10.0, every=16)


@part("stylegan2")
class StyleGAN2(GeneratorFirst):
    """The two-player game with weight demodulation, lazy regularization and no growing: configuration F.

    Paper: Karras et al. 2019, arXiv:1912.04958, sections 2 to 4 and appendix B: non-saturating loss, R1 in
    every 16th step with γ = 10, path length regularization in every 4th on half of the batch, both with the
    optimizer's rescaling, Adam with λ = 0.002, β₁ = 0, β₂ = 0.99, ε = 1e-8, style mixing for 90 % of the
    images, an average of the weights with a half-life of 10,000 images, batch 32. The order of a step is the
    released code's: generator, path length, discriminator, R1 (see `GeneratorFirst`). Differences: the
    average's half-life is shorter in the first 200,000 images, as in some configurations of ADA
    (arXiv:2006.06676; `average.ramp_up = inf` for none); the mean of w moves once per update of the
    generator, by 0.005 (released code: by that in each forward pass of the mapping network but the one of a
    mixed style; StyleGAN3's repository: by 0.002 in each update of the discriminator). ADA's own runs at up
    to 256×256 have channels_base 16384, learning rate 0.0025 and γ = 0.0002 · pixels / batch.
    """

    examples = (
        {
            "generator": {"code_width": 4, "channels_base": 64, "channels_max": 8},
            "conditioner": {"latent_width": 4, "width": 6, "layers": 2},
            "discriminator": {"channels_base": 64, "channels_max": 8, "group": 2},
            "regularizers": [{"part": "r1", "every": 2}],
            "generator_regularizers": [{"part": "path-length", "every": 2}],
        },
    )
    generator: Generator = seat(default=StyleGAN2Synthesis)
    discriminator: Discriminator = seat(default=StyleGAN2Discriminator)
    conditioner: Conditioner = seat(default=StyleGAN2Mapping)
    regularizers: Sequence[DiscriminatorRegularizer] = seat(default=(lazy_r1,))
    generator_regularizers: Sequence[GeneratorRegularizer] = seat(default=(PathLength,))
    generator_optimizer: Optimizer = seat(default=published_adam)
    discriminator_optimizer: Optimizer = seat(default=published_adam)
    batch: int = field(default=32, validator=whole(1), help="batch size, where the run is given none")
