"""Data: image sources in many formats, labels, packing, and the order in which images are shown."""

from typing import TYPE_CHECKING

from gancore.exports import lazy

if TYPE_CHECKING:
    from gancore.data.data import Data, Images
    from gancore.data.domains import Paired, Unpaired
    from gancore.data.loader import Loader
    from gancore.data.one_source import open_pairs
    from gancore.data.opening import open_data
    from gancore.data.options import ImageOptions
    from gancore.data.order import Order

_HOMES = {
    "data": ("Data", "Images"),
    "domains": ("Paired", "Unpaired"),
    "loader": ("Loader",),
    "one_source": ("open_pairs",),
    "opening": ("open_data",),
    "options": ("ImageOptions",),
    "order": ("Order",),
}
__all__ = [
    "Data",
    "ImageOptions",
    "Images",
    "Loader",
    "Order",
    "Paired",
    "Unpaired",
    "open_data",
    "open_pairs",
]

# the help of the command line reads the options without torch
__getattr__, __dir__ = lazy(__name__, _HOMES)
