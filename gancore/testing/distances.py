"""Checks of distances."""

import torch
from torch import Tensor

from gancore.component.distance import Distance
from gancore.testing.assertions import ensure_shape
from gancore.testing.check import check, ensure
from gancore.testing.trial import Trial


def _pair(trial: Trial[Distance]) -> tuple[Tensor, Tensor]:
    image = trial.images(trial.n + 1, *trial.part.image)
    return image, image.flip(0) * 0.5 + 0.1


@check(Distance, trials=2)
def tells_images_apart(trial: Trial[Distance]) -> None:
    """It is float32 `(N,)`, 0 for equal images and above 0 for different ones."""
    image, other = _pair(trial)
    apart, none = trial.part(image, other), trial.part(image, image.clone())
    ensure_shape(apart, (len(image),), "distances")
    ensure(apart.dtype == torch.float32, f"distances are {apart.dtype}, expected float32")
    ensure(bool((apart > 0).all()), f"different images have the distances {apart.tolist()}, expected above 0")
    ensure(float(none.abs().max()) < 1e-6, f"equal images have the distances {none.tolist()}, expected 0")


@check(Distance, trials=2)
def pulls_images_together(trial: Trial[Distance]) -> None:
    """A finite gradient reaches every image, also of equal images, and no weight; against it the distance
    becomes smaller.
    """
    image, other = _pair(trial)
    moved = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(trial.part(moved, other).sum(), moved, allow_unused=True)
    reached = gradient is not None and bool(gradient.isfinite().all() and gradient.flatten(1).any(1).all())
    ensure(reached, "no finite gradient reaches every image")
    assert gradient is not None
    step = 1e-3 * image.norm() / gradient.norm()
    nearer = trial.part(image - step * gradient, other).sum() < trial.part(image, other).sum()
    ensure(bool(nearer), "a small step against the gradient makes the distance no smaller")
    (at_rest,) = torch.autograd.grad(trial.part(moved, image).sum(), moved)
    ensure(bool(at_rest.isfinite().all()), "the gradient of equal images is not finite")
    trained = [name for name, p in trial.part.named_parameters() if p.requires_grad]
    ensure(not trained, f"its weights {', '.join(trained[:3])} are not frozen")


@check(Distance, trials=2)
def compares_row_by_row(trial: Trial[Distance]) -> None:
    """Row i depends on row i alone."""
    image, other = _pair(trial)
    whole = trial.part(image, other)
    alone = torch.cat([trial.part(image[i : i + 1], other[i : i + 1]) for i in range(len(image))])
    ensure(torch.allclose(alone, whole, rtol=1e-3, atol=1e-5), "a distance depends on the other images")
