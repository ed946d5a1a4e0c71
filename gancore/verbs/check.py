"""The contract kit over an installed plugin."""

from gancore.testing.report import Result, check_distribution


class Checked(list[Result]):
    """The results of all checks; prints as a table. `failed` are those that failed."""

    @property
    def failed(self) -> list[Result]:
        """The checks that failed."""
        return [result for result in self if result.outcome == "failed"]

    def __str__(self) -> str:
        lines = [
            f"{one.outcome:8} {one.part:32} {one.check:40} {one.seconds:6.2f} s  {one.reason}" for one in self
        ]
        return "\n".join([*lines, f"{len(self) - len(self.failed)} of {len(self)} checks passed"])


def check(distribution: str) -> Checked:
    """Checks every part of a plugin against the contracts of its kind.

    Args:
        distribution: name of an installed plugin, as gancore-dcgan.

    Raises:
        UnknownPart: no installed distribution of that name offers parts. BrokenPlugin: it could not be
        loaded.
    """
    return Checked(check_distribution(distribution))
