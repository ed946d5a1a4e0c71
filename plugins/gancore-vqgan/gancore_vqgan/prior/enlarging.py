"""Images larger than those of the training: the same networks, for larger maps of indices."""

from collections.abc import Iterator, Mapping
from typing import Any

from gancore.component.interfaces import Generator
from gancore.component.specs import spec
from gancore.errors import UserError
from gancore.pipeline import Pipeline
from gancore_vqgan.networks import VQGANDecoder
from gancore_vqgan.prior.pixelcnn import PixelCNN
from gancore_vqgan.prior.transformer import Transformer

__all__ = ["enlarged"]


def enlarged(pipeline: Pipeline, height: int, width: int) -> Pipeline:
    """A pipeline that draws images of other sizes with the weights of a second stage.

    A transformer draws the indices through a window of the size that it was trained on, as in Esser et al.
    2020 (VQGAN), arXiv:2012.09841, section 3.2; a PixelCNN has none. The generator, which must be
    convolutional, makes the larger image in one pass. The encoder is left out.

    Raises:
        UserError: the sampler is neither, or there are several indices at each place; the sides are no
            multiples of those of an index, or smaller than those of the training.
    """
    sampler, generator = pipeline.sampler, pipeline.generator
    if not isinstance(sampler, Transformer | PixelCNN) or len(sampler.latent) != 2:
        what = "the pipeline" if sampler is None else sampler.qualified_name
        raise UserError(
            f"{what} draws no maps of other sizes than those of its training; use a pipeline with "
            "sampler/transformer or sampler/pixelcnn, and one index at each place"
        )
    image, code = tuple(generator.image), tuple(generator.code_shape)
    new = _checked(image, code, (height, width))
    latent = (new[0] * code[1] // image[1], new[1] * code[2] // image[2])
    options = {
        "generator.image": [image[0], *new],
        "sampler.latent": list(latent),
        **dict(_codes(spec(pipeline.conditioner, complete=True), list(code[1:]), list(latent))),
        **_attention(generator, min(new)),
    }
    if isinstance(sampler, Transformer):
        options["sampler.window"] = list(sampler.trained_on)
    parts = {name: part for name, part in pipeline.parts.items() if name != "encoder"}
    return Pipeline(**parts).with_options(options)  # type: ignore[arg-type]


def _checked(image: tuple[int, ...], code: tuple[int, ...], new: tuple[int, int]) -> tuple[int, int]:
    """The new sides, if they fit."""
    for side, own, places in zip(new, image[1:], code[1:], strict=True):
        if side < own or side % (own // places):
            raise UserError(
                f"images of {new[0]}×{new[1]} do not fit: give sides of at least {image[1]}×{image[2]}, "
                f"those of the training, in multiples of {own // places}"
            )
    return new


def _codes(
    table: Mapping[str, Any], old: list[int], new: list[int], at: str = "conditioner"
) -> Iterator[tuple[str, list[int]]]:
    """The paths of all shapes of code maps, which quantizers inside quantizers have too, and the new ones."""
    for name, value in table.items():
        if name == "code" and value[1:] == old:
            yield f"{at}.{name}", [value[0], *new]
        elif isinstance(value, Mapping):
            yield from _codes(value, old, new, f"{at}.{name}")


def _attention(generator: Generator, side: int) -> dict[str, list[int]]:
    """VQGAN's decoder names its maps with attention by their side, which is now another."""
    if not isinstance(generator, VQGANDecoder):
        return {}
    own = min(generator.image[1:])
    levels = range(len(generator.multipliers))
    return {"generator.attention": [side >> i for i in levels if own >> i in generator.attention]}
