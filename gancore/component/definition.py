"""Mistakes in the class of a part, found where it is defined, constructed or built."""

from collections.abc import Iterator
from inspect import isfunction, signature
from typing import TYPE_CHECKING, Any, get_args

from gancore.component.fields import all_fields, is_declared, option_fields
from gancore.errors import SpecError

if TYPE_CHECKING:
    from gancore.component.part import Part

_COMPLETE: set[Any] = set()
"""The classes that were looked at and lack nothing."""


def check_constructor(cls: type) -> None:
    """Raises SpecError if a class has a constructor of its own, which would bypass its fields."""
    if "__init__" in vars(cls) and "__attrs_attrs__" not in vars(cls):  # attrs writes one itself
        raise SpecError(
            f"{cls.__name__} has an __init__ of its own, but a part is made from its fields: write "
            "options as name: type = field(default=…), and make layers in build(self)"
        )


def check_class(cls: "type[Part]") -> None:
    """Raises SpecError for fields, hooks and a `build` that would fail far from their cause."""
    _check_fields(cls)
    _check_hooks(cls)
    _check_calls(cls)
    _check_build(cls)


def check_complete(cls: "type[Part]") -> None:
    """Raises SpecError, naming them, if a class leaves abstract methods undefined."""
    if cls in _COMPLETE:
        return
    if lacking := abstract_names(cls):
        raise SpecError(
            f"{cls.__name__} does not define {', '.join(lacking)}, which every {cls.kind} has; "
            f"gancore.component.interfaces says what {'it is' if len(lacking) == 1 else 'they are'}"
        )
    _COMPLETE.add(cls)


def abstract_names(cls: type) -> list[str]:
    """Abstract methods that a class does not define; `nn.Module` has no ABC metaclass to check this."""
    return [n for n in dir(cls) if getattr(getattr(cls, n, None), "__isabstractmethod__", False)]


def check_layers(part: "Part") -> None:
    """Raises SpecError if a layer or weight has the name of a method, which would hide it."""
    made = {**part._modules, **part._parameters}
    for name, value in made.items():
        owner = next((base for base in type(part).__mro__ if name in vars(base)), None)
        if value is not None and owner is not None:
            raise SpecError(
                f"{type(part).__name__}.build makes a layer called {name}, but {name} is a method of "
                f"{owner.__name__}, so the layer cannot be reached; give it another name"
            )


def _check_fields(cls: "type[Part]") -> None:
    for a in all_fields(cls):
        if not is_declared(a):
            raise SpecError(
                f"{cls.__name__}.{a.name} is annotated in the class, so it would be an option; "
                f"write {a.name}: … = field(…), "
                f"or annotate a layer where build makes it (self.{a.name}: … = …)"
            )
    for a in option_fields(cls):
        if a.default is None or type(None) in get_args(a.type):
            raise SpecError(
                f"{cls.__name__}.{a.name} may be None, which TOML cannot hold, so a recipe with it could not "
                'be saved; let a number or a word mean it, as 0, inf or "none", or make it a fact if others '
                "tell it"
            )


def _check_hooks(cls: "type[Part]") -> None:
    for name in vars(cls):
        if name.startswith("_") or any(hasattr(base, name) for base in cls.__bases__):
            continue
        for hook, owner in _open_hooks(cls):
            if callable(getattr(cls, name)) and _one_slip(name, hook):
                raise SpecError(
                    f"{cls.__name__}.{name} is called by nobody; did you mean {hook} of {owner.__name__}? "
                    f"If not, call it _{name}"
                )


def _check_calls(cls: "type[Part]") -> None:
    interfaces = [base for base in cls.__mro__[1:] if "kind" in vars(base)]
    for name, own in vars(cls).items():
        owner = next((base for base in interfaces if name in vars(base)), cls)
        promised = vars(owner)[name]
        if name.startswith("_") or not isfunction(own) or not isfunction(promised):
            continue
        given, named = _always_given(promised)
        try:
            signature(own).bind(*given, **named)
        except TypeError:
            raise SpecError(
                f"{cls.__name__}.{name} takes ({', '.join(signature(own).parameters)}), but is called with "
                f"({', '.join(signature(promised).parameters)}), as {owner.__name__} says; take these"
            ) from None


def _always_given(method: Any) -> tuple[list[None], dict[str, None]]:
    """Placeholders for what every call of a method gives it: by position, and by name."""
    needed = [p for p in signature(method).parameters.values() if p.default is p.empty]
    given = [None for p in needed if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return given, {p.name: None for p in needed if p.kind is p.KEYWORD_ONLY}


def _open_hooks(cls: "type[Part]") -> Iterator[tuple[str, type]]:
    """The methods of its interfaces that a class leaves as they are there."""
    interfaces: list[Any] = [base for base in cls.__mro__ if "kind" in vars(base)]
    for owner in interfaces:
        for hook, value in vars(owner).items():
            kept = next(base for base in cls.__mro__ if hook in vars(base)) is owner
            # a plural of a short word is more often a word of its own
            if kept and callable(value) and not hook.startswith("_") and len(hook) > 4:
                yield hook, owner


def _one_slip(some: str, other: str) -> bool:
    """Whether two words differ by one letter, or by two neighbors that changed places."""
    start = next((i for i, (a, b) in enumerate(zip(some, other, strict=False)) if a != b), None)
    if start is None:
        return abs(len(some) - len(other)) == 1
    mine, theirs = some[start:], other[start:]
    swapped = mine[:2] == theirs[1::-1] and mine[2:] == theirs[2:]
    return swapped or theirs[1:] in (mine, mine[1:]) or mine[1:] == theirs


def _check_build(cls: "type[Part]") -> None:
    own = vars(cls).get("build")
    inherited = next((base for base in cls.__mro__[1:] if "build" in vars(base)), None)
    if cls.kind != "recipe" or own is None or inherited is None or "kind" in vars(inherited):
        return
    if "build" not in own.__code__.co_names:
        raise SpecError(
            f"{cls.__name__}.build does not call super().build(), in which {inherited.__name__} checks that "
            "parts fit and starts averages; call it first"
        )
