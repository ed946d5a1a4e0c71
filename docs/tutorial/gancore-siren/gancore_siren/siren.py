"""Images as functions of their coordinates."""

import math

import torch
from torch import Tensor, nn

from gancore import Generator, field, part
from gancore.component.interfaces import Shape
from gancore.component.validators import above, whole


@part("siren")
class Siren(Generator):
    """A network of sines that gives the color at a coordinate; the code sets frequency and phase of every
    sine.

    Paper: Sitzmann et al. 2020, arXiv:2006.09661, section 3: the layers and their first weights; Chan et al.
    2021 (π-GAN), arXiv:2012.00926, section 3: layers modulated through a mapping network, γ = ω (1 + f / 2)
    as in the authors' code. Differences: a coordinate is a place in a flat image, not in space, so that
    nothing is rendered; tanh after the last layer; smaller than the papers'; ω is 4 where both papers have
    30, with which images of few pixels begin, and for long remain, as noise.

    `(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1), any shape. The weights do not depend on H and W.
    """

    examples = ({"width": 8, "depth": 2, "latent_size": 6},)
    width: int = field(default=64, validator=whole(1), help="sines in a layer")
    depth: int = field(default=4, validator=whole(1), help="layers of sines")
    latent_size: int = field(default=64, validator=whole(1), help="dimension of the latent")
    frequency: float = field(default=4.0, validator=above(0), help="the paper's ω; larger for finer detail")

    @property
    def code_shape(self) -> Shape:
        """A flat code."""
        return (self.latent_size,)

    def build(self) -> None:
        """Makes the grid of coordinates, the sines, and the network that modulates them."""
        channels, height, width = self.image
        self.grid: Tensor = nn.Buffer(coordinates(height, width), persistent=False)
        self.sines = nn.ModuleList(nn.Linear(self.width if i else 2, self.width) for i in range(self.depth))
        for i, sine in enumerate(self.sines):
            bound = math.sqrt(6 / self.width) / self.frequency if i else 1 / 2
            nn.init.uniform_(sine.get_parameter("weight"), -bound, bound)
        self.color = nn.Linear(self.width, channels)
        hidden = [
            nn.Linear(self.latent_size, self.width),
            nn.LeakyReLU(0.2),
            nn.Linear(self.width, self.width),
            nn.LeakyReLU(0.2),
        ]
        self.mapping = nn.Sequential(*hidden, nn.Linear(self.width, 2 * self.width * self.depth))

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1)."""
        # bfloat16 rounds a phase of ten radians to a sixteenth of one, which is noise in every pixel
        with torch.autocast(code.device.type, enabled=False):
            modulation = self.mapping(code.to(self.grid)).reshape(len(code), self.depth, 2, 1, self.width)
            signal = self.grid
            for i, sine in enumerate(self.sines):
                stretch, shift = modulation[:, i, 0], modulation[:, i, 1]
                signal = torch.sin(self.frequency * (1 + stretch / 2) * sine(signal) + shift)
            image: Tensor = self.color(signal).tanh()
        return image.transpose(1, 2).reshape(len(code), *self.image)


def coordinates(height: int, width: int) -> Tensor:
    """`(H·W, 2)`: row and column of the middle of every pixel, row by row; the longer side reaches from -1 to
    1.
    """
    longer = max(height, width)
    rows, columns = ((2 * torch.arange(side) + 1 - side) / longer for side in (height, width))
    return torch.cartesian_prod(rows, columns)
