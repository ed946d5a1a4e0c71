"""Runs the contract kit on an installed plugin, or on one part."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from gancore.component.discovery import registry
from gancore.component.presets import Preset
from gancore.errors import UserError

if TYPE_CHECKING:
    from gancore.testing.report import Result


class Checked(list["Result"]):
    """The results of all checks; prints as a table."""

    @property
    def failed(self) -> "list[Result]":
        """The checks that failed."""
        return [result for result in self if result.outcome == "failed"]

    def __str__(self) -> str:
        lines = [
            f"{one.outcome:8} {one.part:32} {one.check:40} {one.seconds:6.2f} s  {one.reason}" for one in self
        ]
        return "\n".join([*lines, f"{len(self) - len(self.failed)} of {len(self)} checks passed"])

    __repr__ = __str__


def check(name: str) -> Checked:
    """Checks each part of a plugin, or one part, against the contracts of its kind.

    Args:
        name: an installed plugin, e.g. gancore-dcgan, or a part, e.g. generator/dcgan. Of a preset, its base
            is checked.

    Raises:
        UserError: hypothesis is not installed.
        UnknownPart: there is no plugin and no part of that name. AmbiguousPart: several parts have the name.
        BrokenPlugin: the plugin could not be loaded.
    """
    if find_spec("hypothesis") is None:
        raise UserError(
            "gancore check tries parts on inputs that hypothesis draws, which is not installed; "
            "run `pip install gancore[kit]`"
        )
    from gancore.testing.report import check_distribution, run_checks

    if _is_part(name):
        found = registry().locate(name)
        return Checked(run_checks([found.base if isinstance(found, Preset) else found]))
    return Checked(check_distribution(name))


def _is_part(name: str) -> bool:
    """Whether a part is meant: no plugin, loaded or broken, has that name."""
    plugins = {offer.distribution for offer in registry().registrations()}
    plugins |= {failure.distribution for failure in registry().failures}
    return name not in plugins and ("/" in name or ":" in name or bool(registry().kinds_with(name)))
