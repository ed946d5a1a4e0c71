"""What a family ships besides its networks: how it learns."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import attrs
import torch
from torch import Tensor

from gancore.component.interfaces import Constraint, Discriminator, ImageShape, Optimizer, Terms
from gancore.component.part import Part, fact, interface

if TYPE_CHECKING:
    from gancore.pipeline import Pipeline

Rows = Tensor | Mapping[str, Any] | tuple[Any, ...] | None


@attrs.define
class Player:
    """Parts that one optimizer moves. `rescale` corrects the optimizer for lazy updates; constraints act
    after each step.
    """

    parts: Sequence[Part]
    optimizer: Optimizer | None
    rescale: float = 1.0
    constraints: Sequence[Constraint] = ()


@attrs.define
class DiscriminatorProbe:
    """A discriminator, the entry of a batch that holds its real images, and the pipeline that makes its
    samples.
    """

    discriminator: Discriminator
    real: str
    pipeline: str


class TermsOf(Protocol):
    """A method that returns named scalars, each a mean over its rows, and rows to hand back."""

    def __call__(self, *rows: Any) -> Terms:
        """Terms of these rows."""


class Run(Protocol):
    """What a recipe's `step` is written in: one training, where it stands, and what it can do.

    Everything here means the same on one process as on several; *rank* is one of them. `update` is the only
    place where weights move: it splits the batch into micro-batches, autocasts, averages over ranks, checks
    for NaN, clips, and steps the optimizer.

    Attributes:
        step: steps taken so far.
        images: images seen so far, over all ranks.
        total: images of the whole training; 0 where that is not known.
        batch_size: images in a batch, over all ranks.
        rng: the generator of all draws, the same on every rank.
    """

    step: int
    images: int
    total: int
    batch_size: int
    rng: torch.Generator

    def batch(self, n: int | None = None) -> dict[str, Tensor]:
        """The next `n` images of all ranks (by default a batch): this rank's rows, by name, on the device."""

    def draw(self, sampler: Part, n: int | None = None, label: Tensor | None = None) -> Tensor:
        """`n` latents `(n, *latent)` for this rank, by default its part of a batch.

        However many ranks draw together, they get the latents that one process would get.
        """

    def labels(self, sampler: Part, n: int | None = None) -> Tensor:
        """`n` labels for this rank, drawn as `draw` does: int64 `(n,)` or float `(n, K)`."""

    def gather(self, rows: Tensor) -> Tensor:
        """The rows of all ranks, the same on every rank."""

    def scatter(self, whole: Tensor) -> Tensor:
        """This rank's rows of what is the same on every rank: undoes `gather`."""

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all ranks."""

    def update(
        self, player: str, terms: TermsOf, *rows: Rows, scale: float = 1.0, double_backward: bool = False
    ) -> dict[str, Tensor]:
        """One update of one player: descends the sum of the scalar terms, times `scale`.

        `terms` is called with the rows, in micro-batches where these were asked for. Scalars are means over
        the rows; each is logged as `player/name`. Terms with rows are not descended: they come back detached
        and joined. `double_backward` says that the terms differentiate twice, which a compiled module cannot.

        Raises:
            NotFinite: a term or a gradient is NaN or infinite; no weight was moved.
        """

    def every(self, n: int) -> bool:
        """Whether this step is one of each `n`-th, the first among them."""

    def restart(self, player: str) -> None:
        """Gives the player a fresh optimizer state."""

    def scale_lr(self, player: str, factor: float) -> None:
        """Multiplies the player's learning rate from now on; not kept in checkpoints, so say it in each
        step.
        """

    def log(self, **scalars: float | Tensor) -> None:
        """Notes scalars; the log holds their means since its last line."""


@interface("recipe")
class Recipe(Part):
    """The paper's algorithm box: `step(run)` is one step of it in plain Python; the run supplies the
    mechanics.
    """

    image: ImageShape = fact(default=None, help="shape (C, H, W) of one image, told by the data")

    @property
    def wants(self) -> frozenset[str]:
        """The names that a batch must hold: image, label, source, target …"""
        return frozenset({"image"})

    @property
    def batch_size(self) -> int:
        """The published batch size, used where the user gives none."""
        return 64

    @property
    def ready(self) -> bool:
        """Whether the pipelines give sensible images yet; a closed form does so only after `finish`."""
        return True

    def length(self, available: int) -> int:
        """Images to see where the user says nothing; `available` is the size of the data set."""
        return 100_000

    def step(self, run: Run) -> None:
        """One step of the algorithm. Raises NotImplementedError where a recipe has none."""
        raise NotImplementedError(f"{self.qualified_name} has no step")

    def finish(self, run: Run) -> None:
        """What follows the last step (closed forms)."""

    def players(self) -> dict[str, Player]:
        """Who learns, by name. A recipe without players folds batches and finishes."""
        return {}

    def probes(self) -> dict[str, DiscriminatorProbe]:
        """Who judges what the pipelines make, by player name: asked about overfitting and balance while
        training. Empty: nobody.
        """
        return {}

    def pipelines(self) -> "dict[str, Pipeline]":
        """The products by name; the first is the default."""
        raise NotImplementedError(f"{self.qualified_name} has no pipeline")
