"""Runs the instructions of a pickle without importing or calling anything: it is given the names that it
may take, with a function to call instead of each, and skips all others.
"""

import pickletools
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import IO, Any, NamedTuple, Protocol, runtime_checkable

from gancore.errors import CheckpointError
from gancore.published.refusals import TAIL, Refused, shown

MOST_STEPS = 300_000
"""The maximum number of instructions in a pickle. It grows with the number of modules: StyleGAN2 at 1024×1024
with G, D, G_ema and augmentation has about 42,000.
"""
MOST_CHARACTERS = 10_000_000
"""The maximum length of a string, or of an integer in bytes."""
TENSORFLOW = "dnnlib.tflib"
"""The module of the networks in files of the older TensorFlow code."""
CONVERTED = 4
"""The first version that the released converter supports; StyleGAN wrote version 3."""


class Name(NamedTuple):
    """A class or function that a pickle names."""

    module: str
    name: str


class Record:
    """An object that was saved with its source code: its class name and its state. The source is discarded
    unread.
    """

    def __init__(self, class_name: str, state: dict[Any, Any]) -> None:
        self.class_name, self.state = class_name, state


@runtime_checkable
class Stateful(Protocol):
    """A value whose state a pickle sets after it was made."""

    def set(self, state: Any) -> None:
        """Sets the state; malformed ones become an error when the value is used."""


class Unread:
    """An empty placeholder for a class or function that networks do not need, and for everything made with
    it.

    A file may hold any number of these besides its networks; if a network needs one, its `refusal` is the
    error. `state` is what the object's attributes were set to, if that is a dict.
    """

    __slots__ = ("name", "state", "why")

    def __init__(self, name: Name, why: CheckpointError | None = None) -> None:
        self.name, self.why = name, why
        self.state: dict[Any, Any] | None = None

    def __repr__(self) -> str:
        return f"<{kind(self)}>"

    def refusal(self) -> CheckpointError:
        """Why a network cannot contain it."""
        if self.name.module.startswith(TENSORFLOW):
            return CheckpointError(_tensorflow((self.state or {}).get("version")))
        return self.why or Refused(f"{kind(self)}, which is neither a network nor a part of one")


def unfit(value: Any, otherwise: str) -> CheckpointError:
    """The error for a value that a network cannot contain: why it is unread, or else `otherwise`."""
    return value.refusal() if isinstance(value, Unread) else Refused(otherwise)


class _Steps:
    """A stack, a memo, and one method for each allowed instruction."""

    def __init__(
        self,
        calls: Mapping[Name, Callable[..., Any]],
        names: Collection[Name],
        stored: Callable[[Any], Any] | None = None,
    ) -> None:
        self.calls, self.names, self.stored = calls, names, stored
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.left = 0

    def run(self, stream: IO[bytes]) -> Any:
        for count, (opcode, arg, _) in enumerate(pickletools.genops(stream)):
            if count == 0 and opcode.name != "PROTO":
                raise Refused("something other than a pickle of protocol 2 or later")
            if count > MOST_STEPS:
                raise Refused(f"more than {MOST_STEPS:,} instructions")
            if opcode.name == "STOP":
                return self._result()
            step = STEPS.get(opcode.name)
            if step is None:
                raise Refused(f"the instruction {opcode.name}, which no network needs")
            step(self, arg)
        raise Refused("a pickle without a STOP instruction")

    def _result(self) -> Any:
        if len(self.stack) != 1 or self.marks:
            raise Refused("a pickle that ends in the middle of an object")
        return self.stack.pop()

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def spend(self, values: Any) -> None:
        """Counts what is about to be copied: a small file could make the reader copy one large value over and
        over.
        """
        for value in values if type(values) is tuple else ():
            self.left -= len(value) if isinstance(value, bytes | bytearray | str | list | dict | set) else 0
        if self.left < 0:
            raise Refused("a value that is copied over and over")

    def constant(self, arg: Any) -> None:
        if (isinstance(arg, int) and arg.bit_length() > 64) or (
            isinstance(arg, str) and len(arg) > MOST_CHARACTERS
        ):
            arg = Unread(CONSTANT, Refused("a number or string larger than those of any network"))
        self.push(arg)

    def mark(self, _: Any) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.marks.pop()
        return items

    def drop(self, _: Any) -> None:
        self.stack.pop()

    def drop_to_mark(self, _: Any) -> None:
        self.since_mark()

    def put(self, index: Any) -> None:
        self.memo[len(self.memo) if index is None else index] = self.stack[-1]

    def tuple(self, length: int) -> None:
        items = self.stack[len(self.stack) - length :] if length else []
        if len(items) != length:
            raise Refused("a pickle that pops more values than the stack holds")
        del self.stack[len(self.stack) - length :]
        self.push(tuple(items))

    def items(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, Unread):
            return
        if not isinstance(target, dict) or len(pairs) % 2:
            raise Refused(f"entries set on {kind(target)}")
        for name, value in zip(pairs[::2], pairs[1::2], strict=True):
            target[key(name)] = value

    def one_item(self, _: Any) -> None:
        value, name = self.stack.pop(), self.stack.pop()
        self.items([name, value])

    def extend(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is list:
            target.extend(values)
        elif not isinstance(target, Unread):
            raise Refused(f"elements added to {kind(target)}")

    def add(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is set:
            target.update(map(key, values))
        elif not isinstance(target, Unread):
            raise Refused(f"elements added to {kind(target)}")

    def name(self, arg: str) -> None:
        module, _, name = arg.partition(" ")
        self.push(self.known(module, name))

    def stack_name(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise Refused("a name that is not a string")
        self.push(self.known(module, name))

    def known(self, module: str, name: str) -> Name | Unread:
        found = Name(module, name)
        return found if found in self.calls or found in self.names else Unread(found)

    def persistent(self, _: Any) -> None:
        if self.stored is None:
            raise Refused("the instruction BINPERSID, which no network here needs")
        self.push(attempt(STORAGE, self.stored, (self.stack.pop(),)))

    def call(self, _: Any) -> None:
        args, called = self.stack.pop(), self.stack.pop()
        if type(args) is not tuple:
            raise Refused("a call without arguments")
        self.push(self.called(called, args))

    def called(self, called: Any, args: Sequence[Any]) -> Any:
        if type(called) is not Name or called not in self.calls:
            return _unread(called)
        if (unread := next((arg for arg in args if isinstance(arg, Unread)), None)) is not None:
            return unread
        self.spend(args)
        return attempt(called, self.calls[called], args)

    def make(self, _: Any) -> None:
        args, made = self.stack.pop(), self.stack.pop()
        self.push({} if made in (EASY_DICT, ORDERED) and args == () else _unread(made))

    def make_with_names(self, _: Any) -> None:
        del self.stack[-2:]
        self.push(_unread(self.stack.pop()))

    def state(self, _: Any) -> None:
        """Sets the state of arrays and data types, and keeps that of what is not read."""
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, Stateful):
            self.spend(state)
            target.set(state)
        elif isinstance(target, Unread) and target not in SHARED and type(state) is dict:
            target.state = state


def _unread(value: Any) -> Unread:
    """A placeholder for something made with the value, with a state of its own."""
    if isinstance(value, Unread):
        return Unread(value.name, value.why)
    return Unread(value if type(value) is Name else Name("", kind(value)))


def attempt(name: Name, made: Callable[..., Any], args: Sequence[Any]) -> Any:
    """The result of a call with well-formed arguments; malformed ones become an error only when a network
    needs the result.
    """
    try:
        return made(*args)
    except CheckpointError as error:
        return Unread(name, error)
    except Exception as error:
        return Unread(name, Refused(f"a broken {kind(name)} ({told(error)})"))


def told(error: Exception) -> str:
    """An error in a few words."""
    return f"{type(error).__name__}: {shown(str(error), 200)}"


def _tensorflow(version: Any) -> str:
    what = "the file holds a network of the TensorFlow code, which saves its layers as source code"
    advice = (
        "convert it with legacy.py of NVlabs/stylegan3 (python legacy.py --source FILE.pkl --dest NEW.pkl), "
        "which takes "
        "StyleGAN2 in its configurations E and F and StyleGAN2-ADA, and import NEW.pkl"
    )
    if type(version) is int and version < CONVERTED:
        advice = (
            f"it has version {version}, as those of StyleGAN, and legacy.py of NVlabs/stylegan3 "
            f"converts none below {CONVERTED}; use a network of StyleGAN2 or StyleGAN3 instead"
        )
    return f"{what}; {advice}{TAIL}"


def kind(value: Any) -> str:
    """What a value is, in a few words."""
    if isinstance(value, Unread):
        return kind(value.name)
    return (
        shown(f"{value.module}.{value.name}".lstrip("."), 160)
        if type(value) is Name
        else f"a {type(value).__name__}"
    )


def key(value: Any) -> Any:
    """A value as the key of a dict: plain ones as they are, all others as one."""
    # hashing deeply nested tuples as keys would overflow the C stack
    return value if type(value) in (str, int, float, bool, bytes, type(None)) else OTHER_KEY


CONSTANT, STORAGE = Name("", "a constant"), Name("torch", "a storage")
OTHER_KEY = Unread(Name("", "a key"))
"""All keys that are not plain values."""
SHARED = (OTHER_KEY,)
EASY_DICT = Name("dnnlib.util", "EasyDict")
ORDERED = Name("collections", "OrderedDict")

_Step = Callable[[_Steps, Any], None]
_CONSTANTS = (
    "BININT",
    "BININT1",
    "BININT2",
    "LONG1",
    "LONG4",
    "BINFLOAT",
    "BINUNICODE",
    "SHORT_BINUNICODE",
    "BINUNICODE8",
    "BINSTRING",
    "SHORT_BINSTRING",
)
_BYTES = ("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8")
STEPS: dict[str, _Step] = {
    **dict.fromkeys(("PROTO", "FRAME"), lambda m, _: None),
    **dict.fromkeys(_CONSTANTS, _Steps.constant),
    **dict.fromkeys(_BYTES, _Steps.push),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT", "MEMOIZE"), _Steps.put),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda m, index: m.push(m.memo[index])),
    "NONE": lambda m, _: m.push(None),
    "NEWTRUE": lambda m, _: m.push(True),
    "NEWFALSE": lambda m, _: m.push(False),
    "MARK": _Steps.mark,
    "POP": _Steps.drop,
    "POP_MARK": _Steps.drop_to_mark,
    "EMPTY_DICT": lambda m, _: m.push({}),
    "EMPTY_LIST": lambda m, _: m.push([]),
    "EMPTY_SET": lambda m, _: m.push(set()),
    "EMPTY_TUPLE": lambda m, _: m.push(()),
    "TUPLE1": lambda m, _: m.tuple(1),
    "TUPLE2": lambda m, _: m.tuple(2),
    "TUPLE3": lambda m, _: m.tuple(3),
    "TUPLE": lambda m, _: m.push(tuple(m.since_mark())),
    "SETITEM": _Steps.one_item,
    "SETITEMS": lambda m, _: m.items(m.since_mark()),
    "APPEND": lambda m, _: m.extend([m.stack.pop()]),
    "APPENDS": lambda m, _: m.extend(m.since_mark()),
    "ADDITEMS": lambda m, _: m.add(m.since_mark()),
    "FROZENSET": lambda m, _: m.push(set(map(key, m.since_mark()))),
    "GLOBAL": _Steps.name,
    "STACK_GLOBAL": _Steps.stack_name,
    "REDUCE": _Steps.call,
    "NEWOBJ": _Steps.make,
    "NEWOBJ_EX": _Steps.make_with_names,
    "BUILD": _Steps.state,
    "BINPERSID": _Steps.persistent,
}
"""The instructions that are supported."""


class Machine(_Steps):
    """Reads one pickle.

    Args:
        calls: what the pickle may call, and the function that is called instead.
        names: what it may name but not call.
        stored: finds the storage for what the pickle says of it; none by default.
    """

    def read(self, stream: IO[bytes], size: int) -> Any:
        """The value of the pickle that begins at the stream's position, which then is behind it; `size` is
        that of the file.

        Raises:
            CheckpointError: it is truncated, too large, or not a pickle.
        """
        self.left = 2 * size + 1_000_000
        try:
            return self.run(stream)
        except CheckpointError:
            raise
        except Exception as error:  # whatever error a crafted file causes, the file is at fault
            raise Refused(f"not a complete pickle ({told(error)})") from None
