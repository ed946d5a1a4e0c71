"""How closely images are reconstructed by the encoder and the generator."""

import torch
from torch import Tensor

from gancore.component.device import device_of
from gancore.component.interfaces import Extractor
from gancore.component.part import field, part
from gancore.component.validators import whole
from gancore.measure.picking import need, some_indices
from gancore.measure.score import Better, Score, Value
from gancore.measure.sets import eight_bit
from gancore.measure.ssim import ssim
from gancore.measure.study import Study
from gancore.pipeline import evaluating

CHUNK = 256


def absolute_error(first: Tensor, second: Tensor) -> Tensor:
    """The mean absolute difference of images `(N, C, H, W)` in [-1, 1], scaled to [0, 1]: `(N,)` float64."""
    return (first.double() - second.double()).abs().flatten(1).mean(1) / 2


def peak_signal_to_noise(first: Tensor, second: Tensor, most: float = 100.0) -> Tensor:
    """10 log₁₀(peak² / mean squared error) in dB, at most `most`, of images `(N, C, H, W)` in [-1, 1]: `(N,)`
    float64.
    """
    squared = ((first.double() - second.double()) / 2).square().flatten(1).mean(1)
    return (-10 * squared.log10()).clamp(max=most)


def distances(extractor: Extractor, first: Tensor, second: Tensor) -> dict[str, Tensor]:
    """`MAE`, `PSNR` and, under the extractor's title, the feature distance of images `(N, C, H, W)`: each
    `(N,)` float64.
    """
    where = device_of(extractor)
    with evaluating(extractor), torch.no_grad():
        apart = (extractor(first.to(where)).double() - extractor(second.to(where)).double()).cpu()
    return {
        "MAE": absolute_error(first, second),
        "PSNR": peak_signal_to_noise(first, second),
        extractor.title: apart.norm(dim=1),
    }


@part("reconstruction")
class Reconstruction(Score):
    """How closely held-out images, or those of the reference where none are held out, are reconstructed: MAE,
    PSNR and SSIM, each averaged over images.

    SSIM: Wang et al. 2004, eq. 13. MAE is on a scale from 0 to 1, PSNR in dB with at most 100, SSIM at most
    1. Reconstructions are rounded to 256 levels, as the reference is. Images smaller than SSIM's 11-pixel
    window have only MAE and PSNR.
    """

    needs = frozenset({"encoder"})
    images: int = field(default=2000, validator=whole(2), help="maximum number of images")

    def forward(self, study: Study) -> dict[str, Value]:
        """`MAE` (lower is better), `PSNR` and `SSIM` (higher is better), each with its standard error."""
        assert study.pipeline is not None
        shown = study.reference if study.held_out is None else study.held_out
        name = "reference" if study.held_out is None else "held-out images"
        need("MAE", 8, "a mean over images", **{name: len(shown)})
        chosen = some_indices(len(shown), self.images, study.rng("some reference"))
        real = shown.rows(chosen)
        label = None if shown.labels is None or not study.pipeline.reads_labels else shown.labels[chosen]
        return compared(real, eight_bit(study.pipeline.reconstruct(real, label, seed=study.seed)))


def compared(real: Tensor, made: Tensor) -> dict[str, Value]:
    """`MAE`, `PSNR` and, from 11 pixels on, `SSIM` of images `(N, C, H, W)` in [-1, 1]: means with their
    standard errors.
    """
    found = {
        "MAE": mean_value(absolute_error(real, made), "lower"),
        "PSNR": mean_value(peak_signal_to_noise(real, made), "higher"),
    }
    if min(real.shape[2:]) >= 11:
        pairs = zip(torch.split(real, CHUNK), torch.split(made, CHUNK), strict=True)
        found["SSIM"] = mean_value(torch.cat([ssim(one, other) for one, other in pairs]), "higher")
    return found


def mean_value(values: Tensor, better: Better) -> Value:
    """The mean with its standard error."""
    return Value(float(values.mean()), float(values.std() / len(values) ** 0.5), better)
