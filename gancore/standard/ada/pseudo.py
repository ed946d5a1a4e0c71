"""Generated images that are shown to the discriminator as real ones."""

from typing import ClassVar

from torch import Tensor

from gancore.component.interfaces import Augment
from gancore.component.part import field, part
from gancore.component.randomness import uniform
from gancore.component.validators import within
from gancore.standard.ada.controller import Adaptive


@part("apa-fixed")
class APAFixed(Augment):
    """Each real image that the discriminator sees is replaced by a generated one with probability p.

    Paper: Jiang et al. 2021 (APA), arXiv:2111.06849, section 3.2, with a p that stays; see augment/apa.

    `(N, C, H, W)` → the same images.
    """

    replaces: ClassVar[bool] = True
    p: float = field(default=0.2, validator=within(0, 1), help="probability that an image is replaced")

    def forward(self, image: Tensor) -> Tensor:
        """The images; what is replaced is not changed."""
        return image

    def replaced(self, image: Tensor) -> Tensor:
        """`(N,)`, true with probability p."""
        return uniform(len(image), like=image) < self.p


@part("apa")
class APA(Adaptive):
    """Adaptive pseudo augmentation: of the real images that the discriminator sees, some are replaced by
    generated ones, with a probability p that follows how much it overfits.

    Paper: Jiang et al. 2021 (APA), arXiv:2111.06849, section 3.2: p follows λ_r = E sign(D(real)), the r_t of
    augment/ada, over images some of which are replaced. As in the released code, penalties of the
    discriminator see the replaced images too. Differences: an image is replaced by the generated one in the
    same row of the update, with its label, so that it costs no pass (there: by one of the generator's last
    update, with the label of the real image); p does not exceed 1.

    `(N, C, H, W)` → the same images.
    """

    replaces: ClassVar[bool] = True
    most: ClassVar[float] = 1.0

    def forward(self, image: Tensor) -> Tensor:
        """The images; what is replaced is not changed."""
        return image

    def replaced(self, image: Tensor) -> Tensor:
        """`(N,)`, true with probability p."""
        return uniform(len(image), like=image) < self.get_buffer("p")

    def scalars(self) -> dict[str, Tensor]:
        """p, and λ_r over the last interval."""
        return {f"pseudo {name}": value for name, value in super().scalars().items()}
