"""The training recipe of StyleGAN2."""

from gancore import (
    Conditioner,
    Discriminator,
    DiscriminatorRegularizer,
    Generator,
    GeneratorRegularizer,
    Optimizer,
    Seat,
    Seats,
    field,
    part,
    seat,
)
from gancore.component.validators import whole
from gancore.standard.optimizers import Adam
from gancore.standard.path_length import PathLength
from gancore.standard.regularizers import R1
from gancore_stylegan.stylegan2.discriminator import StyleGAN2Discriminator
from gancore_stylegan.stylegan2.mapping import StyleGAN2Mapping
from gancore_stylegan.stylegan2.order import GeneratorFirst
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

    Paper: Karras et al. 2019, arXiv:1912.04958, sections 2 to 4 and appendix B. One step, in the order of the
    released code (`GeneratorFirst`), all of it on one batch of real images:

    1. one update of the generator by the non-saturating loss;
    2. in every 4th step one by path length regularization, on half of the batch;
    3. one update of the discriminator by the non-saturating loss;
    4. in every 16th step one by R1, γ = 10;
    5. an update of the averaged weights, with a half-life of 10,000 images.

    Adam with learning rate 0.002, β₁ = 0, β₂ = 0.99, ε = 1e-8, rescaled for the lazy penalties; style mixing
    for 90 % of the images; batch size 32. Differences: path length regularization comes in every 4th step, as
    in the released code (the paper: every 8th); the average's half-life is shorter in the first 200,000
    images, as in some configurations of ADA (arXiv:2006.06676; `average.ramp_up = inf` turns this off); the
    mean of w moves once per update of the generator, by 0.005 (released code: by as much in each forward pass
    of the mapping network except that of the second style; StyleGAN3's repository: by 0.002 in each update of
    the discriminator). ADA's own runs at up to 256×256 have channels_base 16384, learning rate 0.0025 and γ =
    0.0002 · pixels / batch.
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
    generator: Seat[Generator] = seat(default=StyleGAN2Synthesis)
    discriminator: Seat[Discriminator] = seat(default=StyleGAN2Discriminator)
    conditioner: Seat[Conditioner] = seat(default=StyleGAN2Mapping)
    regularizers: Seats[DiscriminatorRegularizer] = seat(default=(lazy_r1,))
    generator_regularizers: Seats[GeneratorRegularizer] = seat(default=(PathLength,))
    generator_optimizer: Seat[Optimizer] = seat(default=published_adam)
    discriminator_optimizer: Seat[Optimizer] = seat(default=published_adam)
    batch: int = field(default=32, validator=whole(1), help="batch size, unless the run sets one")
