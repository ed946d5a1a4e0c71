"""What regularizers and constraints promise, tried on a small smooth discriminator and a small smooth
generator.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Constraint, DiscriminatorRegularizer, GeneratorRegularizer
from gancore.component.randomness import Rows, own_rows, seeded
from gancore.component.scored import Scored
from gancore.testing.check import check, ensure, row_by_row
from gancore.testing.networks import ensure_shape
from gancore.testing.trial import Trial

SHAPE = (3, 4, 4)
CODE = 5


class Smooth(nn.Module):
    """Two layers with a smooth bend, on flat rows; `(N, …)` → `(N, *shape)`."""

    def __init__(self, rng: torch.Generator, features: int, *shape: int) -> None:
        super().__init__()
        self.shape = shape
        width = int(torch.Size(shape).numel())
        self.first = nn.Parameter(torch.randn(features, 8, generator=rng) * 0.3)
        self.second = nn.Parameter(torch.randn(8, width, generator=rng) * 0.3)
        self.bias = nn.Parameter(torch.randn(width, generator=rng) * 0.3)

    def forward(self, given: Tensor) -> Tensor:
        """Smooth in input and weights."""
        made = (given.flatten(1) @ self.first).tanh() @ self.second + self.bias
        return made.reshape(len(given), *self.shape)


class Flat(nn.Module):
    """A discriminator that ignores its image."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(48))
        self.bias = nn.Parameter(torch.tensor(0.5))

    def forward(self, image: Tensor) -> Tensor:
        """The bias for each image."""
        return image.flatten(1) @ self.weight + self.bias


def _pair(
    trial: Trial[DiscriminatorRegularizer], critic: nn.Module, word: str = "", rows: slice = slice(None)
) -> tuple[Scored, Scored]:
    real, fake = (trial.images(4, *SHAPE, word=word + side)[rows] for side in ("real", "fake"))
    gradient = trial.part.gradient
    return Scored(lambda: real, critic, gradient=gradient), Scored(lambda: fake, critic, gradient=gradient)


def _critic(trial: Trial[Any]) -> Smooth:
    return Smooth(trial.rng("critic"), 48)


def _penalty(
    trial: Trial[DiscriminatorRegularizer], critic: nn.Module, word: str = "", rows: slice = slice(None)
) -> Tensor:
    with seeded(trial.seed):
        made: Tensor = trial.part(critic, *_pair(trial, critic, word, rows))
        return made


@check(DiscriminatorRegularizer)
def is_a_scalar_to_descend(trial: Trial[DiscriminatorRegularizer]) -> None:
    """It is a finite float32 scalar with a finite gradient in the discriminator's weights that is not all
    zero.
    """
    critic = _critic(trial)
    _ensure_descends(_penalty(trial, critic), critic, unless_zero=True)


@check(DiscriminatorRegularizer)
def fair_to_a_flat_discriminator(trial: Trial[DiscriminatorRegularizer]) -> None:
    """A discriminator that ignores its image gets the same penalty whatever the images are, with a finite
    gradient.
    """
    critic = Flat()
    first, other = _penalty(trial, critic), _penalty(trial, critic, "other ")
    text = (
        f"a discriminator that ignores its image is punished by {first.tolist()} on some images and by "
        f"{other.tolist()} on others"
    )
    ensure(torch.allclose(first, other, atol=1e-6), text)
    ensure(bool(first.isfinite()), f"a discriminator that ignores its image is punished by {first.tolist()}")
    if first.requires_grad:
        first.backward()  # type: ignore[no-untyped-call]
    wrong = [
        name for name, p in critic.named_parameters() if p.grad is not None and not p.grad.isfinite().all()
    ]
    ensure(
        not wrong,
        "where the image gradient is zero the penalty's own is not finite; "
        "the root of a sum of squares has none there",
    )


@check(DiscriminatorRegularizer)
def leaves_nothing_behind(trial: Trial[DiscriminatorRegularizer]) -> None:
    """No gradient, no flag and no weight is other than before."""
    critic, maker = _critic(trial), Smooth(trial.rng("maker"), CODE, *SHAPE)
    critic.bias.requires_grad_(False)
    image, code = trial.images(4, *SHAPE), trial.normal(4, CODE)
    real = Scored(lambda: image, critic, gradient=trial.part.gradient)
    fake = Scored(lambda: maker(code), critic, gradient=trial.part.gradient)
    with _nothing_left(critic, maker, image, allowed=image if trial.part.gradient else None):
        trial.part(critic, real, fake)


@check(DiscriminatorRegularizer, excuse=row_by_row)
def is_exact_in_pieces(trial: Trial[DiscriminatorRegularizer]) -> None:
    """The penalty of a batch is the mean of those of its halves; random numbers come from
    `gancore.component.randomness`.
    """
    critic = _critic(trial)
    _ensure_exact(_penalty(trial, critic), lambda rows: _penalty(trial, critic, "", rows))


@check(GeneratorRegularizer)
def is_a_scalar_for_the_generator(trial: Trial[GeneratorRegularizer]) -> None:
    """It is a finite float32 scalar with a finite gradient in the generator's weights that is not all zero,
    from any code.
    """
    for shape in ((CODE,), (4, CODE)):
        for leaf in (True, False):
            maker = Smooth(trial.rng("maker"), int(torch.Size(shape).numel()), *SHAPE)
            code = trial.normal(4, *shape)
            code = code if leaf else code * torch.ones(1, requires_grad=True)
            _ensure_descends(trial.part(maker, code), maker, unless_zero=True)


@check(GeneratorRegularizer)
def leaves_no_trace_behind(trial: Trial[GeneratorRegularizer]) -> None:
    """No gradient, no flag and no weight is other than before."""
    maker, code = Smooth(trial.rng("maker"), CODE, *SHAPE), trial.normal(4, CODE)
    maker.bias.requires_grad_(False)
    with _nothing_left(maker, maker, code):
        trial.part(maker, code)


@check(GeneratorRegularizer, excuse=row_by_row)
def is_exact_in_micro_batches(trial: Trial[GeneratorRegularizer]) -> None:
    """The penalty of a batch is the mean of those of its halves; random numbers come from
    `gancore.component.randomness`.
    """
    maker, code = Smooth(trial.rng("maker"), CODE, *SHAPE), trial.normal(4, CODE)

    def penalty(rows: slice) -> Tensor:
        with seeded(trial.seed):
            made: Tensor = trial.part(maker, code[rows])
            return made

    _ensure_exact(penalty(slice(None)), penalty)


@check(Constraint)
def moves_weights_into_a_set(trial: Trial[Constraint]) -> None:
    """Applied again it changes nothing more; weights stay finite and trainable, and of their shape."""
    module = Smooth(trial.rng("module"), 48)
    shapes = [tuple(p.shape) for p in module.parameters()]
    with torch.no_grad():
        trial.part(module)
        once = [p.clone() for p in module.parameters()]
        trial.part(module)
    for before, p, shape in zip(once, module.parameters(), shapes, strict=True):
        ensure_shape(p, shape, "a weight")
        ensure(
            p.requires_grad and bool(p.isfinite().all()), "a weight is not finite or not trainable any more"
        )
        ensure(torch.allclose(p, before, atol=1e-5), "applied a second time it moves the weights again")


def _ensure_descends(value: Tensor, module: nn.Module, *, unless_zero: bool) -> None:
    fine = value.dim() == 0 and value.dtype == torch.float32 and bool(value.isfinite())
    ensure(fine, f"it is {value.dtype} {value.tolist()}, expected one finite torch.float32 scalar")
    if unless_zero and not value:
        return
    ensure(value.requires_grad, "it cannot be differentiated in the player's weights")
    value.backward()  # type: ignore[no-untyped-call]
    gradients = [p.grad for p in module.parameters() if p.grad is not None]
    ensure(any(bool(g.any()) for g in gradients), "its gradient is zero in all weights of the player")
    ensure(all(bool(g.isfinite().all()) for g in gradients), "its gradient is not finite")


def _ensure_exact(whole: Tensor, penalty: Callable[[slice], Tensor]) -> None:
    pieces = []
    for start in (0, 2):
        with own_rows(Rows(4, start, start + 2)):
            pieces.append(penalty(slice(start, start + 2)))
    mean = torch.stack(pieces).mean()
    text = f"it is {whole.tolist()} for a batch, {mean.tolist()} in the mean over its halves"
    advice = "take batch means and draw through gancore.component.randomness, or tag the part `batch`"
    ensure(torch.allclose(whole, mean, rtol=1e-4, atol=1e-6), f"{text}; {advice}")


class _nothing_left:
    """Compares modules and an image before and after. `allowed`: an image that the recipe itself asked
    gradients for.
    """

    def __init__(
        self, first: nn.Module, second: nn.Module, image: Tensor, allowed: Tensor | None = None
    ) -> None:
        self.tensors: dict[str, Tensor] = {
            f"{side} {n}": p
            for side, m in (("its", first), ("the other's", second))
            for n, p in m.named_parameters()
        }
        self.tensors["image or code"] = image
        self.modules, self.allowed = (first, second), allowed

    def __enter__(self) -> None:
        self.before = {name: (t.requires_grad, t.detach().clone()) for name, t in self.tensors.items()}

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            return
        for name, t in self.tensors.items():
            flag, value = self.before[name]
            ensure(
                t.grad is None, f"it leaves a gradient behind ({name}); use torch.autograd.grad, not backward"
            )
            ensure(
                t.requires_grad == flag or t is self.allowed,
                f"it leaves requires_grad {t.requires_grad} behind ({name}), was {flag}",
            )
            ensure(torch.equal(t.detach(), value), f"it changes values in place ({name})")
        ensure(all(m.training for m in self.modules), "it leaves a network in eval mode")
