"""Vector-quantized autoencoders: VQ-VAE (van den Oord et al. 2017, arXiv:1711.00937) and VQGAN (Esser et al.
2020, arXiv:2012.09841).
"""

from gancore.component.hooks import hookimpl
from gancore.component.part import Part
from gancore.component.presets import Preset
from gancore.published import Importer
from gancore_vqgan.discriminator import VQGANDiscriminator
from gancore_vqgan.first_stage import FirstStage
from gancore_vqgan.hierarchical import LevelQuantizer, TwoLevelDecoder, TwoLevelEncoder
from gancore_vqgan.networks import VQGANDecoder, VQGANEncoder
from gancore_vqgan.presets import PRESETS
from gancore_vqgan.prior import PRESETS as STAGES
from gancore_vqgan.prior import (
    CodePrior,
    CodeSampler,
    CodeTranslation,
    Dense,
    DrawnCodes,
    Fixed,
    LabeledMaskGIT,
    LabeledPixelCNN,
    LabeledTransformer,
    MaskGIT,
    PixelCNN,
    Strided,
    Transformer,
    enlarged,
)
from gancore_vqgan.published import BothStages, Published, import_stages, import_transformer
from gancore_vqgan.quantized import IndexEncoder, QuantizedEncoder
from gancore_vqgan.vqgan import VQGAN
from gancore_vqgan.vqvae import VQVAE
from gancore_vqgan.vqvae_networks import VQVAEDecoder, VQVAEEncoder

__all__ = [
    "VQGAN",
    "VQVAE",
    "CodePrior",
    "CodeSampler",
    "CodeTranslation",
    "Dense",
    "DrawnCodes",
    "FirstStage",
    "Fixed",
    "IndexEncoder",
    "LabeledMaskGIT",
    "LabeledPixelCNN",
    "LabeledTransformer",
    "LevelQuantizer",
    "MaskGIT",
    "PixelCNN",
    "QuantizedEncoder",
    "Strided",
    "Transformer",
    "TwoLevelDecoder",
    "TwoLevelEncoder",
    "VQGANDecoder",
    "VQGANDiscriminator",
    "VQGANEncoder",
    "VQVAEDecoder",
    "VQVAEEncoder",
    "enlarged",
    "import_stages",
    "import_transformer",
]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The recipes, and their networks."""
    return [
        *(VQVAE, VQGAN, CodePrior, CodeTranslation),
        *(VQVAEDecoder, VQGANDecoder),
        *(QuantizedEncoder, VQVAEEncoder, VQGANEncoder),
        VQGANDiscriminator,
        *(TwoLevelDecoder, TwoLevelEncoder, LevelQuantizer),
        *(Transformer, MaskGIT, PixelCNN),
        *(LabeledTransformer, LabeledMaskGIT, LabeledPixelCNN),
        *(Dense, Strided, Fixed),
        DrawnCodes,
    ]


@hookimpl
def gancore_presets() -> tuple[Preset, ...]:
    """Settings of first and second stages."""
    return (*PRESETS, *STAGES)


@hookimpl
def gancore_importers() -> list[Importer]:
    """What reads the published networks."""
    return [Published(), BothStages()]
