"""Pivotal tuning: fine-tunes a generator to reproduce a real image while preserving its other images."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gancore.component.interfaces import Extractor, Generator
from gancore.component.randomness import fold, noise_maps, render_seed, seeded
from gancore.errors import UserError
from gancore.latent.codes import codes_of
from gancore.latent.likeness import Likeness, check_images
from gancore.latent.settings import check_settings
from gancore.latent.spaces import CodeSpace, code_space
from gancore.pipeline import Pipeline, evaluating

__all__ = ["PivotalTuning", "tune"]


@dataclass(frozen=True)
class PivotalTuning:
    """The settings of a tuning; the defaults are those of Roich et al. 2021, arXiv:2106.05744, and of its
    released code.

    Attributes:
        lr: the learning rate of Adam.
        pixels: weight of the pixels relative to the extractor's features.
        locality: weight of the term that preserves other images; 0 for none.
        radius: how far from the pivot these others are, in typical distances of a code from the mean.
    """

    steps: int = 350
    lr: float = 3e-4
    pixels: float = 1.0
    locality: float = 0.1
    radius: float = 1.0

    def __post_init__(self) -> None:
        check_settings("pivotal tuning", self)


def tune(
    pipeline: Pipeline,
    image: Tensor,
    code: Tensor,
    noise: Sequence[Tensor] = (),
    extractor: Extractor | None = None,
    settings: PivotalTuning | None = None,
    *,
    seed: int = 0,
    on_step: Callable[[int], None] | None = None,
) -> Pipeline:
    """A copy of the pipeline whose generator was trained to make `image` `(N, C, H, W)` from the pivots
    `code` `(N, *code_shape)`.

    Paper: Roich et al. 2021, arXiv:2106.05744, eqs. 2 to 6: the image of the pivot is fitted to the real one,
    with the pivot's noise maps `(N, …)` as found; in each step, a code drawn from the prior is moved along
    the line to each pivot until it is at a fixed distance from it, where the old and the new generator have
    to agree. Differences: images are compared as in a projection; the distance is in the pipeline's unit
    (there 30, in the w of one network). Buffers, such as the statistics of batch normalization, do not
    change.

    Raises:
        UserError: images and pivots have the wrong shape, or differ in number.
    """
    chosen = settings or PivotalTuning()
    generator = pipeline.generator
    _check(generator, image, code)
    # an averaged copy stands still
    tuned = copy.deepcopy(generator).requires_grad_()
    made = copy.copy(pipeline)
    made.generator = tuned
    space = code_space(pipeline, seed=seed)
    device = pipeline.device
    pivot, maps = code.to(device), [m.to(device) for m in noise]
    with evaluating(*made.parts.values(), generator):
        likeness = Likeness(pipeline, extractor, pixels=chosen.pixels, seed=fold(seed, "likeness"))
        target = likeness.see(image.to(device))
        weights = list(tuned.parameters())
        adam = torch.optim.Adam(weights, lr=chosen.lr)
        for step in range(chosen.steps):
            loss = likeness.unlike(_image(tuned, pivot, maps, seed), target).mean()
            if chosen.locality > 0:
                near = _near(space, pivot, chosen.radius, fold(seed, "locality", step))
                with torch.no_grad():
                    before = likeness.see(_image(generator, near, maps, seed))
                moved = likeness.unlike(_image(tuned, near, maps, seed), before).mean()
                loss = loss + chosen.locality * moved
            _descend(adam, weights, loss)
            if on_step is not None:
                on_step(step)
    return made


def _check(generator: Generator, image: Tensor, code: Tensor) -> None:
    check_images(image, generator.image, generator.qualified_name)
    expected = (len(image), *generator.code_shape)
    if tuple(code.shape) != expected:
        raise UserError(
            f"{len(image)} images are tuned to with pivots {expected}; got {tuple(code.shape)}; "
            "give what invert returned"
        )


def _descend(adam: torch.optim.Adam, weights: list[torch.nn.Parameter], loss: Tensor) -> None:
    """A step of Adam; weights that the loss does not depend on stay."""
    for weight, gradient in zip(weights, torch.autograd.grad(loss, weights, allow_unused=True), strict=True):
        weight.grad = gradient
    adam.step()
    adam.zero_grad()


def _image(generator: Generator, code: Tensor, noise: Sequence[Tensor], seed: int) -> Tensor:
    with noise_maps(noise), seeded(render_seed(seed), code.device):
        image: Tensor = generator(code)
    return image


def _near(space: CodeSpace, pivot: Tensor, radius: float, seed: int) -> Tensor:
    """Eq. 5: codes at a fixed distance from each pivot toward a code of the prior; with layers, in each
    layer.
    """
    drawn = codes_of(space.pipeline, *space.pipeline.draw(1, seed=seed)).to(pivot)
    way = drawn - pivot
    return pivot + radius * space.usual * way / space.length(way).clamp_min(1e-8)
