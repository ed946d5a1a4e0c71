"""Checks of generators, besides those of all networks."""

import torch

from gancore.component.interfaces import Generator
from gancore.testing.assertions import ensure_shape
from gancore.testing.check import check, ensure
from gancore.testing.forward import forward, inputs
from gancore.testing.trial import Trial


@check(Generator)
def makes_images(trial: Trial[Generator]) -> None:
    """It makes images `(N, C, H, W)` of the shape that it was given."""
    made = forward(trial.part, inputs(trial, trial.part))
    ensure_shape(made, (trial.n, *trial.part.image), "a batch of images")


@check(Generator, excuse=lambda part: "" if part.size_multiple else "it reads one size")
def takes_any_size(trial: Trial[Generator]) -> None:
    """With a `size_multiple`, it reads images of other sizes, and keeps the ratio of what it reads and
    makes.
    """
    part, step = trial.part.eval(), trial.part.size_multiple
    channels, height, width = part.code_shape
    read = (height - height % step + step, width - width % step + 2 * step)
    made = forward(part, (trial.images(trial.n, channels, *read), None))
    sides = zip(read, (height, width), part.image[1:], strict=True)
    expected = (trial.n, part.image[0], *(side * made // of for side, of, made in sides))
    ensure_shape(made, expected, f"a batch of images made from {read[0]}×{read[1]}")


@check(Generator)
def every_code_gives_another_image(trial: Trial[Generator]) -> None:
    """In eval mode different codes give different images, with the same noise."""
    part = trial.part.eval()
    code, label = inputs(trial, part)
    first, other = (forward(part, (given, label)) for given in (code, code.flip(0).neg()))
    ensure(not torch.allclose(first, other, rtol=0, atol=1e-7), "another code gives the same image")


def _names_a_last_layer(part: Generator) -> str:
    return "" if type(part).last_layer is not Generator.last_layer else "it names no last layer"


@check(Generator, excuse=_names_a_last_layer)
def names_its_last_layer(trial: Trial[Generator]) -> None:
    """If it names the weight of its last layer, that is one of its parameters, and a gradient reaches it."""
    part = trial.part
    weight = part.last_layer()
    ensure(
        any(weight is p for p in part.parameters()),
        "last_layer gives a tensor that is none of its parameters; give the parameter itself",
    )
    image = forward(part, inputs(trial, part))
    (gradient,) = torch.autograd.grad(image.square().sum(), weight, allow_unused=True)
    ensure(gradient is not None and bool(gradient.any()), "the weight of its last layer has no gradient")
