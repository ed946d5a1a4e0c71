"""The latent space of a pipeline: from a view to its latent, its code and its image."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gancore.component.randomness import fold
from gancore.errors import UserError
from gancore.latent.codes import codes_of, has_codes, render_codes
from gancore.latent.direction_file import DirectionSet
from gancore.latent.directions import (
    Directions,
    principal_directions,
    random_directions,
    random_directions_among,
    response_directions,
)
from gancore.latent.interpolate import KINDS
from gancore.latent.mixing import layers_of, mix
from gancore.latent.spaces import check_space
from gancore.latent.views import Between, Mix, Point, View, view_of
from gancore.latent.wanted_label import classes_of
from gancore.nn.labels import one_hot
from gancore.pipeline import Pipeline, check_truncation, keeps_a_mean, truncated
from gancore.runs.opening import load_pipeline

__all__ = ["Place", "Walk"]

SLIDERS = 10
"""Maximum number of principal directions."""
PIXELS = 1 << 22
"""Pixels rendered to find the directions that change images most."""


@dataclass(frozen=True)
class Place:
    """A code `(1, *code_shape)` for the generator and, if it comes from a latent, that latent `(1, …)`, its
    label and truncation.
    """

    code: Tensor
    latent: Tensor | None = None
    label: Tensor | None = None
    truncation: float = 1.0


class Walk:
    """Views of one pipeline. An image depends only on its view and the weights, so it can be reproduced.

    The noise inside the generator has seed 0 in every image, so neighbors differ only by their codes.

    `directions` replace the principal ones in their space.

    Raises:
        UserError: the pipeline translates images, so it has no latents; or the directions belong to another
        pipeline.
    """

    def __init__(self, pipeline: Pipeline, directions: DirectionSet | None = None) -> None:
        if pipeline.sampler is None:
            raise UserError(
                f"{pipeline.generator.qualified_name} {pipeline.product} images, "
                "so it has no latent space to walk in; give another run"
            )
        self.pipeline = pipeline
        self.latent_shape = tuple(pipeline.conditioner.latent_shape)
        self.code_shape = tuple(pipeline.generator.code_shape)
        self.classes = classes_of(pipeline)
        self.layers = layers_of(self.code_shape)
        self.has_codes, self.truncates = has_codes(pipeline), keeps_a_mean(pipeline)
        self.sliders = min(SLIDERS, math.prod(self.latent_shape), math.prod(self.code_shape))
        self._random: dict[tuple[str, int], Tensor] = {}
        self.directions = directions
        if directions is not None:
            self._take(directions)

    @classmethod
    def load(cls, run: Path | str, name: str | None = None, directions: Path | str | None = None) -> "Walk":
        """Of a run's pipeline, or of a saved pipeline. Raises as `load_pipeline` and
        `DirectionSet.load` do.
        """
        found = None if directions is None else DirectionSet.load(Path(directions))
        return cls(load_pipeline(run, name), found)

    def _take(self, directions: DirectionSet) -> None:
        directions.check(self.pipeline)
        self.sliders = min(self.sliders, len(directions))
        found = Directions(directions.vectors[: self.sliders], directions.deviation[: self.sliders])
        if directions.space == "w":
            self._of_codes = found
        else:
            self._of_images = found

    def image(self, view: View | Mapping[str, Any]) -> Tensor:
        """`(1, C, H, W)` in [-1, 1]."""
        return render_codes(self.pipeline, self.place(view).code)

    def images(self, views: Sequence[View | Mapping[str, Any]]) -> Tensor:
        """`(N, C, H, W)` in [-1, 1], equal to those of `image` up to rounding."""
        return render_codes(self.pipeline, torch.cat([self.place(view).code for view in views]))

    def place(self, view: View | Mapping[str, Any]) -> Place:
        """The point of a view.

        Raises:
            UserError: the pipeline has no such label, layer, space or direction, or no mean to truncate
            toward.
        """
        known = view if isinstance(view, Point | Between | Mix) else view_of(view)
        if isinstance(known, Between):
            return self._between(known)
        return self._mix(known) if isinstance(known, Mix) else self._point(known)

    def _point(self, view: Point) -> Place:
        if view.start and self.space(view.space) == "w":
            return Place(self._started(view) + self._shift(view))
        latent, label = self.pipeline.draw(1, seed=view.seed, label=self._label(view))
        if view.start:
            check_space(self.pipeline, "z")
            latent = self._given(view.start, self.latent_shape)
        shift = self._shift(view)
        if self.space(view.space) == "z" and bool(shift.any()):
            latent, shift = latent + shift, torch.zeros(())
        code = codes_of(self.pipeline, latent, label, truncation=view.truncation)
        # a moved code no longer has a latent
        return Place(code + shift) if bool(shift.any()) else Place(code, latent, label, view.truncation)

    def _started(self, view: Point) -> Tensor:
        """The code `(1, *code_shape)` that a view starts from, truncated."""
        code = self._given(view.start, self.code_shape)
        check_truncation(self.pipeline, view.truncation)
        return (
            code
            if view.truncation == 1
            else truncated(self.pipeline.conditioner, code, self._label(view), view.truncation).cpu()
        )

    def _given(self, start: Sequence[float], shape: tuple[int, ...]) -> Tensor:
        numbers, whole = torch.tensor([start]), math.prod(shape)
        if len(start) == whole:
            return numbers.reshape(1, *shape)
        if layers_of(shape) and len(start) == shape[1]:
            return numbers[:, None].expand(1, *shape)
        raise UserError(f"a start has {whole} numbers here; got {len(start)}")

    def _label(self, view: Point) -> Tensor | None:
        if isinstance(view.label, tuple):
            if self.classes != len(view.label):
                raise UserError(
                    f"a soft label has one weight for each of {self.classes} classes; got {len(view.label)}"
                )
            return torch.tensor([view.label])
        return None if view.label is None else torch.tensor([view.label])

    def _between(self, view: Between) -> Place:
        one, other = (self.place(end) for end in view.between)
        at, along = torch.tensor([view.at], dtype=torch.float64), KINDS[view.kind]
        if view.space == "w" and self.has_codes:
            return Place(along(one.code[0], other.code[0], at))
        if one.latent is None or other.latent is None:
            raise UserError(
                "one of the two is a code without a latent (it was moved or mixed in w); "
                "interpolate between them in space w"
            )
        check_space(self.pipeline, "z")
        latent, label = (
            along(one.latent[0], other.latent[0], at),
            self._label_between(one.label, other.label, view.at),
        )
        truncation = one.truncation + view.at * (other.truncation - one.truncation)
        return Place(codes_of(self.pipeline, latent, label, truncation=truncation), latent, label, truncation)

    def _label_between(self, one: Tensor | None, other: Tensor | None, at: float) -> Tensor | None:
        if one is None or other is None or torch.equal(one, other):
            return one
        return torch.lerp(one_hot(one, self.classes), one_hot(other, self.classes), at)

    def _mix(self, view: Mix) -> Place:
        one, other = (self.place(end) for end in view.mix)
        code = mix(one.code, other.code, view.layers)
        return Place(code) if self.has_codes else Place(code, code)

    def _shift(self, view: Point) -> Tensor:
        space = self.space(view.space)
        shift = torch.zeros(self._shape(space))
        if space == "z" and (any(view.shift) or any(view.principal)):
            check_space(self.pipeline, "z")
        if any(view.shift):
            unit = self._usual(space) / 4
            shift = shift + torch.tensordot(torch.tensor(view.shift) * unit, self.random(space, view.draw), 1)
        if any(view.principal):
            found = self.principal(space)
            if len(view.principal) > len(found.vectors):
                raise UserError(
                    f"{len(found.vectors)} principal directions were found; got {len(view.principal)} numbers"
                )
            amounts = torch.tensor(view.principal)
            shift = shift + torch.tensordot(
                amounts * found.deviation[: len(amounts)], found.vectors[: len(amounts)], 1
            )
        return shift

    def space(self, name: str) -> str:
        """`w` if it is asked for and differs from z, else `z`."""
        return "w" if name == "w" and self.has_codes else "z"

    def _shape(self, space: str) -> tuple[int, ...]:
        return self.code_shape if space == "w" else self.latent_shape

    def random(self, space: str, draw: int) -> Tensor:
        """Two orthogonal unit directions `(2, *shape)`. Raises UserError in a one-dimensional space."""
        if (space, draw) not in self._random:
            if math.prod(self._shape(space)) < 2:
                raise UserError(
                    "a latent of dimension 1 does not have two directions; move along the principal one"
                )
            if len(self._random) > 64:
                self._random.clear()
            in_w = space == "w"
            found = (
                random_directions_among(self._seen_codes, seed=draw)
                if in_w
                else random_directions(self.latent_shape, seed=draw)
            )
            self._random[space, draw] = found
        return self._random[space, draw]

    def principal(self, space: str) -> Directions:
        """The directions in which codes vary most (`w`), or that change images most (`z`); the first call is
        slow.
        """
        return self._of_codes if space == "w" else self._of_images

    def _usual(self, space: str) -> float:
        """The typical distance of a latent or code from the mean."""
        points = self._seen_codes if space == "w" else self._seen[0]
        return float((points - points.mean(0)).flatten(1).norm(dim=1).square().mean().sqrt())

    @cached_property
    def _seen(self) -> tuple[Tensor, Tensor | None]:
        count = max(64, min(1024, PIXELS // math.prod(self.pipeline.generator.image[1:])))
        return self.pipeline.draw(count, seed=fold(0, "directions"))

    @cached_property
    def _seen_codes(self) -> Tensor:
        return codes_of(self.pipeline, *self._seen)

    @cached_property
    def _of_codes(self) -> Directions:
        return principal_directions(self._seen_codes, min(SLIDERS, math.prod(self.code_shape)))

    @cached_property
    def _of_images(self) -> Directions:
        latents, label = self._seen
        images = self.pipeline.render(latents, label)
        return response_directions(
            latents, images, min(SLIDERS, math.prod(self.latent_shape), len(latents) - 1)
        )
