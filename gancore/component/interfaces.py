"""The kinds of part. The docstring of each interface is its contract; `gancore.testing` checks it.

Images are `(N, C, H, W)` float32, trained towards [-1, 1]. Labels are `int64 (N,)`, or `float (N, K)` for
soft, multi-label or continuous conditions. Networks return float32 even under autocast.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from gancore.component.part import Part, fact, field, interface
from gancore.component.precision import at_least_float32
from gancore.component.scored import Scored
from gancore.component.validators import above, at_least, whole, within
from gancore.errors import UserError

Shape = tuple[int, ...]
ImageShape = tuple[int, int, int]
Terms = dict[str, Tensor]


@interface("sampler")
class Sampler(Part):
    """Draws latents: `(n, label=None, *, rng)` → `(n, *latent_shape)`.

    All randomness comes from `rng` (a CPU generator), none from the global generator: equal generators give
    equal draws in eval mode. A sampler may be a network; see `gancore.component.network_sampler`. One that
    draws indices declares the fact `codebook_size`, which the conditioner gives.
    """

    latent: Shape = fact(default=None, help="shape of one latent, given by the conditioner")
    conditional: ClassVar[bool] = False
    """Whether it reads labels."""
    integer: ClassVar[bool] = False
    """Whether latents are indices, int64 in 0 … `codebook_size` - 1."""

    @abstractmethod
    def forward(self, n: int, label: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        """`(n, *latent)` float32, or int64 if `integer`, on the CPU."""

    def truncated(self, threshold: float) -> "Sampler":
        """A sampler of the same latents, whose noise has no coordinate larger than the threshold in
        magnitude.

        Raises:
            UserError: latents of this kind cannot be truncated.
        """
        raise UserError(
            f"{self.qualified_name} draws latents that take no threshold; use one that does, "
            "such as sampler/normal"
        )


@interface("label-sampler")
class LabelSampler(Part):
    """Draws labels from `rng` alone: `(n, *, rng)` → int64 `(n,)` in 0 … K-1 if `label_shape` is `()`, or
    float `(n, K)` if it is `(K,)`.

    `class_names` are the names of the classes, or of the K numbers of a row, where the data name them; the
    training sets them.
    """

    classes: int = fact(default=None, help="number of classes K, given by the data")
    label_shape: Shape = fact(
        default=(), help="shape of one label: () for a class, (K,) for a row of numbers"
    )
    class_names: tuple[str, ...] = fact(default=(), help="names of the classes, given by the data")

    @abstractmethod
    def forward(self, n: int, *, rng: torch.Generator) -> Tensor:
        """`(n,)` int64 or `(n, K)` float32 on the CPU."""

    def learn(self, labels: Tensor) -> None:
        """Called before training with the labels of the data, int64 `(N,)` or float `(N, K)`."""


@interface("conditioner")
class Conditioner(Part):
    """Turns a latent and a label into the generator's code: `(latent, label=None)` → code.

    `latent_shape` is the shape of one latent it reads. A conditioner that tracks the mean of its codes
    overrides `truncate`.
    """

    code: Shape = fact(default=None, help="shape of one code, given by the generator")
    conditional: ClassVar[bool] = False
    """Whether it reads labels."""

    @property
    @abstractmethod
    def latent_shape(self) -> Shape:
        """The shape of one latent."""

    @property
    def codebook_size(self) -> int:
        """K if latents are indices, int64 in 0 … K-1; 0 if they are real numbers."""
        return 0

    @abstractmethod
    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, *latent_shape)` → `(N, *code)`."""

    def truncate(
        self, code: Tensor, amount: float = 1.0, layers: int | None = None, label: Tensor | None = None
    ) -> Tensor:
        """Moves codes towards their mean: 1 leaves them unchanged, 0 gives the mean.

        A conditioner that tracks no mean returns the codes unchanged. If it reads labels, it is given those
        of the codes, and may keep a mean for each class.
        """
        return code

    def snap(self, code: Tensor) -> Tensor:
        """The nearest codes that it makes of latents, where these are indices of a codebook: gradients pass
        straight through. Other conditioners return the codes unchanged.
        """
        return code


@interface("generator")
class Generator(Part):
    """Turns a code into an image: `(code)` → `(N, C, H, W)` float32, trained towards [-1, 1], not clamped.

    In eval mode sample i does not depend on sample j. `code_shape` is the shape of one code. Tag
    `translator`: the code is an image.
    """

    image: ImageShape = fact(default=None, help="shape (C, H, W) of one image, given by the data")
    size_multiple: ClassVar[int] = 0
    """Of a translator that reads images of any size: what their height and width must be multiples of. The
    ratio of the sizes that it reads and makes is always that of `code_shape` and `image`. 0: one size only.
    """

    @property
    @abstractmethod
    def code_shape(self) -> Shape:
        """The shape of one code."""

    @abstractmethod
    def forward(self, code: Tensor) -> Tensor:
        """`(N, *code_shape)` → `(N, C, H, W)`."""

    def truncated(self, threshold: float) -> "Generator":
        """The generator for latents whose noise has no coordinate larger than the threshold in magnitude: the
        same one, unless it keeps statistics for several thresholds. Raises UserError if it has none for this
        one.
        """
        return self

    def last_layer(self) -> Tensor:
        """The weight of the layer that makes the image.

        VQGAN weighs its adversarial loss by gradients in it (Esser et al. 2020, arXiv:2012.09841, eq. 7).
        Optional. Raises UserError if the generator does not name one.
        """
        raise UserError(
            f"{self.qualified_name} does not name the weight of its last layer (last_layer); "
            "use a fixed weight, or another generator"
        )

    def maps(self, code: Tensor) -> list[Tensor]:
        """`(N, *code_shape)` → the maps `(N, C_i, H_i, W_i)` of the layers that encode it, early to late,
        float32: of a translator the image itself first.

        CUT compares an image with its translation in them (Park et al. 2020, arXiv:2007.15651). Optional.
        Raises UserError if the generator gives none.
        """
        raise UserError(
            f"{self.qualified_name} gives no maps of its layers (maps); use a translator that does, such as "
            "resnet"
        )

    def code_weights(self) -> Sequence[Tensor]:
        """The weights that a code is multiplied by first.

        For codes `(L, W)`: one matrix `(outputs, W)` for each of the L layers, with all weights that read the
        layer stacked; otherwise a single matrix. Optional; the sefa method finds directions from it. Raises
        UserError if the generator does not implement it.
        """
        raise UserError(
            f"{self.qualified_name} does not say what it multiplies its code by (code_weights); "
            "use the method ganspace or linear"
        )


@runtime_checkable
class Movable(Protocol):
    """A generator that can move its image, as if the scene continued beyond the border.

    Use: `with generator.moved(right=3): …`.
    """

    def moved(
        self, *, right: float = 0.0, down: float = 0.0, turn: float = 0.0
    ) -> AbstractContextManager[None]:
        """Inside, images are rotated counterclockwise about the center by `turn` radians, then shifted in
        pixels.
        """


@runtime_checkable
class Referring(Protocol):
    """A generator with a reference batch of codes, which a recipe draws once, when it is built."""

    reference_size: int
    """How many codes it has."""

    def refer_to(self, code: Tensor) -> None:
        """Takes codes `(reference_size, *code_shape)` as its reference batch, unless it is trained."""


@runtime_checkable
class Embedded(Protocol):
    """A conditioner or generator whose codes end with an embedding of the class."""

    @property
    def embedding_size(self) -> int:
        """The length of the embedding."""


@interface("discriminator")
class Discriminator(Part):
    """Scores images: `forward_head(features(image), label)`, unless it overrides `forward`; high is real.

    Scores are `(N,)`, or `(N, 1, h, w)` for patches, float32, without a final sigmoid, twice differentiable
    in the image. Tag `piecewise-linear`: second derivatives of the network vanish, so biases get no gradient
    from a gradient penalty.
    """

    image: ImageShape = fact(default=None, help="shape (C, H, W) of one image, given by the data")
    conditional: ClassVar[bool] = False
    """Whether it reads labels."""
    differentiates: ClassVar[bool] = False
    """Whether its scores contain a gradient, so that every update differentiates twice."""

    @abstractmethod
    def forward_features(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → features of any shape `(N, …)`."""

    @abstractmethod
    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """Features → scores."""

    def maps(self, image: Tensor) -> list[Tensor]:
        """`(N, C, H, W)` → the maps of its layers `(N, C_i, H_i, W_i)`, early to late, without the scores,
        float32; what `generator-regularizer/layer-matching` compares.

        Optional. Raises UserError if the discriminator has none.
        """
        raise UserError(
            f"{self.qualified_name} gives no maps of its layers (`maps`); use a discriminator that does, "
            "such as patchgan or multi-scale"
        )

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, C, H, W)` → scores, `(N,)` or `(N, 1, h, w)` float32."""
        return at_least_float32(self.forward_head(self.forward_features(image), label))


@interface("loss")
class Loss(Part):
    """The losses of both players as functions of scores of any shape.

    Pure functions that return float32 scalars, finite at scores of ±1e4. One that draws does so through
    `gancore.component.randomness`.
    """

    needs_real: ClassVar[bool] = False
    """Whether the generator's loss also reads the scores of real images (relativistic losses)."""

    @abstractmethod
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """The discriminator's loss, a scalar."""

    @abstractmethod
    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """The generator's loss, a scalar. `real` is passed if `needs_real` is True."""


@interface("discriminator-regularizer")
class DiscriminatorRegularizer(Part):
    """A penalty on the discriminator: `(score, real, fake)` → scalar. Leaves no gradient and no flag behind.

    `score` maps images to scores as the recipe uses the discriminator, augmented, with the labels of the real
    images; `fake.score` does so with those of the generated ones. `real` and `fake` also hold labels,
    features, the latents of the generated images, and the discriminator itself (`Scored`). With `every` = 1
    the penalty is a term of the main update; with k > 1 it is a separate (lazy) update in every k-th step,
    scaled by k.
    """

    conditional: ClassVar[bool] = False
    """Whether it reads labels itself, beyond passing them to the discriminator."""
    reads_features: ClassVar[bool] = False
    """Whether it reads `features`, which then share a pass with the scores."""

    gradient: ClassVar[bool] = False
    """Whether it differentiates `real.scores` or `fake.scores` with respect to their images, which must then
    require gradients.
    """

    every: int = field(default=1, validator=whole(1), help="apply in each k-th step, scaled by k")

    def check_discriminator(self, discriminator: Discriminator) -> None:
        """Raises FitError if this discriminator lacks what the penalty is about; called at assembly."""

    @abstractmethod
    def forward(self, score: Callable[[Tensor], Tensor], real: Scored, fake: Scored) -> Tensor:
        """The penalty, a batch mean."""


@interface("generator-regularizer")
class GeneratorRegularizer(Part):
    """A penalty on the generator: `(render, fake, real)` → scalar. Leaves no gradient and no flag behind.

    `render` is the generator, from codes to images. `fake` and `real` compute on first use what the penalty
    asks for: codes, images, features, scores, labels (`Scored`). `batch_fraction` is the fraction of the
    batch that it is computed on.
    """

    conditional: ClassVar[bool] = False
    """Whether it reads labels itself."""
    reads_features: ClassVar[bool] = False
    """Whether it reads the discriminator's `features`, which then share a pass with the scores."""

    every: int = field(default=1, validator=whole(1), help="apply in each k-th step, scaled by k")
    renamed: ClassVar[Mapping[str, str]] = {"share": "batch_fraction"}

    batch_fraction: float = field(
        default=1.0,
        validator=[above(0), within(0, 1)],
        help="fraction of the batch to compute it on, in (0, 1]",
        scheduled=False,
    )

    @abstractmethod
    def forward(self, render: Callable[[Tensor], Tensor], fake: Scored, real: Scored) -> Tensor:
        """The penalty, a batch mean."""


@interface("auxiliary")
class Auxiliary(Part):
    """An objective of both players beside the adversarial one, often with a head on the discriminator's
    features: a classifier, a posterior of codes, an embedding.

    Like a loss it has a term for each player, but it sees images, features, labels and latents (`Scored`).
    Its own layers are trained in the updates of the discriminator.
    """

    conditional: ClassVar[bool] = False
    """Whether it reads labels."""
    reads_features: ClassVar[bool] = True
    """Whether it reads `features`, which then share a pass with the scores."""

    features: Shape = fact(default=None, help="shape of the discriminator's features of one image")

    @abstractmethod
    def discriminator(self, real: Scored, fake: Scored) -> Tensor:
        """The discriminator's term, a float32 scalar."""

    @abstractmethod
    def generator(self, fake: Scored, real: Scored) -> Tensor:
        """The generator's term, a float32 scalar."""


@interface("constraint")
class Constraint(Part):
    """Moves a module's weights back into a set, in place, after the player's step."""

    @abstractmethod
    def forward(self, module: nn.Module) -> None:
        """Called under `torch.no_grad`."""


@interface("encoder")
class Encoder(Part):
    """Turns an image `(N, C, H, W)` into a posterior over codes, or into codes: `(image, label=None)`.

    Labels are passed only to an encoder that is `conditional`.
    """

    image: ImageShape = fact(default=None, help="shape (C, H, W) of one image, given by the data")
    conditional: ClassVar[bool] = False
    """Whether it reads labels."""
    gives: ClassVar[Literal["code", "latent"]] = "code"
    """What its codes are: codes of the generator, or latents, which the conditioner turns into codes."""
    quantizes: ClassVar[bool] = False
    """Whether its codes are indices of the vectors nearest to those of a code map, and it gives that map."""

    @abstractmethod
    def forward(self, image: Tensor, label: Tensor | None = None) -> Any:
        """A posterior with `mean` and `sample()`, or codes; if it `quantizes`, codes of the generator before
        quantization, `(N, *code)` float32, whose indices are those of `code`.
        """

    def code(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """The code that represents the image best: the posterior's mean, or the code itself."""
        posterior = self(image, label) if self.conditional else self(image)
        mean: Tensor = posterior if isinstance(posterior, Tensor) else posterior.mean
        return mean


@interface("extractor")
class Extractor(Part):
    """Turns images into the features that scores compare: `(image)` → `(N, D)` float32.

    Gradients reach the image, so that a perceptual loss can read its `maps`. Its weights are frozen and
    follow from its options: checkpoints keep their hash.

    Row i depends on image i alone. Names of scores include its `title`, as in `FD[emoji-1]`; increase
    `version` when you change what it computes. It resizes images itself, as described by `resizer`. A
    classifier sets `classes`, and its `classify` returns the logits.
    """

    version: ClassVar[int] = 1
    resizer: ClassVar[str] = "none"
    """How it resizes images to its input size, described in words for the protocol."""
    classes: ClassVar[int] = 0
    """The number of classes it predicts; 0 if it is not a classifier."""

    image: ImageShape = fact(default=None, help="shape (C, H, W) of one image, given by the data")

    @property
    def title(self) -> str:
        """Its name in the names of scores, such as `emoji-1`."""
        return f"{self.name}-{self.version}"

    @abstractmethod
    def forward(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` float32 in [-1, 1] → `(N, D)` float32."""

    def maps(self, image: Tensor) -> list[Tensor]:
        """`(N, C, H, W)` in [-1, 1] → the feature maps `(N, C_i, H_i, W_i)` at its stages, early to late,
        float32. Raises UserError if the extractor has none.
        """
        raise UserError(
            f"{self.qualified_name} gives no feature maps (`maps`); use an extractor that does, such as "
            "inception-2015 or emoji"
        )

    def classify(self, features: Tensor) -> Tensor:
        """Features `(N, D)` → logits `(N, classes)`. Raises UserError if it is not a classifier."""
        raise UserError(
            f"{self.qualified_name} is not a classifier; use an extractor that is, such as inception-2015 or "
            "fashion"
        )


@interface("augment")
class Augment(Part):
    """Changes images `(N, C, H, W)` at random and stays twice differentiable.

    All random numbers come from `gancore.component.randomness`. An adaptive augmentation keeps a
    `RunningMean` of what it observes and adapts in `update_buffers`; it belongs to the discriminator's
    player.
    """

    replaces: ClassVar[bool] = False
    """Whether it replaces real images by generated ones (`replaced`)."""

    @abstractmethod
    def forward(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the same shape."""

    def replaced(self, image: Tensor) -> Tensor:
        """In place of which of these real images the discriminator sees generated ones, bool `(N,)`; only
        called if `replaces`.
        """
        return torch.zeros(len(image), dtype=torch.bool, device=image.device)

    def observe(self, scores: Tensor) -> None:
        """Called with the scores of the real images in each main update of the discriminator."""

    def observe_again(self, scores: Tensor) -> None:
        """Called with the scores of the same real images that a lazy penalty computed."""

    def scalars(self) -> dict[str, Tensor]:
        """Values that the report plots as curves, by name."""
        return {}


@interface("average")
class Average(Part):
    """Keeps averaged copies of modules, for sampling."""

    @abstractmethod
    def start(self, **modules: Part) -> None:
        """Starts averaging the given modules, by name."""

    @abstractmethod
    def follow(self, *, images: int, batch: int) -> None:
        """Updates the averages after a step; `images` have been seen so far, `batch` of them in this step."""

    @abstractmethod
    def of(self, name: str) -> Part:
        """The averaged copy of the module named `name`."""


if TYPE_CHECKING:

    class _Number(float):
        """To type checkers a schedule is a number, since it may be given for any option of floats."""
else:
    _Number = object


@interface("schedule")
class Schedule(Part, _Number):
    """A number over the course of a training: `(images, total)` → float; both arguments count images seen,
    and a `total` of 0 is not known.

    It stands in place of a number among the options of any part, or as the `schedule` of an optimizer, where
    it is a factor on the learning rate.
    """

    @abstractmethod
    def forward(self, images: int, total: int) -> float:
        """The number at `images` of `total`. Depends on nothing else."""

    def extremes(self) -> Sequence[float]:
        """Numbers between which all others lie; by default those at both ends of a long training."""
        return self(0, 10**12), self(10**12, 10**12)

    def begins(self, total: int) -> float:
        """The images after which it does what it is there for, 0 by default: a training of as many images or
        fewer would have nothing of it, and is refused.
        """
        return 0.0


@interface("optimizer")
class Optimizer(Part):
    """Makes the torch optimizer of a player.

    `rescale` in (0, 1] is the share of main updates among all updates of the player. Below 1 the optimizer
    corrects for the lazy ones
    between: the weights move and its means fade as if the lazy penalty lay in the main updates.
    """

    lr: float = field(default=2e-4, validator=at_least(0), help="learning rate")

    @abstractmethod
    def make(self, parameters: Iterable[nn.Parameter], rescale: float = 1.0) -> torch.optim.Optimizer:
        """An optimizer over the parameters."""

    @property
    @abstractmethod
    def clip(self) -> float:
        """The maximum norm of the player's gradient; infinity for no clipping."""

    @abstractmethod
    def factor(self, images: int, total: int) -> float:
        """The schedule's factor on the learning rate."""
