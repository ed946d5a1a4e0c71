"""ESRGAN (Wang et al. 2018, arXiv:1809.00219) and Real-ESRGAN (Wang et al. 2021, arXiv:2107.10833)."""

from gancore import Part, hookimpl
from gancore_esrgan.rrdb import RRDBNet
from gancore_esrgan.srvgg import SRVGGNet
from gancore_esrgan.unet import UNetDiscriminator

__all__ = ["RRDBNet", "SRVGGNet", "UNetDiscriminator"]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The translators and the discriminator."""
    return [RRDBNet, SRVGGNet, UNetDiscriminator]
