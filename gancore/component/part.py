"""A part is an `nn.Module` that is its own configuration: attrs generates its constructor from its fields.

There are three kinds of field:

* an **option** (`field`) is set by the user; its default is defined here and nowhere else;
* a **seat** (`seat`) holds another part; it accepts a part, a class, a name or a table, and always holds a
  part afterwards;
* a **fact** (`fact`) is something other parts know (image shape, number of classes, code shape …). Users do
  not set it: a part with missing facts waits, and makes its layers once its parent provides them. For a
  fact, `default=None` means "wait".

Initial weights depend only on the seed and the path of seats from the root. A part may stand in several
seats: the first holder makes it, the others refer to it; see `gancore.component.ownership`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar, cast, dataclass_transform

import attrs
import torch
from attrs.setters import NO_OP
from torch import Tensor, nn

from gancore.component.definition import check_class, check_complete, check_constructor, check_layers
from gancore.component.derived import Rules, derive, left_open
from gancore.component.docstrings import first_paragraph, summary
from gancore.component.fields import (
    Seat,
    SeatField,
    Seats,
    all_fields,
    fact,
    fact_fields,
    field,
    help_of,
    option_fields,
    required_fields,
    seat,
    seats,
)
from gancore.component.ownership import Owner, Place, making, next_place
from gancore.component.representation import part_text
from gancore.component.running_mean import RandomRows, RunningMean
from gancore.component.scheduled import closed, refused, taking_schedules
from gancore.component.seating import children, fill, fill_all, occupy
from gancore.errors import FactError, Unbuilt

__all__ = [
    "Part",
    "RandomRows",
    "RunningMean",
    "Seat",
    "SeatField",
    "Seats",
    "children",
    "fact",
    "fact_fields",
    "field",
    "first_paragraph",
    "help_of",
    "interface",
    "option_fields",
    "part",
    "required_fields",
    "seat",
    "seats",
    "summary",
]

P = TypeVar("P", bound="Part")


class Part(nn.Module):
    """The base class of all parts; see the module docstring."""

    kind: ClassVar[str] = "part"
    name: ClassVar[str] = ""
    tags: ClassVar[frozenset[str]] = frozenset()
    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({},)
    """Small configurations that the contract kit tests."""
    expected_failures: ClassVar[Mapping[str, str]] = {}
    """Contract checks that the part is known to fail, each with the reason."""
    memory_format: ClassVar[torch.memory_format] = torch.contiguous_format
    """The memory format of the weights; `torch.channels_last` for convolutional networks that run faster with
    it.
    """
    former_names: ClassVar[Sequence[str]] = ()
    """Earlier names of the part in older specs, as `distribution:name` if it moved. Not inherited."""
    renamed: ClassVar[Mapping[str, str]] = {}
    """Old field names and what they are called today, so that an older spec still reads. Bases count too."""
    derived: ClassVar[Rules] = {}
    """Options that follow from the facts, where they are not given; see `gancore.component.derived`."""

    def __attrs_pre_init__(self) -> None:
        check_complete(type(self))
        nn.Module.__init__(self)
        # options that change while training, with their schedules; see gancore.component.scheduled
        self.scheduled: dict[str, Any] = self.__dict__.get("scheduled", {})

    def __attrs_post_init__(self) -> None:
        mine = self.qualified_name
        self._givers = {
            f.name: f"{mine} itself" for f in fact_fields(type(self)) if getattr(self, f.name) != f.default
        }
        self._origin: Place | None = None
        self._place = next_place()
        self._owner: Owner | None = None
        self._token = object()
        self._fresh: list[tuple[Tensor, int]] = []
        self.extras: dict[str, Any] = {}
        self.after_build: list[Callable[[Part], None]] = []
        if "open_options" not in self.__dict__:
            self.preset, self.open_options = "", left_open(self.derived, self._given())
        for place in seats(type(self)):
            occupy(self, place)
        self._refusal = self.register_forward_pre_hook(_refuse_unbuilt)
        self.bind()

    # what a plugin author writes

    def facts(self, seat: str) -> dict[str, Any]:
        """The facts for the part in `seat`. Those that it does not declare are ignored.

        For a seat with several parts it is asked for all of them (`machines`), and then for each
        (`machines.1`), whose facts are added to those for all or replace them.
        """
        return {}

    def build(self) -> None:
        """Make the layers; all facts are known by then.

        Called again when the seed or the seat changes, so it must start from scratch.
        """

    @classmethod
    def upgraded(cls, table: Mapping[str, Any]) -> dict[str, Any]:
        """Converts an older table of the part to today's fields; override it if values changed too."""
        names: dict[str, str] = {}
        for base in reversed(cls.__mro__):
            names |= vars(base).get("renamed", {})
        return {names.get(key, key): value for key, value in table.items()}

    def update_buffers(self) -> None:
        """Update training state other than weights, from the running means.

        Called once after each update of the player that owns the part.
        """

    def prepare(self, passes: Callable[[], None]) -> None:
        """Get ready for drawing images, on the copy that is sampled, evaluated or saved.

        `passes` sends fresh samples through the pipeline, in eval mode. A generator with batch norm may call
        `gancore.nn.standing_statistics(self, passes)`.
        """

    def later_weights(self) -> dict[str, Tensor]:
        """Tensors that weights of older versions lack, with values that keep its old behavior."""
        return {}

    # what the library uses

    def __repr__(self) -> str:
        """The code that makes the part; `torch.nn.Module.__repr__(part)` lists its layers."""
        return part_text(self) if "_owner" in self.__dict__ else object.__repr__(self)

    @property
    def qualified_name(self) -> str:
        """Kind and name, such as `generator/dcgan`."""
        return f"{self.kind}/{self.name or type(self).__name__}"

    @property
    def built(self) -> bool:
        """Whether all facts are known and the layers exist."""
        return self._origin is not None

    def missing(self) -> list[str]:
        """The names of the facts that the part is still waiting for."""
        return [f.name for f in fact_fields(type(self)) if getattr(self, f.name) is None]

    def is_inferred(self, name: str) -> bool:
        """Whether the fact `name` was inferred from another part, not set by the user."""
        return self._givers.get(name, "") != f"{self.qualified_name} itself"

    def bind(
        self,
        *,
        seed: int | None = None,
        path: str | None = None,
        by: str = "",
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Take the seat at `path`: set the facts, and once all are known, make the layers from (seed, path).

        Without a seed or a path they stay as they are; at first they are 0 and "", or follow from the part in
        whose `build` this one was made. A part that is already built is built again, unless its weights have
        been modified: those are never lost.

        Raises:
            FactError: a fact was given two different values, or the part already holds trained weights for
            another one.
        """
        news = self._learn(facts or {}, by or "its parent")
        self._place = Place(
            self._place.seed if seed is None else seed, self._place.path if path is None else path
        )
        if self.missing() or (self._origin == self._place and not news):
            return
        if self._origin is None or self.pristine():
            self._make(self._place)
        elif news:
            raise FactError(
                f"{self.qualified_name} already holds trained weights, so {', '.join(news)} cannot change; "
                "create a new part"
            )

    def refer(self, *, by: str, facts: Mapping[str, Any]) -> None:
        """Take a further seat: the part keeps its place and its layers, and its facts must agree.

        Raises:
            FactError: the holder knows a fact otherwise than the part was made with.
        """
        held = {f.name: getattr(self, f.name) for f in fact_fields(type(self))} if self.built else {}
        for name, value in held.items():
            if facts.get(name) not in (None, value):
                raise FactError(
                    f"{self.qualified_name} stands in two seats and was made with {name} {value!r}, but {by} "
                    f"tells it {facts[name]!r}; make them agree, or put a part of its own there"
                )
        self.bind(by=by, facts=facts)

    def pristine(self) -> bool:
        """Whether no weight has been modified since the layers were made."""
        mine = dict.fromkeys(map(id, [*self.parameters(), *self.buffers()]))
        return len(mine) == len(self._fresh) and all(
            id(t) in mine and t._version == version for t, version in self._fresh
        )

    def mark_fresh(self) -> None:
        """From now on the weights count as not modified, until the next change."""
        self._fresh = [(t, t._version) for t in [*self.parameters(), *self.buffers()]]

    def require(self) -> None:
        """Raises FactError, naming the missing facts, if the part or one inside it is not built yet."""
        if not self.built:
            raise FactError(self._waiting())
        if all(inner.built for inner in self.modules() if isinstance(inner, Part)):
            return
        for path, child in children(self):
            if not child.built:
                raise FactError(
                    f"{self.qualified_name}.{path}: {child.qualified_name} waits for "
                    f"{', '.join(child.missing())}, which {self.qualified_name} does not provide; "
                    f"use another part there, or another recipe{_meaning(child, child.missing())}"
                )
            child.require()
        for path, inner in self.named_modules():
            if isinstance(inner, Part) and not inner.built:
                raise FactError(
                    f"{self.qualified_name}.{path}: {inner.qualified_name} waits for "
                    f"{', '.join(inner.missing())}; the part whose build makes it must give it these"
                )

    def _waiting(self) -> str:
        names = self.missing()
        return (
            f"{self.qualified_name} waits for {', '.join(names)}: put it into a recipe that trains on data, "
            f"or pass it in Python: {type(self).__name__}({', '.join(f'{name}=…' for name in names)})"
        )

    def _learn(self, facts: Mapping[str, Any], by: str) -> list[str]:
        news = []
        for f in fact_fields(type(self)):
            value = facts.get(f.name)
            if value is None or (value == getattr(self, f.name) and f.name in self._givers):
                continue
            if f.name in self._givers and value != getattr(self, f.name):
                raise FactError(self._disagreement(f.name, value, by))
            if value != getattr(self, f.name):
                news.append(f.name)
            setattr(self, f.name, value)
            self._givers[f.name] = by
        return news

    def _disagreement(self, name: str, value: Any, by: str) -> str:
        """What is wrong where a fact that is known is told once more, with another value."""
        before, giver = getattr(self, name), self._givers[name]
        if by == giver:  # it was built before it knew what it knows now
            return (
                f"{self.qualified_name}: {by} was built for {name} {before!r}, and now it is {value!r}; "
                f"create it with {name}={value!r}, or leave out the facts that it was given, such as image: "
                f"then the data give all of them{_meaning(self, [name])}"
            )
        return (
            f"{self.qualified_name}: {name} is {before!r} according to {giver}, but {value!r} according to "
            f"{by}; make them agree or leave one out{_meaning(self, [name])}"
        )

    @classmethod
    def with_rules(cls: type[P], fields: Mapping[str, Any], rules: Rules, *, preset: str = "") -> P:
        """A part that derives just these options, whatever its class says; `preset` names where they are
        from.
        """
        made = cls.__new__(cls)
        # before the constructor, which makes the layers where all facts are given
        made.__dict__.update(open_options=dict(rules), preset=preset)
        made.__init__(**fields)  # type: ignore[misc]
        return made

    def _given(self) -> dict[str, Any]:
        """What the constructor was given, as far as it differs from the defaults."""
        held = {a.name: self.__dict__.get(a.name, self._modules.get(a.name)) for a in all_fields(type(self))}
        given = {a.name: held[a.name] for a in all_fields(type(self)) if held[a.name] is not a.default}
        return {**given, **self.scheduled}

    def _make(self, place: Place) -> None:
        for changed in derive(self, self.open_options):
            if changed is not self:
                changed._origin = None  # one without facts is made already, and its layers may depend on it
        with closed(self):
            fill_all(self, place)
            with making(place):
                self.build()
        check_layers(self)
        if self.memory_format is torch.channels_last:
            self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._origin = place
        self._refusal.remove()
        self.mark_fresh()
        for action in self.after_build:
            action(self)

    def __getattr__(self, name: str) -> Tensor | nn.Module:
        pending = self.__dict__.get("_pending")
        if pending and name in pending:
            return fill(self, name)
        if name in self.__dict__.get("scheduled", ()):
            raise refused(self, name)
        try:
            return super().__getattr__(name)
        except AttributeError:
            if self.__dict__.get("_origin", ()) is None and not name.startswith("__") and self.missing():
                raise Unbuilt(self._waiting()) from None  # a layer that `build` has not made yet
            raise


def _refuse_unbuilt(part: nn.Module, _: Any) -> None:
    cast(Part, part).require()


def _meaning(part: Part, names: Sequence[str]) -> str:
    said = [f"{f.name}: {help_of(f)}" for f in fact_fields(type(part)) if f.name in names and help_of(f)]
    return f" ({', '.join(said)})" if said else ""


@dataclass_transform(kw_only_default=True, field_specifiers=(field, fact, seat))
def part(name: str, *, tags: Sequence[str] = ()) -> Callable[[type[P]], type[P]]:
    """Makes a class a part that can be built from a spec under `name`.

    `tags` mark special properties: `batch` (a sample's result depends on the other rows, so micro-batches
    cannot be exact), and others that an interface documents. A class inherits the tags of its bases.
    """

    def wrap(cls: type[P]) -> type[P]:
        # with any other on_setattr attrs bypasses nn.Module.__setattr__, and no parameter is registered
        check_constructor(cls)
        made = attrs.define(slots=False, eq=False, repr=False, kw_only=True, on_setattr=NO_OP)(cls)
        attrs.resolve_types(cast(Any, made))
        check_class(made)
        made.__init__ = taking_schedules(made.__init__)  # type: ignore[method-assign]
        made.name = name
        made.tags = frozenset(tags).union(*(getattr(base, "tags", ()) for base in made.__mro__[1:]))
        return made

    return wrap


@dataclass_transform(kw_only_default=True, field_specifiers=(field, fact, seat))
def interface(kind: str) -> Callable[[type[P]], type[P]]:
    """Makes a class an interface: the base class of all parts of a kind. Its docstring is the contract."""

    def wrap(cls: type[P]) -> type[P]:
        made = attrs.define(slots=False, eq=False, repr=False, kw_only=True, on_setattr=NO_OP)(cls)
        made.kind = kind
        return made

    return wrap


interface("part")(Part)
