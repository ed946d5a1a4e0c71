"""What lies beside a network in a pickle: it is skipped, whatever it is, and nothing of it is run."""

import collections
import datetime
import decimal
import enum
import fractions
import functools
import pathlib
import struct
import sys
import tracemalloc
import types
import uuid

import numpy as np
import pytest
import torch
from stylegan_import_maker import (
    DISCRIMINATOR_KWARGS,
    KWARGS,
    labeled,
    network_pickle,
    tiny_discriminator,
    tiny_stylegan2,
    tree,
)
from test_stylegan_import_hostile import CALLS, CANARY, GOOD, P, called, named, stacked, text

from gancore.cli import run as gancore
from gancore.errors import CheckpointError
from gancore.published import import_generator, read_networks
from gancore.published.checkpoints import read_checkpoint as read_pickle


class Color(enum.Enum):
    """Named by the pickle."""

    RED = 1


class Settings(dict):
    """With entries and an attribute."""


def optimizer():
    weights = [torch.nn.Parameter(torch.ones(3))]
    made = torch.optim.Adam(weights, lr=0.1)
    weights[0].sum().backward()
    made.step()
    return made


def settings():
    made = Settings(a=1)
    made.more = [made]
    return made


def state_with_attributes():
    made = collections.OrderedDict(a=torch.ones(2))
    made._metadata = collections.OrderedDict(version=1)
    return made


def tuple_in_itself():
    inner = []
    outer = (inner, 1, 2, 3)
    inner.append(outer)
    return outer


NEIGHBORS = {
    "defaultdict": lambda: collections.defaultdict(list, {"loss": [1.0, 2.0], ("a", 1): []}),
    "datetime": lambda: datetime.datetime(2021, 6, 1, tzinfo=datetime.UTC),
    "torch.Size": lambda: torch.Size((3, 8, 8)),
    "optimizer": optimizer,
    "its state": lambda: optimizer().state_dict(),
    "state with attributes": state_with_attributes,
    "device": lambda: torch.device("cpu"),
    "generator": lambda: np.random.default_rng(0),
    "random state": lambda: np.random.RandomState(0),
    "texts of numpy": lambda: np.array(["a", "bc"]),
    "objects of numpy": lambda: np.array([None, {}], dtype=object),
    "records of numpy": lambda: np.zeros(2, dtype=[("a", "i4"), ("b", "f8")]),
    "times of numpy": lambda: np.array(["2021-06-01"], dtype="datetime64[D]"),
    "a large array": lambda: np.zeros((300, 300)),
    "function": lambda: torch.nn.functional.relu,
    "class": lambda: pathlib.PurePosixPath,
    "path": lambda: pathlib.PurePosixPath("a/b"),
    "partial": lambda: functools.partial(sorted, reverse=True),
    "method": lambda: [1].append,
    "deque": lambda: collections.deque([1, 2], maxlen=3),
    "counter": lambda: collections.Counter("aab"),
    "frozen set": lambda: {frozenset({1, ("a", 2)}): 1},
    "decimal": lambda: decimal.Decimal("0.1"),
    "fraction": lambda: fractions.Fraction(1, 3),
    "identity": lambda: uuid.UUID(int=2**100),
    "large number": lambda: 2**5000,
    "complex": lambda: 1 + 2j,
    "enumeration": lambda: Color.RED,
    "namespace": lambda: types.SimpleNamespace(a=1),
    "dict of one's own": settings,
    "bytes": lambda: bytearray(b"abc"),
    "slice": lambda: slice(1, 2),
    "tuple in itself": tuple_in_itself,
    "a module of PyTorch": lambda: torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU()),
    "a tensor on nothing": lambda: torch.empty(3, device="meta"),
    "sparse tensor": lambda: torch.eye(2).to_sparse(),
}

NETWORKS = ("state with attributes", "a module of PyTorch")
"""Neighbors that are networks themselves, though of no known code."""

PROTOCOLS = (2, 3, 4, 5)
EACH = [
    pytest.param(name, protocol, marks=[] if i % len(PROTOCOLS) == j else pytest.mark.slow)
    for i, name in enumerate(NEIGHBORS)
    for j, protocol in enumerate(PROTOCOLS)
]
"""Each neighbor in one protocol of pickle, by turns; in the others too under `slow`."""


def write(folder, data):
    path = folder / "network.pkl"
    path.write_bytes(data)
    return path


@pytest.fixture(autouse=True)
def _canary():
    yield
    assert not pathlib.Path(CANARY).exists()


@pytest.mark.parametrize("name, protocol", EACH)
def test_neighbors_are_skipped(tmp_path, name, protocol):
    tensors, neighbor = tiny_stylegan2(), NEIGHBORS[name]
    data = network_pickle(
        {"G_ema": tree(tensors, kwargs=KWARGS)},
        protocol=protocol,
        before=neighbor(),
        after=[neighbor(), {"a": neighbor()}],
    )
    networks = read_networks(write(tmp_path, data))
    assert list(networks) == [*(["before"] if name in NETWORKS else []), "G_ema"]
    found = networks["G_ema"]
    assert found.init_kwargs == KWARGS and found.tensors.keys() == tensors.keys()
    assert all(torch.equal(found.tensors[key], value) for key, value in tensors.items())


def test_all_neighbors_at_once_and_the_command(tmp_path, capsys):
    everything = {name: neighbor() for name, neighbor in NEIGHBORS.items()}
    networks = {
        "G_ema": tree(tiny_stylegan2(), kwargs=KWARGS),
        "D": tree(tiny_discriminator(), kwargs=DISCRIMINATOR_KWARGS),
    }
    path = write(tmp_path, network_pickle(networks, protocol=5, **everything))
    assert gancore(["import", str(path), "--output", str(tmp_path / "imported")]) == 0
    assert "to train it further" in capsys.readouterr().out
    assert gancore(["import", str(path), "--output", str(tmp_path / "new"), "--network", "datetime"]) == 1
    assert (
        "network.pkl: datetime is refused: it holds datetime.datetime, which is neither a network"
        in capsys.readouterr().err
    )
    assert gancore(["import", str(path), "--output", str(tmp_path / "new"), "--network", "none"]) == 2
    assert f"has the networks {', '.join(NETWORKS)}, G_ema, D; choose one" in capsys.readouterr().err


def test_no_module_is_imported(tmp_path):
    for name in ("quopri", "sndhdr_never", "this"):
        sys.modules.pop(name, None)
    calls = b"".join(
        text(f"n{i}") + named(module, "encode") + b")R"
        for i, module in enumerate(("quopri", "sndhdr_never", "this"))
    )
    networks = read_networks(write(tmp_path, GOOD[:-2] + calls + b"u."))
    assert list(networks) == ["G_ema"] and networks["G_ema"].tensors
    assert not {"quopri", "this"} & set(sys.modules)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return import_generator(read_networks(write(tmp_path_factory.mktemp("good"), GOOD))["G_ema"]).sample(
        2, seed=0
    )


@pytest.mark.parametrize("name", list(CALLS))
def test_hostile_neighbors_are_inert(tmp_path, name, expected):
    call = called(*CALLS[name])[len(P) : -1]
    things = {
        "value": call,
        "key": b"}" + call + b"Ns",
        "element": b"](" + call + b"e",
        "state": call + b"}" + text("a") + call + b"sb",
        "entry": call + call + call + b"s",
        "argument": named("collections", "OrderedDict") + call + b"\x85R",
        "made": named(*CALLS[name][:2]) + b")\x81" + call + b"b",
        "made with names": stacked(*CALLS[name][:2]) + b")}" + text("a") + call + b"s\x92",
    }
    for thing in things.values():
        networks = read_networks(write(tmp_path, GOOD[:-2] + text("beside") + thing + b"u."))
        assert list(networks) == ["G_ema"]
        assert torch.equal(import_generator(networks["G_ema"]).sample(2, seed=0), expected)
        assert not pathlib.Path(CANARY).exists()


def broken(how):
    network = tree(tiny_stylegan2(), kwargs=KWARGS)
    if how == "weight":
        network._modules["mapping"]._parameters["w"] = datetime.date(2021, 6, 1)
    elif how == "buffer":
        network._modules["mapping"]._buffers["w"] = [datetime.date]
    elif how == "module":
        network._modules["mapping"] = datetime.date(2021, 6, 1)
    elif how == "modules":
        network.__dict__["_modules"] = collections.defaultdict(list)
    elif how == "settings":
        network.__dict__["_init_kwargs"] = types.SimpleNamespace(**KWARGS)
    elif how == "places":
        network.__dict__["_init_args"] = torch.Size((3,))
    elif how == "names to skip":
        network.__dict__["_non_persistent_buffers_set"] = collections.deque()
    return network


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ("weight", "datetime.date, which"),
        ("buffer", "mapping.w, which is not a tensor"),
        ("module", "datetime.date, which"),
        ("modules", "collections.defaultdict, which"),
        ("settings", r"(types|argparse).SimpleNamespace, which"),
        ("places", "torch.Size, which"),
        ("names to skip", "collections.deque, which"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 5])
def test_a_network_that_needs_one_is_refused_alone(tmp_path, capsys, how, what, protocol):
    networks = {"G": broken(how), "D": broken(how), "G_ema": tree(tiny_stylegan2(), kwargs=KWARGS)}
    path = write(tmp_path, network_pickle(networks, protocol=protocol))
    found = read_networks(path)
    assert list(found) == ["G", "D", "G_ema"] and found["G_ema"].tensors
    with pytest.raises(
        CheckpointError, match=rf"network.pkl: G is refused: it holds {what}.*; nothing in it was executed$"
    ):
        found["G"]
    assert gancore(["import", str(path), "--output", str(tmp_path / "new"), "--network", "G"]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"gancore: {path}: G is refused: ") and error.count("\n") == 1
    assert gancore(["import", str(path), "--output", str(tmp_path / "new")]) == 0
    assert "no recipe: the discriminator cannot be imported" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("made_on", "made with made_on <datetime.date>, which no released network has"),
        ("img_channels", "img_channels is <datetime.date>, not a whole number"),
    ],
)
def test_a_setting_that_is_one_is_refused_by_name(tmp_path, name, message):
    odd = KWARGS | {name: datetime.date(2021, 6, 1)}
    networks = read_networks(write(tmp_path, network_pickle({"G": tree(tiny_stylegan2(), kwargs=odd)})))
    with pytest.raises(CheckpointError, match=message):
        import_generator(networks["G"])


@pytest.mark.parametrize("numpy", [1, 2])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_numbers_of_either_numpy_in_every_protocol(tmp_path, protocol, numpy):
    grid = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    kwargs = KWARGS | {
        "rows": grid,
        "columns": np.asfortranarray(grid),
        "turned": grid.transpose(1, 0, 2),
        "spread": np.broadcast_to(np.asarray(7), [2]),
        "none": np.zeros(0),
        "one": np.float32(0.5),
        "large": np.arange(3, dtype=">i4"),
        "truth": np.array([True, False]),
    }
    network = tree(tiny_stylegan2(), kwargs=kwargs)
    network._modules["synthesis"].size = np.array([16, 16])
    data = network_pickle({"G_ema": network}, protocol=protocol, numpy=numpy)
    other = b"numpy._core" if numpy == 1 else b"numpy.core"
    assert other not in data and (b"_frombuffer" in data) == (protocol == 5)
    found = read_networks(write(tmp_path, data))["G_ema"]
    assert found.init_kwargs == {
        key: getattr(value, "tolist", lambda value=value: value)() for key, value in kwargs.items()
    }
    assert found.tensors.keys() == tiny_stylegan2().keys()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_all_networks_of_a_file_in_every_protocol(tmp_path, protocol):
    generator, judge = labeled(tiny_stylegan2(), KWARGS), labeled(tiny_discriminator(), DISCRIMINATOR_KWARGS)
    networks = {"G": tree(generator[0], kwargs=generator[1]), "D": tree(judge[0], kwargs=judge[1])}
    path = write(tmp_path, network_pickle({**networks, "G_ema": networks["G"]}, protocol=protocol))
    assert gancore(["import", str(path), "--output", str(tmp_path / "imported")]) == 0
    assert (tmp_path / "imported" / "recipe.toml").is_file()


def test_a_small_file_takes_little_memory(tmp_path):
    size, calls = 10**6, 20_000
    start = P + text("a" * size) + b"\x940" + named("os", "system") + b"\x940]("
    data = start + (b"h\x01h\x00\x85R" + b"h\x01)\x81h\x00b") * calls + b"e."
    tracemalloc.start()
    found = read_pickle(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == 2 * calls and peak < 4 * len(data)


NAMES = ["two\nlines", "\x1b[2Jcleared", "back\rspace", "\ud800", "wide" * 1000]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "place",
    ["class", "module", "network", "network's class", "tensor", "setting", "object", "setting's name"],
)
def test_whatever_a_file_calls_things_the_error_is_one_line(tmp_path, capsys, name, place):
    kwargs = KWARGS | ({"activation": name} if place == "setting" else {})
    kwargs |= {name: 1} if place == "setting's name" else {}
    network = tree(tiny_stylegan2(), kwargs=kwargs, name=name if place == "network's class" else "Generator")
    if place == "tensor":
        network._modules["mapping"].__dict__["_buffers"] = {name: torch.ones(1)}
    if place == "network's class":
        network = tree({"a": torch.ones(1)}, name=name)
    if place == "object":
        network = types.SimpleNamespace()
    others = {"G": network} if place == "network" else {}
    data = network_pickle({name if place == "network" else "G_ema": network, **others})
    if place in ("class", "module"):
        thing = (
            stacked("datetime", "x").replace(text("x"), words(name))
            if place == "class"
            else words(name) + text("x") + b"\x93"
        )
        data = P + b"}" + text("G_ema") + thing + b")Rs."
    path = write(tmp_path, data)
    assert gancore(["import", str(path), "--output", str(tmp_path / "new")]) != 0
    error = capsys.readouterr().err
    assert error.endswith("\n") and error[:-1].isprintable() and len(error) < 700
    error.encode()


def words(name):
    data = name.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(data)) + data


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("version", [3, 4, 5])
def test_files_of_the_tensorflow_code_say_what_helps(tmp_path, capsys, version, protocol):
    home = types.ModuleType("dnnlib.tflib.network")
    made = type("Network", (), {"__module__": home.__name__})
    home.Network = made
    sys.modules.update(
        {
            "dnnlib": types.ModuleType("dnnlib"),
            "dnnlib.tflib": types.ModuleType("dnnlib.tflib"),
            home.__name__: home,
        }
    )
    try:
        networks = [made() for _ in range(3)]
        for network in networks:
            state = {
                "version": version,
                "name": "G",
                "static_kwargs": {"resolution": 8},
                "components": {"mapping": made()},
            }
            network.__dict__.update(
                state, build_module_src="import os", variables=[("w", np.ones(3, np.float32))]
            )
        import pickle

        path = write(tmp_path, pickle.dumps(tuple(networks), protocol=protocol))
    finally:
        for name in ("dnnlib", "dnnlib.tflib", home.__name__):
            del sys.modules[name]
    assert gancore(["import", str(path), "--output", str(tmp_path / "new")]) == 1
    error = capsys.readouterr().err
    assert (
        error.startswith(f"gancore: {path}: the file holds a network of the TensorFlow code")
        and error.count("\n") == 1
    )
    assert ("converts none below 4; use a network of StyleGAN2" in error) == (version == 3)
    assert ("python legacy.py --source FILE.pkl --dest NEW.pkl" in error) == (version > 3)
