"""The fields of a part: options, seats and facts, as they are declared and as a class has them."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, get_args, get_origin

import attrs

if TYPE_CHECKING:
    from gancore.component.interfaces import Schedule
    from gancore.component.part import Part

P = TypeVar("P")
F = TypeVar("F")

_ROLE, _HELP = "gancore.role", "gancore.help"
SCHEDULED = "gancore.scheduled"


def field(
    *,
    default: Any = attrs.NOTHING,
    factory: Any = None,
    validator: Any = None,
    converter: Any = None,
    help: str = "",
    scheduled: bool | None = None,
) -> Any:
    """An option of a part. `help` is one line of documentation; the validator checks the range.

    `scheduled` says whether its numbers may be schedules: those of floats may by default, those of whole
    numbers may not. Say False for a float that is read only before the first step, and True for a whole
    number that is looked at in each, which is annotated as `ScheduledInt`.
    """
    return attrs.field(
        default=_default(default, factory),
        validator=validator,
        converter=converter,
        metadata={_HELP: help, SCHEDULED: scheduled},
    )


def fact(*, default: Any = None, help: str = "") -> Any:
    """A field that is filled from other parts. With `default=None` the part waits for it."""
    return attrs.field(default=default, metadata={_ROLE: "fact", _HELP: help})


class Seat(Generic[P]):
    """The type of a field that holds another part: `loss: Seat[Loss] = seat(default=Hinge)`.

    Type checkers see what a seat takes (a part, its class, a name or a table) and what it holds, a part.
    A function that makes a part is taken too, but not listed: to type checkers every module is a function.
    """

    if TYPE_CHECKING:

        def __get__(self, holder: object, owner: Any = None) -> P: ...
        def __set__(self, holder: object, given: P | type[P] | str | Mapping[str, Any]) -> None: ...


class Seats(Generic[P]):
    """The type of a field that holds several parts: `constraints: Seats[Constraint] = seat(default=())`."""

    if TYPE_CHECKING:

        def __get__(self, holder: object, owner: Any = None) -> Sequence[P]: ...
        def __set__(self, holder: object, given: Sequence[P | type[P] | str | Mapping[str, Any]]) -> None: ...


if TYPE_CHECKING:

    class ScheduledInt:
        """The type of an option that is a whole number and may be given a schedule: `steps: ScheduledInt`.

        Options of floats need no such word, since to type checkers a schedule is a float.
        """

        def __get__(self, holder: object, owner: Any = None) -> int: ...
        def __set__(self, holder: object, given: "int | Schedule") -> None: ...
else:
    ScheduledInt = int


def seat(*, default: Any = attrs.NOTHING, factory: Any = None, help: str = "") -> Any:
    """A field that holds another part if annotated as `Seat[...]`, or several if annotated as `Seats[...]`.

    The default may be a class or a name.
    """
    return attrs.field(default=_default(default, factory), metadata={_ROLE: "seat", _HELP: help})


def _default(default: Any, factory: Any) -> Any:
    return default if factory is None else attrs.Factory(factory)


@attrs.frozen
class SeatField:
    """A seat field: its name, its interface, whether it holds several parts, whether it is optional.

    The default is what the field was given, or a function that makes it (a factory).
    """

    name: str
    interface: "type[Part]"
    many: bool
    optional: bool
    default: Any

    @classmethod
    def of(cls, attribute: "attrs.Attribute[Any]") -> "SeatField":
        """Reads a seat field: `Seat[Loss]`, `Seat[Loss | None]` or `Seats[Loss]`; `Loss`, `Loss | None` and
        `Sequence[Loss]` are understood too, but tell type checkers less.
        """
        kind = attribute.type
        kind = get_args(kind)[0] if get_origin(kind) is Seat else kind
        arguments = [a for a in get_args(kind) if a is not type(None)]
        many = get_origin(kind) is not None and type(None) not in get_args(kind)
        interface = cast("type[Part]", arguments[0] if arguments else kind)
        default = getattr(attribute.default, "factory", attribute.default)
        return cls(attribute.name, interface, many, type(None) in get_args(kind), default)


def _once(find: "Callable[[type[Part]], tuple[F, ...]]") -> "Callable[[type[Part]], tuple[F, ...]]":
    """Looks at each class once: its fields do not change."""
    return cast("Callable[[type[Part]], tuple[F, ...]]", cache(find))


def all_fields(cls: "type[Part]") -> "tuple[attrs.Attribute[Any], ...]":
    """The fields that a part class declares, in their order."""
    found: tuple[attrs.Attribute[Any], ...] = attrs.fields(cast(Any, cls))
    return found


@_once
def fact_fields(cls: "type[Part]") -> "tuple[attrs.Attribute[Any], ...]":
    """The facts that a part class declares."""
    return tuple(a for a in all_fields(cls) if a.metadata.get(_ROLE) == "fact")


@_once
def option_fields(cls: "type[Part]") -> "tuple[attrs.Attribute[Any], ...]":
    """The options that a part class declares: its fields that are neither seats nor facts."""
    return tuple(a for a in all_fields(cls) if _ROLE not in a.metadata)


@_once
def required_fields(cls: "type[Part]") -> "tuple[attrs.Attribute[Any], ...]":
    """The options and seats without a default."""
    return tuple(a for a in all_fields(cls) if a.default is attrs.NOTHING)


@_once
def seats(cls: "type[Part]") -> tuple[SeatField, ...]:
    """The seats that a part class declares."""
    return tuple(SeatField.of(a) for a in all_fields(cls) if a.metadata.get(_ROLE) == "seat")


def is_declared(attribute: "attrs.Attribute[Any]") -> bool:
    """Whether a field was made by `field`, `fact` or `seat`."""
    return _HELP in attribute.metadata


def help_of(attribute: "attrs.Attribute[Any]") -> str:
    """The help text of a field."""
    return str(attribute.metadata.get(_HELP, ""))
