"""ESRGAN (Wang et al. 2018, arXiv:1809.00219) and Real-ESRGAN (Wang et al. 2021, arXiv:2107.10833)."""

from gancore import Part, Preset, hookimpl
from gancore.published import Importer
from gancore_esrgan.degradation import PARTS as DEGRADATIONS
from gancore_esrgan.degradation import PRESETS as SETTINGS
from gancore_esrgan.feature_distance import FeatureL1
from gancore_esrgan.presets import PRESETS
from gancore_esrgan.published import PublishedDiscriminators, PublishedRRDBNet, PublishedSRVGGNet
from gancore_esrgan.real_esrgan import RealESRGAN
from gancore_esrgan.recipe import ESRGAN
from gancore_esrgan.rrdb import RRDBNet
from gancore_esrgan.srgan import SRGANDiscriminator
from gancore_esrgan.srvgg import SRVGGNet
from gancore_esrgan.unet import UNetDiscriminator

__all__ = [
    "ESRGAN",
    "FeatureL1",
    "RRDBNet",
    "RealESRGAN",
    "SRGANDiscriminator",
    "SRVGGNet",
    "UNetDiscriminator",
]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The recipes, their networks, the distance of features, and what degrades images."""
    networks = [RRDBNet, SRVGGNet, UNetDiscriminator, SRGANDiscriminator]
    return [ESRGAN, RealESRGAN, *networks, FeatureL1, *DEGRADATIONS]


@hookimpl
def gancore_presets() -> tuple[Preset, ...]:
    """Both steps of training, settings for trials, and those of degradations."""
    return (*PRESETS, *SETTINGS)


@hookimpl
def gancore_importers() -> list[Importer]:
    """What reads the published networks."""
    return [PublishedRRDBNet(), PublishedSRVGGNet(), PublishedDiscriminators()]
