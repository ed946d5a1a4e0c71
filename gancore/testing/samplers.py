"""Checks of latent samplers."""

import torch

from gancore.component.interfaces import Sampler
from gancore.testing.assertions import ensure_repeatable, ensure_shape
from gancore.testing.check import check, ensure
from gancore.testing.trial import Trial


@check(Sampler)
def draws_latents(trial: Trial[Sampler]) -> None:
    """It draws finite float32 latents `(n, *latent)` on the CPU, without a label and with one."""
    for label in (None, trial.labels(3)):
        made = trial.part(trial.n, label, rng=trial.rng())
        ensure_shape(made, (trial.n, *trial.part.latent), "a batch of latents")
        ensure(made.dtype == torch.float32, f"latents are {made.dtype}, expected torch.float32")
        ensure(
            made.isfinite().all().item() and made.device.type == "cpu",
            "latents are not finite, or not on the CPU",
        )


@check(Sampler)
def draws_from_rng_alone(trial: Trial[Sampler]) -> None:
    """Equal generators give equal latents, different generators different ones; the global generator is
    neither used nor advanced.
    """
    ensure_repeatable(lambda: trial.part(4, rng=trial.rng()))
    ensure(
        not torch.equal(trial.part(4, rng=trial.rng("other")), trial.part(4, rng=trial.rng())),
        "all `rng` give the same latents",
    )
