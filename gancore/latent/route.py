"""Parallel walks through several latents, sampled as codes for frames."""

from typing import NamedTuple

import torch
from torch import Tensor

from gancore.errors import UserError
from gancore.latent.codes import codes_of
from gancore.latent.interpolate import Kind, path
from gancore.latent.spaces import SPACES, check_space
from gancore.latent.walk import Walk
from gancore.nn.labels import one_hot
from gancore.pipeline import check_truncation

__all__ = ["Route"]


class Route(NamedTuple):
    """`cells` parallel walks of one pipeline, each through equally many latents.

    Attributes:
        latent: the keys of the first walk, then those of the second, and so on: `(cells · K, …)`.
        label: the labels of the keys, or None; between keys, labels are mixed.
        space: `z` interpolates latents, `w` the codes made from them.
        ease: whether to slow down at each key.
    """

    walk: Walk
    latent: Tensor
    label: Tensor | None
    cells: int = 1
    space: str = "z"
    kind: Kind = "spherical"
    loop: bool = False
    ease: bool = False
    truncation: float = 1.0

    @property
    def legs(self) -> int:
        """Number of legs from one key to the next, in each walk."""
        return len(self.latent) // self.cells - (0 if self.loop else 1)

    def check(self) -> None:
        """Raises UserError if there are too few keys, they do not fill the walks, or the pipeline has no such
        space or truncation.
        """
        total = len(self.latent)
        if total < 2 * self.cells or total % self.cells:
            each = f", as many for each of {self.cells} walks" if self.cells > 1 else ""
            raise UserError(f"a walk leads from one latent to another: give at least 2{each}; got {total}")
        check_space(self.walk.pipeline, self.space, SPACES)
        check_truncation(self.walk.pipeline, self.truncation)

    def codes(self, frames: int) -> Tensor:
        """The whole walks at constant speed: `(frames, cells, *code_shape)`."""
        return self._codes(*self._by_cell(), frames, self.loop)

    def leg_codes(self, frames: int) -> Tensor:
        """Each leg separately, both ends included: `(cells · legs, frames, *code_shape)`."""
        latent, label = self._by_cell()
        ends = [[i, (i + 1) % latent.shape[1]] for i in range(self.legs)]
        legs = [
            self._codes(latent[:, pair], None if label is None else label[:, pair], frames, False)
            for pair in ends
        ]
        return torch.stack(legs).movedim(2, 0).flatten(0, 1)

    def _by_cell(self) -> tuple[Tensor, Tensor | None]:
        """Keys `(cells, K, …)`; labels as weights."""
        weights = None if self.label is None else one_hot(self.label, self.walk.classes)
        return self._rows(self.latent), None if weights is None else self._rows(weights)

    def _rows(self, keys: Tensor) -> Tensor:
        return keys.reshape(self.cells, -1, *keys.shape[1:])

    def _codes(self, latent: Tensor, label: Tensor | None, frames: int, loop: bool) -> Tensor:
        def along(keys: Tensor, kind: Kind) -> Tensor:
            return torch.stack([path(each, frames, kind, loop, self.ease) for each in keys], dim=1)

        if self.space == "w":
            return along(self._coded(latent, label), self.kind)
        return self._coded(along(latent, self.kind), None if label is None else along(label, "linear"))

    def _coded(self, latent: Tensor, label: Tensor | None) -> Tensor:
        flat = None if label is None else label.flatten(0, 1)
        code = codes_of(self.walk.pipeline, latent.flatten(0, 1), flat, truncation=self.truncation)
        return code.reshape(*latent.shape[:2], *code.shape[1:])
