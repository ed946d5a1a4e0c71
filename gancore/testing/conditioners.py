"""Checks of conditioners, besides those of all networks."""

import torch

from gancore.component.interfaces import Conditioner
from gancore.pipeline import truncated
from gancore.testing.assertions import ensure_shape
from gancore.testing.check import check, ensure
from gancore.testing.excuses import reads_labels, reads_no_labels
from gancore.testing.forward import classes_of, forward, inputs
from gancore.testing.trial import Trial


@check(Conditioner)
def makes_codes(trial: Trial[Conditioner]) -> None:
    """It makes codes `(N, *code)` of latents `(N, *latent_shape)`."""
    made = forward(trial.part, inputs(trial, trial.part))
    ensure_shape(made, (trial.n, *trial.part.code), "a batch of codes")


@check(Conditioner)
def repeats_under_one_seed(trial: Trial[Conditioner]) -> None:
    """Equal states of the global generator give equal codes."""
    given = inputs(trial, trial.part.eval())
    ensure(
        torch.equal(forward(trial.part, given, seed=1), forward(trial.part, given, seed=1)),
        "equal latents from equal seeds give different codes",
    )


@check(Conditioner, excuse=reads_labels)
def every_label_changes_the_code(trial: Trial[Conditioner]) -> None:
    """For one latent, every label gives a different code."""
    classes = classes_of(trial.part)
    latent = trial.latents(trial.part, 1).expand(classes, *trial.part.latent_shape)
    codes = forward(trial.part.eval(), (latent, torch.arange(classes))).flatten(1)
    same = [
        (i, j)
        for i in range(classes)
        for j in range(i)
        if torch.allclose(codes[i], codes[j], rtol=0, atol=1e-7)
    ]
    ensure(not same, f"the labels {', '.join(f'{j} and {i}' for i, j in same)} give the same code")


@check(Conditioner, excuse=reads_no_labels)
def passes_labels_over(trial: Trial[Conditioner]) -> None:
    """A conditioner that ignores labels accepts them, and gives the same code."""
    latent, _ = inputs(trial, trial.part.eval())
    with_label = forward(trial.part, (latent, trial.labels(3)))
    ensure(
        torch.equal(with_label, forward(trial.part, (latent, None))),
        "a label changes the code, although `conditional` is false",
    )


@check(Conditioner)
def truncates_towards_the_mean(trial: Trial[Conditioner]) -> None:
    """truncate(code, 1) changes nothing; truncate(code, 0) is the same code for all of a label, if a mean is
    kept.
    """
    part = trial.part.train()
    latent, label = inputs(trial, part)
    label = None if label is None else label[:1].expand_as(label)  # a mean may be kept for each
    code = forward(part, (latent, label)).detach()
    part.update_buffers()
    same = truncated(part, code, label, 1.0)
    ensure(torch.allclose(same, code, atol=1e-6), "truncate(code, 1) changes the code")
    if type(part).truncate is not Conditioner.truncate:
        rest = truncated(part, code, label, 0.0)
        ensure_shape(rest, code.shape, "a batch of truncated codes")
        ensure(
            torch.allclose(rest, rest[:1].expand_as(rest), atol=1e-6),
            "truncate(code, 0) gives different codes for one label, expected their mean",
        )


@check(Conditioner)
def snaps_to_codes_that_it_makes(trial: Trial[Conditioner]) -> None:
    """`snap` leaves the codes of latents as they are, and other codes too unless latents are indices; then
    it changes these, and a finite gradient passes that is not all zero.
    """
    part = trial.part.eval()
    code = forward(part, inputs(trial, part)).detach()
    ensure(torch.allclose(part.snap(code), code, atol=1e-5), "snap changes a code that it makes of a latent")
    other = trial.normal(trial.n, *part.code, word="other").requires_grad_()
    snapped = part.snap(other)
    ensure_shape(snapped, other.shape, "a batch of snapped codes")
    if not part.codebook_size:
        ensure(torch.equal(snapped, other), "snap changes codes, although latents are real numbers")
        return
    ensure(not torch.allclose(snapped, other), "snap leaves codes as they are that no indices stand for")
    (gradient,) = torch.autograd.grad(snapped.square().sum(), [other])
    ensure(bool(gradient.isfinite().all() and gradient.any()), "snap passes no finite gradient")
