"""The extractor to take where none is named."""

from gancore.component.interfaces import Extractor, ImageShape
from gancore.measure.extractors.emoji import Emoji
from gancore.measure.extractors.fashion import Fashion
from gancore.measure.extractors.pixels import Pixels


def default_extractor(image: ImageShape) -> Extractor:
    """`fashion` for gray images `(1, H, W)`, `emoji` for RGB, `pixels` for anything else, built for images of
    that shape.
    """
    made = {1: Fashion, 3: Emoji}.get(image[0], Pixels)()
    made.bind(by="the images", facts={"image": image})
    return made
