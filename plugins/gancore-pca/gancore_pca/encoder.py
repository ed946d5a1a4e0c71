"""The posterior of the latents given an image, and the image's log-likelihood."""

import math

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Encoder
from gancore.component.part import fact, part
from gancore.nn.diagonal_gaussian import DiagonalGaussian
from gancore.nn.moments import Axes


@part("pca")
class PCAEncoder(Encoder):
    """The posterior p(z | x) of the latents: N(M⁻¹ Wᵀ (x - μ), σ² M⁻¹), M = WᵀW + σ² I.

    Paper: Tipping & Bishop 1999, eq. 6. With W of eq. 7 and R = I, M is the diagonal of the leading
    eigenvalues.

    Image `(N, C, H, W)` → posterior over `(N, q)`. Computed in float64, which the log-likelihood needs; codes
    are float32.
    """

    components: int = fact(default=64, help="length q of the code, given by the recipe")

    def build(self) -> None:
        """Registers a random model: μ `(D,)`, axes `(q, D)`, their variances `(q,)`, noise variance `()`."""
        size = math.prod(self.image)
        self.mean = nn.Buffer(torch.zeros(size, dtype=torch.float64))
        self.axes = nn.Buffer(torch.linalg.qr(torch.randn(size, self.components, dtype=torch.float64)).Q.T)
        self.variance = nn.Buffer(torch.ones(self.components, dtype=torch.float64))
        self.noise_variance = nn.Buffer(torch.full((), 0.5, dtype=torch.float64))

    @torch.no_grad()
    def learn(self, axes: Axes) -> None:
        """Copies the closed-form solution."""
        self.mean.copy_(axes.mean)
        self.axes.copy_(axes.components)
        self.variance.copy_(axes.variance)
        self.noise_variance.copy_(axes.noise)

    def forward(self, image: Tensor, label: Tensor | None = None) -> DiagonalGaussian:
        """`(N, C, H, W)` → the posterior (eq. 6)."""
        # eq. 6, with M the diagonal of `variance`: M⁻¹ Wᵀ (x - μ) and σ² M⁻¹, both (N, q)
        mean = self.coordinates(image) * (self.variance - self.noise_variance).sqrt() / self.variance
        log_variance = (self.noise_variance / self.variance).log().expand_as(mean)
        return DiagonalGaussian(mean.float(), log_variance.float())

    def code(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, q)`: the code whose image is nearest, (WᵀW)⁻¹ Wᵀ (x - μ).

        The posterior mean is shrunk toward 0, so its W z + μ is not the orthogonal projection; the image of
        this code is (section 3.3).
        """
        length = (self.variance - self.noise_variance).sqrt()  # (q,), the norms of W's columns
        return (self.coordinates(image) / length.where(length > 0, torch.inf)).float()  # (N, q)

    def coordinates(self, image: Tensor) -> Tensor:
        """`(N, q)` float64: the principal coordinates Vᵀ (x - μ), scikit-learn's `transform`."""
        return self._centered(image) @ self.axes.T  # (N, D) @ (D, q)

    def log_likelihood(self, image: Tensor) -> Tensor:
        """`(N,)` float64: log p(x) in nats, x in [-1, 1], under N(μ, WWᵀ + σ² I) (eq. 3).

        The inverse and the determinant of the D × D covariance follow from its eigenvalues, which are λ along
        the axes and σ² in all other directions.
        """
        centered = self._centered(image)  # (N, D)
        along = (centered @ self.axes.T).square()  # (N, q)
        size, (q,) = centered.shape[1], self.variance.shape
        across = (centered.square().sum(1) - along.sum(1)).clamp_min(0)  # (N,), squared length off the axes
        distance = across / self.noise_variance + (along / self.variance).sum(1)  # (N,)
        log_determinant = self.variance.log().sum() + (size - q) * self.noise_variance.log()  # ()
        return -(size * math.log(2 * math.pi) + log_determinant + distance) / 2  # eq. 3

    def _centered(self, image: Tensor) -> Tensor:
        return image.reshape(len(image), -1).to(self.mean.dtype) - self.mean  # (N, D)
