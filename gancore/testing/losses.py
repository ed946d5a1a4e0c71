"""Checks of losses."""

from collections.abc import Callable

import torch
from torch import Tensor

from gancore.component.interfaces import Loss
from gancore.component.randomness import Rows, own_rows, seeded
from gancore.testing.check import check, ensure
from gancore.testing.excuses import row_by_row
from gancore.testing.trial import Trial

Pair = Callable[[Tensor, Tensor], Tensor]


@check(Loss)
def gives_float32_scalars(trial: Trial[Loss]) -> None:
    """Losses are float32 scalars, for scores of any shape and precision."""
    for shape in ((trial.n,), (trial.n, 1, 2, 3)):
        for dtype in (torch.float32, torch.bfloat16):
            for name, loss in _both(trial.part).items():
                made = loss(
                    trial.normal(*shape, word="real").to(dtype), trial.normal(*shape, word="fake").to(dtype)
                )
                fine = made.dim() == 0 and made.dtype == torch.float32
                ensure(
                    fine,
                    f"the {name}'s loss of {dtype} scores is {made.dtype} {tuple(made.shape)}, "
                    "expected a torch.float32 scalar",
                )


@check(Loss)
def gradcheck(trial: Trial[Loss]) -> None:
    """Gradients agree with finite differences."""
    real, fake = (trial.normal(trial.n, word=word).double().requires_grad_() for word in ("real", "fake"))
    for name, loss in _both(trial.part).items():
        exact = loss(real, fake).dtype == torch.float64
        step, tolerance = (1e-6, 1e-4) if exact else (1e-2, 1e-2)
        try:
            torch.autograd.gradcheck(loss, (real, fake), eps=step, atol=tolerance, rtol=tolerance)
        except (RuntimeError, AssertionError) as error:
            ensure(False, f"the gradient of the {name}'s loss is wrong: {error}")


@check(Loss)
def wants_the_right_side(trial: Trial[Loss]) -> None:
    """On the wrong side of zero the discriminator wants real scores higher and fake ones lower, the generator
    fake ones higher: every one, or some of a loss tagged `batch`.
    """
    low = (-0.1 - trial.normal(trial.n, word="low").abs()).requires_grad_()
    high = (0.1 + trial.normal(trial.n, word="high").abs()).requires_grad_()
    real, fake = torch.autograd.grad(_both(trial.part)["discriminator"](low, high), (low, high))
    ensure(
        bool((real < 0).all()), "the discriminator's loss does not fall where low scores of real images rise"
    )
    ensure(
        bool((fake > 0).all()), "the discriminator's loss does not rise where high scores of fake images rise"
    )
    (fake,) = torch.autograd.grad(_both(trial.part)["generator"](high, low), low)
    wants = (fake <= 0).all() and (fake < 0).any() if row_by_row(trial.part) else (fake < 0).all()
    ensure(bool(wants), "the generator's loss does not fall where low scores of fake images rise")


@check(Loss)
def finite_at_extremes(trial: Trial[Loss]) -> None:
    """Losses and their gradients are finite at scores of ±1e4."""
    for a in (-1e4, 1e4):
        for b in (-1e4, 1e4):
            for name, loss in _both(trial.part).items():
                real, fake = (torch.full((trial.n,), score).requires_grad_() for score in (a, b))
                made = loss(real, fake)
                gradients = torch.autograd.grad(made, (real, fake), materialize_grads=True)
                fine = made.isfinite().item() and all(bool(g.isfinite().all()) for g in gradients)
                ensure(
                    fine,
                    f"the {name}'s loss is {made.item()} at real scores of {a:g} and fake ones of {b:g}, "
                    "or its gradient is not finite",
                )


@check(Loss)
def is_pure(trial: Trial[Loss]) -> None:
    """Equal scores and noise give equal losses; scores and the part are not changed."""
    real, fake = trial.normal(trial.n, word="real"), trial.normal(trial.n, word="fake")
    kept, state = (real.clone(), fake.clone()), {k: v.clone() for k, v in trial.part.state_dict().items()}
    for name, loss in _both(trial.part).items():
        ensure(
            torch.equal(loss(real, fake), loss(real, fake)),
            f"the {name}'s loss of the same scores differs from call to call",
        )
    ensure(torch.equal(real, kept[0]) and torch.equal(fake, kept[1]), "it changes the scores in place")
    ensure(
        all(torch.equal(v, trial.part.state_dict()[k]) for k, v in state.items()), "it changes its own state"
    )


@check(Loss, excuse=row_by_row)
def is_a_batch_mean(trial: Trial[Loss]) -> None:
    """The loss of a batch is the mean of the losses of its halves; random numbers come from
    `gancore.component.randomness`.
    """
    real, fake = trial.normal(4, word="real"), trial.normal(4, word="fake")
    for name, loss in _both(trial.part).items():
        halves = torch.stack([_of_rows(loss, real, fake, start) for start in (0, 2)]).mean()
        whole = loss(real, fake)
        text = (
            f"the {name}'s loss is {whole.item()}, but the mean over the halves is "
            f"{halves.item()}; take means and draw through gancore.component.randomness, or tag the part "
            "`batch`"
        )
        ensure(torch.allclose(whole, halves, atol=1e-5), text)


def _has_weights(part: Loss) -> str:
    return "" if any(p.requires_grad for p in part.parameters()) else "it has no weights"


@check(Loss, excuse=_has_weights)
def trains_its_weights(trial: Trial[Loss]) -> None:
    """The discriminator's loss, whose player trains them, gives every weight a gradient."""
    real, fake = (trial.normal(trial.n, word=word) for word in ("real", "fake"))
    trial.part.discriminator(real, fake).backward()  # type: ignore[no-untyped-call]
    missed = [name for name, p in trial.part.named_parameters() if p.requires_grad and p.grad is None]
    ensure(
        not missed,
        f"the discriminator's loss gives {', '.join(missed)} no gradient, so the discriminator's player, to "
        "which losses belong, never trains it; freeze it, or hold it in a part of the generator's player",
    )


def _of_rows(loss: Pair, real: Tensor, fake: Tensor, start: int) -> Tensor:
    with own_rows(Rows(4, start, start + 2)):
        return loss(real[start : start + 2], fake[start : start + 2])


def _both(part: Loss) -> dict[str, Pair]:
    """Both losses as functions of real and fake scores, with the same noise in each call."""

    def discriminator(real: Tensor, fake: Tensor) -> Tensor:
        with seeded(0):
            return part.discriminator(real, fake)

    def generator(real: Tensor, fake: Tensor) -> Tensor:
        with seeded(0):
            return part.generator(fake, real) if part.needs_real else part.generator(fake)

    return {"discriminator": discriminator, "generator": generator}
