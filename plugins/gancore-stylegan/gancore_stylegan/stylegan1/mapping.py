"""The mapping network f: z → w."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from gancore import Conditioner, field, part
from gancore.component.interfaces import Shape
from gancore.component.part import RunningMean, fact, interface
from gancore.component.randomness import normal, uniform
from gancore.component.validators import above, whole, within
from gancore.errors import FitError
from gancore.nn.class_means import ClassMeans
from gancore.nn.equalized import EqualizedLinear
from gancore.nn.labels import check_classes, given_label, one_hot
from gancore.nn.pixel_norm import pixel_norm


@part("stylegan")
class StyleGANMapping(Conditioner):
    """The nonlinear mapping network f: Z → W, whose w controls every layer of the synthesis network.

    Paper: Karras et al. 2018, arXiv:1812.04948: section 2 and fig. 1 (eight layers of 512 units), section 3.1
    (mixing regularization: in training, the layers from a random crossover on get the w of a second latent),
    appendix B (truncation in W), appendix C (learning-rate multiplier). As in the released code, z is
    normalized first and the mean of w is a running mean. Differences: each sample has its own crossover
    (released code: one per batch), so that micro-batches are exact; the running mean is updated once per
    update of the generator, not per forward pass; the second latent is normal whichever sampler is in use.
    For a generator that reads one flat code there is one w and no mixing.

    `(N, latent_width)` → `(N, L, W)`, or `(N, W)`, float32.

    Raises:
        FitError: the generator's code is neither `(W,)` nor `(L, W)`.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"latent_width": 4, "width": 6, "layers": 2},)
    latent_width: int = field(default=512, validator=whole(1), help="dimension of z")
    width: int = field(default=512, validator=whole(1), help="units in each hidden layer")
    layers: int = field(default=8, validator=whole(1), help="number of fully connected layers")
    lr_multiplier: float = field(
        default=0.01,
        validator=above(0),
        help="learning rate of these layers, as a fraction of the generator's",
    )
    mixing: float = field(
        default=0.9, validator=within(0, 1), help="fraction of training samples made from two latents"
    )
    decay: float = field(
        default=0.995, validator=within(0, 1), help="fraction of the running mean of w that an update keeps"
    )

    @property
    def latent_shape(self) -> Shape:
        """`(latent_width,)`, one z."""
        return (self.latent_width,)

    @property
    def input_width(self) -> int:
        """Inputs of the first layer."""
        return self.latent_width

    @property
    def layers_in_use(self) -> int:
        """Layers among which styles are mixed."""
        return self.code[0]

    @property
    def bias_gain(self) -> float | Tensor:
        """The factor on the layers' biases; the gain of √2 applies to the weights only."""
        return 1.0

    def build(self) -> None:
        """Makes the layers, and starts the mean of w at zero."""
        if len(self.code) not in (1, 2):
            raise FitError(
                f"{self.qualified_name} makes codes (W,) or (L, W), "
                f"but the generator reads codes of shape {tuple(self.code)}; "
                f"use another conditioner, for example conditioner/identity"
            )
        widths = [self.input_width, *[self.width] * (self.layers - 1), self.code[-1]]
        self.dense = nn.ModuleList(
            EqualizedLinear(widths[i], widths[i + 1], lr_multiplier=self.lr_multiplier)
            for i in range(self.layers)
        )
        self.register_buffer("mean", torch.zeros(self.code[-1]))
        self.seen = RunningMean()

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, latent_width)` → `(N, L, W)` or `(N, W)` float32; mixes styles and observes w in training."""
        mixes = self.training and self.mixing > 0 and len(self.code) == 2 and self.code[0] > 1
        n = len(latent)
        if mixes:
            second = normal(n, self.latent_width, like=latent).to(latent.dtype)  # (N, latent_width)
            both = torch.cat([latent, second]), None if label is None else torch.cat([label, label])
            w, other = self.mapped(*both).chunk(2)  # (2N, W) → (N, W), (N, W)
        else:
            w = self.mapped(latent, label)  # (N, W)
        if self.training:
            self.observe(w, label)
        if len(self.code) == 1:
            return w
        code = w[:, None].expand(-1, self.code[0], -1)  # (N, L, W)
        return torch.where(self._before_crossover(n, w), code, other[:, None]) if mixes else code

    def mapped(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """w `(N, W)` of each latent, in full precision even under autocast: these layers are cheap and all
        others depend on them.
        """
        with torch.autocast(latent.device.type, enabled=False):
            x: Tensor = pixel_norm(self.read(latent, label))  # (N, input_width)
            for layer in self.dense:
                x = leaky_relu(layer(x, self.bias_gain), 0.2, inplace=True)  # (N, width), last (N, W)
        return x

    def read(self, latent: Tensor, label: Tensor | None) -> Tensor:
        """The first layer's input before normalization, `(N, input_width)`; the label is ignored."""
        return latent

    def observe(self, w: Tensor, label: Tensor | None) -> None:
        """Called in training with w `(N, W)` of each latent."""
        self.seen.add(w.sum(0), len(w))

    def center(self, label: Tensor | None) -> Tensor:
        """What truncation moves w to, `(W,)` or `(N, W)`: the mean over all latents."""
        return self.get_buffer("mean")

    def _before_crossover(self, n: int, like: Tensor) -> Tensor:
        """`(n, L, 1)`: which layers come before their sample's crossover and keep the first code."""
        layers = self.code[0]
        crossover = 1 + (uniform(n, like=like) * (self.layers_in_use - 1)).floor()  # (n,)
        crossover = torch.where(uniform(n, like=like) < self.mixing, crossover, layers)
        return (torch.arange(layers, device=like.device) < crossover[:, None])[..., None]  # (n, L, 1)

    def update_buffers(self) -> None:
        """Moves the running mean toward the mean w of this update."""
        if self.seen.mean is not None:
            mean = self.get_buffer("mean")
            mean.lerp_(self.seen.mean.to(mean), 1 - self.decay)

    def truncate(
        self, code: Tensor, amount: float = 1.0, layers: int | None = None, label: Tensor | None = None
    ) -> Tensor:
        """w' = w̄ + ψ(w - w̄) for the first `layers` layers, by default all (released code: the first 8)."""
        center = self.center(label).to(code)  # (W,) or (N, W)
        center = center[:, None] if center.dim() == 2 and code.dim() == 3 else center
        truncated = torch.lerp(center, code, amount)  # appendix B
        if layers is None or code.dim() == 2:
            return truncated
        return torch.cat([truncated[:, :layers], code[:, layers:]], dim=1)  # (N, L, W)


@interface("conditioner")
class MeansByClass(StyleGANMapping):
    """What mapping networks with labels share: truncation toward the mean of each class, if that is kept."""

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"latent_width": 4, "width": 6, "layers": 2},
        {"latent_width": 4, "width": 6, "layers": 2, "class_means": True},
    )
    conditional: ClassVar[bool] = True
    classes: int = fact(help="number of classes K, given by the data")
    class_means: bool = field(
        default=False, help="keep a mean of w for each class, which truncation then moves w toward"
    )

    def build(self) -> None:
        """Makes the layers, and starts the means of the classes at zero."""
        super().build()
        self.of_class = ClassMeans(self.classes, self.code[-1], self.decay) if self.class_means else None

    def observe(self, w: Tensor, label: Tensor | None) -> None:
        """Called in training with w `(N, W)` of each latent."""
        super().observe(w, label)
        if self.of_class is not None and label is not None:
            self.of_class.add(w, label)

    def center(self, label: Tensor | None) -> Tensor:
        """The mean of each label's class `(N, W)`, or without `class_means` that of all `(W,)`."""
        if self.of_class is None or label is None:
            return super().center(label)
        center: Tensor = self.of_class(label)
        return center


@part("stylegan-labels")
class LabeledStyleGANMapping(MeansByClass):
    """The mapping network with labels: a learned embedding is appended to z before normalization.

    Not in the paper, whose data have no labels; the released code does this for data with labels. Soft labels
    give a weighted sum of embeddings. The mean of w is over all classes, as
    there, unless `class_means` keeps one for each.

    `(N, latent_width)` and `(N,)` int64 or `(N, K)` float → `(N, L, W)`, or `(N, W)`, float32.

    Raises:
        FactError: the data have no labels.
        FitError: no label was given, or the generator's code is neither `(W,)` nor `(L, W)`.
    """

    @property
    def input_width(self) -> int:
        """A latent and an embedding of the same length."""
        return 2 * self.latent_width

    def build(self) -> None:
        """Makes the layers, and a normally distributed embedding for each class."""
        check_classes(self, "conditioner/stylegan")
        super().build()
        self.embedding = nn.Parameter(torch.randn(self.classes, self.latent_width))

    def read(self, latent: Tensor, label: Tensor | None) -> Tensor:
        """The latent and the embedding of its label, `(N, 2 · latent_width)`."""
        label = given_label(self, label, "conditioner/stylegan")
        embedded = one_hot(label, self.classes).to(latent) @ self.embedding  # (N, K) → (N, latent_width)
        return torch.cat([latent, embedded], dim=1)
