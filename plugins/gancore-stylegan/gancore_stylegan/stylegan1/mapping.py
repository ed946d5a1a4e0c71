"""The mapping network f: z → w."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from gancore import Conditioner, field, part
from gancore.component.interfaces import Shape
from gancore.component.part import RunningMean, fact
from gancore.component.randomness import normal, uniform
from gancore.component.validators import above, whole, within
from gancore.errors import FitError
from gancore.nn.equalized import EqualizedLinear
from gancore.nn.labels import check_classes, given_label, one_hot
from gancore.nn.pixel_norm import pixel_norm


@part("stylegan")
class StyleGANMapping(Conditioner):
    """A non-linear mapping network f: Z → W produces w, which is handed to every layer of the synthesis
    network.

    Paper: Karras et al. 2018, arXiv:1812.04948: section 2 and fig. 1 (eight layers of 512 units), section 3.1
    (mixing regularization: in training, the layers from a random crossover on get the w of a second latent),
    appendix B (truncation in W), appendix C (learning-rate multiplier). As in the released code, z is
    normalized first and the mean of w is a running one. Differences: each sample has its own crossover
    (released code: one for a batch), so that micro-batches are exact; the running mean moves once per update
    of the generator, not per forward pass; the second latent is normal whichever sampler is in use. For a
    generator that reads one flat code there is one w and nothing to mix.

    `(N, latent_width)` → `(N, L, W)`, or `(N, W)`, float32.

    Raises:
        FitError: the generator's code is neither `(W,)` nor `(L, W)`.
    """

    examples = ({"latent_width": 4, "width": 6, "layers": 2},)
    latent_width: int = field(default=512, validator=whole(1), help="dimension of z")
    width: int = field(default=512, validator=whole(1), help="units of a hidden layer")
    layers: int = field(default=8, validator=whole(1), help="fully connected layers")
    lr_multiplier: float = field(
        default=0.01, validator=above(0), help="learning rate of these layers, as a share of the generator's"
    )
    mixing: float = field(
        default=0.9, validator=within(0, 1), help="share of training samples made from two latents"
    )
    decay: float = field(
        default=0.995, validator=within(0, 1), help="what the running mean of w keeps of itself in an update"
    )

    @property
    def latent_shape(self) -> Shape:
        """One z."""
        return (self.latent_width,)

    @property
    def input_width(self) -> int:
        """Numbers that the first layer reads."""
        return self.latent_width

    @property
    def layers_in_use(self) -> int:
        """Layers among which styles are mixed."""
        return self.code[0]

    @property
    def bias_gain(self) -> float | Tensor:
        """What the layers' biases are multiplied by; the gain of √2 is a factor of the weights alone."""
        return 1.0

    def build(self) -> None:
        """Makes the layers, and starts the mean of w at zero."""
        if len(self.code) not in (1, 2):
            raise FitError(
                f"{self.qualified_name} makes codes (W,) or (L, W), "
                f"but the generator reads codes of shape {tuple(self.code)}; "
                f"use another conditioner, as conditioner/identity"
            )
        widths = [self.input_width, *[self.width] * (self.layers - 1), self.code[-1]]
        self.dense = nn.ModuleList(
            EqualizedLinear(widths[i], widths[i + 1], lr_multiplier=self.lr_multiplier)
            for i in range(self.layers)
        )
        self.register_buffer("mean", torch.zeros(self.code[-1]))
        self.seen = RunningMean()

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, latent_width)` → `(N, L, W)` or `(N, W)` float32; mixed, and the mean observed, in training
        alone.
        """
        mixes = self.training and self.mixing > 0 and len(self.code) == 2 and self.code[0] > 1
        n = len(latent)
        if mixes:
            second = normal(n, self.latent_width, like=latent).to(latent.dtype)
            both = torch.cat([latent, second]), None if label is None else torch.cat([label, label])
            w, other = self.mapped(*both).chunk(2)
        else:
            w = self.mapped(latent, label)
        if self.training:
            self.seen.add(w.sum(0), n)
        if len(self.code) == 1:
            return w
        code = w[:, None].expand(-1, self.code[0], -1)
        return torch.where(self._first(n, w), code, other[:, None]) if mixes else code

    def mapped(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """w `(N, W)` of each latent, also under autocast in full precision: these layers cost little and
        steer all others.
        """
        with torch.autocast(latent.device.type, enabled=False):
            x: Tensor = pixel_norm(self.read(latent, label))
            for layer in self.dense:
                x = leaky_relu(layer(x, self.bias_gain), 0.2, inplace=True)
        return x

    def read(self, latent: Tensor, label: Tensor | None) -> Tensor:
        """What the first layer reads, before normalization; labels are not read."""
        return latent

    def _first(self, n: int, like: Tensor) -> Tensor:
        """`(n, L, 1)`: which layers come before their sample's crossover, and so keep the first code."""
        layers = self.code[0]
        crossover = 1 + (uniform(n, like=like) * (self.layers_in_use - 1)).floor()
        crossover = torch.where(uniform(n, like=like) < self.mixing, crossover, layers)
        return (torch.arange(layers, device=like.device) < crossover[:, None])[..., None]

    def update_buffers(self) -> None:
        """Moves the mean towards that of the codes of this update."""
        if self.seen.mean is not None:
            mean = self.get_buffer("mean")
            mean.lerp_(self.seen.mean.to(mean), 1 - self.decay)

    def truncate(self, code: Tensor, amount: float = 1.0, layers: int | None = None) -> Tensor:
        """w' = w̄ + ψ(w - w̄) (appendix B) for the first `layers` layers, all by default; the released code
        stops after 8.
        """
        moved = torch.lerp(self.get_buffer("mean").to(code), code, amount)
        if layers is None or code.dim() == 2:
            return moved
        return torch.cat([moved[:, :layers], code[:, layers:]], dim=1)


@part("stylegan-labels")
class LabeledStyleGANMapping(StyleGANMapping):
    """The mapping network that also reads a label: a learned embedding of it is put behind z before both are
    normalized.

    Not in the paper, whose data have no labels; it is what the released code does where there are some. Soft
    labels take the mixture of the embeddings. The mean of w is that over all classes.

    `(N, latent_width)` and `(N,)` int64 or `(N, K)` float → `(N, L, W)`, or `(N, W)`, float32.

    Raises:
        FactError: the data have no labels.
        FitError: no label was given, or the generator's code is neither `(W,)` nor `(L, W)`.
    """

    conditional: ClassVar[bool] = True
    classes: int = fact(help="number of classes K, told by the data")

    @property
    def input_width(self) -> int:
        """A latent and an embedding as long."""
        return 2 * self.latent_width

    def build(self) -> None:
        """Makes the layers, and a normal embedding of each class."""
        check_classes(self, "conditioner/stylegan")
        super().build()
        self.embedding = nn.Parameter(torch.randn(self.classes, self.latent_width))

    def read(self, latent: Tensor, label: Tensor | None) -> Tensor:
        """The latent and the embedding of its label."""
        label = given_label(self, label, "conditioner/stylegan")
        return torch.cat([latent, one_hot(label, self.classes).to(latent) @ self.embedding], dim=1)
