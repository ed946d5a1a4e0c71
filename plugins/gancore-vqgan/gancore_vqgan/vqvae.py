"""The recipe of VQ-VAE."""

from torch import Tensor

from gancore.component.interfaces import Constraint, Optimizer, Terms
from gancore.component.part import Seat, Seats, field, part, seat
from gancore.component.validators import above
from gancore.recipes.base import Player, Run
from gancore.standard.optimizers import Adam
from gancore_vqgan.first_stage import FirstStage

__all__ = ["VQVAE"]


@part("vq-vae")
class VQVAE(FirstStage):
    """An autoencoder whose codes are vectors of a codebook, trained by reconstruction alone.

    Paper: van den Oord et al. 2017, arXiv:1711.00937, section 3.2. One step is one update of encoder,
    codebook and generator on a batch of 128 images, by eq. 3: the reconstruction error, the distance of the
    vectors to the code map, and β = 0.25 times that of the code map to the vectors; gradients pass straight
    through the quantizer. Adam has the learning rate 2e-4 (section 4.1). A codebook moved by running means
    (appendix A.1) is another quantizer in its seat.

    As in the released code all terms are means over values, and the squared error is divided by the variance
    of the data: `variance`, 0.25 being about that of photographs in [-1, 1].

    Raises:
        FitError: encoder and generator disagree about the shape of the codes, or the sides of the images are
            no multiples of 4.
    """

    examples = (
        {
            "generator": {"part": "vq-vae", "width": 4, "blocks": 1, "vector": 3},
            "encoder": {
                "network": {"part": "vq-vae", "width": 4, "blocks": 1},
                "quantizer": {"part": "vector", "size": 6},
            },
            "batch": 4,
        },
    )

    constraints: Seats[Constraint] = seat(default=(), help="applied to all weights")
    optimizer: Seat[Optimizer] = seat(default=lambda: Adam(lr=2e-4, betas=(0.9, 0.999)))
    variance: float = field(
        default=0.25, validator=above(0), help="variance of the images, which divides the squared error"
    )

    def players(self) -> dict[str, Player]:
        """One player: encoder, codebook and generator."""
        return {
            "model": Player(
                [self.encoder, self.generator], self.optimizer, constraints=list(self.constraints)
            )
        }

    def step(self, run: Run) -> None:
        """One update by eq. 3."""
        run.update("model", self.terms, run.batch()["image"])
        self.log_quantizer(run)

    def terms(self, image: Tensor) -> Terms:
        """Eq. 3, with means in place of sums."""
        made = self.encoder.quantized(image)  # z_q(x), (N, D, h, w)
        error = (self.generator(made.code) - image).square().mean()
        return {"reconstruction": error / self.variance, **made.terms}
