"""Published weights: reads the files that other code wrote, without running anything in them, and turns their
networks into pipelines and recipes.
"""

from gancore.published.importer import Importer
from gancore.published.importing import import_discriminator, import_file, import_generator
from gancore.published.networks import Network, Networks, fill, read_networks
from gancore.published.refusals import Refused, shown
from gancore.published.spectral import weight_and_v

__all__ = [
    "Importer",
    "Network",
    "Networks",
    "Refused",
    "fill",
    "import_discriminator",
    "import_file",
    "import_generator",
    "read_networks",
    "shown",
    "weight_and_v",
]
