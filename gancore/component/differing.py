"""An attrs object as the code that makes it: the fields that differ from their defaults. Needs no torch."""

from typing import Any

import attrs


def differing_text(settings: attrs.AttrsInstance) -> str:
    """An attrs object with the fields that differ from their defaults."""
    held = {a.name: getattr(settings, a.name) for a in attrs.fields(type(settings)) if a.init}
    usual = {a.name: default(a) for a in attrs.fields(type(settings))}
    return call_text(settings, {name: repr(value) for name, value in held.items() if value != usual[name]})


def default(attribute: "attrs.Attribute[Any]") -> Any:
    """The default of a field, made by its factory if it has one, in the form that its converter gives it."""
    factory = getattr(attribute.default, "factory", None)
    value = attribute.default if factory is None else factory()
    convert: Any = attribute.converter
    return value if value is attrs.NOTHING or convert is None else convert(value)


def call_text(made: object, shown: dict[str, str]) -> str:
    """The call of the class of an object with these arguments."""
    return f"{type(made).__name__}({', '.join(f'{name}={text}' for name, text in shown.items())})"
