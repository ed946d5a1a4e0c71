"""Data: image sources in many formats, labels, packing, and the order in which images are shown."""

from gancore.data.data import Data, Images
from gancore.data.domains import Paired, Unpaired
from gancore.data.loader import Loader
from gancore.data.opening import open_data
from gancore.data.options import ImageOptions
from gancore.data.order import Order

__all__ = ["Data", "ImageOptions", "Images", "Loader", "Order", "Paired", "Unpaired", "open_data"]
