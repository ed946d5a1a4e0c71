"""What encoders promise beyond what every network does."""

import torch

from gancore.component.interfaces import Encoder
from gancore.testing.check import check, ensure
from gancore.testing.forward import inputs
from gancore.testing.trial import Trial


@check(Encoder)
def encodes_images(trial: Trial[Encoder]) -> None:
    """`code` gives one float32 code for each image, the same in each call in eval mode."""
    part = trial.part.eval()
    image, _ = inputs(trial, part)
    code = part.code(image)
    ensure(
        len(code) == trial.n and code.dtype == torch.float32,
        f"{trial.n} images give codes {tuple(code.shape)} of {code.dtype}",
    )
    ensure(torch.equal(part.code(image), code), "the same images give other codes in a second call")
