"""The extractors that come with the core."""

from gancore.measure.extractors.choose import default_extractor
from gancore.measure.extractors.emoji import Emoji
from gancore.measure.extractors.fashion import Fashion
from gancore.measure.extractors.inception import Inception2015
from gancore.measure.extractors.pixels import Pixels

__all__ = ["Emoji", "Fashion", "Inception2015", "Pixels", "default_extractor"]
