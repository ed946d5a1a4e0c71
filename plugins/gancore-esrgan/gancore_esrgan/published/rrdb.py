"""What reads RRDBNet, under the names of each release."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from gancore.errors import CheckpointError
from gancore.pipeline import Pipeline
from gancore.published import Importer, Network, fill, shown
from gancore_esrgan.published.shapes import SIDE, counted, enlarging, recipe_of, shape
from gancore_esrgan.rrdb import UNSHUFFLED, RRDBNet

__all__ = ["PublishedRRDBNet"]

LAYERS = {
    "conv_first": "first",
    "conv_body": "after_body",
    "conv_up1": "up1",
    "conv_up2": "up2",
    "conv_hr": "high",
    "conv_last": "last",
    "trunk_conv": "after_body",
    "upconv1": "up1",
    "upconv2": "up2",
    "HRconv": "high",
    "model.0": "first",
    "model.3": "up1",
    "model.6": "up2",
    "model.8": "high",
    "model.10": "last",
}
"""Layers outside of the blocks in BasicSR, in xinntao/ESRGAN, and in its older files, and here."""
DENSE = re.compile(r"(?:body|RRDB_trunk|model\.1\.sub)\.(\d{1,4})\.(?:rdb|RDB)([123])\.conv([1-5])(?:\.0)?")
"""A convolution of a dense block, in the same three."""
AFTER_BODY = re.compile(r"model\.1\.sub\.\d+")


class PublishedRRDBNet(Importer):
    """RRDBNet of XPixelGroup/BasicSR (ESRGAN, Real-ESRGAN) and of xinntao/ESRGAN, whose sizes are inferred
    from the weights. The size of the images, which they do not say, is 256×256. Where source and image differ
    in channels, the factor may have to be told: `scale` in the settings of a safetensors file.
    """

    title: ClassVar[str] = "ESRGAN and Real-ESRGAN (RRDBNet)"

    def is_generator(self, network: Network) -> bool:
        """Judging by the first convolution of the first block."""
        return any(DENSE.fullmatch(name.removesuffix(".weight")) for name in network.tensors)

    def pipeline(self, network: Network, **_: str) -> Pipeline:
        """The generator, which reads source images."""
        found = renamed(network.tensors)
        width, reads = shape(found, "first.weight")[:2]
        makes = shape(found, "last.weight")[0]
        scale, channels = _scale(reads, makes, network.init_kwargs.get("scale"))
        side = SIDE // scale
        generator = RRDBNet(
            source=(channels, side, side),
            image=(makes, SIDE, SIDE),
            width=width,
            growth=shape(found, "body.0.dense.0.convs.0.weight")[0],
            blocks=counted({int(name.split(".")[1]) for name in found if name.startswith("body.")}, "blocks"),
        )
        fill(generator, found, "the layers disagree about their sizes")
        return enlarging(generator)

    def recipe(self, pipeline: Pipeline) -> dict[str, Any]:
        """A recipe that trains on."""
        return recipe_of(pipeline)


def renamed(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights by the names here. Raises CheckpointError if one is not known, or stands there twice."""
    made: dict[str, Tensor] = {}
    for name, value in found.items():
        layer, _, kind = name.rpartition(".")
        here = f"{_layer(layer)}.{kind}"
        if here in made:
            raise CheckpointError(f"{shown(name)} stands there under two names; the file is damaged")
        made[here] = value
    return made


def _layer(name: str) -> str:
    if name in LAYERS:
        return LAYERS[name]
    if match := DENSE.fullmatch(name):
        block, dense, conv = map(int, match.groups())
        return f"body.{block}.dense.{dense - 1}.convs.{conv - 1}"
    if AFTER_BODY.fullmatch(name):
        return "after_body"
    raise CheckpointError(
        f"{shown(name)} is not a layer of RRDBNet with two upsamplings by 2; give weights of one"
    )


def _scale(reads: int, makes: int, said: Any) -> tuple[int, int]:
    """The factor, and the channels of the source: that of the settings, or else the one with which the source
    has as many channels as the image, or the only one that there can be.
    """
    able = {
        scale: reads // unshuffled**2
        for scale, unshuffled in UNSHUFFLED.items()
        if reads % unshuffled**2 == 0 and said in (None, scale)
    }
    equal = {scale: channels for scale, channels in able.items() if channels == makes}
    found = equal or able
    if len(found) != 1:
        raise CheckpointError(
            f"its first layer reads {reads} channels and its last makes {makes}, which does not say its "
            'factor; give a safetensors file with {"scale": 4}, or 2 or 1, as the config in its metadata'
        )
    return next(iter(found.items()))
