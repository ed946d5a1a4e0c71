"""A pickle reader that imports nothing and calls nothing: it knows the names that networks consist of and
skips all others.
"""

import io
import pickletools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from gancore.errors import CheckpointError
from gancore_stylegan.published.refusals import TAIL, Refused, shown
from gancore_stylegan.published.storages import Store, read_store, tensor_on

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


class Unread:
    """An empty placeholder for a class or function that networks do not need, and for everything made with
    it.

    A file may hold any number of these besides its networks; if a network needs one, its `refusal` is the
    error.
    """

    version: int | None = None
    """The version of a network of the TensorFlow code."""

    def __init__(self, name: Name, why: CheckpointError | None = None) -> None:
        self.name, self.why = name, why

    def __repr__(self) -> str:
        return f"<{_kind(self)}>"

    def refusal(self) -> CheckpointError:
        """Why a network cannot contain it."""
        if self.name.module.startswith(TENSORFLOW):
            return CheckpointError(_tensorflow(self.version))
        return self.why or Refused(f"{_kind(self)}, which is neither a network nor a part of one")


class _DType:
    def __init__(self, code: str) -> None:
        self.code, self.order = code, "<"

    def numpy(self) -> np.dtype[Any]:
        if (
            self.code not in {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}
            or self.order not in "<>=|"
        ):
            raise Refused(f"an array of type {shown(self.order + self.code, 20)} instead of numbers")
        return np.dtype(self.order + self.code)


class Array:
    """A NumPy array; its data may follow later in the pickle."""

    def __init__(self, value: np.ndarray[Any, Any] | Unread | None = None) -> None:
        self.value = value


def read_pickle(data: bytes) -> Any:
    """The plain data in a pickle: dicts, lists, numbers, strings, tensors, arrays, and a `Record` for each
    saved object.

    Everything else becomes `Unread`.

    Raises:
        CheckpointError: it is truncated, too large, or not a pickle.
    """
    try:
        return _Machine(data).run()
    except CheckpointError:
        raise
    except Exception as error:  # whatever error a crafted file causes, the file is at fault
        raise Refused(f"not a complete pickle ({_told(error)})") from None


def unfit(value: Any, otherwise: str) -> CheckpointError:
    """The error for a value that a network cannot contain: why it is unread, or else `otherwise`."""
    return value.refusal() if isinstance(value, Unread) else Refused(otherwise)


class _Machine:
    """A stack, a memo, and one method for each allowed instruction."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.left = 2 * len(data) + 1_000_000

    def run(self) -> Any:
        if not self.data.startswith(b"\x80"):
            raise Refused("something other than a pickle of protocol 2 or later")
        for count, (opcode, arg, _) in enumerate(pickletools.genops(io.BytesIO(self.data))):
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
            raise Refused(f"entries set on {_kind(target)}")
        for name, value in zip(pairs[::2], pairs[1::2], strict=True):
            target[_key(name)] = value

    def one_item(self, _: Any) -> None:
        value, name = self.stack.pop(), self.stack.pop()
        self.items([name, value])

    def extend(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is list:
            target.extend(values)
        elif not isinstance(target, Unread):
            raise Refused(f"elements added to {_kind(target)}")

    def add(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is set:
            target.update(map(_key, values))
        elif not isinstance(target, Unread):
            raise Refused(f"elements added to {_kind(target)}")

    def name(self, arg: str) -> None:
        module, _, name = arg.partition(" ")
        self.push(_known(module, name))

    def stack_name(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise Refused("a name that is not a string")
        self.push(_known(module, name))

    def call(self, _: Any) -> None:
        args, called = self.stack.pop(), self.stack.pop()
        if type(args) is not tuple:
            raise Refused("a call without arguments")
        self.push(self.called(called, args))

    def called(self, called: Any, args: Sequence[Any]) -> Any:
        if type(called) is not Name or called not in CALLS:
            return _unread(called)
        if (unread := next((arg for arg in args if isinstance(arg, Unread)), None)) is not None:
            return unread
        self.spend(args)
        return _attempt(called, CALLS[called], args)

    def make(self, _: Any) -> None:
        args, made = self.stack.pop(), self.stack.pop()
        self.push({} if made in (EASY_DICT, ORDERED) and args == () else _unread(made))

    def make_with_names(self, _: Any) -> None:
        del self.stack[-2:]
        self.push(_unread(self.stack.pop()))

    def state(self, _: Any) -> None:
        """Sets the state of arrays and data types; the state of other objects is ignored."""
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, _DType) and type(state) is tuple and len(state) > 1 and type(state[1]) is str:
            target.order = state[1]
        elif isinstance(target, Array):
            self.spend(state)
            target.value = _attempt(ARRAY, _filled, state[1:] if type(state) is tuple else ())
        elif isinstance(target, Unread) and type(state) is dict and type(state.get("version")) is int:
            target.version = state["version"]


def _known(module: str, name: str) -> Name | Unread:
    found = Name(module, name)
    return found if found in CALLS or found in NAMES else Unread(found)


def _unread(value: Any) -> Unread:
    return (
        value
        if isinstance(value, Unread)
        else Unread(value if type(value) is Name else Name("", _kind(value)))
    )


def _attempt(name: Name, made: Callable[..., Any], args: Sequence[Any]) -> Any:
    """The result of a call with well-formed arguments; malformed ones become an error only when a network
    needs the result.
    """
    try:
        return made(*args)
    except CheckpointError as error:
        return Unread(name, error)
    except Exception as error:
        return Unread(name, Refused(f"a broken {_kind(name)} ({_told(error)})"))


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {shown(str(error), 200)}"


def _tensorflow(version: int | None) -> str:
    what = "the file holds a network of the TensorFlow code, which saves its layers as source code"
    advice = (
        "convert it with legacy.py of NVlabs/stylegan3 (python legacy.py --source FILE.pkl --dest NEW.pkl), "
        "which takes "
        "StyleGAN2 in its configurations E and F and StyleGAN2-ADA, and import NEW.pkl"
    )
    if version is not None and version < CONVERTED:
        advice = (
            f"it has version {version}, as those of StyleGAN, and legacy.py of NVlabs/stylegan3 "
            f"converts none below {CONVERTED}; use a network of StyleGAN2 or StyleGAN3 instead"
        )
    return f"{what}; {advice}{TAIL}"


def _kind(value: Any) -> str:
    if isinstance(value, Unread):
        return _kind(value.name)
    return (
        shown(f"{value.module}.{value.name}".lstrip("."), 160)
        if type(value) is Name
        else f"a {type(value).__name__}"
    )


def _key(value: Any) -> Any:
    # hashing deeply nested tuples as keys would overflow the C stack
    return value if type(value) in (str, int, float, bool, bytes, type(None)) else OTHER_KEY


def _record(meta: Any) -> Record:
    if (
        type(meta) is not dict
        or meta.get("type") != "class"
        or type(meta.get("class_name")) is not str
        or type(meta.get("state")) is not dict
    ):
        raise Refused("an object without a class name and state")
    return Record(shown(meta["class_name"]), meta["state"])


def _encoded(text: Any, coding: Any) -> bytes:
    if type(text) is not str or coding not in ("latin1", "latin-1"):
        raise Refused("encoded bytes that are not latin1")
    return text.encode("latin1")


def _ordered(pairs: Any = ()) -> "OrderedDict[Any, Any]":
    return OrderedDict((_key(name), value) for name, value in pairs)


def _set(values: Any = ()) -> set[Any]:
    if type(values) is not list and values != ():
        raise Refused("a set not made from a list")
    return set(map(_key, values))


def _dtype(code: Any, *_: Any) -> _DType:
    if type(code) is not str:
        raise Refused("an array type that is not a string")
    return _DType(code)


def _scalar(dtype: Any, data: Any) -> int | float | bool:
    if type(dtype) is not _DType or type(data) is not bytes:
        raise Refused("a NumPy number without type and bytes")
    value: int | float | bool = np.frombuffer(data, dtype.numpy(), count=1)[0].item()
    return value


def _array(kind: Any, *_: Any) -> Array:
    if kind != ARRAY:
        raise Refused(f"an array made from {_kind(kind)}")
    return Array()


def _filled(shape: Any, dtype: Any, fortran: Any, data: Any) -> np.ndarray[Any, Any]:
    whole = type(dtype) is _DType and type(data) in (bytes, bytearray) and type(shape) is tuple
    if not whole or any(type(n) is not int or n < 0 for n in shape):
        raise Refused("an array without shape, type or bytes")
    return np.frombuffer(data, dtype.numpy()).reshape(shape, order="F" if fortran else "C").copy()


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any, axes: Any = None) -> Array:
    """An array of protocol 5; `order` is "C" for row-major, "F" for column-major, "K" for row-major with
    permuted axes.
    """
    made = _filled(shape, dtype, order == "F", data)
    return Array(made if axes is None else made.transpose(axes))


def _store(data: Any) -> Store:
    if type(data) is not bytes:
        raise Refused("a tensor storage that is not bytes")
    return read_store(data)


def _tensor(store: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Any:
    if not isinstance(store, Store):
        raise Refused(f"a tensor on {_kind(store)}")
    return tensor_on(store, offset, size, stride)


def _parameter(data: Any, *_: Any) -> Any:
    if not isinstance(data, torch.Tensor):
        raise Refused(f"a parameter that is {_kind(data)}")
    return data


CONSTANT, ARRAY = Name("", "a constant"), Name("numpy", "ndarray")
OTHER_KEY = Unread(Name("", "a key"))
"""All keys that are not plain values."""
EASY_DICT = Name("dnnlib.util", "EasyDict")
ORDERED = Name("collections", "OrderedDict")
CALLS: dict[Name, Callable[..., Any]] = {
    Name("torch_utils.persistence", "_reconstruct_persistent_obj"): _record,
    Name("torch._utils", "_rebuild_tensor_v2"): _tensor,
    Name("torch._utils", "_rebuild_parameter"): _parameter,
    Name("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    Name("torch.storage", "_load_from_bytes"): _store,
    Name("_codecs", "encode"): _encoded,
    Name("numpy", "dtype"): _dtype,
    ORDERED: _ordered,
    **{Name(module, "set"): _set for module in ("builtins", "__builtin__")},
    **{Name(module, "bytes"): lambda: b"" for module in ("builtins", "__builtin__")},
    **{Name(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{Name(f"numpy.{core}.multiarray", "_reconstruct"): _array for core in ("core", "_core")},
    **{Name(f"numpy.{core}.numeric", "_frombuffer"): _from_buffer for core in ("core", "_core")},
}
"""What a pickle may call, and the function that is called instead."""
_DTYPES = ("float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool")
NAMES = {EASY_DICT, ARRAY, *(Name("torch", dtype) for dtype in _DTYPES)}
"""What a pickle may name but not call."""

_Step = Callable[[_Machine, Any], None]
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
)
_BYTES = ("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8")
STEPS: dict[str, _Step] = {
    **dict.fromkeys(("PROTO", "FRAME"), lambda m, _: None),
    **dict.fromkeys(_CONSTANTS, _Machine.constant),
    **dict.fromkeys(_BYTES, _Machine.push),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT", "MEMOIZE"), _Machine.put),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda m, index: m.push(m.memo[index])),
    "NONE": lambda m, _: m.push(None),
    "NEWTRUE": lambda m, _: m.push(True),
    "NEWFALSE": lambda m, _: m.push(False),
    "MARK": _Machine.mark,
    "POP": _Machine.drop,
    "POP_MARK": _Machine.drop_to_mark,
    "EMPTY_DICT": lambda m, _: m.push({}),
    "EMPTY_LIST": lambda m, _: m.push([]),
    "EMPTY_SET": lambda m, _: m.push(set()),
    "EMPTY_TUPLE": lambda m, _: m.push(()),
    "TUPLE1": lambda m, _: m.tuple(1),
    "TUPLE2": lambda m, _: m.tuple(2),
    "TUPLE3": lambda m, _: m.tuple(3),
    "TUPLE": lambda m, _: m.push(tuple(m.since_mark())),
    "SETITEM": _Machine.one_item,
    "SETITEMS": lambda m, _: m.items(m.since_mark()),
    "APPEND": lambda m, _: m.extend([m.stack.pop()]),
    "APPENDS": lambda m, _: m.extend(m.since_mark()),
    "ADDITEMS": lambda m, _: m.add(m.since_mark()),
    "FROZENSET": lambda m, _: m.push(set(map(_key, m.since_mark()))),
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.stack_name,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.make,
    "NEWOBJ_EX": _Machine.make_with_names,
    "BUILD": _Machine.state,
}
"""The instructions that are supported."""
