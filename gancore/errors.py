"""One class per failure that a user can meet. Each message says what was given, what was expected and what to
do.
"""


class GancoreError(Exception):
    """Every failure that gancore explains; the command line prints it without a traceback."""

    exit_code = 1


class UserError(GancoreError):
    """The user's words are wrong: a command line answers with exit code 2."""

    exit_code = 2


class UnknownPart(UserError):
    """No part of that kind goes by that name."""


class AmbiguousPart(UserError):
    """Several distributions offer a part under the same bare name."""


class BrokenPlugin(UserError):
    """The part asked for belongs to a plugin that could not be loaded."""


class SpecError(UserError):
    """A spec (a table of options) names an unknown field, a wrong type or a value out of range."""


class FactError(UserError):
    """A fact is missing, or was given twice and differently."""


class Unbuilt(FactError, AttributeError):
    """A layer was asked of a part that still waits for facts."""


class FitError(UserError):
    """Two neighboring parts do not fit together."""


class DataError(UserError):
    """The data are empty, unreadable, or not what was said of them."""


class MeasureError(UserError):
    """Images cannot be scored as asked: too few of them, of the wrong shape, not finite, or an extractor
    without its weights.
    """


class RunError(GancoreError):
    """A run folder is in use, incomplete, or not a run."""


class CheckpointError(GancoreError):
    """A checkpoint or a saved pipeline is damaged, or belongs to something else."""


class ExportError(GancoreError):
    """A pipeline cannot be written in the form asked for, or what was written makes other images."""


class NotFinite(GancoreError):
    """A term or a gradient became NaN or infinite."""


class Interrupted(GancoreError):
    """Training was asked to stop by a signal; everything is saved."""
