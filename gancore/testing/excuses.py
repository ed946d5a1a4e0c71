"""Why a check does not apply to a part; empty if it does."""

from typing import Any

from gancore.component.part import Part
from gancore.testing.forward import classes_of


def tags_in(part: Part) -> frozenset[str]:
    """The tags of a part and of all parts inside it."""
    return frozenset[str]().union(*(m.tags for m in part.modules() if isinstance(m, Part)))


def row_by_row(part: Part) -> str:
    """The excuse of checks that split a batch."""
    return (
        "it is tagged `batch`: the result of a sample depends on the other rows"
        if "batch" in tags_in(part)
        else ""
    )


def reads_labels(part: Any) -> str:
    """The excuse of checks on labels."""
    return "" if part.conditional and classes_of(part) else "it reads no labels here"


def reads_no_labels(part: Any) -> str:
    """The excuse of checks on parts that ignore labels."""
    return "it reads labels" if part.conditional else ""


def reads_numbers(part: Any) -> str:
    """The excuse of checks on derivatives in the input."""
    return "its latents are indices" if getattr(part, "codebook_size", 0) else ""
