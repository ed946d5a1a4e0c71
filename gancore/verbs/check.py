"""Runs the contract kit on an installed plugin."""

from gancore.testing.report import Result, check_distribution


class Checked(list[Result]):
    """The results of all checks; prints as a table."""

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
    """Checks each part of a plugin against the contracts of its kind.

    Args:
        distribution: name of an installed plugin, e.g. gancore-dcgan.

    Raises:
        UnknownPart: no installed distribution of that name provides parts. BrokenPlugin: the plugin could
        not be loaded.
    """
    return Checked(check_distribution(distribution))
