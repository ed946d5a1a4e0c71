"""The classical degradation, of first order: blur, reduce, add noise, compress."""

from torch import Tensor
from torch.nn import functional

from gancore.component.part import Seat, part, seat
from gancore_esrgan.degradation.blur import RandomBlur
from gancore_esrgan.degradation.canvas import whole
from gancore_esrgan.degradation.interfaces import CanvasAugment, Degradation, on
from gancore_esrgan.degradation.rounding import from_levels, rounded, to_levels

__all__ = ["ClassicalDegradation"]


@part("classical")
class ClassicalDegradation(Degradation):
    """x = [(y ⊛ k)↓s + n]_JPEG: blur, bicubic reduction, and noise and JPEG compression if wanted.

    Paper: Wang et al. 2021 (Real-ESRGAN), arXiv:2107.10833, section 3.1, eq. 1. The reduction is bicubic and
    averages over all pixels that it covers, as in MATLAB and Pillow. By default kernels are isotropic
    Gaussians, and there is neither noise nor compression; without the blur (`blur = "none"`) it is the
    degradation of SRGAN and ESRGAN (Wang et al. 2018, arXiv:1809.00219). The result has 256 levels.
    """

    examples = ({"scale": 2}, {"scale": 4, "blur": "none", "noise": "random-noise", "compression": "jpeg"})

    blur: Seat[CanvasAugment | None] = seat(
        factory=lambda: RandomBlur(kernels={"isotropic": 1.0}, sinc=0.0), help="the blur ⊛ k, or none"
    )
    noise: Seat[CanvasAugment | None] = seat(default=None, help="the noise n, or none")
    compression: Seat[CanvasAugment | None] = seat(default=None, help="the compression, or none")

    def degraded(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, C, H/scale, W/scale)`."""
        small = [pixels // self.scale for pixels in image.shape[2:]]
        blurred = on(self.blur, whole(image)).image
        reduced = functional.interpolate(blurred, size=small, mode="bicubic", antialias=True)
        made = on(self.compression, on(self.noise, whole(reduced)))
        return from_levels(rounded(to_levels(made.image)))
