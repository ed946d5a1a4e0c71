"""Projection of real images: the code whose image is closest, found by optimization."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from gancore.component.interfaces import Encoder, Extractor
from gancore.component.randomness import fold, noise_maps, render_seed, seeded
from gancore.latent.codes import has_codes, noise_of, render_codes
from gancore.latent.likeness import Likeness, Seen, check_images
from gancore.latent.noise import irregularity, standardized
from gancore.latent.settings import check_settings
from gancore.latent.spaces import CodeSpace, Space, code_space
from gancore.latent.wanted_label import Wanted
from gancore.pipeline import Pipeline, evaluating

__all__ = ["Inverted", "Projection", "Search", "begin_search", "invert", "render_inverted"]


@dataclass(frozen=True)
class Projection:
    """The settings of a projection; the defaults are those of Karras et al. 2019, arXiv:1912.04958, appendix
    D.

    Attributes:
        lr: the maximum learning rate of Adam.
        ramp_up: the fraction of the steps in which the learning rate rises linearly from zero.
        ramp_down: the fraction of the steps at the end in which it falls to zero, by half a cosine.
        noise: the initial standard deviation of the noise added to the point, in typical distances from the
        mean.
        noise_until: the fraction of the steps after which no noise is added; until then it falls
        quadratically.
        regularity: weight of the noise maps' regularizer.
        pixels: weight of the pixels relative to the extractor's features; not in the paper.
    """

    steps: int = 1000
    lr: float = 0.1
    ramp_up: float = 0.05
    ramp_down: float = 0.25
    noise: float = 0.05
    noise_until: float = 0.75
    regularity: float = 1e5
    pixels: float = 1.0

    def __post_init__(self) -> None:
        check_settings("a projection", self)

    def rate(self, step: int) -> float:
        """The learning rate in a step."""
        done = (step + 1) / self.steps
        falling = min(1.0, (1 - step / self.steps) / self.ramp_down) if self.ramp_down else 1.0
        rising = min(1.0, done / self.ramp_up) if self.ramp_up else 1.0
        return self.lr * rising * (0.5 - 0.5 * math.cos(math.pi * falling))

    def added(self, step: int, usual: float) -> float:
        """The standard deviation of the noise added to the point in a step."""
        left = max(0.0, 1 - step / self.steps / self.noise_until) if self.noise_until else 0.0
        return self.noise * usual * left**2


class Inverted(NamedTuple):
    """The result of projecting images `(N, C, H, W)`.

    Attributes:
        code: `(N, *code_shape)`, on the CPU.
        noise: the noise maps in the order in which the generator draws them, each `(N, …)`; empty if it has
        none.
        image: the reconstructions `(N, C, H, W)` in [-1, 1].
        latent: `(N, *latent_shape)` if the search was in z, else None.
        loss: `(steps, N)`, the distance in each step.
        space: the space that was searched.
    """

    code: Tensor
    noise: tuple[Tensor, ...]
    image: Tensor
    latent: Tensor | None
    loss: Tensor
    space: Space


def invert(
    pipeline: Pipeline,
    image: Tensor,
    extractor: Extractor | None = None,
    settings: Projection | None = None,
    *,
    space: Space | None = None,
    label: Wanted | None = None,
    seed: int = 0,
    on_step: Callable[[int], None] | None = None,
) -> Inverted:
    """Finds the code, and the noise if the generator has some, that reproduce each image.

    Paper: Karras et al. 2019 (StyleGAN2), arXiv:1912.04958, appendix D: Adam on w starting from its mean,
    with noise added to w that fades out, and on the noise maps, which are kept white and standardized.
    Differences: images are compared by any extractor and by pixels (`Likeness`; there LPIPS); w+ and z can be
    searched as well (`space`; by default w if there is one): z from the closest of 64 samples, or from the
    output of the pipeline's encoder. Each image is optimized independently of the others in the batch.

    Raises:
        UserError: the image is of another shape than the pipeline's, or the pipeline has no such space or
        label.
    """
    search = begin_search(pipeline, image, extractor, settings, space=space, label=label, seed=seed)
    with evaluating(*pipeline.parts.values()):
        loss = []
        for step in range(search.settings.steps):
            loss.append(search.step(step))
            if on_step is not None:
                on_step(step)
        return search.result(torch.stack(loss))


def begin_search(
    pipeline: Pipeline,
    image: Tensor,
    extractor: Extractor | None = None,
    settings: Projection | None = None,
    *,
    space: Space | None = None,
    label: Wanted | None = None,
    seed: int = 0,
) -> "Search":
    """The search of `invert`, before its first step. Raises as `invert`."""
    chosen = settings or Projection()
    check_images(image, pipeline.generator.image, pipeline.generator.qualified_name)
    where = code_space(pipeline, space, label=label, seed=seed)
    with evaluating(*pipeline.parts.values()):
        likeness = Likeness(pipeline, extractor, pixels=chosen.pixels, seed=fold(seed, "likeness"))
        return Search(where, likeness, likeness.see(image.to(pipeline.device)), chosen, seed)


def render_inverted(
    pipeline: Pipeline, code: Tensor, noise: Sequence[Tensor] = (), *, seed: int = 0
) -> Tensor:
    """Images `(N, C, H, W)` in [-1, 1] of codes with their noise maps, one image's maps for all, or none."""
    if not len(noise):
        return render_codes(pipeline, code, seed=seed)
    rows = [[m[i : i + 1] if len(m) == len(code) else m for m in noise] for i in range(len(code))]
    return torch.cat([_rendered(pipeline, code[i : i + 1], row, seed) for i, row in enumerate(rows)])


def _rendered(pipeline: Pipeline, code: Tensor, noise: Sequence[Tensor], seed: int) -> Tensor:
    with noise_maps([m.to(pipeline.device) for m in noise]):
        return render_codes(pipeline, code, seed=seed)


class Search:
    """A projection in progress: its start, its variables, and Adam. Networks are expected in eval mode."""

    def __init__(
        self, space: CodeSpace, likeness: Likeness, target: Seen, settings: Projection, seed: int
    ) -> None:
        self.space, self.likeness, self.target, self.settings = space, likeness, target, settings
        self.generator, self.seed = space.pipeline.generator, seed
        self.start = _start(space, likeness, target)
        self.move = space.still(len(self.start)).requires_grad_()
        with torch.no_grad():
            drawn = noise_of(space.pipeline, space.code(self.start[:1]), fold(seed, "noise"))
        self.noise = [m[:1].repeat(len(self.start), *[1] * (m.ndim - 1)).requires_grad_() for m in drawn]
        self.rng = torch.Generator().manual_seed(fold(seed, "projection"))
        self.adam = torch.optim.Adam([self.move, *self.noise], lr=settings.lr)

    def step(self, step: int) -> Tensor:
        """One step of Adam on the variables; returns the distance `(N,)` before it."""
        deviation = self.settings.added(step, self.space.usual)
        # the same noise for each image, so that results do not depend on the other images
        added = torch.randn(1, *self.move.shape[1:], generator=self.rng).to(self.move) * deviation
        loss = self.likeness.unlike(self._image(self.start + self.move + added), self.target)
        whiteness = sum((irregularity(m) for m in self.noise), torch.zeros_like(loss))
        moving = [self.move, *self.noise]
        found = torch.autograd.grad(
            (loss + self.settings.regularity * whiteness).sum(), moving, allow_unused=True
        )
        for tensor, gradient in zip(moving, found, strict=True):
            tensor.grad = torch.zeros_like(tensor) if gradient is None else gradient
        for group in self.adam.param_groups:
            group["lr"] = self.settings.rate(step)
        self.adam.step()
        with torch.no_grad():
            for m in self.noise:
                m.copy_(standardized(m))
        return loss.detach().cpu()

    def _image(self, point: Tensor) -> Tensor:
        with noise_maps(self.noise), seeded(render_seed(self.seed), point.device):
            image: Tensor = self.generator(self.space.code(point))
        return image

    @property
    def point(self) -> Tensor:
        """The current point of the space `(N, *S)`, without the added noise."""
        return (self.start + self.move).detach()

    def result(self, loss: Tensor) -> Inverted:
        """The current code, without the added noise."""
        point = self.point
        with torch.no_grad():
            code = self.space.code(point).detach().cpu().contiguous()
        noise = tuple(m.detach().cpu() for m in self.noise)
        image = render_inverted(self.space.pipeline, code, noise, seed=self.seed)
        return Inverted(
            code, noise, image, point.cpu() if self.space.name == "z" else None, loss, self.space.name
        )


def _start(space: CodeSpace, likeness: Likeness, target: Seen) -> Tensor:
    """The starting point for each image: `(N, *S)`."""
    encoder = space.pipeline.encoder
    if encoder is not None and not encoder.conditional and _gives_points(encoder, space):
        with torch.no_grad():
            return encoder.code(target.image)
    if space.name == "z":
        return likeness.latent[likeness.nearest_sample(target)].to(target.image)
    return space.mean.repeat(len(target.image), *[1] * (space.mean.ndim - 1))


def _gives_points(encoder: Encoder, space: CodeSpace) -> bool:
    return not has_codes(space.pipeline) or (encoder.gives == "latent") == (space.name == "z")
