"""Distance of two images: extractor features and pixels, in units of the distance between the pipeline's
samples.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from gancore.component.interfaces import Extractor, ImageShape
from gancore.errors import UserError
from gancore.pipeline import CHUNK, Pipeline

__all__ = ["Likeness", "Seen", "check_images"]

SAMPLES = 64


class Seen(NamedTuple):
    """Images `(N, C, H, W)`, and their features `(N, D)` if there is an extractor."""

    image: Tensor
    features: Tensor | None


class Likeness:
    """The squared feature distance plus `pixels` times the squared pixel distance, each divided by its mean
    over pairs of samples.

    Papers on projection use LPIPS, whose weights do not ship with gancore. The division puts any extractor on
    the same scale as the pixels.

    Raises:
        UserError: there is neither an extractor nor a weight for pixels.
    """

    def __init__(
        self, pipeline: Pipeline, extractor: Extractor | None = None, *, pixels: float = 1.0, seed: int = 0
    ) -> None:
        if extractor is None and pixels <= 0:
            raise UserError(
                "images are compared by an extractor, by pixels, or both; "
                f"got no extractor and pixels={pixels:g}"
            )
        self.extractor, self.pixels = extractor, pixels
        if extractor is not None:
            extractor.bind(
                by=pipeline.generator.qualified_name, facts={"image": tuple(pipeline.generator.image)}
            )
            extractor.require()
            extractor.to(pipeline.device).eval()
        self.latent, self.label = pipeline.draw(SAMPLES, seed=seed)
        self.samples = self.see(pipeline.render(self.latent, self.label, seed=seed).to(pipeline.device))
        self._image_scale = _twice_the_variance(self.samples.image)
        self._feature_scale = (
            1.0 if self.samples.features is None else _twice_the_variance(self.samples.features)
        )

    def see(self, image: Tensor) -> Seen:
        """Images with their features; no gradient."""
        with torch.no_grad():
            return Seen(image, self._features(image))

    def unlike(self, image: Tensor, target: Seen) -> Tensor:
        """`(N,)`, differentiable in `image`; `target` has as many images or one."""
        found = self.pixels * (image - target.image).square().flatten(1).sum(1) / self._image_scale
        features = self._features(image)
        if features is not None and target.features is not None:
            found = found + (features - target.features).square().sum(1) / self._feature_scale
        return found

    def nearest_sample(self, target: Seen) -> Tensor:
        """The index of the drawn sample that is closest to each target: `(N,)`."""
        with torch.no_grad():
            rows = [
                Seen(target.image[i : i + 1], None if target.features is None else target.features[i : i + 1])
                for i in range(len(target.image))
            ]
            return torch.stack([self.unlike(self.samples.image, row).argmin() for row in rows]).cpu()

    def _features(self, image: Tensor) -> Tensor | None:
        if self.extractor is None:
            return None
        return torch.cat([self.extractor(part) for part in torch.split(image, CHUNK)])


def check_images(image: Tensor, shape: ImageShape, maker: str) -> None:
    """Raises UserError unless images are `(N, *shape)` floats within [-1, 1], as `maker` makes them."""
    expected = "×".join(map(str, shape))
    if image.ndim != 4 or tuple(image.shape[1:]) != tuple(shape) or not len(image):
        given = (
            "×".join(map(str, image.shape[1:])) if image.ndim == 4 and len(image) else str(tuple(image.shape))
        )
        raise UserError(
            f"the image is {given}, but {maker} makes {expected} (channels, height, width); "
            "convert it to that shape first"
        )
    if not image.is_floating_point() or not bool((image.abs() <= 1 + 1e-4).all()):
        raise UserError("images must be floats in [-1, 1]; divide bytes by 127.5 and subtract 1")


def _twice_the_variance(points: Tensor) -> float:
    flat = points.double().flatten(1)
    # if all samples are equal, distances are not scaled
    return float(2 * flat.var(0).sum()) or 1.0
