"""Alarms about a training that goes wrong: a rule over the evaluations so far for each, and advice.

A rule is pure: it reads a `History` and returns the text of its alarm, or None. The thresholds are
conventions of this library, wide enough that a training which merely starts slowly does not reach them;
published ones are cited at the rule.
"""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence

import attrs

Diagnostics = Mapping[str, float]

PATIENCE = 3
"""How many evaluations in a row a fluctuating diagnostic must hold."""


@attrs.frozen
class History:
    """The diagnostics of each evaluation so far, and the scalars of each report, oldest first; and which of
    discriminator and encoder the recipe trains, for advice that fits it.
    """

    diagnostics: Sequence[Diagnostics]
    reports: Sequence[Mapping[str, float]]
    parts: frozenset[str] = frozenset({"discriminator"})

    def last(self, name: str, count: int = 1) -> list[float]:
        """The last `count` values of a diagnostic; empty if it is missing in one of these evaluations."""
        found = [diagnostics[name] for diagnostics in self.diagnostics[-count:] if name in diagnostics]
        return found if len(found) == count else []

    def names(self, mark: str) -> list[str]:
        """The names `player` for which a diagnostic or scalar `player/mark` is known."""
        latest = {
            **(self.reports[-1] if self.reports else {}),
            **(self.diagnostics[-1] if self.diagnostics else {}),
        }
        return sorted(name.removesuffix(f"/{mark}") for name in latest if name.endswith(f"/{mark}"))


@attrs.frozen
class Alarm:
    """A warning: its name, what was observed, and what to try."""

    name: str
    text: str
    advice: tuple[str, ...]


def collapse(history: History) -> str | None:
    """Samples are far more similar to each other than real images are."""
    seen = history.last("diversity", 2)
    if seen and max(seen) < 0.25 and _falling(history, "diversity"):
        return (
            f"samples differ from each other by {seen[-1]:.0%} of what real images do, "
            "in two evaluations in a row"
        )
    return None


def duplicates(history: History) -> str | None:
    """Many samples have a near-twin among the samples."""
    seen = history.last("duplicates", 2)
    if seen and min(seen) > 0.5:
        return (
            f"{seen[-1]:.0%} of the samples have a near-twin among {DRAWN} samples; "
            "of real images nearly none do"
        )
    return None


def imbalance(history: History) -> str | None:
    """Some classes are hardly generated at all."""
    seen = history.last("class balance", 2)
    if seen and min(seen) > 1.0:
        return (
            f"class frequencies differ from the data's: divergence {seen[-1]:.2f} nats (0 is equal; "
            "1 is as if about a third of the classes were left)"
        )
    return None


def ignored_labels(history: History) -> str | None:
    """Labels hardly change the samples."""
    seen = history.last("label effect", PATIENCE)
    if seen and max(seen) < 0.02:
        return (
            f"another label changes a sample by {seen[-1]:.1%} of what another latent does, "
            f"in {PATIENCE} evaluations in a row"
        )
    return None


def won(history: History) -> str | None:
    """The discriminator separates all samples from all real images."""
    for name in history.names("tells apart"):
        seen = history.last(f"{name}/tells apart", PATIENCE)
        if seen and min(seen) > 0.999:
            return (
                f"{name} scores a real image above a sample in {seen[-1]:.2%} of all pairs, "
                f"in {PATIENCE} evaluations in a row"
            )
    return None


def lost(history: History) -> str | None:
    """The discriminator cannot tell samples from real images, although they still differ."""
    for name in history.names("tells apart"):
        seen = history.last(f"{name}/tells apart", PATIENCE)
        if seen and max(seen) < 0.55:
            return (
                f"{name} scores a real image above a sample in only {seen[-1]:.0%} of all pairs, "
                f"in {PATIENCE} evaluations in a row"
            )
    return None


def overfitting(history: History) -> str | None:
    """The discriminator takes held-out images for samples: r_v of Karras et al. 2020, arXiv:2006.06676, eq.
    1.
    """
    for name in history.names("overfitting"):
        seen = history.last(f"{name}/overfitting", 2)
        if seen and min(seen) > 0.8:
            return (
                f"{name} scores held-out images almost as it scores samples: r_v = {seen[-1]:.2f} (0: "
                "as training images, 1: as samples)"
            )
    return None


def vanishing(history: History) -> str | None:
    """A player's gradient has nearly vanished."""
    for name in history.names("gradient"):
        first, latest = _gradients(history, name)
        if latest and max(latest) < max(1e-8, 1e-4 * first):
            return (
                f"the gradient of {name} has the norm {latest[-1]:.1e}; "
                f"at the start of the training it was {first:.1e}"
            )
    return None


def exploding(history: History) -> str | None:
    """A player's gradient grows without bound."""
    for name in history.names("gradient"):
        first, latest = _gradients(history, name)
        if latest and first > 0 and min(latest) > 1000 * first:
            return (
                f"the gradient of {name} has the norm {latest[-1]:.1e}; "
                f"at the start of the training it was {first:.1e}"
            )
    return None


def dead_codes(history: History) -> str | None:
    """Most of a codebook is used for no image."""
    seen = history.last("codebook usage", 2)
    if seen and max(seen) < 0.1:
        return (
            f"{DRAWN} real images use {seen[-1]:.1%} of what they could of the codebook, in two evaluations "
            "in a row"
        )
    return None


GAN, VAE = "discriminator", "encoder"
"""Parts that a recipe may have, which advice is about."""

Advice = tuple[str | tuple[str, str], ...]
"""What to try; a pair says which part it is about."""

RULES: dict[str, tuple[Callable[[History], str | None], Advice]] = {
    "collapse": (
        collapse,
        (
            (GAN, "a penalty on the discriminator, such as r1"),
            (VAE, "a lower weight of the prior, such as beta=0.5"),
            "a lower learning rate",
            (GAN, "a larger batch, or minibatch statistics"),
        ),
    ),
    "duplicates": (
        duplicates,
        (
            (GAN, "a penalty on the discriminator, such as r1"),
            (VAE, "a lower weight of the prior, such as beta=0.5"),
            "a lower learning rate",
            (GAN, "more data, or augmentation"),
        ),
    ),
    "class-balance": (
        imbalance,
        (
            (GAN, "labels for both players"),
            (GAN, "a penalty on the discriminator, such as r1"),
            (VAE, "a lower weight of the prior, such as beta=0.5"),
            "a larger batch",
        ),
    ),
    "ignored-labels": (
        ignored_labels,
        (
            "a discriminator that reads labels, such as discriminator/projection",
            "an auxiliary classifier, such as auxiliary/acgan",
            "a conditioner that mixes labels into each layer, or a larger embedding",
        ),
    ),
    "discriminator-won": (
        won,
        (
            "a lower learning rate of the discriminator",
            "a penalty, such as r1",
            "augmentation, such as diffaugment, if there are few data",
        ),
    ),
    "discriminator-lost": (
        lost,
        ("a higher learning rate of the discriminator, or more of its steps", "a weaker penalty"),
    ),
    "overfitting": (
        overfitting,
        ("augmentation, such as diffaugment", "more data, or mirrored images", "a stronger r1"),
    ),
    "codebook-collapse": (
        dead_codes,
        (
            "a quantizer whose dead vectors are revived, quantizer/revival around the present one, or more "
            "of it: a higher threshold",
            "vectors that start from the data, quantizer/k-means-start around the present one",
            "a smaller codebook, or one without vectors, such as quantizer/fsq",
            "a lower learning rate",
        ),
    ),
    "vanishing-gradients": (
        vanishing,
        (
            (GAN, "another loss, such as non-saturating, hinge or wasserstein"),
            (VAE, "a lower weight of the prior, such as beta=0.5"),
            "a lower learning rate",
        ),
    ),
    "exploding-gradients": (
        exploding,
        (
            "a lower learning rate",
            (GAN, "clipping: generator_optimizer.max_norm=1"),
            (VAE, "clipping: optimizer.max_norm=1"),
            (GAN, "a penalty, such as r1"),
        ),
    ),
}
"""Every alarm by name: its rule, and what to try."""

DRAWN = 256
"""Number of samples that diversity and duplicates are computed from."""


def alarms(history: History) -> list[Alarm]:
    """The alarms that this history raises."""
    found = ((name, rule(history), advice) for name, (rule, advice) in RULES.items())
    return [Alarm(name, text, _fitting(advice, history.parts)) for name, text, advice in found if text]


def _fitting(advice: Advice, parts: frozenset[str]) -> tuple[str, ...]:
    """The advice on what the recipe has."""
    pairs = [("", one) if isinstance(one, str) else one for one in advice]
    return tuple(text for part, text in pairs if not part or part in parts)


def _falling(history: History, name: str) -> bool:
    """Whether the last value is not above the best before it: a generator still gaining diversity has not
    collapsed.
    """
    values = [diagnostics[name] for diagnostics in history.diagnostics if name in diagnostics]
    return values[-1] <= max(values[:-1])


def _gradients(history: History, player: str) -> tuple[float, list[float]]:
    """The median norm of the first tenth of the reports, and the last norms; empty if there are too few
    reports.
    """
    norms = [
        report[f"{player}/gradient"]
        for report in history.reports
        if math.isfinite(report.get(f"{player}/gradient", math.nan))
    ]
    if len(norms) < 4 * PATIENCE:
        return 0.0, []
    return statistics.median(norms[: max(PATIENCE, len(norms) // 10)]), norms[-PATIENCE:]
