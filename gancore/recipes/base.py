"""The recipe interface: how a model is trained."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

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
    """Parts that share one optimizer.

    `rescale` corrects the optimizer for lazy updates; constraints are applied after each step. `followers`
    are parts that are not trained, whose state (`update_buffers`) is updated with the player.
    """

    parts: Sequence[Part]
    optimizer: Optimizer | None
    rescale: float = 1.0
    constraints: Sequence[Constraint] = ()
    followers: Sequence[Part] = ()


@attrs.define
class DiscriminatorProbe:
    """A discriminator, the batch entry with its real images, and the pipeline that makes its samples.

    `label` is the batch entry with the labels of the real images, if the discriminator reads labels. `beside`
    is the entry that it reads with the image, joined to it along the channels, as in Pix2Pix.
    """

    discriminator: Discriminator
    real: str
    pipeline: str
    label: str = ""
    beside: str = ""

    def shown(self, image: Tensor, rows: Mapping[str, Tensor]) -> Tensor:
        """What the discriminator reads of an image: the entry beside it first, `(N, C' + C, H, W)`."""
        return torch.cat([rows[self.beside], image], 1) if self.beside else image


class TermsOf(Protocol):
    """A method that returns named scalars, each a mean over its rows, and optionally rows to return."""

    def __call__(self, *rows: Any) -> Terms:
        """Terms of these rows."""


class Run(Protocol):
    """The state of one training, and the methods that a recipe's `step` is written with.

    Everything behaves the same on one process (*rank*) as on several. Weights change only in `update`: it
    splits the batch into micro-batches, autocasts, averages over ranks, checks for NaN, clips, and steps the
    optimizer.

    Attributes:
        step: steps taken so far.
        images: images seen so far, over all ranks.
        total: images of the whole training; 0 if unknown.
        batch_size: images in a batch, over all ranks.
        rng: the generator of all draws, the same on every rank.
    """

    step: int
    images: int
    total: int
    batch_size: int
    rng: torch.Generator

    def batch(self, n: int | None = None) -> dict[str, Tensor]:
        """This rank's rows of the next `n` images of all ranks (default: a batch), on the device, with the
        entries that the recipe derives.
        """

    def share(self, fraction: float) -> int:
        """The images of all ranks in this fraction of a batch: equally many for each rank, at least one."""

    def pass_over(self, n: int | None = None) -> Iterator[dict[str, Tensor]]:
        """All images of the data once, `n` of all ranks at a time (default: a batch), in their own order and
        not mirrored: this rank's rows of each batch, as `batch` gives them.

        Counters and the order of `batch` are left alone. In the last batch, ranks may get different numbers
        of rows; `gather` joins them.
        """

    def held_out(self, n: int) -> dict[str, Tensor]:
        """This rank's rows of the first `n` images that the training holds out, or of its own images where it
        holds none out, as `pass_over` gives them: always the same.
        """

    @property
    def available(self) -> int:
        """The number of images of the data."""

    def draw(self, sampler: Part, n: int | None = None, label: Tensor | None = None) -> Tensor:
        """`n` latents `(n, *latent)` for this rank, by default its part of a batch.

        All ranks together get the same latents as a single process would.
        """

    def labels(self, sampler: Part, n: int | None = None) -> Tensor:
        """`n` labels for this rank, drawn as `draw` does: int64 `(n,)` or float `(n, K)`."""

    def gather(self, rows: Tensor) -> Tensor:
        """The rows of all ranks, the same on every rank."""

    def scatter(self, whole: Tensor) -> Tensor:
        """This rank's rows of a tensor that is the same on every rank; the inverse of `gather`."""

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all ranks."""

    def update(
        self, player: str, terms: TermsOf, *rows: Rows, scale: float = 1.0, double_backward: bool = False
    ) -> dict[str, Tensor]:
        """One update of one player: minimizes the sum of the scalar terms, times `scale`.

        `terms` is called with the rows, in micro-batches if these are enabled. Scalars are means over the
        rows; each is logged as `player/name`. Terms with rows must be detached: they are returned,
        concatenated. Set `double_backward` if the terms differentiate twice, which compiled modules do
        not support.

        Raises:
            NotFinite: a term or a gradient is NaN or infinite; no weight was changed.
            UserError: there is no such player, or a term is no tensor, or has rows and a gradient.
        """

    def every(self, n: int) -> bool:
        """Whether this step is one of every `n`, starting with the first."""

    def restart(self, player: str) -> None:
        """Resets the player's optimizer state."""

    def scale_lr(self, player: str, factor: float) -> None:
        """Multiplies the player's learning rate from now on.

        Not saved in checkpoints, so call it in every step.
        """

    def log(self, **scalars: float | Tensor) -> None:
        """Records scalars; the log holds their means since its last line."""


@interface("recipe")
class Recipe(Part):
    """The paper's algorithm: `step(run)` is one step of it in plain Python; the run does the mechanics."""

    idle_at_first: ClassVar[frozenset[str]] = frozenset()
    """Seats whose parts the first step need not ask, as those of a discriminator that starts later."""

    learns_pairs: ClassVar[bool] = False
    """Whether the entries of one row of the data must belong together, as a source and its target."""

    image: ImageShape = fact(default=None, help="shape (C, H, W) of one image, given by the data")

    @property
    def wants(self) -> frozenset[str]:
        """The names that a batch must hold: image, label, source, target …"""
        return frozenset({"image"})

    def derive(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Further entries of a batch that follow from its own, such as a smaller or gray copy of the images.

        Each row depends on the same row alone, and nothing is drawn, so that they are the same in training,
        in sample grids and in evaluations. Pipelines name them in `reads` and `makes`.
        """
        return {}

    @property
    def batch_size(self) -> int:
        """The published batch size, used if the user gives none."""
        return 64

    @property
    def ready(self) -> bool:
        """Whether the pipelines give meaningful images yet; closed-form models only do after `finish`."""
        return True

    @property
    def done(self) -> str:
        """Why the training ends now, before its last image; empty while it goes on.

        Follows from weights and buffers alone, so that a resumed training ends where it would have.
        """
        return ""

    def length(self, available: int) -> int:
        """The default training length in images; `available` is the size of the dataset."""
        return 100_000

    def step(self, run: Run) -> None:
        """One step of the algorithm. Raises NotImplementedError if the recipe has none."""
        raise NotImplementedError(f"{self.qualified_name} has no step")

    def finish(self, run: Run) -> None:
        """Called once, after the last step; closed-form models are computed here. A run that is resumed after
        its end does not call it again, unless it is trained further.
        """

    def players(self) -> dict[str, Player]:
        """The players, by name. A recipe without players accumulates batches and computes in `finish`."""
        return {}

    def probes(self) -> dict[str, DiscriminatorProbe]:
        """The discriminators to monitor for overfitting and balance while training, by player name."""
        return {}

    def pipelines(self) -> "dict[str, Pipeline]":
        """The trained pipelines by name; the first is the default."""
        raise NotImplementedError(f"{self.qualified_name} has no pipeline")
