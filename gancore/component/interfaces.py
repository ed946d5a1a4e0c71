"""The kinds of part. The docstring of each interface is its contract; `gancore.testing` checks it.

Images are `(N, C, H, W)` float32, trained towards [-1, 1]. Labels are `int64 (N,)`, or `float (N, K)` for
soft, multi-label or continuous conditions. Networks return float32 also under autocast.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from gancore.component.part import Part, fact, field, interface
from gancore.component.precision import at_least_float32
from gancore.component.scored import Scored
from gancore.component.validators import above, whole, within
from gancore.errors import UserError

Shape = tuple[int, ...]
ImageShape = tuple[int, int, int]
Terms = dict[str, Tensor]


@interface("sampler")
class Sampler(Part):
    """Draws latents, or labels: `(n, label=None, *, rng)` → `(n, *latent_shape)`.

    Every number comes from `rng` (a CPU generator), none from the global generator: equal generators give
    equal draws.
    """

    latent: Shape = fact(default=None, help="shape of one latent, told by the conditioner")

    @abstractmethod
    def forward(self, n: int, label: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        """`(n, *latent)` float32 on the CPU."""


@interface("label-sampler")
class LabelSampler(Part):
    """Draws labels: `(n, *, rng)` → int64 `(n,)` in 0 … K-1, or float `(n, K)`; every number comes from
    `rng`.
    """

    classes: int = fact(default=None, help="number of classes K, told by the data")

    @abstractmethod
    def forward(self, n: int, *, rng: torch.Generator) -> Tensor:
        """`(n,)` int64 or `(n, K)` float32 on the CPU."""

    def learn(self, frequencies: Sequence[float]) -> None:
        """Is told how often each class occurs in the data, before training."""


@interface("conditioner")
class Conditioner(Part):
    """Turns a latent and a label into the generator's code: `(latent, label=None)` → code.

    Says `latent_shape`, the shape of one latent it reads. One that keeps a mean of its codes overrides
    `truncate`.
    """

    code: Shape = fact(default=None, help="shape of one code, told by the generator")
    conditional: ClassVar[bool] = False
    """Whether it reads labels."""

    @property
    @abstractmethod
    def latent_shape(self) -> Shape:
        """The shape of one latent."""

    @abstractmethod
    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, *latent_shape)` → `(N, *code)`."""

    def truncate(self, code: Tensor, amount: float = 1.0, layers: int | None = None) -> Tensor:
        """Moves codes towards their mean: 1 leaves them, 0 gives the mean. Without a kept mean, codes stay as
        they are.
        """
        return code


@interface("generator")
class Generator(Part):
    """Turns a code into an image: `(code)` → `(N, C, H, W)` float32, trained towards [-1, 1], not clamped.

    In eval mode sample i does not depend on sample j. Says `code_shape`. Tag `translator`: the code is an
    image.
    """

    image: ImageShape = fact(default=None, help="shape (C, H, W) of one image, told by the data")

    @property
    @abstractmethod
    def code_shape(self) -> Shape:
        """The shape of one code."""

    @abstractmethod
    def forward(self, code: Tensor) -> Tensor:
        """`(N, *code_shape)` → `(N, C, H, W)`."""

    def code_weights(self) -> Sequence[Tensor]:
        """What a code is multiplied by first: `(outputs, W)` for each layer of codes `(L, W)`, all that read
        it stacked; else one matrix.

        Optional; directions by the method sefa come from it. Raises UserError where the generator does not
        say.
        """
        raise UserError(
            f"{self.qualified_name} does not say what it multiplies its code by (code_weights); "
            "find directions by ganspace or linear"
        )


@runtime_checkable
class Movable(Protocol):
    """A generator that can move what it draws, as if more of the image lay beyond the border: `with
    generator.moved(right=3): …`.
    """

    def moved(
        self, *, right: float = 0.0, down: float = 0.0, turn: float = 0.0
    ) -> AbstractContextManager[None]:
        """Inside, images are turned counter-clockwise about their middle by `turn`, in radians, then shifted
        by pixels.
        """


@interface("discriminator")
class Discriminator(Part):
    """Scores images: `forward_head(features(image), label)`; high is real.

    Scores are `(N,)`, or `(N, 1, h, w)` for patches, float32, without a final sigmoid, twice differentiable
    in the image. Tag
    `piecewise-linear`: second derivatives of the network vanish, so a gradient penalty gives biases no
    gradient.
    """

    image: ImageShape = fact(default=None, help="shape (C, H, W) of one image, told by the data")
    conditional: ClassVar[bool] = False
    """Whether it reads labels."""

    @abstractmethod
    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → features of any shape `(N, …)`."""

    @abstractmethod
    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """Features → scores."""

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, C, H, W)` → scores, `(N,)` or `(N, 1, h, w)` float32."""
        return at_least_float32(self.forward_head(self.forward_features(image), label))


@interface("loss")
class Loss(Part):
    """What two players descend, as a function of scores of any shape. Pure; scalars in float32; finite at
    scores of ±1e4.
    """

    needs_real: ClassVar[bool] = False
    """Whether the generator's loss reads the scores of real images too (relativistic losses)."""

    @abstractmethod
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """The discriminator's loss, a scalar."""

    @abstractmethod
    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """The generator's loss, a scalar. `real` is given where `needs_real` says so."""


@interface("discriminator-regularizer")
class DiscriminatorRegularizer(Part):
    """A penalty on the discriminator: `(score, real, fake)` → scalar. Leaves no gradient and no flag behind.

    `score` maps images to scores as the recipe uses the discriminator (augmented, with labels). `every` says
    how lazily: 1 makes it a term of the main update, k > 1 an update of its own in each k-th step, scaled by
    k.
    """

    gradient: ClassVar[bool] = False
    """Whether it differentiates `real.scores` or `fake.scores` in their images, which must then take
    gradients.
    """

    every: int = field(default=1, validator=whole(1), help="apply in each k-th step, scaled by k")

    @abstractmethod
    def forward(self, score: Callable[[Tensor], Tensor], real: Scored, fake: Scored) -> Tensor:
        """The penalty, a batch mean."""


@interface("generator-regularizer")
class GeneratorRegularizer(Part):
    """A penalty on the generator: `(render, code)` → scalar. `batch_fraction` is the part of the batch
    that it looks at.
    """

    every: int = field(default=1, validator=whole(1), help="apply in each k-th step, scaled by k")
    renamed: ClassVar[Mapping[str, str]] = {"share": "batch_fraction"}

    batch_fraction: float = field(
        default=1.0, validator=[above(0), within(0, 1)], help="the part of the batch looked at, in (0, 1]"
    )

    @abstractmethod
    def forward(self, render: Callable[[Tensor], Tensor], code: Tensor) -> Tensor:
        """The penalty, a batch mean."""


@interface("constraint")
class Constraint(Part):
    """Moves a module's weights back into a set, in place, after the player's step."""

    @abstractmethod
    def forward(self, module: nn.Module) -> None:
        """Called under `torch.no_grad`."""


@interface("encoder")
class Encoder(Part):
    """Turns an image `(N, C, H, W)` into a posterior over codes, or into codes."""

    image: ImageShape = fact(default=None, help="shape (C, H, W) of one image, told by the data")

    @abstractmethod
    def forward(self, image: Tensor) -> Any:
        """A posterior with `mean` and `sample()`, or codes."""

    def code(self, image: Tensor) -> Tensor:
        """The one code that stands best for the image: the posterior's mean, or the code itself."""
        posterior = self(image)
        mean: Tensor = posterior if isinstance(posterior, Tensor) else posterior.mean
        return mean


@interface("extractor")
class Extractor(Part):
    """Turns images into features that scores compare: `(image)` → `(N, D)` float32; row i depends on image i
    alone.

    Scores carry its `title`, as in `FD[emoji-1]`; whoever changes what it computes changes `version`. It
    resizes images itself, as `resizer` says. One that tells classes apart says how many, and `classify` gives
    their logits.
    """

    version: ClassVar[int] = 1
    resizer: ClassVar[str] = "none"
    """How it brings images to its own size, in words for the protocol."""
    classes: ClassVar[int] = 0
    """How many classes it tells apart; 0 for none."""

    image: ImageShape = fact(default=None, help="shape (C, H, W) of one image, told by the data")

    @property
    def title(self) -> str:
        """What scores call it: `emoji-1`."""
        return f"{self.name}-{self.version}"

    @abstractmethod
    def forward(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` float32 in [-1, 1] → `(N, D)` float32."""

    def classify(self, features: Tensor) -> Tensor:
        """Features `(N, D)` → logits `(N, classes)`. Raises UserError where it tells no classes apart."""
        raise UserError(
            f"{self.qualified_name} tells no classes apart; "
            "take an extractor that does, as inception-2015 or fashion"
        )


@interface("augment")
class Augment(Part):
    """Changes images `(N, C, H, W)` at random, twice differentiably, drawing through
    `gancore.component.randomness` alone.

    One that adapts keeps a `RunningMean` of what it observes, and moves in `update_buffers`: it belongs to
    the discriminator's player.
    """

    @abstractmethod
    def forward(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the same shape."""

    def observe(self, scores: Tensor) -> None:
        """Is shown the scores of the real images in each main update of the discriminator."""

    def observe_again(self, scores: Tensor) -> None:
        """Is shown the scores that a penalty on a pass of its own asked for, of the same real images."""

    def scalars(self) -> dict[str, Tensor]:
        """What the report shows of it as curves, by name."""
        return {}


@interface("average")
class Average(Part):
    """Keeps averaged copies of modules, for sampling."""

    @abstractmethod
    def start(self, **modules: Part) -> None:
        """Begins to average the modules given by name."""

    @abstractmethod
    def follow(self, *, images: int, batch: int) -> None:
        """Moves the averages one step; `images` were seen so far, `batch` in this step."""

    @abstractmethod
    def of(self, name: str) -> Part:
        """The averaged copy of the module that was given as `name`."""


@interface("schedule")
class Schedule(Part):
    """A factor on the learning rate: `(images, total)` → float, both counted in images seen."""

    @abstractmethod
    def forward(self, images: int, total: int) -> float:
        """The factor at `images` of `total`."""


@interface("optimizer")
class Optimizer(Part):
    """Makes the torch optimizer of a player.

    `rescale` in (0, 1] is the share of main updates among all updates of the player. Below 1 the optimizer
    corrects for the lazy ones
    between: the weights move and its means fade as if the lazy penalty lay in the main updates.
    """

    lr: float = field(default=2e-4, help="learning rate")

    @abstractmethod
    def make(self, parameters: Iterable[nn.Parameter], rescale: float = 1.0) -> torch.optim.Optimizer:
        """An optimizer over the parameters."""

    @property
    @abstractmethod
    def clip(self) -> float:
        """The largest norm of the player's gradient; infinite for none."""

    @abstractmethod
    def factor(self, images: int, total: int) -> float:
        """The schedule's factor on the learning rate."""
