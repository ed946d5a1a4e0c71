"""The exceptions. Each message says what was given, what was expected, and what to do."""

LONGEST = 2000
"""Characters of a message that are shown; of a longer one, the beginning and the end."""


def shown(text: object, most: int = LONGEST) -> str:
    """Text from anywhere as one line that only shows what it says: what would move the cursor, color, hide or
    reorder text, or break the line, is escaped, and the middle of a long text is left out.
    """
    whole = str(text)
    if len(whole) > most:
        whole = f"{whole[: most * 2 // 3]} … {whole[-most // 3 :]}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in whole)


class GancoreError(Exception):
    """Base class of all errors of gancore; the command line prints them without a traceback.

    Messages are shown by `shown`, since they quote what stands in files.
    """

    exit_code = 1

    def __str__(self) -> str:
        return shown(super().__str__())


class UserError(GancoreError):
    """Invalid input from the user; the command line exits with code 2."""

    exit_code = 2


class UnknownPart(UserError):
    """No part of that kind has that name."""


class AmbiguousPart(UserError):
    """Several distributions provide a part with the same bare name."""


class BrokenPlugin(UserError):
    """The requested part belongs to a plugin that could not be loaded."""


class SpecError(UserError):
    """A spec (a table of options) has an unknown field, a wrong type or a value out of range."""


class FactError(UserError):
    """A fact is missing, or was given two different values."""


class Unbuilt(FactError, AttributeError):
    """A layer was requested from a part that still waits for facts."""


class FitError(UserError):
    """Two neighboring parts do not fit together."""


class DataError(UserError):
    """The data are empty, unreadable, or not as specified."""


class MeasureError(UserError):
    """Images cannot be scored: too few, of the wrong shape, not finite, or the extractor has no weights."""


class RunError(GancoreError):
    """A run folder is in use, incomplete, or not a run."""


class CheckpointError(GancoreError):
    """A checkpoint or a saved pipeline is damaged, or belongs to something else."""


class ExportError(GancoreError):
    """A pipeline cannot be exported in the requested format, or the exported file makes other images."""


class NotFinite(GancoreError):
    """A term or a gradient became NaN or infinite."""


class Interrupted(GancoreError):
    """A signal stopped the training; everything is saved."""
