"""The networks of BasicSR, Real-ESRGAN and ESRGAN's first release."""

from gancore_esrgan.published.discriminators import PublishedDiscriminators
from gancore_esrgan.published.rrdb import PublishedRRDBNet
from gancore_esrgan.published.srvgg import PublishedSRVGGNet

__all__ = ["PublishedDiscriminators", "PublishedRRDBNet", "PublishedSRVGGNet"]
