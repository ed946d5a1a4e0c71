"""Averaged copies of modules, for sampling."""

import math
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Average
from gancore.component.part import Part, field, part
from gancore.component.validators import above, at_least
from gancore.errors import FitError

__all__ = ["ExponentialAverage", "NoAverage"]

Slot = tuple[dict[str, Any], dict[str, Any], str]
"""The location of a tensor in a copy and in the live module; looked up at each step, since `.to` and
`load_state_dict` may replace the tensors.
"""


@part("exponential")
class ExponentialAverage(Average):
    """An exponential moving average of the weights, whose half-life is counted in images; buffers are copied.

    Paper: Karras et al. 2017 (ProGAN), arXiv:1710.10196, appendix A.1, whose decay of 0.999 in a step of 16
    images is a half-life of about 11,000; the half-life in images as in the released code of Karras et al.
    2019 (StyleGAN2), arXiv:1912.04958, and the ramp-up of Karras et al. 2020 (ADA), arXiv:2006.06676, whose
    code shortens the half-life to `ramp_up` × images seen, so that early samples do not show the initial
    weights.

    Raises:
        FitError: a module is asked for that is not averaged.
    """

    former_names: ClassVar[Sequence[str]] = ("gancore-stylegan:exponential-auto",)
    half_life: float = field(
        default=10_000.0,
        validator=at_least(0),
        help="after this many images the contribution of a weight has halved",
    )
    ramp_up: float = field(
        default=0.05,
        validator=above(0),
        help="the half-life is at most this fraction of the images seen; inf: no ramp-up",
    )

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.start()

    def start(self, **modules: Part) -> None:
        """Starts from copies of the modules in their current state."""
        # in a dict the live modules are not submodules; in a deep copy of a recipe it refers to the copied
        # ones
        self._live = dict(modules)
        self.copies = nn.ModuleDict(deepcopy(self._live)).requires_grad_(False).eval()
        self._parameters_kept = list(_slots(self.copies, self._live, "_parameters"))
        self._buffers_kept = list(_slots(self.copies, self._live, "_buffers"))

    def train(self, mode: bool = True) -> "ExponentialAverage":
        """The copies are used for sampling, so they stay in eval mode."""
        super().train(mode)
        self.copies.eval()
        return self

    @torch.no_grad()
    def follow(self, *, images: int, batch: int) -> None:
        """Moves every averaged weight toward the live one, keeping 0.5 ** (batch / half-life) of itself."""
        kept, live = _tensors(self._parameters_kept)
        if kept:
            torch._foreach_lerp_(kept, live, 1 - self.decay(images=images, batch=batch))
        kept, live = _tensors(self._buffers_kept)
        if kept:
            torch._foreach_copy_(kept, live)

    def decay(self, *, images: int, batch: int) -> float:
        """The fraction of itself that an average keeps in one step of `batch` images after `images`
        images.
        """
        half_life = self.half_life if math.isinf(self.ramp_up) else min(self.half_life, images * self.ramp_up)
        return float(0.5 ** (batch / half_life)) if half_life > 0 else 0.0

    def of(self, name: str) -> Part:
        """The averaged copy, in eval mode and without gradients."""
        if name not in self.copies:
            raise _unknown(self, name, self._live)
        return cast(Part, self.copies[name])


@part("no-average")
class NoAverage(Average):
    """Samples are made with the current weights; nothing is averaged.

    Raises:
        FitError: a module is asked for that was not given.
    """

    former_names: ClassVar[Sequence[str]] = ("last",)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.start()

    def start(self, **modules: Part) -> None:
        """Stores the modules by name."""
        self._live = dict(modules)

    def follow(self, *, images: int, batch: int) -> None:
        """Does nothing."""

    def of(self, name: str) -> Part:
        """The live module itself."""
        if name not in self._live:
            raise _unknown(self, name, self._live)
        return self._live[name]


def _slots(copies: nn.ModuleDict, live: dict[str, Part], store: str) -> Iterator[Slot]:
    seen: set[int] = set()
    for name, module in live.items():
        for kept, twin in zip(copies[name].modules(), module.modules(), strict=True):
            for key, tensor in getattr(kept, store).items():
                if tensor is not None and id(tensor) not in seen:
                    seen.add(id(tensor))
                    yield getattr(kept, store), getattr(twin, store), key


def _tensors(slots: list[Slot]) -> tuple[list[Tensor], list[Tensor]]:
    return [kept[key] for kept, _, key in slots], [live[key] for _, live, key in slots]


def _unknown(average: Average, name: str, held: dict[str, Part]) -> FitError:
    return FitError(
        f"{average.qualified_name} holds {', '.join(held) or 'nothing yet'}, not {name!r}; pass "
        "it to start() first"
    )
