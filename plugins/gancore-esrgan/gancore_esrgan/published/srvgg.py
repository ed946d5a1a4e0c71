"""What reads the compact network of Real-ESRGAN."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from gancore.errors import CheckpointError
from gancore.pipeline import Pipeline
from gancore.published import Importer, Network, fill, shown
from gancore_esrgan.published.shapes import SIDE, counted, enlarging, recipe_of, shape, told
from gancore_esrgan.srvgg import SRVGGNet

__all__ = ["PublishedSRVGGNet"]

NAME = re.compile(r"body\.(\d{1,4})\.(weight|bias)")
WITHOUT_WEIGHTS = ("relu", "leakyrelu")


class PublishedSRVGGNet(Importer):
    """SRVGGNetCompact of xinntao/Real-ESRGAN, whose sizes are inferred from the weights. The size of the
    images, which they do not say, is about 256×256.

    Weights without slopes do not say their activation: it is that in the settings of a safetensors file
    (`activation` or `act_type`, also in a table `compact`), or the option `activation`.
    """

    title: ClassVar[str] = "Real-ESRGAN (SRVGGNetCompact)"
    options: ClassVar[Mapping[str, Sequence[str]]] = {"activation": ("prelu", *WITHOUT_WEIGHTS)}

    def is_generator(self, network: Network) -> bool:
        """Judging by the names, which are those of one list, and the first convolution."""
        first = network.tensors.get("body.0.weight")
        return first is not None and first.dim() == 4 and all(map(NAME.fullmatch, network.tensors))

    def pipeline(self, network: Network, **options: str) -> Pipeline:
        """The generator, which reads source images."""
        found = network.tensors
        width, channels = shape(found, "body.0.weight")[:2]
        places = {int(name.split(".")[1]) for name, value in found.items() if value.dim() == 4}
        if any(place % 2 for place in places):
            raise CheckpointError("a convolution stands where an activation is expected; the file is damaged")
        convolutions = counted({place // 2 for place in places}, "convolutions")
        outputs = shape(found, f"body.{2 * convolutions - 2}.weight")[0]
        scale = _scale(outputs, channels)
        generator = SRVGGNet(
            source=(channels, SIDE // scale, SIDE // scale),
            image=(channels, SIDE // scale * scale, SIDE // scale * scale),
            width=width,
            convs=convolutions - 2,
            activation=_activation(network, options),
        )
        fill(generator, found, "the layers disagree about their sizes")
        return enlarging(generator)

    def recipe(self, pipeline: Pipeline) -> dict[str, Any]:
        """A recipe that trains on."""
        return recipe_of(pipeline)


def _scale(outputs: int, channels: int) -> int:
    scale = math.isqrt(outputs // channels)
    if scale < 1 or scale**2 * channels != outputs:
        raise CheckpointError(
            f"its last layer makes {outputs} channels, not a square number for each of the {channels} "
            "channels of the source; networks whose image has as many channels as its source are read"
        )
    return scale


def _activation(network: Network, options: Mapping[str, str]) -> Any:
    """`prelu` where there are slopes, otherwise what is told."""
    if "body.1.weight" in network.tensors:
        return "prelu"
    said = options.get("activation") or told(network.init_kwargs, "compact", "activation", "act_type")
    if said in WITHOUT_WEIGHTS:
        return said
    raise CheckpointError(
        "its activation is relu or leakyrelu, since there are no slopes, and was said to be "
        f"{shown(said or 'nothing')}; give import_generator(network, activation='relu'), or a "
        'safetensors file with {"activation": "relu"} as the config in its metadata'
    )
