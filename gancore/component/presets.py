"""Presets: published settings of a recipe (or another part) as data, a name and the options that differ."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from gancore.component.derived import Rules, left_open
from gancore.component.part import Part
from gancore.errors import SpecError


@attrs.frozen(kw_only=True, eq=False)
class Preset:
    """A name for a base part with some options of its own; a plugin hands it over by `gancore_presets`.

        Preset(name="stylegan2-paper256", base=StyleGAN2, doc="…", options={"batch": 64})

    `options` is a table as in a spec: a nested table without `part` changes the default in that seat, one
    with `part` replaces it. `derived` computes options from facts (see `gancore.component.derived`), unless
    they are given. What is built is a part of the base class, and its spec that of the base with all options,
    once the facts are known; until then it names the preset and leaves the derived options out.

    Raises:
        SpecError: an option is given and derived.
    """

    name: str
    base: type[Part]
    doc: str
    options: Mapping[str, Any] = attrs.field(factory=dict)
    derived: Rules = attrs.field(factory=dict)
    upgraded: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict
    """How an older table that names the preset reads today."""

    def __attrs_post_init__(self) -> None:
        twice = self.derived.keys() - left_open(self.derived, self.options).keys()
        if twice:
            raise SpecError(
                f"the preset {self.name} gives and derives {', '.join(sorted(twice))}; leave one out"
            )

    @property
    def kind(self) -> str:
        """The kind of the base."""
        return self.base.kind

    def table(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The options of the preset with what was given put over them."""
        table: dict[str, Any] = _over(self.options, self.upgraded(given))
        return table

    def rules(self, table: Mapping[str, Any]) -> Rules:
        """Those that compute what the table, with the preset's own options in it, leaves open."""
        return left_open({**self.base.derived, **self.derived}, table)

    def __call__(self, **given: Any) -> Any:
        """A part of the base class with these settings; seats take parts, names and tables as ever."""
        from gancore.component.discovery import registry  # the registry knows presets

        table = self.table(given)
        return self.base.with_rules(table, self.rules(table), preset=registry().name_of(self))


def _over(below: Any, above: Any) -> Any:
    """`above` put over `below`: tables are joined, unless the upper one names its part."""
    if not isinstance(above, Mapping):
        return above
    if isinstance(below, str):
        below = {"part": below}
    if not isinstance(below, Mapping) or "part" in above:
        return dict(above)
    return {**below, **{key: _over(below.get(key), value) for key, value in above.items()}}
