"""What the first paragraph of a docstring says."""


def summary(documented: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return first_paragraph(documented.__doc__ or "")


def first_paragraph(text: str) -> str:
    """The first paragraph of a text, on one line."""
    return " ".join(text.strip().partition("\n\n")[0].split())
