"""One player during training: its parameters, its optimizer and its constraints."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Optimizer
from gancore.component.scheduled import changing
from gancore.errors import CheckpointError, NotFinite
from gancore.recipes.base import Player
from gancore.training.ranks import Ranks
from gancore.training.state import modules_of, observed, updating


class PlayerOptimizer:
    """Updates one player; the parameters of all other players are frozen during its update."""

    def __init__(self, name: str, player: Player, others: list[nn.Parameter]) -> None:
        self.name, self.player = name, player
        self.lr_scale = 1.0
        self.named = {key: p for key, p in _named_parameters(player) if p.requires_grad}
        self.parameters = list(self.named.values())
        mine = set(map(id, self.parameters))
        self._others = [p for p in others if id(p) not in mine]
        modules = modules_of(player)
        self._observed, self._updating = observed(modules), updating(modules)
        self.restart()

    def restart(self) -> None:
        """Resets the optimizer state."""
        maker = self.player.optimizer
        self.optimizer = (
            maker.make(self.parameters, self.player.rescale) if maker and self.parameters else None
        )
        self._rates = [group["lr"] for group in self.optimizer.param_groups] if self.optimizer else []
        self._restored = False
        self._changes = bool(maker and changing(maker))

    @contextmanager
    def freeze_others(self) -> Iterator[None]:
        """Freezes the parameters of all other players; clears what an interrupted update left."""
        for p in self.parameters:
            p.grad = None
        frozen = [p for p in self._others if p.requires_grad]
        for p in frozen:
            p.requires_grad_(False)
        for one in self._observed:
            one.clear()
        try:
            yield
        finally:
            for p in frozen:
                p.requires_grad_(True)

    def gradients(self) -> list[Tensor]:
        """The gradients of all parameters; a missing one counts as zero, so that ranks can be averaged."""
        for p in self.parameters:
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        return [p.grad for p in self.parameters if p.grad is not None]

    def step(self, gradients: list[Tensor], norms: list[Tensor], images: int, total: int) -> None:
        """Clips, steps, applies the constraints and drops the gradients."""
        maker = self.player.optimizer
        if self.optimizer is not None and maker is not None:
            if math.isfinite(maker.clip):
                scale = (maker.clip / (torch.stack(norms).norm() + 1e-6)).clamp(max=1.0)
                torch._foreach_mul_(gradients, scale)
            if self._changes:
                self._take_options(maker)
            factor = maker.factor(images, total) * self.lr_scale
            for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
                group["lr"] = rate * factor
            self._update()
            # fused optimizers do not increment the versions by which a part sees that its weights changed
            torch.autograd.graph.increment_version(self.parameters)
            self.optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            for constraint in self.player.constraints:
                for part in self.player.parts:
                    constraint(part)

    def _update(self) -> None:
        """The optimizer's step. Raises CheckpointError where the state that it was given lacks an entry."""
        assert self.optimizer is not None
        try:
            self.optimizer.step()
        except LookupError as error:
            if not self._restored:
                raise
            raise CheckpointError(
                f"the checkpoint lacks {error} in the state of the optimizer of {self.name}; "
                "use another checkpoint"
            ) from error
        self._restored = False

    def _take_options(self, maker: Optimizer) -> None:
        """Puts the present options of a scheduled optimizer (learning rate, betas …) into the one at work."""
        assert self.optimizer is not None
        present = maker.make(self.parameters, self.player.rescale).param_groups
        for group, fresh in zip(self.optimizer.param_groups, present, strict=True):
            group.update({name: value for name, value in fresh.items() if name != "params"})
        self._rates = [group["lr"] for group in self.optimizer.param_groups]

    def update_buffers(self, ranks: Ranks) -> None:
        """Joins what was observed on the ranks, then calls `update_buffers` of every module."""
        for one in self._observed if ranks.joined else ():
            one.join(ranks)
        with torch.no_grad():
            for module in self._updating:
                module.update_buffers()
        for one in self._observed:
            one.clear()

    def check_finite(self, step: int, terms: Mapping[str, Tensor], norms: list[Tensor]) -> None:
        """Raises NotFinite, naming step, player and term or weight, if a value is not finite.

        The values are already averaged over ranks, so all ranks agree.
        """
        values = [*terms.values(), *norms]
        if not values or bool(torch.stack([v.float() for v in values]).isfinite().all()):
            return
        where = f"step {step}, player {self.name}"
        for name, value in terms.items():
            if not value.isfinite():
                raise NotFinite(f"{where}: the term {name} became {float(value)}; {ADVICE}")
        for (name, _), norm in zip(self.named.items(), norms, strict=True):
            if not norm.isfinite():
                raise NotFinite(
                    f"{where}: the gradient of {name} became {float(norm)} (terms {', '.join(terms)}); "
                    f"{ADVICE}"
                )

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The optimizer's state by parameter name: tensors, and everything else."""
        tensors: dict[str, Tensor] = {}
        plain: dict[str, Any] = {}
        for name, p in self.named.items():
            for key, value in (self.optimizer.state.get(p, {}) if self.optimizer else {}).items():
                target = tensors if isinstance(value, Tensor) else plain
                target[f"{self.name}/{name}/{key}"] = value
        return tensors, plain

    def restore(self, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> None:
        """Restores what `state` returned. Raises CheckpointError for an unknown parameter."""
        for source in (tensors, plain):
            for address, value in source.items():
                player, name, key = address.split("/")
                if player != self.name:
                    continue
                if name not in self.named or self.optimizer is None:
                    raise CheckpointError(
                        f"the checkpoint has optimizer state for {player}/{name}, "
                        "which this recipe does not train"
                    )
                self.optimizer.state[self.named[name]][key] = _like(
                    self.named[name], value, self.optimizer.defaults
                )
                self._restored = True


ADVICE = (
    "nothing has been saved since then: resume from the last checkpoint with a lower learning rate "
    "(--resume RUN --set OPTIMIZER.lr=…), a penalty, or --precision float32"
)


def _like(parameter: nn.Parameter, value: Any, options: Mapping[str, Any]) -> Any:
    if not isinstance(value, Tensor):
        return value
    if value.dim() == 0:
        # fused optimizers count their steps on the device of the weights, others on the CPU
        return value.to(
            parameter.device if options.get("fused") or options.get("capturable") else "cpu", copy=True
        )
    if value.shape != parameter.shape:
        raise ValueError(
            f"optimizer state of shape {tuple(value.shape)} for a weight of shape {tuple(parameter.shape)}"
        )
    # keeps the strides: fused optimizers are silently wrong with channels_last weights, contiguous moments
    return torch.empty_like(parameter).copy_(value)


def _named_parameters(player: Player) -> Iterator[tuple[str, nn.Parameter]]:
    seen: set[int] = set()
    for i, part in enumerate(player.parts):
        for name, p in part.named_parameters():
            if id(p) not in seen:
                seen.add(id(p))
                yield f"{i}.{name}", p
