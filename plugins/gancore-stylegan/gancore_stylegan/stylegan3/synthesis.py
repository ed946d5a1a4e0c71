"""The alias-free synthesis network g: w → image, configurations T and R."""

import math
from contextlib import AbstractContextManager
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore import Generator, field, part
from gancore.component.interfaces import Shape
from gancore.component.part import RunningMean
from gancore.component.precision import at_least_float32
from gancore.component.validators import above, whole
from gancore.nn.equalized import EqualizedLinear
from gancore_stylegan.stylegan2.clamping import CLAMP_HELP, CLAMP_RANGE, clamped
from gancore_stylegan.stylegan3.alias_free import FilteredLeakyReLU
from gancore_stylegan.stylegan3.filters import low_pass, radial_low_pass
from gancore_stylegan.stylegan3.input import FourierInput
from gancore_stylegan.stylegan3.plan import Band, layer_widths, plan

TAPS = 6
"""Filter taps per sample of the lower sampling rate (the paper's n)."""


@part("stylegan3-t")
class StyleGAN3Synthesis(Generator):
    """The alias-free generator, equivariant to translation (configuration T).

    Paper: Karras et al. 2021 (StyleGAN3), arXiv:2106.12423, section 3 and appendices C and F: Fourier
    features; 14 layers of modulated 3×3 convolution and filtered leaky ReLU, whose cutoffs grow in a
    geometric progression (section 3.2, config G and T); a 1×1 toRGB layer; no noise, no skips; each layer's
    input divided by the running root mean square of its values (config D); a margin of 10 pixels around every
    map (config E); the image scaled by ¼. Differences: the running mean squares are updated once per update
    of the generator, by its images (released code: once per forward pass of the discriminator's updates);
    nothing is clamped (released code: at ±256, which protects float16; `clamp=256` does the same, to the
    output of a leaky ReLU before its low-pass filter and to colors before they are scaled); styles are not
    divided by the root mean square of the batch, which demodulation cancels; a layer whose sampling rate
    would not divide both sides gets the next higher rate that does. Images may have any number of channels
    and any sides; rates and cutoffs are along the shorter side.

    `(N, L, W)`, L two more than `layers` → `(N, C, H, W)` float32, unbounded.

    Raises:
        FactError: a side of the image is shorter than 4.
    """

    examples = ({"code_width": 4, "channels_base": 32, "channels_max": 6, "layers": 4},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    kernel: ClassVar[int] = 3
    """Kernel size of the convolutions."""
    radial: ClassVar[bool] = False
    """Whether the downsampling filters, except the last two, are radially symmetric."""
    code_width: int = field(default=512, validator=whole(1), help="dimension of w")
    channels_base: int = field(default=32768, validator=whole(1), help="channels × twice the cutoff")
    channels_max: int = field(default=512, validator=whole(1), help="maximum number of channels")
    layers: int = field(
        default=14, validator=whole(3), help="number of layers between the Fourier features and toRGB"
    )
    half_life: float = field(
        default=20_000.0, validator=above(0), help="half-life of the running mean squares, in images"
    )
    output_scale: float = field(default=0.25, validator=above(0), help="factor on the image")
    clamp: float = field(default=0.0, validator=CLAMP_RANGE, help=CLAMP_HELP)

    @property
    def code_shape(self) -> Shape:
        """`(L, W)`: one w for the Fourier features, one per layer, and one for toRGB."""
        return (self.layers + 2, self.code_width)

    def code_weights(self) -> list[Tensor]:
        """The affine layer of the Fourier features' motion, then that of each layer's style."""
        return [style.effective_weight() for style in self.modules() if isinstance(style, EqualizedLinear)]

    def build(self) -> None:
        """Makes the Fourier features, the layers, and toRGB."""
        bands = plan(self.image, self.layers, self.qualified_name)
        widths = layer_widths(bands, self.channels_base, self.channels_max)
        self.input = FourierInput(self.code_width, widths[0], bands[0].size, bands[0].rate, bands[0].cutoff)
        self.blocks = nn.ModuleList(
            AliasFreeLayer(
                (widths[max(i - 1, 0)], widths[i]),
                self.code_width,
                (bands[max(i - 1, 0)], bands[i]),
                kernel=self.kernel,
                radial=self.radial and not bands[i].critical,
                clamp=self.clamp,
            )
            for i in range(self.layers)
        )
        self.to_image = ToRGB(widths[-1], self.image[0], self.code_width, self.clamp)
        self.squares = RunningMean()

    def forward(self, code: Tensor) -> Tensor:
        """`(N, L, W)` → `(N, C, H, W)` float32; in training, observes the mean square of each input."""
        x = self.input(code[:, 0])  # (N, channels, h, w)
        seen = []
        for i, block in enumerate([*self.blocks, self.to_image]):
            if self.training:
                seen.append(mean_square(x))
            x = block(x, code[:, i + 1])  # (N, channels, *band.size), last (N, C, H, W)
        if seen:
            self.squares.add(torch.stack(seen) * len(code), len(code))
        image: Tensor = x * self.output_scale
        return at_least_float32(image)

    def moved(
        self, *, right: float = 0.0, down: float = 0.0, turn: float = 0.0
    ) -> AbstractContextManager[None]:
        """Within this context, rotates images counterclockwise about their center, then translates them.

        `turn` is in radians, `right` and `down` are in pixels.
        """
        short = min(self.image[1:])
        return self.input.transformed(right / short, down / short, turn)

    def update_buffers(self) -> None:
        """Moves the running mean squares toward those of this update."""
        if self.squares.mean is not None:
            weight = 1 - 0.5 ** (self.squares.count / self.half_life)
            for block, square in zip([*self.blocks, self.to_image], self.squares.mean, strict=True):
                running = block.get_buffer("square")
                running.lerp_(square.to(running), weight)


@part("stylegan3-r")
class RotationalStyleGAN3Synthesis(StyleGAN3Synthesis):
    """The alias-free generator, equivariant to translation and rotation (configuration R).

    Paper: Karras et al. 2021 (StyleGAN3), arXiv:2106.12423, section 3.2 and table 3 (config R): 1×1
    convolutions, twice the channels, and radially symmetric jinc filters for downsampling in all layers but
    the two that are critically sampled. Differences: as in configuration T.

    `(N, L, W)`, L two more than `layers` → `(N, C, H, W)` float32, unbounded.

    Raises:
        FactError: a side of the image is shorter than 4.
    """

    kernel: ClassVar[int] = 1
    radial: ClassVar[bool] = True
    channels_base: int = field(default=65536, validator=whole(1), help="channels × twice the cutoff")
    channels_max: int = field(default=1024, validator=whole(1), help="maximum number of channels")


class Modulated(nn.Module):
    """Weights modulated by a style, an affine function of w, and divided by the input's running RMS.

    The style scales the maps instead of the weights, so that one convolution serves the whole batch;
    demodulation is one small matrix product.
    """

    def __init__(self, inputs: int, outputs: int, code_width: int, kernel: int) -> None:
        super().__init__()
        self.affine = EqualizedLinear(code_width, inputs, gain=1, start=1)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("square", torch.ones(()))

    def style(self, w: Tensor) -> Tensor:
        """`(N, W)` → `(N, inputs)`, in full precision even under autocast."""
        with torch.autocast(w.device.type, enabled=False):
            style: Tensor = self.affine(at_least_float32(w))
        return style

    def demodulation(self, style: Tensor) -> Tensor:
        """`(N, inputs)` → `(N, outputs)`: one over the norm of each output's modulated weights."""
        with torch.autocast(style.device.type, enabled=False):
            squares = style.square() @ self.weight.square().sum((2, 3)).t()  # (N, outputs)
            return torch.rsqrt(squares + 1e-8)  # arXiv:1912.04958, eq. 3


class AliasFreeLayer(Modulated):
    """A modulated convolution and a filtered leaky ReLU, from one band to the next.

    The leaky ReLU's gain of √2, the demodulation and the running mean square are one factor, applied together
    with the bias in one pass.
    """

    def __init__(
        self,
        widths: tuple[int, int],
        code_width: int,
        bands: tuple[Band, Band],
        *,
        kernel: int,
        radial: bool,
        clamp: float = 0.0,
    ) -> None:
        super().__init__(*widths, code_width, kernel)
        before, after = bands
        fine = 2 * max(before.rate, after.rate)
        up, down = fine // before.rate, fine // after.rate
        design = radial_low_pass if radial else low_pass
        self.activation = FilteredLeakyReLU(
            (before.size[0] + kernel - 1, before.size[1] + kernel - 1),
            after.size,
            low_pass(TAPS * up, before.cutoff, 2 * before.half_width, fine),
            design(TAPS * down, after.cutoff, 2 * after.half_width, fine),
            up=up,
            down=down,
            clamp=clamp,
        )
        self.padding = kernel - 1

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """`(N, inputs, *before.size)` and a code `(N, W)` → `(N, outputs, *after.size)`."""
        style = self.style(w)  # (N, inputs)
        scale = self.demodulation(style) * (self.get_buffer("square").rsqrt() * math.sqrt(2))  # (N, outputs)
        y = functional.conv2d(x * per_map(style, x), self.weight, padding=self.padding)  # (N, outputs, h, w)
        filtered: Tensor = self.activation(  # (N, outputs, *after.size)
            torch.addcmul(per_map(self.bias[None] * math.sqrt(2), y), y, per_map(scale, y))
        )
        return filtered


class ToRGB(Modulated):
    """A modulated 1×1 convolution to colors, without demodulation, clamped to ±`clamp`."""

    def __init__(self, inputs: int, colors: int, code_width: int, clamp: float = 0.0) -> None:
        super().__init__(inputs, colors, code_width, 1)
        self.clamp = clamp

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """`(N, inputs, H, W)` and a code `(N, W)` → `(N, colors, H, W)`."""
        scale = self.get_buffer("square").rsqrt() / math.sqrt(self.weight.shape[1])
        return clamped(
            functional.conv2d(x * per_map(self.style(w) * scale, x), self.weight, self.bias), self.clamp
        )


def per_map(factor: Tensor, x: Tensor) -> Tensor:
    """`(N, C)` → `(N, C, 1, 1)`, to multiply maps `(N, C, H, W)`, in their dtype."""
    return factor[..., None, None].to(x.dtype)


def mean_square(x: Tensor) -> Tensor:
    """The mean square of all values, `()`, summed in float32 or better."""
    wide = torch.float64 if x.dtype == torch.float64 else torch.float32
    norm: Tensor = torch.linalg.vector_norm(x.detach(), dtype=wide)
    return norm.square() / x.numel()
