"""The gated PixelCNN over indices, without and with labels."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.component.interfaces import Terms
from gancore.component.part import fact, field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import above, whole
from gancore.errors import FitError
from gancore.nn.initializers import he_weights
from gancore.nn.labels import LabelEmbedding, check_classes, given_label
from gancore_vqgan.prior.interface import AutoregressiveSampler

__all__ = ["GatedLayer", "LabeledPixelCNN", "PixelCNN"]

SMALL: dict[str, Any] = {"layers": 2, "width": 4, "first_kernel": 5, "deviation": 0.5}


class GatedLayer(nn.Module):
    """A layer of both stacks: the vertical one sees the rows above, the horizontal one also its row to the
    left.

    Paper: van den Oord et al. 2016 (gated PixelCNN), arXiv:1606.05328, section 2, figure 2 and eq. 4:
    tanh(W_f x + V_f h) ⊙ σ(W_g x + V_g h). Nothing is masked: a kernel has the rows or columns that it may
    see, and maps are shifted. The vertical stack of a layer sees its own row too, and hands the map that is
    shifted down by one row to the horizontal stack. The first layer sees nothing of the place itself and adds
    no residual.
    """

    def __init__(self, width: int, kernel: int, *, first: bool) -> None:
        super().__init__()
        self.reach, self.first = kernel // 2, first
        self.vertical = nn.Conv2d(width, 2 * width, (self.reach + 1, kernel))
        self.across = nn.Conv2d(2 * width, 2 * width, 1)
        self.horizontal = nn.Conv2d(width, 2 * width, (1, self.reach + (not first)))
        self.out = nn.Conv2d(width, width, 1)

    def forward(self, vertical: Tensor, horizontal: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
        """Both stacks `(N, W, h, w)`, and what a label adds before the gates, `(N, 4 W, 1, 1)`."""
        down, right = shift.chunk(2, 1)  # V h, (N, 2 W, 1, 1) each
        reach = self.reach
        above = self.vertical(functional.pad(vertical, (reach, reach, reach, 0)))  # (N, 2 W, h, w)
        ours = functional.pad(horizontal, (reach, -1 if self.first else 0))
        row = self.horizontal(ours) + self.across(functional.pad(above, (0, 0, 1, -1)))  # (N, 2 W, h, w)
        found = self.out(_gate(row + right))  # (N, W, h, w)
        return _gate(above + down), found if self.first else horizontal + found


def _gate(x: Tensor) -> Tensor:
    """Eq. 4: `(N, 2 W, h, w)` → `(N, W, h, w)`."""
    signal, gate = x.chunk(2, 1)
    return signal.tanh() * gate.sigmoid()


@part("pixelcnn")
class PixelCNN(AutoregressiveSampler):
    """A gated PixelCNN over a map of indices: convolutions that see the places above and to the left.

    Paper: van den Oord et al. 2016, arXiv:1606.05328, section 2; over the codes of a VQ-VAE as in van den
    Oord et al. 2017, arXiv:1711.00937, section 3.3. The first layer has a kernel of 7, as there; the others
    have 3. Indices are embedded, as in the released VQ-VAE. Each index takes a pass over the rows so far.

    Raises:
        FitError: the latents are no map of two sides, or a kernel has an even side.
    """

    examples = ({**SMALL, "latent": (3, 4)},)

    layers: int = field(default=15, validator=whole(1), help="gated layers, the first one included")
    width: int = field(default=128, validator=whole(1), help="channels of each stack")
    kernel: int = field(default=3, validator=whole(3), help="kernel of the layers after the first, odd")
    first_kernel: int = field(default=7, validator=whole(3), help="kernel of the first layer, odd")
    deviation: float = field(
        default=1.0, validator=above(0), help="standard deviation of the initial embeddings", scheduled=False
    )

    def build(self) -> None:
        """Makes the embedding, the gated layers and the layers to logits."""
        super().build()
        self._check()
        kernels = [self.first_kernel, *[self.kernel] * (self.layers - 1)]
        self.table = nn.Embedding(self.codebook_size, self.width)
        nn.init.normal_(self.table.weight, std=self.deviation)
        self.stacks = nn.ModuleList(
            GatedLayer(self.width, kernel, first=not number) for number, kernel in enumerate(kernels)
        )
        self.head = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(self.width, 2 * self.width, 1),
            nn.ReLU(),
            nn.Conv2d(2 * self.width, self.codebook_size, 1),
        )
        he_weights(self.head)

    def _check(self) -> None:
        if len(self.latent) != 2:
            raise FitError(
                f"{self.qualified_name} draws maps of two sides, but the latents are {tuple(self.latent)}; "
                "use sampler/transformer, which takes any"
            )
        even = [kernel for kernel in (self.kernel, self.first_kernel) if kernel % 2 == 0]
        if even:
            raise FitError(
                f"{self.qualified_name} has kernels with a place in their middle; got {even[0]}: "
                "choose an odd one"
            )

    def shifts(self, n: int, label: Tensor | None) -> list[Tensor]:
        """What the label adds in each layer, `(N, 4 W, 1, 1)`: nothing."""
        return [self.table.weight.new_zeros(1, 4 * self.width, 1, 1)] * self.layers

    def hidden(self, codes: Tensor, label: Tensor | None = None) -> Tensor:
        """Indices `(N, h, w)` → the horizontal stack `(N, W, h, w)`; a place follows from those before it."""
        embedded: Tensor = self.table(codes).permute(0, 3, 1, 2)  # (N, W, h, w)
        vertical = horizontal = embedded
        for layer, shift in zip(self.stacks, self.shifts(len(codes), label), strict=True):
            vertical, horizontal = layer(vertical, horizontal, shift)
        return horizontal

    def logits(self, codes: Tensor, label: Tensor | None = None) -> Tensor:
        """Indices `(N, h, w)` → logits `(N, K, h, w)` float32."""
        return at_least_float32(self.head(self.hidden(codes, label)))

    def terms(self, indices: Tensor, label: Tensor | None = None) -> Terms:
        """-log p(s), divided by the number of indices."""
        self.sequences(indices)  # checks them
        return {"cross_entropy": functional.cross_entropy(self.logits(indices, label), indices)}

    @torch.no_grad()
    def latents(self, noise: Tensor, label: Tensor | None = None) -> Tensor:
        """Noise `(n, h, w)` → indices `(n, h, w)`."""
        codes = torch.zeros(noise.shape, dtype=torch.int64, device=noise.device)
        height, width = self.latent
        for row, column in ((row, column) for row in range(height) for column in range(width)):
            hidden = self.hidden(codes[:, : row + 1], label)  # rows below are not seen
            logits = at_least_float32(self.head(hidden[:, :, row : row + 1, column : column + 1]))
            codes[:, row, column] = self.pick(logits[:, :, 0, 0], noise[:, row, column])
        return codes


@part("pixelcnn-labels")
class LabeledPixelCNN(PixelCNN):
    """The conditional gated PixelCNN: each layer adds a learned vector of the label before its gates.

    Paper: van den Oord et al. 2016, arXiv:1606.05328, section 2, eq. 4. A label may be a class or a row of K
    numbers, which mixes the vectors.

    Raises:
        FactError: the data have no labels; else like sampler/pixelcnn.
        FitError: no label was given, or a row is not as long as there are classes.
    """

    examples = ({**SMALL, "classes": 3, "latent": (6, 6)},)
    conditional: ClassVar[bool] = True
    classes: int = fact(help="number of classes, given by the data")

    def build(self) -> None:
        """Checks that there are classes, and makes the layers."""
        check_classes(self, "sampler/pixelcnn")
        super().build()
        self.labels = nn.ModuleList(LabelEmbedding(self.classes, 4 * self.width) for _ in self.stacks)

    def shifts(self, n: int, label: Tensor | None) -> list[Tensor]:
        """What the labels add in each layer, `(N, 4 W, 1, 1)`: V h."""
        label = given_label(self, label, "sampler/pixelcnn")
        return [table(label)[:, :, None, None] for table in self.labels]
