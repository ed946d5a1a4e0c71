"""A test bench for recipes: a source of random rows, and a run that records the gradients of every update."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from gancore.component.part import Part
from gancore.component.randomness import fold
from gancore.errors import UserError
from gancore.recipes.base import Recipe
from gancore.testing.trial import Configuration
from gancore.training.first_step import take_step
from gancore.training.player_optimizer import PlayerOptimizer
from gancore.training.ranks import Ranks
from gancore.training.run import TrainingRun

BATCH = 4
"""A power of two, so that means over parts of a batch are rounded like the mean over the whole."""


class Rows:
    """Random images and labels, a pure function of (seed, position); every rank gets its own rows."""

    def __init__(self, recipe: Recipe, *, seed: int, ranks: Ranks | None = None) -> None:
        self.recipe, self.seed, self.ranks, self.position = recipe, seed, ranks or Ranks(), 0

    def next(self, n: int | None = None) -> dict[str, Tensor]:
        """The next `n` rows of all ranks: this rank's share."""
        n = n or BATCH
        rng = torch.Generator().manual_seed(fold(self.seed, "rows", self.position))
        self.position += n
        mine = slice(self.ranks.rank * n // self.ranks.world, (self.ranks.rank + 1) * n // self.ranks.world)
        return {name: self._made(name, n, rng)[mine] for name in sorted(self.recipe.wants)}

    @property
    def available(self) -> int:
        """A few batches."""
        return 4 * BATCH

    def pass_over(self, n: int) -> Iterator[dict[str, Tensor]]:
        """As many rows, each once; equal in every pass."""
        position, self.position = self.position, -self.available
        batches = [self.next(n) for _ in range(0, self.available, n)]
        self.position = position
        return iter(batches)

    def _made(self, name: str, n: int, rng: torch.Generator) -> Tensor:
        if name == "label":
            return labels_of(self.recipe, n, rng)
        if name not in ("image", "source", "target"):
            raise UserError(
                f"{self.recipe.qualified_name} requests {name!r} in a batch; known: image, label, "
                "source, target"
            )
        shape = getattr(self.recipe, name, None) or self.recipe.image
        return torch.rand(n, *shape, generator=rng) * 2 - 1


def labels_of(recipe: Recipe, n: int, rng: torch.Generator) -> Tensor:
    """Random labels of the shape that the recipe was told."""
    shape = tuple(getattr(recipe, "label_shape", ()))
    if shape:
        return torch.randn(n, *shape, generator=rng)
    return torch.randint(int(recipe.classes), (n,), generator=rng)  # type: ignore[arg-type]


def start(recipe: Recipe, *, seed: int = 0, run: type[TrainingRun] = TrainingRun, **how: Any) -> TrainingRun:
    """A run of a recipe over random rows."""
    return run(recipe, Rows(recipe, seed=seed), batch=BATCH, total=16 * BATCH, seed=seed, **how)


def drive(run: TrainingRun, steps: int, *, finish: bool = False) -> None:
    """Takes steps like the training loop."""
    for _ in range(steps):
        take_step(run)
    if finish:
        run.recipe.finish(run)


class Noting(TrainingRun):
    """Records the gradients of every update. Instead of the optimizers' steps, which would amplify rounding
    errors, all weights take a small step that does not depend on the gradients.
    """

    def __init__(self, *given: Any, **how: Any) -> None:
        super().__init__(*given, **how)
        self.noted_gradients: list[dict[str, Tensor]] = []
        for player_optimizer in self.player_optimizers.values():
            player_optimizer.step = partial(self._note, player_optimizer)  # type: ignore[method-assign]

    def _note(self, player_optimizer: PlayerOptimizer, gradients: list[Tensor], *_: object) -> None:
        number = len(self.noted_gradients)
        named = zip(player_optimizer.named, gradients, strict=True)
        self.noted_gradients.append(
            {f"update {number} of {player_optimizer.name}: {name}": g.clone() for name, g in named}
        )
        rng = torch.Generator().manual_seed(fold(self.seed, "step", number))
        with torch.no_grad():
            for p in player_optimizer.parameters:
                p.add_(torch.randn(p.shape, generator=rng).to(p) * 0.01)
                p.grad = None

    def outcome(self) -> dict[str, Tensor]:
        """All gradients, and the final state."""
        gradients = {name: g for several in self.noted_gradients for name, g in several.items()}
        return gradients | {
            f"state {name}": value.clone() for name, value in self.recipe.state_dict().items()
        }


def gradients_of(
    configuration: Configuration, seed: int, *, ranks: Ranks | None = None, micro_batch: int | None = None
) -> dict[str, Tensor]:
    """The gradients of all updates of one step in float64, and the state after it, with exact noise. A recipe
    without players takes a few steps, since its closed form may need more samples than one batch.
    """
    recipe = configuration.make(seed=seed)
    assert isinstance(recipe, Recipe)
    source = Rows(recipe.double(), seed=seed, ranks=ranks)
    run = Noting(
        recipe,
        source,
        batch=BATCH,
        total=16 * BATCH,
        seed=seed,
        ranks=ranks,
        micro_batch=micro_batch,
        exact=True,
    )
    drive(run, 1 if run.player_optimizers else 8, finish=True)
    return run.outcome()


def weights(part: Part) -> dict[str, Tensor]:
    """A copy of all weights and buffers."""
    return {name: value.clone() for name, value in part.state_dict().items()}
