"""The variational autoencoder (Kingma & Welling 2013), β-VAE, and importance-weighted log-likelihoods."""

from collections.abc import Sequence

import typer

from gancore.component.hooks import hookimpl
from gancore.component.part import Part
from gancore.component.presets import Preset
from gancore_vae.capacity import Capacity
from gancore_vae.convolutional import ConvolutionalDecoder, ConvolutionalEncoder
from gancore_vae.divergences import ClosedForm, Divergence, Inferred, Sampled
from gancore_vae.estimate import Estimate, log_likelihood
from gancore_vae.flow import RealNVP
from gancore_vae.labeled import LabeledEncoder
from gancore_vae.likelihoods import Bernoulli, DiscretizedLogistic, Gaussian, LearnedGaussian, Likelihood
from gancore_vae.mixture import MixturePrior
from gancore_vae.mlp import MLPDecoder, MLPEncoder
from gancore_vae.networks import Decoder, GaussianEncoder
from gancore_vae.presets import PRESETS
from gancore_vae.priors import Prior
from gancore_vae.recipe import VAE
from gancore_vae.vamp import Vamp
from gancore_vae.verb import likelihood

__all__ = [
    "PRESETS",
    "VAE",
    "Bernoulli",
    "Capacity",
    "ClosedForm",
    "ConvolutionalDecoder",
    "ConvolutionalEncoder",
    "Decoder",
    "DiscretizedLogistic",
    "Divergence",
    "Estimate",
    "Gaussian",
    "GaussianEncoder",
    "Inferred",
    "LabeledEncoder",
    "LearnedGaussian",
    "Likelihood",
    "MLPDecoder",
    "MLPEncoder",
    "MixturePrior",
    "Prior",
    "RealNVP",
    "Sampled",
    "Vamp",
    "gancore_api",
    "likelihood",
    "log_likelihood",
]

gancore_api = 1


@hookimpl
def gancore_parts() -> Sequence[type[Part]]:
    """The recipe, its networks, likelihoods and divergences."""
    return [
        *(VAE,),
        *(ConvolutionalDecoder, MLPDecoder),
        *(ConvolutionalEncoder, MLPEncoder, LabeledEncoder),
        *(Bernoulli, DiscretizedLogistic, Gaussian, LearnedGaussian),
        *(Capacity, ClosedForm, Sampled),
        *(MixturePrior, RealNVP, Vamp),
    ]


@hookimpl
def gancore_presets() -> Sequence[Preset]:
    """Published settings and combinations of the parts."""
    return PRESETS


@hookimpl
def gancore_commands(app: typer.Typer) -> None:
    """The verb `gancore likelihood`."""
    from gancore_vae import command

    app.command(
        "likelihood", help="Estimate the log-likelihood of images under a trained variational autoencoder."
    )(command.likelihood)
