"""The networks in published files: names, settings and tensors, but never code."""

import json
import stat
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from gancore.component.interfaces import ImageShape
from gancore.component.part import Part
from gancore.component.weights import load_state
from gancore.errors import CheckpointError
from gancore.published.calls import Array
from gancore.published.checkpoints import read_checkpoint
from gancore.published.machine import Record, Unread, unfit
from gancore.published.refusals import Refused, shown
from gancore.published.spelled_out import SpelledOut, check_distinct

__all__ = ["BARE", "Network", "Networks", "fill", "read_networks"]

LARGEST_FILE = 8 * 2**30
"""The maximum file size in bytes; the largest published files of such networks have about 4 billion."""
BARE = "network"
"""The name of a network that is the whole file."""
OWNERS = {
    *("G", "D", "G_ema", "g", "d", "g_ema", "generator", "discriminator", "decoder"),
    *("netG", "netD", "netG_A", "netG_B", "netD_A", "netD_B", "net_g", "net_d"),
}
"""First words of names in a flat state that say which network they belong to."""
WRAPPERS = ("module.", "_orig_mod.")
"""What stands before each name where a network was trained on several devices, or compiled."""
MOST_MODULES = 20_000
DEEPEST = 32
"""The maximum number of tensors in a network, and the maximum nesting depth."""
MOST_ENTRIES = 1000
"""The maximum number of networks and other values in a file."""
MOST_SETTINGS = 2000
"""The maximum number of values in a list of settings, as names of classes."""
PER_MODULE, PER_SETTING = 250, 100
"""What a module and a setting count, in characters."""


@attrs.frozen
class Network:
    """A network as it was saved: the name of its class, its constructor arguments, and its tensors by dotted
    name.

    A state dict has no class, settings or attributes; these fields are then empty. `init_kwargs` of a
    safetensors file are the JSON object `config` of its metadata. `attributes` holds the modules' plain
    attributes by dotted name, `beside` what lies beside the networks in the file: plain values, and tensors.
    `image` is the shape of its generator's images, for a discriminator that is imported with one.
    """

    class_name: str
    init_args: tuple[Any, ...]
    init_kwargs: dict[str, Any]
    tensors: dict[str, Tensor]
    attributes: dict[str, Any] = attrs.field(factory=dict)
    beside: Mapping[str, Any] = attrs.field(factory=dict)
    image: ImageShape | None = None


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
            found = held if isinstance(held, Network) else _network(held)
            check_distinct(found.tensors)
            return found
        except Refused as error:
            raise CheckpointError(f"{self.path}: {error.of(name)}") from None
        except CheckpointError as error:
            raise CheckpointError(f"{self.path}: {error}") from None

    def __contains__(self, name: object) -> bool:
        """Whether there is an entry of that name, even an unreadable one."""
        return name in self.held

    def __iter__(self) -> Iterator[str]:
        return (name for name, held in self.held.items() if not _is_unread(held))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def read_networks(path: Path | str) -> Networks:
    """The networks in a file, by the names it gives them, such as `G_ema` and `D`; one that is the whole file
    is named `network`.

    Files are what `torch.save` wrote of state dicts or whole modules, the pickles of NVIDIA's code (in the
    layout of `torch_utils.persistence`), and safetensors files. In a flat state of several networks the first
    word of a tensor's name, such as `G`, is the network's. Nothing in a file is executed; everything besides
    the networks is skipped.

    Raises:
        CheckpointError: the file cannot be read, is too large, has none of these formats, or contains no
        network.
    """
    path = Path(path)
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise OSError("it is no regular file")
        if about.st_size > LARGEST_FILE:
            raise Refused(f"{about.st_size:,} bytes, more than {LARGEST_FILE:,}")
        return Networks(path, _from_safetensors(path) or _found(read_checkpoint(path.read_bytes())))
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read: {error.strerror or error}; give the file of a published network"
        ) from None
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None


def fill(
    part: Part,
    weights: Mapping[str, Tensor],
    cause: str = "the network's settings disagree with its weights",
) -> None:
    """Loads weights, as float32, into a part; they may lack the counts of batches of batch normalization, as
    older files do. Raises CheckpointError, whose message starts with `cause`, if they do not fit.
    """
    part.require()
    counts = {name: torch.zeros(()) for name in part.state_dict() if name.endswith("num_batches_tracked")}
    found = {name: value.float() for name, value in weights.items()}
    load_state(part, counts | found, where=cause, older=False)


def _from_safetensors(path: Path) -> dict[str, Network]:
    """The networks of a safetensors file; none if it is something else."""
    with path.open("rb") as stream:
        begin = stream.read(9)
    if begin[8:] != b"{":
        return {}
    try:
        with safe_open(path, "pt") as file:
            config = json.loads((file.metadata() or {}).get("config", "{}"))
            names = file.keys()
            if len(names) > MOST_MODULES:
                raise Refused(f"{len(names):,} tensors, more than {MOST_MODULES:,}")
            tensors = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, ValueError, TypeError, ArithmeticError, RuntimeError) as error:
        raise Refused(f"not a complete safetensors file ({shown(str(error), 200)})") from None
    if not isinstance(config, dict):
        raise Refused("settings that are not a JSON object")
    states = _by_network(tensors) if config or _names_networks(tensors) else {BARE: tensors}
    settings = _plain(config, SpelledOut())
    return {name: Network("", (), settings, _whole_names(state)) for name, state in states.items()}


def _names_networks(state: Mapping[str, Tensor]) -> bool:
    """Whether the names of a flat state begin with those of networks."""
    return {name.partition(".")[0] for name in state} <= OWNERS


def _by_network(state: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """A flat state by the first word of each name."""
    found: dict[str, dict[str, Tensor]] = {}
    for name, tensor in state.items():
        owner, _, inner = name.partition(".")
        found.setdefault(owner, {})[inner] = tensor
    return found


def _found(table: Any) -> dict[str, Network | Record | Unread]:
    """The networks in what a file holds."""
    spent = SpelledOut()
    if _is_state(table, spent) and _names_networks(table):
        table = _by_network(table)
    if _is_saved(table) or _is_state(table, spent):  # one network by itself
        table = {BARE: table}
    if not isinstance(table, dict):
        # networks of the TensorFlow code are saved as a tuple
        first = table[0] if isinstance(table, tuple) and table else table
        raise unfit(first, f"a {type(table).__name__} instead of a dict of networks")
    named = dict[str, Any]()
    for name, value in _entries(table, spent):
        named.setdefault(shown(name), value)
    told = SpelledOut()
    beside = {name: _beside(value, told) for name, value in named.items() if not _is_state(value, spent)}
    held: dict[str, Network | Record | Unread] = {}
    for name, value in named.items():
        if name not in beside:
            held[name] = Network("", (), {}, _whole_names(value), {}, beside)
        elif isinstance(value, Record | Unread):
            held[name] = value
    if all(map(_is_unread, held.values())):
        looked_at = islice(_walk(table), MOST_MODULES)
        raise unfit(next((value for value in looked_at if isinstance(value, Unread)), None), "no network")
    return held


def _entries(table: Mapping[Any, Any], spent: SpelledOut, outer: bool = True) -> Iterator[tuple[str, Any]]:
    """The named values of a file, and in place of a state of several networks, or of a dict around states,
    what lies in it.
    """
    if len(table) > MOST_ENTRIES:
        raise Refused(f"{len(table):,} values, more than {MOST_ENTRIES:,} networks and what lies beside them")
    for name, value in table.items():
        if _is_state(value, spent):
            yield from _by_network(value).items() if _names_networks(value) else [(name, value)]
        elif outer and isinstance(value, dict) and any(_is_state(one, spent) for one in value.values()):
            yield from _entries(value, spent, outer=False)
        elif isinstance(name, str):
            yield name, value


def _walk(value: Any, depth: int = 0) -> Iterator[Any]:
    """A value and what lies in it, a few levels deep."""
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    for one in inner if depth < 3 else ():
        yield from _walk(one, depth + 1)


def _beside(value: Any, spent: SpelledOut) -> Any:
    """What lies beside networks: tensors, plain values, and the settings that an object holds."""
    if isinstance(value, Tensor):
        return value
    try:
        return _plain(value.state if isinstance(value, Unread) and value.state else value, spent)
    except Refused:
        return f"<{type(value).__name__}>"


def _is_saved(value: Any) -> bool:
    """Whether a value is a module that was saved as a whole."""
    return isinstance(value, Record) or (
        isinstance(value, Unread)
        and value.state is not None
        and {"_parameters", "_modules"} <= value.state.keys()
    )


def _is_unread(value: Network | Record | Unread) -> bool:
    return isinstance(value, Unread) and not _is_saved(value)


def _network(saved: Record | Unread) -> Network:
    if not _is_saved(saved):
        raise unfit(saved, "a network that is none")
    state = saved.state or {}
    kwargs, args = state.get("_init_kwargs", {}), state.get("_init_args", ())
    for value, kind in ((kwargs, dict), (args, tuple | list)):
        if not isinstance(value, kind):
            raise unfit(value, f"a network {_class(saved)} without its constructor arguments")
    spent = SpelledOut()
    made = Network(_class(saved), _plain(tuple(args), spent), _plain(kwargs, spent), {})
    _collect(saved, "", made, spent, 0)
    return attrs.evolve(made, tensors=_whole_names(made.tensors))


def _class(saved: Record | Unread) -> str:
    return saved.class_name if isinstance(saved, Record) else shown(saved.name.name)


def _collect(module: Any, prefix: str, found: Network, spent: SpelledOut, depth: int) -> None:
    """What the module's `state_dict` would hold. All of it is counted, since a module may be referenced many
    times.
    """
    if not _is_saved(module) or depth > DEEPEST:
        raise unfit(module, "modules that are not modules, or are nested too deeply")
    state, tensors = module.state, found.tensors
    tables = {kind: _table(state, kind) for kind in ("_parameters", "_buffers", "_modules")}
    spent.spend(1, PER_MODULE)
    spent.spend(len(state) + sum(map(len, tables.values())), len(prefix))
    found.attributes.update(_attributes(state, prefix))
    skipped = state.get("_non_persistent_buffers_set", set())
    if not isinstance(skipped, set):
        raise unfit(skipped, "a module whose non-persistent buffers are not listed by name")
    for kind in ("_parameters", "_buffers"):
        for name, value in tables[kind].items():
            if value is None or (kind == "_buffers" and name in skipped):
                continue
            if not isinstance(value, Tensor) or len(tensors) >= MOST_MODULES:
                raise unfit(value, f"{prefix}{name}, which is not a tensor, or one tensor too many")
            tensors[prefix + name] = value
    for name, inner in tables["_modules"].items():
        if inner is not None:
            _collect(inner, f"{prefix}{name}.", found, spent, depth + 1)


def _attributes(state: Mapping[Any, Any], prefix: str) -> dict[str, Any]:
    """The plain attributes of a module, which override the settings, because defaults differ between
    releases.
    """
    return {
        prefix + name: value
        for name, value in state.items()
        if isinstance(name, str)
        and not name.startswith("_")
        and (value is None or isinstance(value, bool | int | float | str))
        and len(name) + len(str(value)) < 400
    }


def _table(state: Mapping[Any, Any], kind: str) -> dict[str, Any]:
    found = state.get(kind, {})
    if not isinstance(found, dict) or any(
        type(name) is not str or name != shown(name, 200) for name in found
    ):
        raise unfit(found, f"a module whose {kind} are not a dict of names")
    return found


def _plain(value: Any, spent: SpelledOut, depth: int = 0) -> Any:
    """Settings are small; anything larger is refused, also a table that contains itself."""
    spent.spend(1, PER_SETTING)
    if depth > 4 or (isinstance(value, dict | list | tuple) and len(value) > MOST_SETTINGS):
        raise Refused("settings larger than those of any network")
    if isinstance(value, dict):
        return {str(name): _plain(inner, spent, depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_plain(inner, spent, depth + 1) for inner in value)
    if isinstance(value, Array) and isinstance(value.value, np.ndarray) and value.value.size <= 200:
        return value.value.tolist()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    plain = isinstance(value, Unread) or (isinstance(value, Tensor) and value.numel() < 10)
    return repr(value)[:200] if plain else f"<{type(value).__name__}>"


def _is_state(value: Any, spent: SpelledOut) -> bool:
    """Whether it is a state dict: names and tensors of plain numbers."""
    if not isinstance(value, dict) or not value:
        return False
    spent.spend(len(value))
    return all(isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in value.items())


def _whole_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without the wrappers of a whole network before each name, in any order."""
    start = 0
    for _ in range(DEEPEST):
        start += next((len(w) for w in WRAPPERS if all(name.startswith(w, start) for name in state)), 0)
    return {name[start:]: value for name, value in state.items()}
