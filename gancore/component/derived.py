"""Options that a part computes from its facts, as the weight of a penalty from the size of the images.

A rule stands under the path of its option (`batch`, `regularizers.0.gamma`) and is a function whose
parameters are named like fields of the part that holds the rules; it may return a schedule. What the user
gives goes before a rule, and a rule is passed over where the part in that seat has no such option. Rules
apply in their order, so that a later one may read what an earlier one computed.
"""

from collections.abc import Callable, Iterable, Mapping
from inspect import signature
from typing import Any

import attrs

from gancore.component.scheduled import holds_schedule, refused, schedule

Rules = Mapping[str, Callable[..., Any]]


def left_open(rules: Rules, given: Any) -> dict[str, Callable[..., Any]]:
    """The rules whose options stand nowhere in what was given, a table with tables, names and parts in it."""
    return {path: rule for path, rule in rules.items() if not _holds(given, path.split("."))}


def derive(part: Any, rules: Rules) -> list[Any]:
    """Sets the options that the rules compute; returns the parts whose options changed.

    Raises:
        ValueError: a rule computed a value that the option does not take.
    """
    changed = []
    for path, rule in rules.items():
        *steps, name = path.split(".")
        owner = _at(part, steps)
        if owner is None or name not in attrs.fields_dict(type(owner)):
            continue
        value = rule(**{known: _fixed(part, known) for known in signature(rule).parameters})
        if holds_schedule(value):
            schedule(owner, name, value)
        elif value != getattr(owner, name):
            setattr(owner, name, value)
            attrs.validate(owner)
            changed.append(owner)
    return changed


def _fixed(part: Any, name: str) -> Any:
    if name in part.scheduled:
        raise refused(part, name)
    return getattr(part, name)


def without(table: dict[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """The table of a part without the options at some paths; its own nested tables are changed."""
    for path in paths:
        *steps, name = path.split(".")
        owner = _at(table, steps)
        if isinstance(owner, dict):
            owner.pop(name, None)
    return table


def _holds(given: Any, steps: list[str]) -> bool:
    """Whether a value was given at a path. A name leaves the options of its part open; a part that is made
    was made as it is wanted.
    """
    if not steps:
        return True
    if isinstance(given, Mapping | list | tuple):
        return _has(given, steps[0]) and _holds(given[_key(given, steps[0])], steps[1:])
    return not isinstance(given, str)


def _at(node: Any, steps: list[str]) -> Any:
    """What stands at a path in a part or a table, or None."""
    for step in steps:
        if isinstance(node, Mapping | list | tuple) or hasattr(node, "__getitem__"):
            node = node[_key(node, step)] if _has(node, step) else None
        else:
            node = getattr(node, step, None)
    return node


def _has(node: Any, step: str) -> bool:
    return step in node if isinstance(node, Mapping) else step.isdecimal() and int(step) < len(node)


def _key(node: Any, step: str) -> Any:
    return step if isinstance(node, Mapping) else int(step)
