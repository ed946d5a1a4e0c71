"""Ways to bring images to an extractor's size, each named in its protocol."""

import torch
import torch.nn.functional as F
from torch import Tensor


def corner_bilinear(image: Tensor, height: int, width: int) -> Tensor:
    """Bilinear without antialiasing, output row i read at row i · H / height of the input, as TensorFlow 1
    resizes by default.

    Other libraries read at the centers of pixels, which shifts the image by half a pixel and changes the FID.
    """
    return _stretched(_stretched(image, 2, height), 3, width)


def _stretched(image: Tensor, axis: int, size: int) -> Tensor:
    place = torch.arange(size, device=image.device, dtype=torch.float32) * (image.shape[axis] / size)
    lower = place.floor().long().clamp(max=image.shape[axis] - 1)
    upper = (lower + 1).clamp(max=image.shape[axis] - 1)
    share = (place - lower).to(image.dtype).reshape(-1, *[1] * (3 - axis))
    return torch.lerp(
        image.index_select(axis, lower), image.index_select(axis, upper), share.expand(*[-1] * (4 - axis))
    )


def smooth(image: Tensor, size: int) -> Tensor:
    """Bilinear to a square, antialiased where images shrink; images of that size stay as they are."""
    if image.shape[2:] == (size, size):
        return image
    return F.interpolate(image, (size, size), mode="bilinear", antialias=True, align_corners=False)
