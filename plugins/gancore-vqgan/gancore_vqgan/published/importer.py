"""What reads the networks of CompVis/taming-transformers."""

from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from gancore.component.interfaces import Discriminator
from gancore.component.quantizer import Quantizer
from gancore.errors import CheckpointError
from gancore.pipeline import Pipeline
from gancore.published import Importer, Network, fill
from gancore.standard.quantizers import Codebook, GumbelQuantizer, VectorQuantizer
from gancore_vqgan.discriminator import VQGANDiscriminator
from gancore_vqgan.networks import VQGANDecoder, VQGANEncoder
from gancore_vqgan.published.names import decoder_weights, discriminator_weights, encoder_weights
from gancore_vqgan.published.sizes import resolution_of, sizes_of
from gancore_vqgan.quantized import QuantizedEncoder

__all__ = ["Published"]

BOOK, DRAWN = "quantize.embedding.weight", "quantize.embed.weight"
"""The vectors of the usual quantizer, and of the one with the Gumbel-softmax."""
REMAPPED = "quantize.used"
"""What a quantizer with `remap` has besides."""
DRAWN_KL = 1e-8
"""The weight of KL that is published with the latter."""
MOST_LAYERS = 16
JUDGE = ("loss.discriminator.", "")
"""Where the discriminator lies in a checkpoint, or in a file of its own."""


class Published(Importer):
    """First stages of CompVis/taming-transformers, from checkpoints of Lightning or from state dicts. Sizes
    are inferred from the weights; the side of the images, which they do not say, is that in the settings of
    a safetensors file, or else the 256 of all released networks.
    """

    title: ClassVar[str] = "CompVis/taming-transformers"

    def is_generator(self, network: Network) -> bool:
        """Judging by the first layers of both networks and the codebook."""
        named = network.tensors.keys()
        networks = {"encoder.conv_in.weight", "decoder.conv_in.weight"}
        return networks <= named and bool({BOOK, DRAWN} & named)

    def is_discriminator(self, network: Network) -> bool:
        """Judging by the first convolution and the first normalization."""
        return bool(_judge(network.tensors))

    def pipeline(self, network: Network, **_: str) -> Pipeline:
        """The encoder with its quantizer, the conditioner `codebook`, and the decoder."""
        found, sizes = network.tensors, sizes_of(network.tensors, network.init_kwargs)
        quantizer, weights = _quantizer(found, network.init_kwargs)
        encoder = QuantizedEncoder(
            network=VQGANEncoder(**sizes.options),
            quantizer=quantizer,
            image=sizes.image(sizes.reads),
            code_shape=sizes.code_shape,
        )
        generator = VQGANDecoder(image=sizes.image(sizes.makes), vector=sizes.vector, **sizes.options)
        blocks = sizes.options["blocks"]
        fill(encoder.network, encoder_weights(found, sizes.attends, blocks))
        fill(generator, decoder_weights(found, sizes.attends, blocks))
        fill(quantizer, weights)
        conditioner = Codebook(quantizer=quantizer, code=sizes.code_shape)
        return Pipeline(conditioner=conditioner, generator=generator, encoder=encoder)

    def discriminator(self, network: Network) -> Discriminator:
        """The discriminator of patches, for larger images than the first stage's where it has too many layers
        for those.
        """
        found = _judge(network.tensors)
        width, channels = found["main.0.weight"].shape[:2]
        layers = sum(value.dim() == 4 for value in found.values()) - 2
        side = max(resolution_of(network.init_kwargs), 3 << min(layers, MOST_LAYERS))
        made = VQGANDiscriminator(image=(channels, side, side), width=width, layers=layers)
        fill(made, discriminator_weights(found))
        return made

    def recipe(self, pipeline: Pipeline) -> dict[str, Any]:
        """`recipe/vqgan` with the settings for images of one's own; the files hold none. None if the decoder
        makes images of other channels than the encoder reads.
        """
        assert pipeline.encoder is not None
        return {"part": "vqgan"} if pipeline.encoder.image == pipeline.generator.image else {}


def _judge(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of the discriminator; none if there are none."""
    for start in JUDGE:
        if {f"{start}main.0.weight", f"{start}main.3.running_mean"} <= found.keys():
            inside = f"{start}main."
            return {k.removeprefix(start): v for k, v in found.items() if k.startswith(inside)}
    return {}


def _quantizer(
    found: Mapping[str, Tensor], settings: Mapping[str, Any]
) -> tuple[Quantizer, dict[str, Tensor]]:
    """The quantizer, not built yet, and its weights."""
    if REMAPPED in found:
        raise CheckpointError(
            f"its indices are numbered anew ({REMAPPED} lists those in use), which is not supported; give "
            "the first stage without remap"
        )
    if DRAWN in found:
        drawn = GumbelQuantizer(size=found[DRAWN].shape[0], kl_weight=DRAWN_KL)
        weight, bias = found["quantize.proj.weight"].flatten(1), found["quantize.proj.bias"]
        return drawn, {"vectors": found[DRAWN], "linear.weight": weight, "linear.bias": bias}
    commitment, codebook_weight = _weights_of_terms(settings)
    size = found[BOOK].shape[0]
    nearest = VectorQuantizer(size=size, commitment=commitment, codebook_weight=codebook_weight)
    return nearest, {"vectors": found[BOOK]}


def _weights_of_terms(settings: Mapping[str, Any]) -> tuple[float, float]:
    """The weights of commitment and codebook: β = 0.25, which the released code has at the codebook's term
    unless told otherwise, and 1.
    """
    beta = settings.get("beta", 0.25)
    if not isinstance(beta, int | float) or beta < 0:
        raise CheckpointError(f"beta is {beta!r}, not a weight; the settings are damaged")
    return (1.0, float(beta)) if settings.get("legacy_beta", True) else (float(beta), 1.0)
