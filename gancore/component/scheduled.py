"""Options that change while training: a schedule in place of a number.

What is given for an option may hold schedules, or tables that describe them, in place of numbers: alone
(`gamma`), or one of several (`betas`). The part keeps this under the option's name in `part.scheduled`, and
its attribute always is the present value. That is a function of the images seen alone, so it is in no
checkpoint.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_origin

import attrs
from torch import nn

from gancore.component.fields import SCHEDULED, option_fields
from gancore.component.seating import children
from gancore.errors import SpecError

if TYPE_CHECKING:
    from gancore.component.part import Part

TIMELESS = ("schedule", "score", "extractor")
"""Kinds of part that no training moves along."""


def may_change(cls: "type[Part]", attribute: "attrs.Attribute[Any]") -> bool:
    """Whether an option takes schedules: one of floats does unless its declaration says otherwise."""
    said = attribute.metadata.get(SCHEDULED)
    return cls.kind not in TIMELESS and (_numbers(attribute.type) == {float} if said is None else bool(said))


def holds_schedule(value: Any) -> bool:
    """Whether a schedule, or the table of one, stands in a value."""
    return any(_is_schedule(leaf) for _, leaf in leaves(value))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The numbers and schedules in a value, each with its dotted path."""
    if isinstance(value, list | tuple):
        for i, entry in enumerate(value):
            yield from leaves(entry, f"{path}.{i}")
    elif isinstance(value, Mapping) and not _is_schedule(value):
        for key, entry in value.items():
            yield from leaves(entry, f"{path}.{key}")
    else:
        yield path, value


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """The value with each of its schedules changed."""
    if _is_schedule(value):
        return change(value)
    if isinstance(value, Mapping):
        return {key: mapped(entry, change) for key, entry in value.items()}
    return tuple(mapped(entry, change) for entry in value) if isinstance(value, list | tuple) else value


def read(cls: "type[Part]", attribute: "attrs.Attribute[Any]", value: Any, where: str) -> Any:
    """The value with tables of schedules made into parts.

    Raises:
        SpecError: the option takes no schedule, or a table describes none.
    """
    if not may_change(cls, attribute):
        raise SpecError(
            f"{where} takes no schedule, since {cls.kind}/{cls.name} does not look at it in each step; "
            "give a fixed value"
        )

    def made(given: Any) -> Any:
        from gancore.component.specs import build  # specs are made of parts

        return build(given, "schedule", where=where) if isinstance(given, Mapping) else given

    return mapped(value, made)


def present(part: "Part", name: str, images: int, total: int) -> Any:
    """What the schedules of an option say at `images` of `total`, as the constructor would take it."""
    number = _number(part, name)
    return mapped(part.scheduled[name], lambda schedule: number(schedule(images, total)))


def advance(part: "Part", images: int, total: int) -> None:
    """Sets the scheduled options of a part to their values at `images` of `total`.

    Raises:
        SpecError: a schedule gives what the option does not take.
    """
    for name in part.scheduled:
        value = _checked(part, name, present(part, name, images, total))
        if value != getattr(part, name):
            setattr(part, name, value)


def changing(*modules: nn.Module) -> "list[Part]":
    """The parts in these modules, copies in averages among them, that have scheduled options."""
    found: dict[Any, None] = dict.fromkeys(part for module in modules for part in module.modules())
    return [part for part in found if getattr(part, "scheduled", None)]


def values(part: "Part", path: str = "") -> dict[str, float]:
    """The present values of all scheduled numbers of a part and those in its seats, by dotted path such as
    `regularizers.0.gamma`.
    """
    found = {
        f"{path}{name}{step}": float(number)
        for name, tree in part.scheduled.items()
        for (step, leaf), (_, number) in zip(leaves(tree), leaves(getattr(part, name)), strict=True)
        if _is_schedule(leaf)
    }
    for place, child in children(part):
        found |= values(child, f"{path}{place}.")
    return found


def taking_schedules(constructor: Callable[..., None]) -> Callable[..., None]:
    """The constructor of a part class, for options given as schedules too."""

    @wraps(constructor)
    def construct(self: "Part", *given: Any, **options: Any) -> None:
        found = _given(type(self), options)
        # before nn.Module's constructor: the part makes its layers in its own
        self.__dict__["scheduled"] = {**self.__dict__.get("scheduled", {}), **found}
        constructor(self, *given, **{**options, **{name: present(self, name, 0, 0) for name in found}})
        for name in found:
            check_ends(self, name)

    return construct


def schedule(part: "Part", name: str, value: Any) -> None:
    """Gives an option of a part that exists already a value with schedules in it.

    Raises:
        SpecError: the option takes none. ValueError: a schedule leaves the option's range.
    """
    part.scheduled[name] = read(type(part), _attribute(part, name), value, f"{part.qualified_name}.{name}")
    check_ends(part, name)
    setattr(part, name, _converted(part, name, present(part, name, 0, 0)))


def check_ends(part: "Part", name: str) -> None:
    """Raises ValueError if a schedule leaves the range of its option."""
    number = _number(part, name)
    lowest = mapped(part.scheduled[name], lambda schedule: number(min(schedule.extremes())))
    highest = mapped(part.scheduled[name], lambda schedule: number(max(schedule.extremes())))
    for value in (lowest, highest):
        _valid(part, name, value)


@contextmanager
def closed(part: "Part") -> Iterator[None]:
    """Inside, a scheduled option cannot be read: what is made of it would keep its first value."""
    held = {name: part.__dict__.pop(name) for name in part.scheduled}
    try:
        yield
    finally:
        part.__dict__.update(held)


def refused(part: "Part", name: str) -> SpecError:
    """The error where a scheduled option is read while a part is built."""
    return SpecError(
        f"{name} of {part.qualified_name} takes no schedule: it is read once, when the layers are made; "
        "give a number"
    )


def _given(cls: "type[Part]", options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        a.name: read(cls, a, options[a.name], f"{cls.kind}/{cls.name}.{a.name}")
        for a in option_fields(cls)
        if a.name in options and holds_schedule(options[a.name])
    }


def _checked(part: "Part", name: str, value: Any) -> Any:
    try:
        return _valid(part, name, value)
    except ValueError as error:
        raise SpecError(f"{part.qualified_name}: {error}") from None


def _valid(part: "Part", name: str, value: Any) -> Any:
    """The value as the option takes it. Raises ValueError, saying where the value is from."""
    attribute, value = _attribute(part, name), _converted(part, name, value)
    try:
        if attribute.validator is not None:
            attribute.validator(part, attribute, value)
    except ValueError as error:
        raise ValueError(f"{error.args[0] if error.args else error} from its schedule") from None
    return value


def _converted(part: "Part", name: str, value: Any) -> Any:
    converter: Any = _attribute(part, name).converter
    return value if converter is None else converter(value)


def _attribute(part: "Part", name: str) -> "attrs.Attribute[Any]":
    found: attrs.Attribute[Any] = attrs.fields_dict(type(part))[name]  # type: ignore[arg-type]
    return found


def _is_schedule(value: Any) -> bool:
    if isinstance(value, nn.Module):
        return getattr(value, "kind", "") == "schedule"
    return isinstance(value, Mapping) and "part" in value


def _number(part: "Part", name: str) -> Callable[[Any], Any]:
    return round if _numbers(_attribute(part, name).type) == {int} else float


def _numbers(kind: Any) -> set[Any]:
    """The types of the values in an annotation: {float} of `float`, `tuple[float, …]`, `dict[str, float]`."""
    inner = get_args(kind)[get_origin(kind) is dict :]
    if not inner:
        return {kind} - {NoneType, Ellipsis}
    return set().union(*map(_numbers, inner))
