"""The variational autoencoder (Kingma & Welling 2013), β-VAE, and importance-weighted log-likelihoods."""

from collections.abc import Sequence

import typer

from gancore.component.hooks import hookimpl
from gancore.component.part import Part
from gancore_vae.convolutional import ConvolutionalDecoder, ConvolutionalEncoder
from gancore_vae.divergences import ClosedForm, Divergence, Sampled
from gancore_vae.estimate import Estimate, log_likelihood
from gancore_vae.likelihoods import Bernoulli, Gaussian, LearnedGaussian, Likelihood
from gancore_vae.mlp import MLPDecoder, MLPEncoder
from gancore_vae.networks import Decoder, GaussianEncoder
from gancore_vae.recipe import VAE
from gancore_vae.verb import likelihood

__all__ = [
    "VAE",
    "Bernoulli",
    "ClosedForm",
    "ConvolutionalDecoder",
    "ConvolutionalEncoder",
    "Decoder",
    "Divergence",
    "Estimate",
    "Gaussian",
    "GaussianEncoder",
    "LearnedGaussian",
    "Likelihood",
    "MLPDecoder",
    "MLPEncoder",
    "Sampled",
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
        *(ConvolutionalEncoder, MLPEncoder),
        *(Bernoulli, Gaussian, LearnedGaussian),
        *(ClosedForm, Sampled),
    ]


@hookimpl
def gancore_commands(app: typer.Typer) -> None:
    """The verb `gancore likelihood`."""
    from gancore_vae import command

    app.command(
        "likelihood", help="Estimate the log-likelihood of images under a trained variational autoencoder."
    )(command.likelihood)
