"""Whether code maps fit images."""

from gancore.component.interfaces import ImageShape, Shape
from gancore.component.part import Part
from gancore.errors import FitError

__all__ = ["check_map"]


def check_map(part: Part, image: ImageShape, factor: int, code: Shape | None = None) -> None:
    """Raises FitError if the sides are no multiples of a factor, or code maps have another size than the
    image divided by it.
    """
    _, height, width = image
    if height % factor or width % factor:
        raise FitError(
            f"{part.qualified_name} divides sides by {factor}, but images are {height}×{width}: resize them "
            f"to multiples of {factor}, or halve them less often"
        )
    expected = (height // factor, width // factor)
    if code is not None and tuple(code[1:]) != expected:
        raise FitError(
            f"{part.qualified_name} makes maps of {expected[0]}×{expected[1]} of images of {height}×{width}, "
            f"but the codes are {'×'.join(map(str, code[1:])) or 'no maps'}; halve images as often as the "
            "generator doubles its codes"
        )
