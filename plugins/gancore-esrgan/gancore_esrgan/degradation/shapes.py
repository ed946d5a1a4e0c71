"""Bell-shaped kernels: Gaussian, generalized Gaussian and plateau-shaped, isotropic or not.

All are functions of q(x) = xᵀ Σ⁻¹ x, where Σ is a covariance with two standard deviations along axes that
are turned by an angle.
"""

from torch import Tensor

from gancore_esrgan.degradation.kernels import grid

__all__ = ["generalized", "plateau", "quadratic_form"]


def quadratic_form(size: int, deviation: Tensor, angle: Tensor) -> Tensor:
    """q at the taps of kernels of one size, `(N, size, size)`, of standard deviations `(N, 2)` along the axes
    that the angle `(N,)` turns counterclockwise.
    """
    x, y = grid(size, deviation)
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    first, second = deviation[:, 0, None, None], deviation[:, 1, None, None]
    # Σ = R diag(σ²) Rᵀ, so q = |diag(1/σ) Rᵀ x|²
    return ((cos * x + sin * y) / first).square() + ((cos * y - sin * x) / second).square()


def generalized(q: Tensor, beta: Tensor) -> Tensor:
    """exp(-q^β / 2), not normalized; β = 1 is the Gaussian kernel. `(N, K, K)`, `(N,)` → `(N, K, K)`."""
    return (q.pow(beta[:, None, None]) / -2).exp()


def plateau(q: Tensor, beta: Tensor) -> Tensor:
    """1 / (1 + q^β), not normalized. `(N, K, K)`, `(N,)` → `(N, K, K)`."""
    return 1 / (1 + q.pow(beta[:, None, None]))
