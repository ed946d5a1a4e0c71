"""What generators promise beyond what every network does."""

import torch

from gancore.component.interfaces import Generator
from gancore.testing.assertions import ensure_shape
from gancore.testing.check import check, ensure
from gancore.testing.forward import forward, inputs
from gancore.testing.trial import Trial


@check(Generator)
def makes_images(trial: Trial[Generator]) -> None:
    """It makes images `(N, C, H, W)` of the shape that it was told."""
    made = forward(trial.part, inputs(trial, trial.part))
    ensure_shape(made, (trial.n, *trial.part.image), "a batch of images")


@check(Generator)
def every_code_gives_another_image(trial: Trial[Generator]) -> None:
    """In eval mode other codes give other images, under the same noise."""
    part = trial.part.eval()
    code, label = inputs(trial, part)
    first, other = (forward(part, (given, label)) for given in (code, code.flip(0).neg()))
    ensure(not torch.allclose(first, other, rtol=0, atol=1e-7), "another code gives the same image")
