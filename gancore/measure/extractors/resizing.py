"""Ways to resize images for an extractor, each named in its protocol."""

import torch
import torch.nn.functional as F
from torch import Tensor


def corner_bilinear(image: Tensor, height: int, width: int) -> Tensor:
    """Bilinear without antialiasing; output row i samples input row i · H / height, as TensorFlow 1 does by
    default.

    Other libraries sample at the centers of pixels, which shifts the image by half a pixel and changes the
    FID.
    """
    return _stretched(_stretched(image, 2, height), 3, width)


def _stretched(image: Tensor, axis: int, size: int) -> Tensor:
    position = torch.arange(size, device=image.device, dtype=torch.float32) * (image.shape[axis] / size)
    lower = position.floor().long().clamp(max=image.shape[axis] - 1)
    upper = (lower + 1).clamp(max=image.shape[axis] - 1)
    fraction = (position - lower).to(image.dtype).reshape(-1, *[1] * (3 - axis))
    return torch.lerp(
        image.index_select(axis, lower), image.index_select(axis, upper), fraction.expand(*[-1] * (4 - axis))
    )


def smooth(image: Tensor, size: int) -> Tensor:
    """Bilinear to a square, antialiased when downscaling; images of that size stay unchanged."""
    if image.shape[2:] == (size, size):
        return image
    return F.interpolate(image, (size, size), mode="bilinear", antialias=True, align_corners=False)
