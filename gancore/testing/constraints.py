"""Checks of constraints, on a small smooth network."""

import torch

from gancore.component.interfaces import Constraint
from gancore.testing.assertions import ensure_shape
from gancore.testing.check import check, ensure
from gancore.testing.toy_networks import Smooth
from gancore.testing.trial import Trial


@check(Constraint)
def moves_weights_into_a_set(trial: Trial[Constraint]) -> None:
    """Applying it again changes nothing; weights stay finite and trainable, and keep their shape."""
    module = Smooth(trial.rng("module"), 48)
    shapes = [tuple(p.shape) for p in module.parameters()]
    with torch.no_grad():
        trial.part(module)
        once = [p.clone() for p in module.parameters()]
        trial.part(module)
    for before, p, shape in zip(once, module.parameters(), shapes, strict=True):
        ensure_shape(p, shape, "a weight")
        ensure(
            p.requires_grad and bool(p.isfinite().all()),
            "a weight is no longer finite or no longer trainable",
        )
        ensure(torch.allclose(p, before, atol=1e-5), "applied a second time it moves the weights again")
