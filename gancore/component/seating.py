"""How the seats of a part are taken: what is given becomes parts, and each is told its facts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from torch import nn

from gancore.component.fields import SeatField, seats
from gancore.component.ownership import Place, claim
from gancore.errors import FactError, FitError, SpecError

if TYPE_CHECKING:
    from gancore.component.part import Part


def children(part: "Part") -> Iterator[tuple[str, "Part"]]:
    """The parts in the seats of `part`, each with its path relative to it (`regularizers.0`)."""
    for place in seats(type(part)):
        value = getattr(part, place.name)
        if isinstance(value, nn.ModuleList):
            yield from ((f"{place.name}.{i}", cast("Part", member)) for i, member in enumerate(value))
        elif value is not None:
            yield place.name, value


def occupy(part: "Part", place: SeatField) -> None:
    """Turns the value of a seat (part, class, name, table, list of these, None) into parts."""
    given = (
        part.__dict__.pop(place.name, None)
        if place.name not in part._modules
        else part._modules.pop(place.name)
    )
    where = f"{part.qualified_name}.{place.name}"
    if place.many:
        if isinstance(given, str | Mapping) or not isinstance(given, Sequence | nn.ModuleList):
            raise SpecError(
                f"{where} holds a list of {place.interface.kind} parts; got {given!r}: write [{given!r}]"
            )
        setattr(
            part, place.name, nn.ModuleList(as_part(place, v, f"{where}[{i}]") for i, v in enumerate(given))
        )
    elif place.optional and (given is None or given == "none"):
        part._modules[place.name] = None
    else:
        setattr(part, place.name, as_part(place, given, where))


def as_part(place: SeatField, given: Any, where: str) -> "Part":
    """The part that was given for a seat, made if it is a class, a name or a table. Raises as `occupy`."""
    if isinstance(given, nn.Module):
        made: Any = given
    elif callable(given):
        made = given()
    elif isinstance(given, str | Mapping):
        from gancore.component.specs import make  # only names and tables need the registry, which needs parts

        made = make(place, given, where)
    else:
        raise SpecError(f"{where} takes a {place.interface.kind}: a part, a name or a table; got {given!r}")
    if not isinstance(made, place.interface):
        kind = getattr(made, "qualified_name", type(made).__name__)
        raise FitError(f"{where} takes a {place.interface.__name__} ({place.interface.kind}), not {kind}")
    return made


def fill_all(part: "Part", place: Place) -> None:
    """Gives every seated part its facts; seats fill on demand, so `facts` may read them in any order."""
    order = [place.name for place in seats(type(part)) if part._modules.get(place.name) is not None]
    part.__dict__.update(
        _pending={name: part._modules.pop(name) for name in order}, _filling=[], _filling_at=place
    )
    try:
        for name in order:
            getattr(part, name)
    finally:
        part._modules.update(part.__dict__.pop("_pending"))
        seated = {place.name for place in seats(type(part))}
        made = [name for name in part._modules if name not in seated]
        for name in [*order, *made]:  # modules of an earlier build come last, as they did then
            part._modules[name] = part._modules.pop(name)


def fill(part: "Part", name: str) -> nn.Module:
    """Tells the parts in one seat their facts, and returns what stands there."""
    filling: list[str] = part.__dict__["_filling"]
    member: nn.Module = part.__dict__["_pending"][name]
    if filling[-1:] == [name] and isinstance(member, nn.ModuleList):
        return member  # the facts of a member may follow from those before it
    if name in filling:
        cycle = " → ".join([*filling[filling.index(name) :], name])
        raise FactError(
            f"{part.qualified_name}: the seats {cycle} wait for each other's facts in a cycle; "
            "set one of these facts explicitly"
        )
    filling.append(name)
    try:
        members = list(_members(name, member))
        facts = part.facts(name) if members else {}
        for label, child in members:
            own = part.facts(label) if label != name else {}
            _tell(part, label, child, {**facts, **own})
    finally:
        filling.pop()
    part.__dict__["_pending"].pop(name)
    part._modules[name] = member
    return member


def _tell(part: "Part", label: str, child: "Part", facts: Mapping[str, Any]) -> None:
    by = f"{part.qualified_name} (seat {label})"
    seed, path = part.__dict__["_filling_at"]
    if claim(part, label, child):
        child.bind(seed=seed, path=f"{path}.{label}".lstrip("."), by=by, facts=facts)
    else:
        child.refer(by=by, facts=facts)


def _members(name: str, member: nn.Module) -> Iterator[tuple[str, "Part"]]:
    if isinstance(member, nn.ModuleList):
        yield from ((f"{name}.{i}", cast("Part", child)) for i, child in enumerate(member))
    else:
        yield name, cast("Part", member)
