"""Networks in files that others published: their names, settings and tensors, and never their code."""

import argparse
import io
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
from gancore_stylegan.published.storages import START, check_sizes, load_plain

LARGEST_FILE = 8 * 2**30
"""Bytes of a file that is read; NVIDIA's largest have about 400 million."""
NOTED = frozenset({"conv_clamp", "w_avg_beta"})
"""Attributes of modules that count whatever the settings say: releases differ in their defaults."""
MOST_MODULES = 20_000
DEEPEST = 32
"""Modules in a network, and how far they lie within each other."""


@attrs.frozen
class Network:
    """A network as it was saved: the name of its class, what it was made with, and its tensors by dotted
    name.

    `attributes` are those of its modules that are NOTED, by dotted name. State dicts (rosinality's) have no
    class, no settings and no attributes: these are empty.
    """

    class_name: str
    init_args: tuple[Any, ...]
    init_kwargs: dict[str, Any]
    tensors: dict[str, Tensor]
    attributes: dict[str, Any] = attrs.field(factory=dict)


class Networks(Mapping[str, Network]):
    """The networks in a file by name, each read when it is asked for, so that the rest of the file may be
    anything.

    `networks["G"]` raises CheckpointError where that network holds something that networks have no need of,
    or is nothing else.
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
        """Whether there is something of that name, be it unreadable."""
        return name in self.held

    def __iter__(self) -> Iterator[str]:
        return (name for name, held in self.held.items() if not isinstance(held, Unread))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def read_networks(path: Path | str) -> Networks:
    """The networks in a file, by the names it gives them: `G`, `D`, `G_ema` (NVIDIA), or `g`, `d`, `g_ema`
    (rosinality).

    NVIDIA's are the pickles of StyleGAN2-ADA and StyleGAN3 in PyTorch, layout of `torch_utils.persistence`;
    rosinality's the checkpoints of stylegan2-pytorch. Nothing in the file is run; what lies beside the
    networks is skipped.

    Raises:
        CheckpointError: the file cannot be read, is too large, is neither, or has no network.
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise Refused(f"{path.stat().st_size:,} bytes, more than {LARGEST_FILE:,}")
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read: {error.strerror or error}; give the file of a published network"
        ) from None
    try:
        with warnings.catch_warnings(action="ignore"):  # the readers' own, about old formats and odd bytes
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
    """Gives a part the weights named `seat.…`. Raises CheckpointError where they do not fit, behind the
    `cause`.
    """
    mine = {
        name.removeprefix(f"{seat}."): value.float()
        for name, value in weights.items()
        if name.startswith(f"{seat}.")
    }
    load_state(part, mine, where=cause, older=False)


def _from_pickle(table: Any) -> dict[str, Record | Unread]:
    if not isinstance(table, dict):
        # the TensorFlow code's networks are a tuple
        first = table[0] if isinstance(table, tuple) and table else table
        raise unfit(first, f"a {type(table).__name__}, where networks by name were expected")
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
            raise unfit(value, f"a network {record.class_name} without the settings it was made with")
    made = Network(record.class_name, _plain(tuple(args)), _plain(kwargs), {})
    _collect(record, "", made, [0], 0)
    return made


def _collect(module: Any, prefix: str, found: Network, count: list[int], depth: int) -> None:
    """What `state_dict` of the module would hold. A module may be named many times over, so they are
    counted.
    """
    count[0] += 1
    if not isinstance(module, Record) or depth > DEEPEST or count[0] > MOST_MODULES:
        raise unfit(module, "modules that are none, are too many, or lie too far within each other")
    state, tensors = module.state, found.tensors
    found.attributes.update({prefix + name: _plain(state[name]) for name in NOTED & state.keys()})
    skipped = state.get("_non_persistent_buffers_set", set())
    if not isinstance(skipped, set):
        raise unfit(skipped, "a module whose buffers to skip are not named things")
    for kind in ("_parameters", "_buffers"):
        for name, value in _table(state, kind).items():
            if value is None or (kind == "_buffers" and name in skipped):
                continue
            if not isinstance(value, Tensor) or len(tensors) >= MOST_MODULES:
                raise unfit(value, f"{prefix}{name}, which is no tensor, or one too many")
            tensors[prefix + name] = value
    for name, inner in _table(state, "_modules").items():
        if inner is not None:
            _collect(inner, f"{prefix}{name}.", found, count, depth + 1)


def _table(state: Mapping[Any, Any], kind: str) -> dict[str, Any]:
    found = state.get(kind, {})
    if not isinstance(found, dict) or any(
        type(name) is not str or name != shown(name, 200) for name in found
    ):
        raise unfit(found, f"a module whose {kind} are not named things")
    return found


def _plain(value: Any, depth: int = 0) -> Any:
    """Settings are small; anything else, also one that contains itself, is refused."""
    if depth > 4 or (isinstance(value, dict | list | tuple) and len(value) > 200):
        raise Refused("settings of a size that no network has")
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
    """Rosinality's: state dicts among other things, which are left. Torch reads them, and nothing in them but
    plain weights.

    Its trainings also save the words of their command line, a plain object of names and values. `latent_avg`,
    the mean of w that its converter puts beside the generators, is given to each.
    """
    if data.startswith(START):
        check_sizes(data)
    else:
        _check_archive(data)
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            table = load_plain(data)
    except Exception as error:  # torch raises what it likes on altered files
        raise Refused(
            f"no checkpoint of plain weights ({shown(str(error).split(chr(10))[0], 200)})"
        ) from None
    if not isinstance(table, dict):
        raise Refused(f"a {type(table).__name__}, where networks by name were expected")
    found = {str(name): Network("", (), {}, dict(value)) for name, value in table.items() if _is_state(value)}
    mean = table.get("latent_avg")
    for network in found.values():
        if isinstance(mean, Tensor) and "input.input" in network.tensors:
            network.tensors["latent_avg"] = mean
    if not found:
        raise Refused("no network")
    if sum(tensor.nbytes for network in found.values() for tensor in network.tensors.values()) > 2 * len(
        data
    ):
        raise Refused("tensors larger than the file")
    return found


def _is_state(value: Any) -> bool:
    if not isinstance(value, dict) or not value:
        return False
    return all(isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in value.items())


def _check_archive(data: bytes) -> None:
    """PyTorch stores its records as they are; packed ones could unpack to any size."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            records = archive.infolist()
    except Exception as error:
        raise Refused(f"no whole archive ({shown(str(error), 200)})") from None
    if any(record.compress_type != zipfile.ZIP_STORED for record in records):
        raise Refused("packed records")
    if sum(record.file_size for record in records) > len(data):
        raise Refused("records larger than the file")
