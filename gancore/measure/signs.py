"""What an evaluation during training looks at besides scores: how samples differ, and what the judges make of them."""

import torch
from torch import Tensor

from gancore.measure.alarms import DRAWN
from gancore.measure.study import Side, Study
from gancore.pipeline import evaluating
from gancore.recipe import Critic


def of_samples(study: Study) -> dict[str, float]:
    """Diversity, duplicates and, where classes are known, balance of the samples beside the reference's."""
    real, fake = study.features("reference")[:DRAWN], study.features("samples")[:DRAWN]
    signs = {"diversity": spread(fake) / max(spread(real), 1e-12), "duplicates": twins(fake, real)}
    if study.extractor.classes and study.reference.labels is not None:
        signs["class balance"] = balance(study)
    return signs


def of_critic(critic: Critic, train: Tensor, fake: Tensor, held_out: Tensor | None) -> dict[str, float]:
    """How surely a discriminator tells training images from samples and, where some are held out, how far it overfits.

    `tells apart` is the share of pairs in which the real image scores higher (½: cannot tell). `overfitting` is r_v of Karras et al.
    2020 (ADA), arXiv:2006.06676, eq. 1: how far held-out images are scored as samples are. Augmentation is left out.
    """
    real, made = critic_scores(critic, train), critic_scores(critic, fake)
    above = (real[:, None] > made[None]).double().mean() + (real[:, None] == made[None]).double().mean() / 2
    signs = {"tells apart": float(above)}
    if held_out is not None:
        gap = float(real.mean() - made.mean())
        if gap > 0:
            signs["overfitting"] = float(real.mean() - critic_scores(critic, held_out).mean()) / gap
    return signs


def critic_scores(critic: Critic, images: Tensor) -> Tensor:
    """One score an image, `(N,)`, of a discriminator that is asked without changing it."""
    device = next(critic.discriminator.parameters()).device
    with evaluating(critic.discriminator), torch.no_grad():
        scores = [critic.discriminator(part.to(device)).reshape(len(part), -1).mean(1) for part in torch.split(images, 64)]
    return torch.cat(scores).double().cpu()


def spread(features: Tensor) -> float:
    """The mean distance of two rows."""
    rows = features.double()
    return float(torch.pdist(rows).mean()) if len(rows) > 1 else 0.0


def twins(fake: Tensor, real: Tensor) -> float:
    """The share of `fake` rows with another one nearer than all but one in a hundred real rows have theirs."""
    return float((_nearest(fake) < torch.quantile(_nearest(real), 0.01)).double().mean())


def balance(study: Study) -> float:
    """KL divergence of the samples' predicted classes from the reference's, in nats; half a count is added to each class."""
    fake, real = _frequencies(study, "samples"), _frequencies(study, "reference")
    return float((fake * (fake / real).log()).sum())


def _frequencies(study: Study, side: Side) -> Tensor:
    classes = study.extractor.classify(study.features(side)).argmax(1)
    counts = torch.bincount(classes, minlength=study.extractor.classes).double() + 0.5
    return counts / counts.sum()


def _nearest(features: Tensor) -> Tensor:
    distances = torch.cdist(features.double(), features.double())
    return distances.fill_diagonal_(torch.inf).min(1).values
