"""R1 whose strength goes with the size of the images."""

from collections.abc import Callable
from typing import ClassVar

from torch import Tensor

from gancore import DiscriminatorRegularizer, field, part
from gancore.interfaces import ImageShape
from gancore.parts import fact
from gancore.scored import Scored
from gancore.standard.ranges import at_least
from gancore.standard.regularizers import R1

__all__ = ["SizedR1"]


@part("r1-by-size")
class SizedR1(DiscriminatorRegularizer):
    """R1 with γ in proportion to the number of pixels.

    Paper: Karras et al. 2021 (StyleGAN3), arXiv:2106.12423; its released code recommends, for configurations T and R alike, γ = 0.5 at
    128×128, 2 at 256×256, 8 at 512×512 and 32 at 1024×1024, and to try half and double. Those are γ here; at other sizes the rule is
    continued, which nobody published: 0.125 at 64×64, 0.03125 at 32×32. The penalty is `regularizer/r1`.
    """

    gradient: ClassVar[bool] = True
    image: ImageShape = fact(default=None, help="shape (C, H, W) of one image, told by the data")
    gamma_at_1024: float = field(default=32.0, validator=at_least(0), help="γ at 1024×1024; at other sizes in proportion to the pixels")

    @property
    def gamma(self) -> float:
        """γ at the size of these images."""
        _, height, width = self.image
        return self.gamma_at_1024 * height * width / 1024**2

    def build(self) -> None:
        """Makes the penalty."""
        self.penalty = R1(gamma=self.gamma)

    def forward(self, score: Callable[[Tensor], Tensor], real: Scored, fake: Scored) -> Tensor:
        """γ/2 E ‖∇D(x)‖² over real images."""
        value: Tensor = self.penalty(score, real, fake)
        return value
