"""Deep belief networks (Hinton, Osindero & Teh 2006)."""

from collections.abc import Sequence

from gancore.component.hooks import hookimpl
from gancore.component.part import Part
from gancore_dbn.encoder import DBNEncoder
from gancore_dbn.generator import DBNGenerator
from gancore_dbn.memory import AssociativeMemory
from gancore_dbn.recipe import DBN

__all__ = ["DBN", "AssociativeMemory", "DBNEncoder", "DBNGenerator", "gancore_api"]

gancore_api = 1


@hookimpl
def gancore_parts() -> Sequence[type[Part]]:
    """The recipe, the layers down and up, and the memory on top."""
    return [DBN, DBNGenerator, DBNEncoder, AssociativeMemory]
