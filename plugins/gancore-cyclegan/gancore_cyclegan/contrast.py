"""How alike two images are, place by place, in the maps of a translator's encoder."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from gancore.component.interfaces import Generator, Shape
from gancore.component.part import Part, fact, field, interface, part
from gancore.component.precision import at_least_float32
from gancore.component.randomness import seeded, uniform
from gancore.component.validators import above, whole
from gancore.nn.initializers import xavier_normal_weights
from gancore.pipeline import evaluating

__all__ = ["Contrast", "PatchNCE", "map_channels"]


@interface("contrast")
class Contrast(Part):
    """How much the maps of translations tell of the images at the same places: `(queries, keys)` → scalar.

    Both are lists of maps `(N, C_i, H_i, W_i)`, of translations and of the images that they were made of.
    Gradients reach the queries and the layers here, not the keys.
    """

    channels: Shape = fact(default=None, help="channels C_i of each map, given by the recipe")

    @abstractmethod
    def forward(self, queries: Sequence[Tensor], keys: Sequence[Tensor]) -> Tensor:
        """A float32 scalar, the mean over rows."""


@part("patch-nce")
class PatchNCE(Contrast):
    """Patch-wise InfoNCE: a place of a translation shall be more like the same place of its source than like
    the other places of it.

    Paper: Park et al. 2020 (CUT), arXiv:2007.15651, section 3: at `patches` places of each map, vectors go
    through a network of two layers, one for each map, and are scaled to length 1. With v of the translation,
    v⁺ of the source at the same place and v⁻ at its other places (internal negatives), the loss is
    -log(exp(v·v⁺/τ) / (exp(v·v⁺/τ) + Σ exp(v·v⁻/τ))), τ = 0.07. As in its published code, weights
    start from N(0, 0.02 · √(2 / (inputs + outputs))) and biases from 0.

    Differences: the mean over places and maps, where the paper has sums, as in that code; each image draws
    places of its own, which that code draws once for a batch; layers are made at assembly.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"width": 6, "patches": 9, "channels": (3, 4)},)

    width: int = field(default=256, validator=whole(1), help="channels of both layers")
    patches: int = field(default=256, validator=whole(2), help="places of a map, at most all")
    temperature: float = field(default=0.07, validator=above(0), help="the paper's τ")

    def build(self) -> None:
        """Makes the layers for each map."""
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(channels, self.width), nn.ReLU(), nn.Linear(self.width, self.width))
            for channels in self.channels
        )
        xavier_normal_weights(self, gain=0.02)

    def forward(self, queries: Sequence[Tensor], keys: Sequence[Tensor]) -> Tensor:
        """Two lists of maps `(N, C_i, H_i, W_i)` → a scalar."""
        losses = [
            self.of_map(head, query, key) for head, query, key in zip(self.heads, queries, keys, strict=True)
        ]
        return torch.stack(losses).mean()

    def of_map(self, head: nn.Module, query: Tensor, key: Tensor) -> Tensor:
        """The loss at some places of maps `(N, C, H, W)`: a scalar."""
        n, _, height, width = query.shape
        places = uniform(n, height * width, like=query).argsort(1)[:, : self.patches]  # (N, S)
        v = _embedded(head, query, places)  # (N, S, width)
        with torch.no_grad():
            positive = _embedded(head, key, places)  # (N, S, width)
        alike = v @ positive.transpose(1, 2) / self.temperature  # (N, S, S), v⁺ on the diagonal
        wanted = torch.arange(places.shape[1], device=alike.device).expand(n, -1)  # (N, S)
        return cross_entropy(alike.flatten(0, 1), wanted.flatten())


def map_channels(generator: Generator) -> Shape | None:
    """The channels of the maps that a translator gives; None while it waits for facts.

    Raises:
        UserError: it gives none.
    """
    if not generator.built:
        return None
    weight = next(generator.parameters(), torch.empty(0))
    image = torch.zeros(1, *generator.code_shape, device=weight.device, dtype=weight.dtype)
    with evaluating(generator), torch.no_grad(), seeded(0, weight.device):
        return tuple(one.shape[1] for one in generator.maps(image))


def _embedded(head: nn.Module, image: Tensor, places: Tensor) -> Tensor:
    """The vectors of a map `(N, C, H, W)` at places `(N, S)`, on the unit sphere: `(N, S, width)`."""
    rows = image.flatten(2).transpose(1, 2)  # (N, H·W, C)
    chosen = rows.gather(1, places[:, :, None].expand(-1, -1, rows.shape[2]))  # (N, S, C)
    # autocast would multiply the unit vectors in bf16
    return normalize(at_least_float32(head(chosen)), dim=2)
