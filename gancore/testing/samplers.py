"""Checks of latent samplers."""

import torch
from torch import Tensor

from gancore.component.interfaces import Sampler
from gancore.component.network_sampler import NetworkSampler
from gancore.component.part import Part
from gancore.errors import UserError
from gancore.testing.assertions import ensure_repeatable, ensure_shape
from gancore.testing.check import check, ensure
from gancore.testing.excuses import reads_labels
from gancore.testing.forward import classes_of
from gancore.testing.trial import Trial


def _label(trial: Trial[Sampler], n: int) -> Tensor | None:
    return trial.labels(classes_of(trial.part) or 3, n) if trial.part.conditional else None


@check(Sampler)
def draws_latents(trial: Trial[Sampler]) -> None:
    """It draws finite latents `(n, *latent)` on the CPU, without a label (unless it reads labels) and with
    one: float32, or int64 indices below `codebook_size`.
    """
    part = trial.part
    wanted = torch.int64 if part.integer else torch.float32
    for label in (_label(trial, trial.n), trial.labels(classes_of(part) or 3)):
        made = part(trial.n, label, rng=trial.rng())
        ensure_shape(made, (trial.n, *part.latent), "a batch of latents")
        ensure(made.dtype == wanted, f"latents are {made.dtype}, expected {wanted}")
        ensure(
            made.isfinite().all().item() and made.device.type == "cpu",
            "latents are not finite, or not on the CPU",
        )
        size = getattr(part, "codebook_size", None)
        ensure(
            not part.integer or size is None or bool(((made >= 0) & (made < size)).all()),
            f"indices are not from 0 to {size} - 1",
        )


@check(Sampler)
def draws_from_rng_alone(trial: Trial[Sampler]) -> None:
    """In eval mode equal generators give equal latents, different generators different ones; the global
    generator is neither used nor advanced.
    """
    part, label = trial.part.eval(), _label(trial, 4)
    ensure_repeatable(lambda: part(4, label, rng=trial.rng()))
    ensure(
        not torch.equal(part(4, label, rng=trial.rng("other")), part(4, label, rng=trial.rng())),
        "all `rng` give the same latents",
    )


@check(Sampler, excuse=reads_labels)
def every_label_changes_the_draw(trial: Trial[Sampler]) -> None:
    """Under one generator, every label gives other latents."""
    part, n = trial.part.eval(), 8
    with torch.no_grad():
        drawn = [part(n, torch.full((n,), k), rng=trial.rng()) for k in range(classes_of(part))]
    same = [f"{j} and {i}" for i in range(len(drawn)) for j in range(i) if torch.equal(drawn[i], drawn[j])]
    ensure(not same, f"the labels {', '.join(same)} give the same latents")


@check(Sampler)
def keeps_within_a_threshold(trial: Trial[Sampler]) -> None:
    """`truncated` gives a sampler of latents of the same shape, of which fewer coordinates are beyond the
    threshold, or raises UserError.
    """
    try:
        truncated = trial.part.truncated(0.5)
    except UserError:
        return
    label = _label(trial, 64)
    latent, before = (sampler(64, label, rng=trial.rng()) for sampler in (truncated, trial.part))
    ensure_shape(latent, (64, *trial.part.latent), "a batch of truncated latents")
    beyond, usual = (float((drawn.abs() > 0.5).float().mean()) for drawn in (latent, before))
    ensure(
        beyond < usual or usual == 0,
        f"with a threshold of 0.5, {beyond:.0%} of the coordinates are beyond it, and {usual:.0%} without",
    )


def _is_a_network(part: Part) -> str:
    return "" if isinstance(part, NetworkSampler) else "it is not a NetworkSampler"


@check(Sampler, excuse=_is_a_network)
def draws_row_by_row(trial: Trial[Sampler]) -> None:
    """A network computes each latent from its own noise and label alone, so that draws can be split."""
    part = trial.part.eval()
    assert isinstance(part, NetworkSampler)
    noise, label = torch.rand(3, *part.noise_shape, generator=trial.rng()), _label(trial, 3)
    with torch.no_grad():
        whole = part.latents(noise, label)
        alone = [
            part.latents(noise[i : i + 1], None if label is None else label[i : i + 1]) for i in range(3)
        ]
    ensure(
        torch.allclose(torch.cat(alone), whole, atol=1e-5),
        "a latent depends on the other rows of its batch",
    )
