"""Images as functions of their coordinates, and a regularizer for few images."""

from gancore import Part, hookimpl
from gancore_siren.lecam import LeCam
from gancore_siren.siren import Siren

__all__ = ["LeCam", "Siren"]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The generator and the regularizer."""
    return [Siren, LeCam]
