"""Reads the networks in published files: names, settings and tensors, but never code."""

import argparse
import io
import stat
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import torch
from torch import Tensor

from gancore import Part
from gancore.component.weights import load_state
from gancore.errors import CheckpointError
from gancore_stylegan.published.pickles import Array, Record, Unread, read_pickle, unfit
from gancore_stylegan.published.refusals import Refused, shown
from gancore_stylegan.published.storages import START, check_names, check_sizes, load_plain

LARGEST_FILE = 8 * 2**30
"""The maximum file size in bytes; NVIDIA's largest files have about 400 million."""
NOTED = frozenset({"conv_clamp", "w_avg_beta"})
"""Attributes of modules that override the settings, because defaults differ between releases."""
BARE = {"g_ema": "input.input", "d": "final_conv.0.weight"}
"""The name that a state dict of rosinality's gets where it is the whole file, by a weight that it has."""
MOST_MODULES = 20_000
DEEPEST = 32
"""The maximum number of modules in a network, and the maximum nesting depth."""


@attrs.frozen
class Network:
    """A network as it was saved: the name of its class, its constructor arguments, and its tensors by dotted
    name.

    `attributes` holds the modules' attributes listed in NOTED, by dotted name. State dicts (rosinality's)
    have no class, settings or attributes; these fields are then empty.
    """

    class_name: str
    init_args: tuple[Any, ...]
    init_kwargs: dict[str, Any]
    tensors: dict[str, Tensor]
    attributes: dict[str, Any] = attrs.field(factory=dict)


class Networks(Mapping[str, Network]):
    """The networks in a file by name. Each is read on access, so the rest of the file may be anything.

    `networks["G"]` raises CheckpointError if that entry is not a network, or contains something that a
    network does not need.
    """

    def __init__(self, path: Path, held: Mapping[str, Network | Record | Unread]) -> None:
        self.path, self.held = path, held

    def __getitem__(self, name: str) -> Network:
        held = self.held[name]
        try:
            return held if isinstance(held, Network) else _network(held)
        except Refused as error:
            raise CheckpointError(f"{self.path}: {error.of(name)}") from None
        except CheckpointError as error:
            raise CheckpointError(f"{self.path}: {error}") from None

    def __contains__(self, name: object) -> bool:
        """Whether there is an entry of that name, even an unreadable one."""
        return name in self.held

    def __iter__(self) -> Iterator[str]:
        return (name for name, held in self.held.items() if not isinstance(held, Unread))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def read_networks(path: Path | str) -> Networks:
    """The networks in a file, by the names it gives them: `G`, `D`, `G_ema` (NVIDIA), or `g`, `d`, `g_ema`
    (rosinality).

    NVIDIA's are the pickles of StyleGAN2-ADA and StyleGAN3 in PyTorch, in the layout of
    `torch_utils.persistence`; rosinality's are the checkpoints of stylegan2-pytorch. Nothing in the file is
    executed; everything besides the networks is skipped.

    Raises:
        CheckpointError: the file cannot be read, is too large, has neither format, or contains no network.
    """
    path = Path(path)
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise OSError("it is no regular file")
        if about.st_size > LARGEST_FILE:
            raise Refused(f"{about.st_size:,} bytes, more than {LARGEST_FILE:,}")
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read: {error.strerror or error}; give the file of a published network"
        ) from None
    try:
        with warnings.catch_warnings(action="ignore"):  # the readers warn of old formats
            found = (
                _from_checkpoint(data) if data.startswith((b"PK", START)) else _from_pickle(read_pickle(data))
            )
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    return Networks(path, found)


def fill(
    seat: str,
    part: Part,
    weights: Mapping[str, Tensor],
    cause: str = "the network's settings disagree with its weights",
) -> None:
    """Loads the weights named `seat.…` into a part. Raises CheckpointError, whose message starts with
    `cause`, if they do not fit.
    """
    mine = {
        name.removeprefix(f"{seat}."): value.float()
        for name, value in weights.items()
        if name.startswith(f"{seat}.")
    }
    load_state(part, mine, where=cause, older=False)


def _from_pickle(table: Any) -> dict[str, Record | Unread]:
    if not isinstance(table, dict):
        # networks of the TensorFlow code are saved as a tuple
        first = table[0] if isinstance(table, tuple) and table else table
        raise unfit(first, f"a {type(table).__name__} instead of a dict of networks")
    held = {
        shown(name): value
        for name, value in table.items()
        if isinstance(name, str) and isinstance(value, Record | Unread)
    }
    if not any(isinstance(value, Record) for value in held.values()):
        raise unfit(next(iter(held.values()), None), "no network")
    return held


def _network(record: Record | Unread) -> Network:
    if isinstance(record, Unread):
        raise record.refusal()
    kwargs, args = record.state.get("_init_kwargs", {}), record.state.get("_init_args", ())
    for value, kind in ((kwargs, dict), (args, tuple | list)):
        if not isinstance(value, kind):
            raise unfit(value, f"a network {record.class_name} without its constructor arguments")
    made = Network(record.class_name, _plain(tuple(args)), _plain(kwargs), {})
    _collect(record, "", made, [0], 0)
    return made


def _collect(module: Any, prefix: str, found: Network, count: list[int], depth: int) -> None:
    """What the module's `state_dict` would hold. Modules are counted, since one may be referenced many
    times.
    """
    count[0] += 1
    if not isinstance(module, Record) or depth > DEEPEST or count[0] > MOST_MODULES:
        raise unfit(module, "modules that are not modules, are too many, or are nested too deeply")
    state, tensors = module.state, found.tensors
    found.attributes.update({prefix + name: _plain(state[name]) for name in NOTED & state.keys()})
    skipped = state.get("_non_persistent_buffers_set", set())
    if not isinstance(skipped, set):
        raise unfit(skipped, "a module whose non-persistent buffers are not listed by name")
    for kind in ("_parameters", "_buffers"):
        for name, value in _table(state, kind).items():
            if value is None or (kind == "_buffers" and name in skipped):
                continue
            if not isinstance(value, Tensor) or len(tensors) >= MOST_MODULES:
                raise unfit(value, f"{prefix}{name}, which is not a tensor, or one tensor too many")
            tensors[prefix + name] = value
    for name, inner in _table(state, "_modules").items():
        if inner is not None:
            _collect(inner, f"{prefix}{name}.", found, count, depth + 1)


def _table(state: Mapping[Any, Any], kind: str) -> dict[str, Any]:
    found = state.get(kind, {})
    if not isinstance(found, dict) or any(
        type(name) is not str or name != shown(name, 200) for name in found
    ):
        raise unfit(found, f"a module whose {kind} are not a dict of names")
    return found


def _plain(value: Any, depth: int = 0) -> Any:
    """Settings are small; anything larger is refused, also a table that contains itself."""
    if depth > 4 or (isinstance(value, dict | list | tuple) and len(value) > 200):
        raise Refused("settings larger than those of any network")
    if isinstance(value, dict):
        return {str(name): _plain(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_plain(inner, depth + 1) for inner in value)
    if isinstance(value, Array) and isinstance(value.value, np.ndarray) and value.value.size <= 200:
        return value.value.tolist()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    plain = isinstance(value, Unread) or (isinstance(value, Tensor) and value.numel() < 10)
    return repr(value)[:200] if plain else f"<{type(value).__name__}>"


def _from_checkpoint(data: bytes) -> dict[str, Network]:
    """Reads rosinality's format: state dicts among other things, which are ignored. Only plain weights are
    read, by torch.

    Its training script also saves its command-line arguments, a plain object of names and values.
    `latent_avg`, the mean of w that its converter stores next to the generators, is added to each of them.
    """
    if data.startswith(START):
        check_sizes(data)
        check_names(data)
    else:
        _check_archive(data)
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            table = load_plain(data)
    except Exception as error:  # torch may raise anything on altered files
        raise Refused(
            f"not a checkpoint of plain weights ({shown(str(error).split(chr(10))[0], 200)})"
        ) from None
    try:
        return _networks(table, len(data))
    except CheckpointError:
        raise
    except Exception as error:  # whatever error a crafted file causes, the file is at fault
        raise Refused(f"broken weights ({type(error).__name__}: {shown(str(error), 200)})") from None


def _networks(table: Any, size: int) -> dict[str, Network]:
    if not isinstance(table, dict):
        raise Refused(f"a {type(table).__name__} instead of a dict of networks")
    if _is_state(table):  # a state dict by itself
        name = next((name for name, known in BARE.items() if known in _whole_names(table)), "")
        table = {name: table} if name else table
    found = {
        shown(str(name)): Network("", (), {}, _whole_names(value))
        for name, value in table.items()
        if _is_state(value)
    }
    mean = table.get("latent_avg")
    for network in found.values():
        if isinstance(mean, Tensor) and "input.input" in network.tensors:
            network.tensors["latent_avg"] = mean
    if not found:
        raise Refused("no network")
    if sum(tensor.nbytes for network in found.values() for tensor in network.tensors.values()) > 2 * size:
        raise Refused("tensors larger than the file")
    return found


def _is_state(value: Any) -> bool:
    if not isinstance(value, dict) or not value:
        return False
    return all(isinstance(name, str) and _is_dense(tensor) for name, tensor in value.items())


def _is_dense(value: Any) -> bool:
    """Whether it is a tensor of plain numbers: no sparse, quantized, complex or empty shell of one."""
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and not value.is_quantized
        and not value.is_complex()
    )


def _whole_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without the `module.` that networks trained on several devices have before each name."""
    wrapped = all(name.startswith("module.") for name in state)
    return {name.removeprefix("module.") if wrapped else name: value for name, value in state.items()}


def _check_archive(data: bytes) -> None:
    """PyTorch stores records uncompressed; compressed ones could expand to any size."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            records = archive.infolist()
            pickles = [archive.read(record) for record in records if record.filename.endswith(".pkl")]
    except Exception as error:
        raise Refused(f"not a complete archive ({shown(str(error), 200)})") from None
    if any(record.compress_type != zipfile.ZIP_STORED for record in records):
        raise Refused("packed records")
    if sum(record.file_size for record in records) > len(data):
        raise Refused("records larger than the file")
    for pickled in pickles:
        check_names(pickled)
