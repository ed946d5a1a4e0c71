"""Loading trained weights and freezing layers: the keys `from` and `frozen` of a spec."""

import json
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from gancore.component.discovery import host
from gancore.component.part import Part
from gancore.errors import CheckpointError, GancoreError, SpecError
from gancore.storage.inside import odd
from gancore.storage.manifest import MANIFEST, check_manifest

FILE = "weights.safetensors"
_TWINS = "twins"
DAMAGE = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RuntimeError)
"""What altered files make fail, beside our own errors."""


@runtime_checkable
class MakesRoom(Protocol):
    """A part or layer with state whose size follows from what it meets in training."""

    def make_room(self, state: Mapping[str, Tensor]) -> None:
        """Makes its buffers as large as those that will be loaded; `state` has its own entries."""


def load_from(part: Part, source: str, *, where: str = "") -> None:
    """Loads the weights at `FOLDER:NAME`, such as `runs/7:generator`.

    FOLDER is a run, checkpoint, pipeline or import, NAME the path of a part in it. The hook `gancore_weights`
    finds the files in the folder.

    Raises:
        SpecError: the source does not have this form, is missing, or contains no such part.
        CheckpointError: the file is damaged, or its weights have other shapes.
    """
    folder, _, name = source.rpartition(":")
    if not folder or not name:
        raise SpecError(_at(where, f"from takes FOLDER:NAME, as runs/7:generator; got {source!r}"))
    if not Path(folder).expanduser().exists():
        what = f"{source}: {folder} is missing; if it has moved, name the folder where it is now"
        raise SpecError(_at(where, what))
    for path in _files(Path(folder).expanduser(), name):
        if (path.parent / MANIFEST).is_file():
            check_manifest(path.parent, path.name)
        found = {
            k.removeprefix(f"{name}."): v for k, v in read_weights(path).items() if k.startswith(f"{name}.")
        }
        if found:
            return load_state(part, found, where=_at(where, source))
    what = (
        f"{source}: no weights of {name!r} in {folder}; "
        "name a run, checkpoint or pipeline and one of its parts"
    )
    raise SpecError(_at(where, what))


def load_state(part: Part, state: Mapping[str, Tensor], *, where: str = "", older: bool = True) -> None:
    """Copies a state dict into a built part; with `older` it may lack the part's `later_weights`.

    Raises:
        CheckpointError: a tensor is missing, unexpected, or of another shape.
    """
    part.require()
    _make_room(part, state)
    mine = part.state_dict()
    state = {**(_later(part) if older else {}), **state}
    wrong = [
        f"{k} is {tuple(state[k].shape)}, here {tuple(mine[k].shape)}"
        for k in mine
        if k in state and state[k].shape != mine[k].shape
    ]
    wrong += [f"{k} is missing" for k in mine if k not in state] + [
        f"{k} is not known here" for k in state if k not in mine
    ]
    if wrong:
        more = f" and {len(wrong) - 4} more" if len(wrong) > 4 else ""
        raise CheckpointError(
            _at(where, f"the weights do not fit {part.qualified_name}: {'; '.join(wrong[:4])}{more}")
        )
    part.load_state_dict(state)


def _make_room(part: Part, state: Mapping[str, Tensor]) -> None:
    for path, module in part.named_modules():
        if isinstance(module, MakesRoom):
            start = f"{path}." if path else ""
            module.make_room({k.removeprefix(start): v for k, v in state.items() if k.startswith(start)})


def _later(part: Part) -> dict[str, Tensor]:
    inner = [(path, module) for path, module in part.named_modules() if isinstance(module, Part)]
    return {
        f"{path}.{name}".lstrip("."): value
        for path, module in inner
        for name, value in module.later_weights().items()
    }


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, by all of their names.

    Raises:
        CheckpointError: the file is damaged, or a link.
    """
    try:
        if why := odd(path):
            raise OSError(why)
        found = load_file(path)
        with safe_open(path, framework="pt") as file:
            twins = json.loads((file.metadata() or {}).get(_TWINS, "{}"))
        return found | {twin: found[name] for twin, name in twins.items()}
    except (OSError, SafetensorError, *DAMAGE) as error:
        raise CheckpointError(f"{path} cannot be read: {error}; use another checkpoint") from None


def bytes_of(tensors: Mapping[str, Tensor]) -> int:
    """The bytes that tensors take in a file."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())


def write_weights(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """Writes tensors to a safetensors file, with metadata in its header.

    A tensor with several names, as that of a part in two seats, is written once, under the first; the header
    keeps the others, and `read_weights` gives all of them.

    Raises:
        OSError: the disk is full or not writable.
    """
    twins = _twins(tensors)
    if twins:
        metadata = {**(metadata or {}), _TWINS: json.dumps(twins)}
    # safetensors refuses tensors that share memory, and stores no strides
    storable = {
        name: t.detach().to("cpu", copy=True).contiguous() for name, t in tensors.items() if name not in twins
    }
    path.touch()
    mode = path.stat().st_mode
    try:
        save_file(storable, path, metadata=None if metadata is None else dict(metadata))
    except SafetensorError as error:
        code = re.search(r"os error (\d+)", str(error))
        raise (OSError(int(code[1]), os.strerror(int(code[1]))) if code else OSError(str(error))) from None
    path.chmod(mode)  # safetensors makes the file readable by its owner only


def _twins(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """The further names of tensors that are the same, each with the first name."""
    first: dict[tuple[Any, ...], str] = {}
    named = {
        name: first.setdefault((t.device, t.data_ptr(), t.dtype, t.shape, t.stride()), name)
        for name, t in tensors.items()
        if t.numel()
    }
    return {name: other for name, other in named.items() if name != other}


def freeze(part: Part, which: Any, *, where: str = "") -> None:
    """Freezes the whole part (`true`), or the layers whose names start with an entry of a list.

    Raises:
        SpecError: a name matches no weight.
    """
    if not isinstance(which, bool) and not (
        isinstance(which, Sequence) and all(isinstance(w, str) for w in which)
    ):
        raise SpecError(_at(where, f"frozen takes true, false or a list of layer names; got {which!r}"))
    prefixes = [""] if which is True else [] if which is False else list(which)
    for prefix in prefixes:
        # blocks.1 is not blocks.10
        hit = [p for name, p in part.named_parameters() if not prefix or f"{name}.".startswith(f"{prefix}.")]
        if not hit and prefix:
            names = ", ".join(dict(part.named_children()))
            what = f"frozen: no weight of {part.qualified_name} starts with {prefix!r}; its layers: {names}"
            raise SpecError(_at(where, what))
        for parameter in hit:
            parameter.requires_grad_(False)


def _files(folder: Path, name: str) -> list[Path]:
    found, broken = host().ask("gancore_weights", through=(GancoreError,), folder=folder, part=name)
    for text in broken:
        warnings.warn(text, RuntimeWarning, stacklevel=2)
    return [path for files in found for path in files]


def _at(where: str, what: str) -> str:
    """A message behind the place that it is about, where one is given."""
    return f"{where}: {what}" if where else what
