"""What generators that read an image have in common."""

from gancore.component.interfaces import Generator, ImageShape, Shape
from gancore.component.part import fact, interface

__all__ = ["Translator"]


@interface("generator")
class Translator(Generator):
    """A generator whose code is a source image, of the shape that the recipe gives."""

    source: ImageShape = fact(default=None, help="shape (C, H, W) of one source image, given by the recipe")

    @property
    def code_shape(self) -> Shape:
        """The shape of one source image. Raises FactError while it is not known."""
        if self.source is None:
            self.require()
        return tuple(self.source)
