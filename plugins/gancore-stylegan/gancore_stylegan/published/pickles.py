"""A reader of pickles that imports nothing and calls nothing: it knows the few names that networks are made
of, and refuses all others.
"""

import io
import pickletools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch

from gancore.errors import CheckpointError
from gancore_stylegan.published.storages import Store, read_store, tensor_on

MOST_STEPS = 300_000
"""Instructions of a pickle. They go with the modules: StyleGAN2 at 1024×1024 with G, D, G_ema and
augmentation has about 42,000.
"""
MOST_CHARACTERS = 10_000_000
"""Length of a text or of a whole number's bytes."""
TAIL = "; nothing of it was run"
TENSORFLOW = "dnnlib.tflib"
"""Home of the networks in files of the older code, which was written with TensorFlow."""


class Name(NamedTuple):
    """A class or function that a pickle names."""

    module: str
    name: str


class Record:
    """An object that was saved with its source: its class's name and its state. The source is dropped
    unread.
    """

    def __init__(self, class_name: str, state: dict[Any, Any]) -> None:
        self.class_name, self.state = class_name, state


class _DType:
    def __init__(self, code: str) -> None:
        self.code, self.order = code, "<"

    def numpy(self) -> np.dtype[Any]:
        if (
            self.code not in {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}
            or self.order not in "<>=|"
        ):
            raise refused(f"an array of type {self.order!r}{self.code!r}, where numbers were expected")
        return np.dtype(self.order + self.code)


class Array:
    """An array of numpy's; its numbers come after it."""

    value: np.ndarray[Any, Any] | None = None


def refused(what: str) -> CheckpointError:
    """The one error of a file that is not taken."""
    return CheckpointError(
        f"the file is refused: it holds {what}; give a network pickle that NVIDIA's StyleGAN2-ADA or "
        "StyleGAN3 wrote, "
        f"or a .pt of rosinality's stylegan2-pytorch{TAIL}"
    )


def read_pickle(data: bytes) -> Any:
    """The plain data in a pickle: dicts, lists, numbers, texts, tensors, arrays, and a `Record` for each
    saved object.

    Raises:
        CheckpointError: it names a class or function that networks have no need of, is cut off, or is no
        pickle.
    """
    try:
        return _Machine(data).run()
    except CheckpointError:
        raise
    except Exception as error:  # whatever a made-up file leads to, it is the file's fault
        raise refused(f"no whole pickle ({type(error).__name__}: {str(error)[:200]})") from None


class _Machine:
    """A stack, a memo, and one step for each instruction that is allowed."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.left = 2 * len(data) + 1_000_000

    def run(self) -> Any:
        if not self.data.startswith(b"\x80"):
            raise refused("something other than a pickle of protocol 2 or later")
        for count, (opcode, arg, _) in enumerate(pickletools.genops(io.BytesIO(self.data))):
            if count > MOST_STEPS:
                raise refused(f"more than {MOST_STEPS:,} instructions")
            if opcode.name == "STOP":
                return self._result()
            step = STEPS.get(opcode.name)
            if step is None:
                raise refused(f"the instruction {opcode.name}, which no network needs")
            step(self, arg)
        raise refused("a pickle without an end")

    def _result(self) -> Any:
        if len(self.stack) != 1 or self.marks:
            raise refused("a pickle that ends in the middle of something")
        return self.stack.pop()

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def spend(self, values: Any) -> None:
        """Counts what is about to be copied: a small file could have one large value copied over and over."""
        for value in values if type(values) is tuple else ():
            self.left -= len(value) if isinstance(value, bytes | str | list | dict | set) else 0
        if self.left < 0:
            raise refused("a value that is copied over and over")

    def constant(self, arg: Any) -> None:
        if (isinstance(arg, int) and arg.bit_length() > 64) or (
            isinstance(arg, str) and len(arg) > MOST_CHARACTERS
        ):
            raise refused("a number or a text of a size that no network has")
        self.push(arg)

    def mark(self, _: Any) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.marks.pop()
        return items

    def put(self, index: Any) -> None:
        self.memo[len(self.memo) if index is None else index] = self.stack[-1]

    def tuple(self, length: int) -> None:
        items = self.stack[len(self.stack) - length :] if length else []
        if len(items) != length:
            raise refused("a pickle that takes more than it has")
        del self.stack[len(self.stack) - length :]
        self.push(tuple(items))

    def items(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict) or len(pairs) % 2:
            raise refused(f"entries set on {_kind(target)}")
        for name, value in zip(pairs[::2], pairs[1::2], strict=True):
            target[_key(name)] = value

    def one_item(self, _: Any) -> None:
        value, name = self.stack.pop(), self.stack.pop()
        self.items([name, value])

    def extend(self, values: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise refused(f"elements added to {_kind(self.stack[-1])}")
        self.stack[-1].extend(values)

    def add(self, values: list[Any]) -> None:
        if type(self.stack[-1]) is not set:
            raise refused(f"elements added to {_kind(self.stack[-1])}")
        self.stack[-1].update(map(_key, values))

    def name(self, arg: str) -> None:
        module, _, name = arg.partition(" ")
        self.push(_known(module, name))

    def stack_name(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise refused("a name that is no text")
        self.push(_known(module, name))

    def call(self, _: Any) -> None:
        args, called = self.stack.pop(), self.stack.pop()
        if type(called) is not Name or type(args) is not tuple or called not in CALLS:
            raise refused(f"a call of {_kind(called)}")
        self.spend(args)
        self.push(CALLS[called](*args))

    def make(self, _: Any) -> None:
        args, made = self.stack.pop(), self.stack.pop()
        if made not in (EASY_DICT, ORDERED) or args != ():
            raise refused(f"an object made from {_kind(made)}")
        self.push({})

    def state(self, _: Any) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, _DType) and type(state) is tuple and len(state) > 1 and type(state[1]) is str:
            target.order = state[1]
        elif isinstance(target, Array) and type(state) is tuple and len(state) == 5:
            self.spend(state)
            target.value = _filled(*state[1:])
        elif not (type(target) is dict and state in ({}, None)):
            raise refused(f"a state set on {_kind(target)}")


def _known(module: str, name: str) -> Name:
    found = Name(module, name)
    if module.startswith(TENSORFLOW):
        raise CheckpointError(
            "the file holds a network of the TensorFlow code (StyleGAN or StyleGAN2 before ADA's PyTorch "
            "version), which keeps its "
            "layers as source; take the PyTorch version of the network where NVIDIA publishes one, "
            "or convert the file with legacy.py "
            "of NVlabs/stylegan3 (python legacy.py --source FILE.pkl --dest NEW.pkl) and import "
            f"NEW.pkl{TAIL}"
        )
    if found not in CALLS and found not in NAMES:
        raise refused(f"{module[:80]}.{name[:80]}, which is neither a network nor a part of one")
    return found


def _kind(value: Any) -> str:
    return f"{value.module}.{value.name}" if type(value) is Name else f"a {type(value).__name__}"


def _key(value: Any) -> Any:
    # deep tuples as keys would overflow the machine's stack when hashed
    if type(value) not in (str, int, float, bool, bytes, type(None)):
        raise refused(f"a key that is a {type(value).__name__}")
    return value


def _record(meta: Any) -> Record:
    if (
        type(meta) is not dict
        or meta.get("type") != "class"
        or type(meta.get("class_name")) is not str
        or type(meta.get("state")) is not dict
    ):
        raise refused("an object without class name and state")
    return Record(meta["class_name"], meta["state"])


def _encoded(text: Any, coding: Any) -> bytes:
    if type(text) is not str or coding not in ("latin1", "latin-1"):
        raise refused("an encoded text that is not latin1")
    return text.encode("latin1")


def _ordered(pairs: Any = ()) -> "OrderedDict[Any, Any]":
    return OrderedDict((_key(name), value) for name, value in pairs)


def _set(values: Any = ()) -> set[Any]:
    if type(values) is not list and values != ():
        raise refused("a set made of something else than a list")
    return set(map(_key, values))


def _dtype(code: Any, *_: Any) -> _DType:
    if type(code) is not str:
        raise refused("an array type that is no text")
    return _DType(code)


def _scalar(dtype: Any, data: Any) -> int | float | bool:
    if type(dtype) is not _DType or type(data) is not bytes:
        raise refused("a number of numpy's without type and bytes")
    value: int | float | bool = np.frombuffer(data, dtype.numpy(), count=1)[0].item()
    return value


def _array(kind: Any, *_: Any) -> Array:
    if kind != Name("numpy", "ndarray"):
        raise refused(f"an array made from {_kind(kind)}")
    return Array()


def _filled(shape: Any, dtype: Any, fortran: Any, data: Any) -> np.ndarray[Any, Any]:
    if (
        type(dtype) is not _DType
        or type(data) is not bytes
        or type(shape) is not tuple
        or any(type(n) is not int or n < 0 for n in shape)
    ):
        raise refused("an array without shape, type and bytes")
    return np.frombuffer(data, dtype.numpy()).reshape(shape, order="F" if fortran else "C").copy()


def _store(data: Any) -> Store:
    if type(data) is not bytes:
        raise refused("a tensor's store that is no bytes")
    return read_store(data)


def _tensor(store: Any, offset: Any, size: Any, stride: Any, *_: Any) -> Any:
    if not isinstance(store, Store):
        raise refused(f"a tensor on {_kind(store)}")
    return tensor_on(store, offset, size, stride)


def _parameter(data: Any, *_: Any) -> Any:
    if not isinstance(data, torch.Tensor):
        raise refused(f"a parameter that is {_kind(data)}")
    return data


EASY_DICT = Name("dnnlib.util", "EasyDict")
ORDERED = Name("collections", "OrderedDict")
CALLS: dict[Name, Callable[..., Any]] = {
    Name("torch_utils.persistence", "_reconstruct_persistent_obj"): _record,
    Name("torch._utils", "_rebuild_tensor_v2"): _tensor,
    Name("torch._utils", "_rebuild_parameter"): _parameter,
    Name("torch.storage", "_load_from_bytes"): _store,
    Name("_codecs", "encode"): _encoded,
    Name("numpy", "dtype"): _dtype,
    ORDERED: _ordered,
    **{Name(module, "set"): _set for module in ("builtins", "__builtin__")},
    **{Name(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{Name(f"numpy.{core}.multiarray", "_reconstruct"): _array for core in ("core", "_core")},
}
"""What a pickle may call, and what is done instead."""
_DTYPES = ("float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool")
NAMES = {EASY_DICT, Name("numpy", "ndarray"), *(Name("torch", dtype) for dtype in _DTYPES)}
"""What a pickle may name and not call."""

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
_BYTES = ("BINBYTES", "SHORT_BINBYTES", "BINBYTES8")
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
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.stack_name,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.make,
    "BUILD": _Machine.state,
}
"""The instructions that are followed."""
