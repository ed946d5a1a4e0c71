"""Whether scores were computed alike, so that their values can be compared."""

from collections.abc import Mapping, Sequence
from typing import Any

from gancore.pictures.differences import differences

OF_THE_MODEL = ("samples.source", "samples.run", "samples.pipeline", "samples.weights", "training")
"""Entries of a protocol that say what was judged, not how."""
OF_THE_DRAW = ("seed", "samples.seed", "reference.seed", "versions")
"""Entries that only draw other images or change the last bits."""
NOTHING = (None, "none")
"""Values that say that an entry does not apply."""


def unlike(protocols: Sequence[Mapping[str, Any]]) -> list[str]:
    """The entries in which protocols differ so that scores cannot be compared."""
    return [
        name
        for name, values in differences(protocols)
        if not _within(name, (*OF_THE_MODEL, *OF_THE_DRAW)) and not _does_not_apply(name, values)
    ]


def _within(name: str, entries: Sequence[str]) -> bool:
    return any(name == entry or name.startswith(f"{entry}.") for entry in entries)


def _does_not_apply(name: str, values: Sequence[str | None]) -> bool:
    """A network without batch norm has no statistics to choose."""
    return name == "samples.batch_norm" and len({value for value in values if value not in NOTHING}) < 2
