"""The run that a recipe's `step` works with; all training mechanics are in `update`."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from gancore.component.part import Part
from gancore.component.precision import at_least_float32
from gancore.component.randomness import Rows as OwnRows
from gancore.component.randomness import fold, own_rows, seeded
from gancore.component.scheduled import advance, changing
from gancore.component.scheduled import values as scheduled_values
from gancore.errors import UserError
from gancore.pipeline import evaluating
from gancore.recipes.base import Recipe, Rows, Run, TermsOf
from gancore.runs.settings import PRECISIONS
from gancore.training.norms import norms_of
from gancore.training.player_optimizer import PlayerOptimizer
from gancore.training.ranks import Ranks
from gancore.training.state import check_owned, join_statistics, layers_with_statistics
from gancore.training.terms import check_terms


class Source(Protocol):
    """The source of a run's batches, such as `gancore.data.Loader`."""

    position: int

    def next(self, n: int | None = None) -> dict[str, Tensor]:
        """This rank's rows of the next `n` images of all ranks."""


@runtime_checkable
class FiniteSource(Source, Protocol):
    """A source whose images can be counted."""

    @property
    def available(self) -> int:
        """The number of images."""

    def pass_over(self, n: int) -> Iterator[dict[str, Tensor]]:
        """This rank's rows of `n` images at a time, each image once, in order; `position` stays."""


class TrainingRun(Run):
    """The training of one recipe: its state, and the methods that `step` uses.

    Args:
        recipe: built, on the CPU; its players are moved to `device`.
        source: gives batches; `n` counts the images of all ranks together.
        batch: images in a batch, over all ranks.
        micro_batch: images that a rank processes at a time (the gradients are the same).
        precision: `float32`, or `bf16` for autocast with float32 weights, losses and penalties.
        held_out: gives the images that are held out.
        exact: draw per-sample noise for the whole batch and use this rank's rows, so that several processes
            get the gradients of one; costs drawing the noise of all ranks. Default: only on one process.
        compile: compiles the players' parts for the updates that differentiate once.

    Raises:
        UserError: precision, batch size or micro-batch size is invalid.
        FactError: the recipe is still waiting for facts.
        FitError: weights or state of a part belong to no player.
    """

    def __init__(
        self,
        recipe: Recipe,
        source: Source,
        *,
        batch: int | None = None,
        micro_batch: int | None = None,
        seed: int = 0,
        total: int = 0,
        device: torch.device | str = "cpu",
        precision: str = "float32",
        ranks: Ranks | None = None,
        held_out: FiniteSource | None = None,
        exact: bool | None = None,
        compile: bool = False,
    ) -> None:
        recipe.require()
        self.recipe, self.source, self.seed, self.total = recipe, source, seed, total
        self._held_out = held_out
        self.ranks = ranks or Ranks()
        self.device = torch.device(device)
        self.batch_size = batch or recipe.batch_size
        self.finished = False
        self.micro_batch, self.precision = micro_batch, precision
        self.exact = self.ranks.world == 1 if exact is None else exact
        self.step, self._images = 0, 0
        self.rng = torch.Generator().manual_seed(fold(seed, "run"))
        self.noted: dict[str, tuple[Tensor, int]] = {}
        self._check()
        self._set_up(compile)
        self.images = 0

    @property
    def images(self) -> int:
        """Images seen so far; scheduled options follow it."""
        return self._images

    @images.setter
    def images(self, images: int) -> None:
        self._images = images
        for part in self._changing:
            advance(part, images, self.total)

    # the methods of gancore.recipes.base.Run, which documents them

    def batch(self, n: int | None = None) -> dict[str, Tensor]:
        n = n or self.batch_size
        rows = self.source.next(n)
        self.images += n
        return self._wanted(rows)

    def share(self, fraction: float) -> int:
        return max(1, round(fraction * (self.batch_size // self.ranks.world))) * self.ranks.world

    def pass_over(self, n: int | None = None) -> Iterator[dict[str, Tensor]]:
        return map(self._wanted, self._finite.pass_over(n or self.batch_size))

    def held_out(self, n: int) -> dict[str, Tensor]:
        return self._wanted(next(iter((self._held_out or self._finite).pass_over(n))))

    @property
    def available(self) -> int:
        return self._finite.available

    @property
    def _finite(self) -> FiniteSource:
        if not isinstance(self.source, FiniteSource):
            name = type(self.source).__name__
            raise UserError(f"{name} gives batches without end; a pass over the data needs a Loader")
        return self.source

    def draw(self, sampler: Part, n: int | None = None, label: Tensor | None = None) -> Tensor:
        n = n or self.batch_size // self.ranks.world
        whole = None if label is None else self.ranks.gather(label).cpu()
        with evaluating(sampler), torch.no_grad():
            return self._own(sampler(n * self.ranks.world, whole, rng=self.rng), n)

    def labels(self, sampler: Part, n: int | None = None) -> Tensor:
        n = n or self.batch_size // self.ranks.world
        return self._own(sampler(n * self.ranks.world, rng=self.rng), n)

    def gather(self, rows: Tensor) -> Tensor:
        return self.ranks.gather(rows)

    def scatter(self, whole: Tensor) -> Tensor:
        return self._own(whole, len(whole) // self.ranks.world)

    def sum(self, values: Tensor) -> Tensor:
        return self.ranks.sum(values)

    def every(self, n: int) -> bool:
        return self.step % n == 0

    def restart(self, player: str) -> None:
        self._player(player).restart()

    def scale_lr(self, player: str, factor: float) -> None:
        self._player(player).lr_scale = factor

    def log(self, **scalars: float | Tensor) -> None:
        for name, value in scalars.items():
            total, count = self.noted.get(name, (torch.zeros((), device=self.device), 0))
            self.noted[name] = (
                total + torch.as_tensor(value, device=self.device).detach().float(),
                count + 1,
            )

    def update(
        self, player: str, terms: TermsOf, *rows: Rows, scale: float = 1.0, double_backward: bool = False
    ) -> dict[str, Tensor]:
        player_optimizer = self._player(player)
        with player_optimizer.freeze_others(), _stance(self._compiled and double_backward):
            results = list(self._backward(player, terms, rows, scale))
        gradients = player_optimizer.gradients()
        values = _joined(results)
        reduced = {k: v for k, v in values.items() if v.dim() == 0}
        self.ranks.mean_in_place([*reduced.values(), *gradients])
        norms = norms_of(gradients)
        player_optimizer.check_finite(self.step, reduced, norms)
        player_optimizer.step(gradients, norms, self.images, self.total)
        player_optimizer.update_buffers(self.ranks)
        join_statistics(self._with_statistics, self.ranks)
        self.log(**{f"{player}/{name}": value for name, value in reduced.items()})
        if norms:
            self.log(**{f"{player}/gradient": torch.stack(norms).norm() / scale})
        return values

    # what the loop uses

    def take_log(self) -> dict[str, float]:
        """The means of all scalars recorded since the last call, over all ranks; the present values of
        scheduled options.
        """
        names = sorted(self.noted)
        if not names:
            return {}
        means = torch.stack([self.noted[n][0] / self.noted[n][1] for n in names])
        self.ranks.mean_in_place([means])
        self.noted.clear()
        return dict(zip(names, means.tolist(), strict=True)) | self._scheduled()

    def join_log(self) -> None:
        """Averages the recorded scalars over all ranks, so that the first rank's checkpoint has them all."""
        names = sorted(self.noted)
        if self.ranks.joined and names:
            totals = torch.stack([self.noted[n][0] for n in names])
            self.ranks.mean_in_place([totals])
            self.noted = {n: (total, self.noted[n][1]) for n, total in zip(names, totals, strict=True)}

    def _scheduled(self) -> dict[str, float]:
        present = scheduled_values(self.recipe) if self._changing else {}
        return {f"schedule/{name}": value for name, value in present.items()}

    def _backward(
        self, player: str, terms: TermsOf, rows: tuple[Rows, ...], scale: float
    ) -> Iterator[tuple[float, dict[str, Tensor]]]:
        n = max(_lengths(rows), default=0) or 1
        size = min(self.micro_batch or n, n)
        if size < n and len(several := _lengths(rows)) > 1:
            counts = " and ".join(map(str, sorted(several)))
            raise UserError(
                f"an update got rows of {counts} samples; micro-batches need the same number of each"
            )
        seed = self._next_seed()
        for start in range(0, n, size):
            stop = min(start + size, n)
            with seeded(seed, self.device), own_rows(self._own_rows(n, start, stop)), self._autocast():
                values = check_terms(player, terms(*(_slice(row, start, stop) for row in rows)))
            weight = (stop - start) / n
            losses = [at_least_float32(v) for v in values.values() if v.dim() == 0 and v.requires_grad]
            if losses:
                torch.stack(losses).sum().mul(weight * scale).backward()  # type: ignore[no-untyped-call]
            yield weight, {name: value.detach() for name, value in values.items()}

    def _player(self, name: str) -> PlayerOptimizer:
        if name not in self.player_optimizers:
            known = ", ".join(self.player_optimizers) or "none"
            near = difflib.get_close_matches(name, self.player_optimizers, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise UserError(
                f"{self.recipe.qualified_name} has no player {name!r}; {hint}its players() names: {known}"
            )
        return self.player_optimizers[name]

    def _next_seed(self) -> int:
        seed = int(torch.randint(2**62, (), generator=self.rng))
        return seed if self.exact else fold(seed, self.ranks.rank)

    def _own_rows(self, n: int, start: int, stop: int) -> OwnRows | None:
        shared = self.ranks.world if self.exact else 1
        if stop - start == n and shared == 1:
            return None
        first = self.ranks.rank * n if self.exact else 0
        return OwnRows(n * shared, first + start, first + stop)

    def _autocast(self) -> Any:
        return torch.autocast(self.device.type, torch.bfloat16) if self.precision == "bf16" else nullcontext()

    def _wanted(self, rows: dict[str, Tensor]) -> dict[str, Tensor]:
        batch = {name: self._here(value) for name, value in rows.items() if name in self.recipe.wants}
        with torch.no_grad():
            return batch | self.recipe.derive(batch)

    def _own(self, whole: Tensor, n: int) -> Tensor:
        return self._here(whole[self.ranks.rank * n : (self.ranks.rank + 1) * n])

    def _here(self, value: Tensor) -> Tensor:
        value = value.to(self.dtype) if value.is_floating_point() else value
        if value.dim() == 4:
            return value.to(self.device, memory_format=self._memory_format)
        return value.to(self.device)

    def _check(self) -> None:
        if self.precision not in PRECISIONS:
            raise UserError(f"precision is {self.precision!r}; known: {', '.join(PRECISIONS)}")
        if self.batch_size % self.ranks.world:
            raise UserError(
                f"a batch of {self.batch_size} cannot be split over {self.ranks.world} processes; "
                f"give a multiple of {self.ranks.world}"
            )
        if self.micro_batch is not None and self.micro_batch < 1:
            raise UserError(f"micro_batch is {self.micro_batch}; it must be at least 1")

    def _set_up(self, compile: bool) -> None:
        self.recipe.to(self.device).train()
        self.dtype = next((p.dtype for p in self.recipe.parameters()), torch.float32)
        players = self.recipe.players()
        check_owned(self.recipe, players)
        formats = {module.memory_format for module in self.recipe.modules() if isinstance(module, Part)}
        self._memory_format = torch.channels_last if torch.channels_last in formats else torch.preserve_format
        played = (p for player in players.values() for part in player.parts for p in part.parameters())
        everyone = list(dict.fromkeys([*self.recipe.parameters(), *played]))
        self._with_statistics = layers_with_statistics(self.recipe.modules())
        self.player_optimizers = {
            name: PlayerOptimizer(name, player, everyone) for name, player in players.items()
        }
        optimizers = [player.optimizer for player in players.values() if player.optimizer]
        parts = [part for player in players.values() for part in player.parts]
        self._changing = changing(self.recipe, *parts, *optimizers)
        self._compiled = compile
        if compile:
            for player in players.values():
                for part in player.parts:
                    part.compile()


def _stance(eager: bool) -> Any:
    return torch.compiler.set_stance("force_eager") if eager else nullcontext()


def _lengths(rows: Iterable[Rows]) -> set[int]:
    found: set[int] = set()
    for row in rows:
        if isinstance(row, Tensor):
            found.add(len(row))
        elif row is not None:
            found |= _lengths(row.values() if isinstance(row, Mapping) else row)
    return found


def _slice(row: Rows, start: int, stop: int) -> Any:
    if row is None or isinstance(row, Tensor):
        return None if row is None else row[start:stop]
    if isinstance(row, Mapping):
        return {name: _slice(value, start, stop) for name, value in row.items()}
    parts = (_slice(value, start, stop) for value in row)
    return type(row)(*parts) if hasattr(row, "_fields") else tuple(parts)  # a named tuple keeps its names


def _joined(results: list[tuple[float, dict[str, Tensor]]]) -> dict[str, Tensor]:
    if len(results) == 1:
        return results[0][1]
    names = results[0][1] if results else {}
    return {name: _join([(weight, values[name]) for weight, values in results]) for name in names}


def _join(pieces: list[tuple[float, Tensor]]) -> Tensor:
    if pieces[0][1].dim():
        return torch.cat([value for _, value in pieces])
    return torch.stack([weight * value for weight, value in pieces]).sum()
