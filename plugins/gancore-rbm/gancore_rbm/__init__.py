"""Restricted Boltzmann machines: learning by contrastive divergence and kept chains, and their likelihood."""

from collections.abc import Sequence

import typer

from gancore.component.hooks import hookimpl
from gancore.component.part import Part
from gancore.component.presets import Preset
from gancore_rbm.chains import AnnealedGibbs, Chain, ContinuedGibbs, Gibbs
from gancore_rbm.encoder import RBMEncoder
from gancore_rbm.generator import GaussianRBMGenerator, RBMGenerator, VisibleLayer
from gancore_rbm.hidden_filters import hidden_filters
from gancore_rbm.likelihood import Likelihood, log_likelihood, log_partition
from gancore_rbm.negative import ContrastiveDivergence, Kept, NegativePhase, Persistent
from gancore_rbm.partition import Partition, annealed_log_partition, exact_log_partition
from gancore_rbm.recipe import CONTRASTIVE, GAUSSIAN, RBM
from gancore_rbm.tempering import ParallelTempering
from gancore_rbm.verb import filters, rbm_likelihood

__all__ = [
    "CONTRASTIVE",
    "GAUSSIAN",
    "RBM",
    "AnnealedGibbs",
    "Chain",
    "ContinuedGibbs",
    "ContrastiveDivergence",
    "GaussianRBMGenerator",
    "Gibbs",
    "Kept",
    "Likelihood",
    "NegativePhase",
    "ParallelTempering",
    "Partition",
    "Persistent",
    "RBMEncoder",
    "RBMGenerator",
    "VisibleLayer",
    "annealed_log_partition",
    "exact_log_partition",
    "filters",
    "gancore_api",
    "hidden_filters",
    "log_likelihood",
    "log_partition",
    "rbm_likelihood",
]

gancore_api = 1


@hookimpl
def gancore_parts() -> Sequence[type[Part]]:
    """The recipe, both layers, the negative phases and the chains."""
    return [
        *(RBM, RBMGenerator, GaussianRBMGenerator, RBMEncoder),
        *(ContrastiveDivergence, Persistent, ParallelTempering),
        *(Gibbs, AnnealedGibbs, ContinuedGibbs),
    ]


@hookimpl
def gancore_presets() -> Sequence[Preset]:
    """CD-1, and Gaussian visible units."""
    return [CONTRASTIVE, GAUSSIAN]


@hookimpl
def gancore_commands(app: typer.Typer) -> None:
    """The verbs `gancore filters` and `gancore rbm-likelihood`."""
    from gancore_rbm import command

    app.command("filters", help="Show the weights of a machine's hidden units as a picture.")(command.filters)
    app.command(
        "rbm-likelihood", help="Estimate the log-likelihood of images under a restricted Boltzmann machine."
    )(command.rbm_likelihood)
