"""The extractors that come with the core."""

from gancore.measure.extractors.choose import default_extractor
from gancore.measure.extractors.emoji import Emoji
from gancore.measure.extractors.fashion import Fashion
from gancore.measure.extractors.inception import Inception2015
from gancore.measure.extractors.pixels import Pixels
from gancore.measure.extractors.vgg import VGG16, VGG19

__all__ = ["VGG16", "VGG19", "Emoji", "Fashion", "Inception2015", "Pixels", "default_extractor"]
