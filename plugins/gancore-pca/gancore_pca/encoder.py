"""From an image to the latents that may have made it, and to its log-likelihood."""

import math

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Encoder
from gancore.component.part import fact, part
from gancore.nn.diagonal_gaussian import DiagonalGaussian
from gancore_pca.moments import Axes


@part("pca")
class PCAEncoder(Encoder):
    """The posterior p(z | x) of the latents: N(M⁻¹ Wᵀ (x - μ), σ² M⁻¹), M = WᵀW + σ² I.

    Paper: Tipping & Bishop 1999, eq. 6. With W of eq. 7 and R = I, M is the diagonal of the leading
    eigenvalues.

    Image `(N, C, H, W)` → posterior over `(N, q)`. Computed in float64, which the log-likelihood needs; codes
    are float32.
    """

    components: int = fact(default=64, help="length q of the code, told by the recipe")

    def build(self) -> None:
        """Registers μ `(D,)`, the axes `(q, D)`, the variance along each `(q,)` and that of the noise `()`,
        of a random model.
        """
        size = math.prod(self.image)
        self.mean = nn.Buffer(torch.zeros(size, dtype=torch.float64))
        self.axes = nn.Buffer(torch.linalg.qr(torch.randn(size, self.components, dtype=torch.float64)).Q.T)
        self.variance = nn.Buffer(torch.ones(self.components, dtype=torch.float64))
        self.noise_variance = nn.Buffer(torch.full((), 0.5, dtype=torch.float64))

    @torch.no_grad()
    def learn(self, axes: Axes) -> None:
        """Takes the closed form."""
        self.mean.copy_(axes.mean)
        self.axes.copy_(axes.components)
        self.variance.copy_(axes.variance)
        self.noise_variance.copy_(axes.noise)

    def forward(self, image: Tensor) -> DiagonalGaussian:
        """`(N, C, H, W)` → the posterior (eq. 6)."""
        mean = self.coordinates(image) * (self.variance - self.noise_variance).sqrt() / self.variance
        log_variance = (self.noise_variance / self.variance).log().expand_as(mean)
        return DiagonalGaussian(mean.float(), log_variance.float())

    def code(self, image: Tensor) -> Tensor:
        """`(N, q)`: the code whose image is nearest, (WᵀW)⁻¹ Wᵀ (x - μ).

        Section 3.3: the posterior's mean shrinks towards 0, so that W z is not the orthogonal projection;
        this code undoes that.
        """
        length = (self.variance - self.noise_variance).sqrt()
        return (self.coordinates(image) / length.where(length > 0, torch.inf)).float()

    def coordinates(self, image: Tensor) -> Tensor:
        """`(N, q)` float64: the principal coordinates Vᵀ (x - μ), what is called the transform of principal
        component analysis.
        """
        return self._centerd(image) @ self.axes.T

    def log_likelihood(self, image: Tensor) -> Tensor:
        """`(N,)` float64: log p(x) in nats, x in [-1, 1], under N(μ, WWᵀ + σ² I) (eq. 3).

        The inverse and the determinant of the D × D covariance are taken by the eigenvalues: λ along the
        axes, σ² across.
        """
        centerd = self._centerd(image)
        along = (centerd @ self.axes.T).square()
        size, (q,) = centerd.shape[1], self.variance.shape
        distance = (centerd.square().sum(1) - along.sum(1)).clamp_min(0) / self.noise_variance + (
            along / self.variance
        ).sum(1)
        log_determinant = self.variance.log().sum() + (size - q) * self.noise_variance.log()
        return -(size * math.log(2 * math.pi) + log_determinant + distance) / 2

    def _centerd(self, image: Tensor) -> Tensor:
        return image.reshape(len(image), -1).to(self.mean.dtype) - self.mean
