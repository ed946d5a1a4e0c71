"""Diagnostics of a training: how diverse the samples are, and how the discriminators score them."""

import math

import torch
from torch import Tensor

from gancore.measure.alarms import DRAWN
from gancore.measure.codebook import index_shares, usage
from gancore.measure.diversity import duplicates
from gancore.measure.modes import class_balance, class_counts
from gancore.measure.study import Study, gives_indices
from gancore.pipeline import Pipeline, evaluating
from gancore.recipes.base import DiscriminatorProbe

Labeled = tuple[Tensor, Tensor | None]
"""Images `(N, C, H, W)`, and their labels if there are any."""


FEWEST = 16
"""Images that diagnostics of samples need."""
RELABELED = 32
"""Number of samples that the effect of labels is computed from."""


def of_samples(study: Study) -> dict[str, float]:
    """Diversity, duplicates and, if classes are known, class balance of the samples relative to the
    reference. Empty where there are few of either, which say nothing.
    """
    real, fake = study.features("reference")[:DRAWN], study.features("samples")[:DRAWN]
    if min(len(real), len(fake)) < FEWEST:
        return {}
    diagnostics = {"diversity": spread(fake) / max(spread(real), 1e-12), "duplicates": duplicates(fake, real)}
    if study.extractor.classes and study.reference.labels is not None:
        diagnostics["class balance"] = class_balance(
            class_counts(study, "samples"), class_counts(study, "reference")
        )
    return diagnostics


def of_labels(pipeline: Pipeline, *, seed: int) -> dict[str, float]:
    """How much labels change samples: the mean distance between two samples of one latent with two labels,
    relative to that of two latents with one label. Empty if the conditioner reads no labels.
    """
    if pipeline.sampler is None or pipeline.labels is None or not pipeline.conditioner.conditional:
        return {}
    latent, label = pipeline.draw(RELABELED, seed=seed)
    assert label is not None
    other = label.roll(1, 0)
    relabeled = (other != label).reshape(len(label), -1).any(1)
    samples = pipeline.render(latent, label, seed=seed)
    by_label = (samples - pipeline.render(latent, other, seed=seed)).abs()[relabeled]
    by_latent = (samples - pipeline.render(latent.roll(1, 0), label, seed=seed)).abs().mean()
    return {"label effect": float(by_label.mean() / by_latent)} if len(by_label) and by_latent > 0 else {}


def of_codes(pipeline: Pipeline, study: Study) -> dict[str, float]:
    """The fraction of the codebook that is used for some of the reference images, relative to what their
    places could use; the mean over codebooks, where each place has several indices. Empty if codes are no
    indices.
    """
    if not gives_indices(pipeline):
        return {}
    images, labels = study.images("reference", DRAWN), study.reference.labels
    label = labels[: len(images)] if labels is not None and pipeline.reads_labels else None
    shares = index_shares(pipeline, images, label)
    books, size = shares.shape
    places = len(images) * math.prod(pipeline.conditioner.latent_shape) // books
    return {"codebook usage": float(usage(shares).mean()) * size / min(size, places)}


def of_probe(
    probe: DiscriminatorProbe, train: Labeled, fake: Labeled, held_out: Labeled | None
) -> dict[str, float]:
    """How well a discriminator separates training images from samples and, given held-out images, how far it
    overfits.

    `tells apart` is the fraction of pairs in which the real image scores higher (½: cannot tell).
    `overfitting` is r_v of Karras et al. 2020 (ADA), arXiv:2006.06676, eq. 1: how closely the scores of
    held-out images resemble those of samples. Augmentation is left out. Each set is images with their
    labels, which are read if the discriminator reads labels.
    """
    real, made = probe_scores(probe, *train), probe_scores(probe, *fake)
    above = (real[:, None] > made[None]).double().mean() + (real[:, None] == made[None]).double().mean() / 2
    diagnostics = {"tells apart": float(above)}
    if held_out is not None:
        gap = float(real.mean() - made.mean())
        if gap > 0:
            diagnostics["overfitting"] = float(real.mean() - probe_scores(probe, *held_out).mean()) / gap
    return diagnostics


def probe_scores(probe: DiscriminatorProbe, images: Tensor, label: Tensor | None = None) -> Tensor:
    """The discriminator's score of each image, `(N,)`, without changing its state."""
    device = next(probe.discriminator.parameters()).device
    with evaluating(probe.discriminator), torch.no_grad():
        marks = [None] * len(images) if label is None else torch.split(label, 64)
        scores = [
            probe.discriminator(part.to(device), None if mark is None else mark.to(device))
            .reshape(len(part), -1)
            .mean(1)
            for part, mark in zip(torch.split(images, 64), marks, strict=False)
        ]
    return torch.cat(scores).double().cpu()


def spread(features: Tensor) -> float:
    """The mean distance between two rows."""
    rows = features.double()
    return float(torch.pdist(rows).mean()) if len(rows) > 1 else 0.0
