"""Latent samplers. All random numbers are drawn from `rng` on the CPU."""

import math

import torch
from torch import Tensor

from gancore.component.interfaces import Sampler
from gancore.component.part import field, part
from gancore.component.validators import above
from gancore.errors import UserError

__all__ = ["Normal", "Sphere", "TruncatedNormal", "Uniform"]


@part("normal")
class Normal(Sampler):
    """z ~ N(0, I): the prior of Kingma & Welling 2013, arXiv:1312.6114, section 3, and of most GANs since.
    Float32.
    """

    def forward(self, n: int, label: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        """`(n, *latent)` float32."""
        return torch.randn(n, *self.latent, generator=rng)

    def truncated(self, threshold: float) -> Sampler:
        """The truncated normal."""
        return _within(self, threshold)


@part("uniform")
class Uniform(Sampler):
    """Each coordinate uniform in [-1, 1): the noise of Radford et al. 2015 (DCGAN), arXiv:1511.06434, section
    4, in its code's range.
    """

    def forward(self, n: int, label: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        """`(n, *latent)` float32 in [-1, 1)."""
        return torch.rand(n, *self.latent, generator=rng) * 2 - 1


@part("truncated-normal")
class TruncatedNormal(Sampler):
    """N(0, I) with values whose magnitude exceeds a threshold drawn again.

    Paper: Brock et al. 2018 (BigGAN), arXiv:1809.11096, section 3.1, the truncation trick. Samples by
    inverting the distribution function, which gives the same distribution as drawing again and needs one
    random number per coordinate.
    """

    threshold: float = field(default=2.0, validator=above(0), help="maximum magnitude of a coordinate")

    def forward(self, n: int, label: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        """`(n, *latent)` float32 in [-threshold, threshold]."""
        # float64: in float32 the tails of a wide threshold would be lost
        outside = math.erfc(self.threshold / math.sqrt(2)) / 2
        share = torch.rand(n, *self.latent, generator=rng, dtype=torch.float64)
        quantile: Tensor = torch.special.ndtri(outside + share * (1 - 2 * outside))
        return quantile.clamp(-self.threshold, self.threshold).float()

    def truncated(self, threshold: float) -> Sampler:
        """The truncated normal with this threshold, which may be the larger one."""
        return _within(self, threshold)


@part("sphere")
class Sphere(Sampler):
    """Uniform on the hypersphere of radius √d in the d = Πlatent dimensions.

    Paper: Karras et al. 2017 (ProGAN), arXiv:1710.10196, appendix A.1: latents are random points on a
    hypersphere. The radius is √d, as after pixel normalization, so that each coordinate has variance 1 as
    under the normal prior.
    """

    def forward(self, n: int, label: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        """`(n, *latent)` float32 of norm √d."""
        flat = torch.randn(n, math.prod(self.latent), generator=rng)
        latent: Tensor = flat * torch.rsqrt(flat.square().mean(1, keepdim=True))
        return latent.view(n, *self.latent)


def _within(sampler: Sampler, threshold: float) -> Sampler:
    try:
        return TruncatedNormal(latent=sampler.latent, threshold=threshold)
    except ValueError as error:
        raise UserError(str(error)) from None
