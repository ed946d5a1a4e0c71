"""Variational autoencoders (Kingma & Welling 2013): their bounds, divergences, priors and likelihoods."""

from collections.abc import Sequence

import typer

from gancore.component.hooks import hookimpl
from gancore.component.part import Part
from gancore.component.presets import Preset
from gancore_vae.adversarial import AdversarialAutoencoder
from gancore_vae.capacity import Capacity
from gancore_vae.convolutional import ConvolutionalDecoder, ConvolutionalEncoder
from gancore_vae.discrepancy import Info, WassersteinMMD
from gancore_vae.divergences import ClosedForm, Divergence, Inferred, Sampled
from gancore_vae.estimate import Estimate, log_likelihood
from gancore_vae.factor import FactorVAE
from gancore_vae.factor_verbs import disentanglement, write_shapes
from gancore_vae.flow import RealNVP
from gancore_vae.iwae import IWAE
from gancore_vae.kernels import GaussianKernel, InverseMultiquadratic, Kernel
from gancore_vae.labeled import LabeledEncoder
from gancore_vae.ladder import Ladder, LadderEncoder, LadderVAE
from gancore_vae.larsen import VAEGAN
from gancore_vae.latent_discriminator import LatentMLP
from gancore_vae.likelihoods import Bernoulli, DiscretizedLogistic, Gaussian, LearnedGaussian, Likelihood
from gancore_vae.mig_dci import Disentanglement, dci, mutual_information_gap
from gancore_vae.mixture import MixturePrior
from gancore_vae.mlp import MLPDecoder, MLPEncoder
from gancore_vae.networks import Decoder, GaussianEncoder
from gancore_vae.presets import PRESETS
from gancore_vae.priors import Prior
from gancore_vae.recipe import VAE
from gancore_vae.synthetic import draw_factors, shapes
from gancore_vae.total_correlation import TotalCorrelation
from gancore_vae.two_stage import SecondStage, TwoStageVAE
from gancore_vae.vamp import Vamp
from gancore_vae.variational import Variational
from gancore_vae.verb import likelihood

__all__ = [
    "IWAE",
    "PRESETS",
    "VAE",
    "VAEGAN",
    "AdversarialAutoencoder",
    "Bernoulli",
    "Capacity",
    "ClosedForm",
    "ConvolutionalDecoder",
    "ConvolutionalEncoder",
    "Decoder",
    "DiscretizedLogistic",
    "Disentanglement",
    "Divergence",
    "Estimate",
    "FactorVAE",
    "Gaussian",
    "GaussianEncoder",
    "GaussianKernel",
    "Inferred",
    "Info",
    "InverseMultiquadratic",
    "Kernel",
    "LabeledEncoder",
    "Ladder",
    "LadderEncoder",
    "LadderVAE",
    "LatentMLP",
    "LearnedGaussian",
    "Likelihood",
    "MLPDecoder",
    "MLPEncoder",
    "MixturePrior",
    "Prior",
    "RealNVP",
    "Sampled",
    "SecondStage",
    "TotalCorrelation",
    "TwoStageVAE",
    "Vamp",
    "Variational",
    "WassersteinMMD",
    "dci",
    "disentanglement",
    "draw_factors",
    "gancore_api",
    "likelihood",
    "log_likelihood",
    "mutual_information_gap",
    "shapes",
    "write_shapes",
]

gancore_api = 1


@hookimpl
def gancore_parts() -> Sequence[type[Part]]:
    """The recipes, their networks, likelihoods, divergences and priors."""
    return [
        *(VAE, IWAE, FactorVAE, AdversarialAutoencoder, VAEGAN, LadderVAE, TwoStageVAE),
        *(ConvolutionalDecoder, MLPDecoder),
        *(ConvolutionalEncoder, MLPEncoder, LabeledEncoder),
        *(Bernoulli, DiscretizedLogistic, Gaussian, LearnedGaussian),
        *(Capacity, ClosedForm, Info, Sampled, TotalCorrelation, WassersteinMMD),
        *(GaussianKernel, InverseMultiquadratic, LatentMLP),
        *(MixturePrior, RealNVP, Vamp, SecondStage),
        *(Ladder, LadderEncoder),
    ]


@hookimpl
def gancore_presets() -> Sequence[Preset]:
    """Published settings and combinations of the parts."""
    return PRESETS


@hookimpl
def gancore_commands(app: typer.Typer) -> None:
    """The verbs `gancore likelihood`, `gancore write-shapes` and `gancore disentanglement`."""
    from gancore_vae import command, factor_commands

    app.command(
        "likelihood", help="Estimate the log-likelihood of images under a trained variational autoencoder."
    )(command.likelihood)
    app.command("write-shapes", help="Write images of simple shapes, made from known factors.")(
        factor_commands.write_shapes
    )
    app.command("disentanglement", help="MIG and DCI: how well codes stand for the factors of shapes.")(
        factor_commands.disentanglement
    )
