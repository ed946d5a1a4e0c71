import io
import pickle
import pickletools
import random
import struct
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import pytest
import torch
from stylegan_import_maker import KWARGS, network_pickle, tiny_stylegan2, tree

from gancore.errors import CheckpointError
from gancore.published import import_generator, read_networks
from gancore.published.older import START

CANARY = str(Path(tempfile.gettempdir()) / "gancore-import-canary")
P = b"\x80\x04"


def text(value):
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def named(module, name):
    return b"c" + f"{module}\n{name}\n".encode()


def stacked(module, name):
    return text(module) + text(name) + b"\x93"


def held(data):
    return b"B" + struct.pack("<I", len(data)) + data


def called(module, name, *args):
    return P + named(module, name) + b"(" + b"".join(args) + b"tR."


def storage(numbers=4):
    stream = io.BytesIO()
    with warnings.catch_warnings(action="ignore"):  # such storages are deprecated, and in the files
        torch.save(torch.ones(numbers).storage(), stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


def tensor(size, stride, offset=0, data=None):
    numbers = [
        b"(" + b"".join(b"\x8a\x09" + n.to_bytes(9, "little", signed=True) for n in shape) + b"t"
        for shape in (size, stride)
    ]
    store = named("torch.storage", "_load_from_bytes") + held(data or storage()) + b"\x85R"
    rest = (
        b"J"
        + struct.pack("<i", offset)
        + b"".join(numbers)
        + b"\x89"
        + named("collections", "OrderedDict")
        + b")R"
    )
    return P + named("torch._utils", "_rebuild_tensor_v2") + b"(" + store + rest + b"tR."


def archive(content, packed=False):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as file:
        file.writestr("archive/data.pkl", content)
        file.writestr("archive/version", b"3\n")
    return stream.getvalue()


SHELL = text(f"touch {CANARY}")
RECORD = named("torch_utils.persistence", "_reconstruct_persistent_obj")
INNER = called("os", "system", SHELL)
GOOD = network_pickle({"G_ema": tree(tiny_stylegan2(), kwargs=KWARGS)})
CALLS = {
    "os.system": ("os", "system", SHELL),
    "posix.system": ("posix", "system", SHELL),
    "nt.system": ("nt", "system", SHELL),
    "os.popen": ("os", "popen", SHELL),
    "os.execv": ("os", "execv", SHELL),
    "eval": ("builtins", "eval", text(f"open({CANARY!r}, 'w')")),
    "exec": ("builtins", "exec", text(f"open({CANARY!r}, 'w')")),
    "old exec": ("__builtin__", "exec", text(f"open({CANARY!r}, 'w')")),
    "open": ("builtins", "open", text(CANARY), text("w")),
    "io.open": ("io", "open", text(CANARY), text("w")),
    "getattr": ("builtins", "getattr", named("collections", "OrderedDict"), text("__init__")),
    "import": ("builtins", "__import__", text("os")),
    "compile": ("builtins", "compile", text("1"), text("a"), text("eval")),
    "subprocess": ("subprocess", "Popen", SHELL),
    "check_output": ("subprocess", "check_output", SHELL),
    "partial": ("functools", "partial", named("os", "system"), SHELL),
    "reduce": ("functools", "reduce", named("os", "system"), SHELL),
    "attrgetter": ("operator", "attrgetter", text("system")),
    "methodcaller": ("operator", "methodcaller", text("system")),
    "import_module": ("importlib", "import_module", text("antigravity")),
    "run_module": ("runpy", "run_path", text("x.py")),
    "torch.load": ("torch", "load", text("/etc/passwd")),
    "torch.serialization": ("torch.serialization", "load", text("/etc/passwd")),
    "torch.hub": ("torch.hub", "load", text("a/b"), text("c")),
    "torch.jit": ("torch.jit", "load", text("x")),
    "from_file": ("torch", "UntypedStorage.from_file", text(CANARY)),
    "numpy.load": ("numpy", "load", text("x")),
    "numpy runstring": ("numpy.testing._private.utils", "runstring", text("1")),
    "memmap": ("numpy", "memmap", text(CANARY)),
    "pickle.loads": ("pickle", "loads", held(INNER)),
    "marshal": ("marshal", "loads", held(b"N")),
    "ctypes": ("ctypes", "CDLL", text("libc.so.6")),
    "code": ("types", "CodeType"),
    "function": ("types", "FunctionType"),
    "webbrowser": ("webbrowser", "open", text("http://localhost")),
    "socket": ("socket", "create_connection"),
    "pip": ("pip", "main"),
    "timeit": ("timeit", "timeit", text("1")),
    "cProfile": ("cProfile", "run", text("1")),
    "bdb": ("bdb", "Bdb"),
    "pdb": ("pdb", "run", text("1")),
    "shutil": ("shutil", "rmtree", text("/nowhere")),
    "exit": ("sys", "exit"),
    "copyreg": ("copyreg", "_reconstructor"),
    "dotted": ("collections", "OrderedDict.fromkeys", text("a")),
    "near name": ("torch_utils.persistence", "_src_to_module", text("1")),
    "near module": ("torch_utils", "persistence._reconstruct_persistent_obj"),
    "encode": ("_codecs", "encode", text("a"), text("zip")),
}
FORMS = {
    "stack global": P + stacked("os", "system") + SHELL + b"\x85R.",
    "only named": P + named("os", "system") + b".",
    "instance": P + b"(" + SHELL + b"ios\nsystem\n.",
    "object": P + b"(" + named("os", "system") + SHELL + b"o.",
    "made": P + named("os", "system") + b")\x81.",
    "made with keywords": P + named("collections", "OrderedDict") + b")}\x92.",
    "extension": P + b"\x82\x01.",
    "persistent": P + b"Pname\n.",
    "persistent id": P + b"N\x51.",
    "buffer": b"\x80\x05\x97.",
    "bytearray": b"\x80\x05\x96" + struct.pack("<Q", 2**62) + b".",
    "called twice": P + RECORD + b"}\x85R)R.",
    "a text called": P + SHELL + b")R.",
    "state on a name": P + RECORD + b"}" + text("__code__") + b"Nsb.",
    "state on a class": P + named("collections", "OrderedDict") + b"}" + text("fromkeys") + b"Nsb.",
    "state on a dict": P + b"}}" + text("a") + b"Nsb.",
    "items on a list": P + b"]" + text("a") + b"Ns.",
    "elements on a dict": P + b"}Na.",
    "odd items": P + b"}(Nu.",
    "empty stack": P + b"R.",
    "no mark": P + b"Nt.",
    "no memo": P + b"h\x09.",
    "nothing left": P + b".",
    "two left": P + b"NN.",
    "mark left": P + b"(N.",
    "a vast memo": P + b"Nr\xff\xff\xff\x7f" + b"j\xff\xff\xff\x7e.",
    "vast bytes": P + b"\x8e" + struct.pack("<Q", 2**61) + b"abc.",
    "vast text": P + b"X\xff\xff\xff\xffabc.",
    "vast number": P + b"\x8b" + struct.pack("<i", 10**6) + b"\x7f" * 10**6 + b".",
    "vast decimal": P + b"I" + b"9" * 10**6 + b"\n.",
    "deep tuple as key": P + b"}" + b")" + b"\x85" * 10**5 + b"Ns.",
    "deep lists": P + b"]" * 10**5 + b"a" * (10**5 - 1) + b".",
    "deep tuple as size": tensor((4,), (1,)).replace(b"\x89c", b"\x85" * 5000 + b"\x89c", 1),
    "many instructions": P + b"]" + b"Na" * 10**6 + b".",
    "itself": P + b"]\x94h\x00a.",
    "set in itself": P + b"\x8f\x94(h\x00\x90.",
    "copies": P + text("a" * 10**6) + b"\x940" + b".",
    "more copies": P
    + held(b"a" * 10**5)
    + b"\x94"
    + named("numpy", "dtype")
    + text("u1")
    + b"\x85R\x94"
    + b"]("
    + (named("numpy.core.multiarray", "scalar") + b"h\x01h\x00\x86R") * 3000
    + b"e.",
    "no record": P + RECORD + b"N\x85R.",
    "record without state": P
    + RECORD
    + b"}("
    + text("type")
    + text("class")
    + text("class_name")
    + SHELL
    + b"u\x85R.",
    "objects of numpy": P
    + named("numpy.core.multiarray", "scalar")
    + named("numpy", "dtype")
    + text("O8")
    + b"\x85R"
    + held(b"a" * 8)
    + b"\x86R.",
    "array of others": called(
        "numpy.core.multiarray", "_reconstruct", named("torch", "float32"), b")", held(b"b")
    ),
    "store of no bytes": called("torch.storage", "_load_from_bytes", text("abc")),
    "store of hostile pickle": called("torch.storage", "_load_from_bytes", held(INNER)),
    "store that begins well": called("torch.storage", "_load_from_bytes", held(storage()[:200] + INNER)),
    "store with hostile storage": called(
        "torch.storage",
        "_load_from_bytes",
        held(
            b"".join(
                [
                    pickle.dumps(0x1950A86A20F9469CFC6C, 2),
                    pickle.dumps(1001, 2),
                    pickle.dumps({}, 2),
                    INNER,
                    pickle.dumps([], 2),
                ]
            )
        ),
    ),
    "store in an archive": called("torch.storage", "_load_from_bytes", held(archive(INNER))),
    "store in a packed archive": called(
        "torch.storage", "_load_from_bytes", held(archive(b"\0" * 10**7, packed=True))
    ),
    "store with an odd escape": called("torch.storage", "_load_from_bytes", held(b"P\\I\n.")),
    "store cut off": called("torch.storage", "_load_from_bytes", held(storage()[:-5])),
    "vast store": called(
        "torch.storage", "_load_from_bytes", held(storage(5).replace(b"K\x05N", b"J\xff\xff\xff\x7fN"))
    ),
    "tensor past its store": tensor((5,), (1,)),
    "tensor behind its store": tensor((4,), (1,), offset=1),
    "tensor with vast steps": tensor((2,), (2**62,)),
    "vast tensor": tensor((2**40,), (0,)),
    "vast empty tensor": tensor((2**62, 0), (1, 1)),
    "tensor before its store": tensor((4,), (1,), offset=-1),
    "negative size": tensor((-1,), (1,)),
    "many sizes": tensor((1,) * 70, (1,) * 70),
    "sizes without steps": tensor((4,), (1, 1)),
    "tensor alone": tensor((4,), (1,)),
    "no network": pickle.dumps({"G_ema": 3}, 4),
    "empty": b"",
    "one byte": b"\x80",
    "text": b"version https://git-lfs.github.com/spec/v1\n",
    "protocol 0": pickle.dumps({"a": 1}, 0),
    "protocol 99": b"\x80\x63N.",
    "zeros": bytes(10**5),
    "page": b"<!DOCTYPE html><html>Not found</html>",
    "archive with hostile pickle": archive(INNER),
    "packed archive": archive(b"\0" * 10**8, packed=True),
    "archive after a pickle": INNER + archive(INNER),
    "pickle after an archive": archive(INNER) + INNER,
    "archive cut off": archive(INNER)[:-9],
    "gzip": b"\x1f\x8b\x08\x00" + bytes(100),
    "old store": storage(),
    "checkpoint of hostile pickle": START
    + pickle.dumps(1001, 2)
    + pickle.dumps({}, 2)
    + INNER
    + pickle.dumps([], 2),
    "checkpoint of vast numbers": START
    + pickle.dumps(1001, 2)
    + pickle.dumps({}, 2)
    + pickle.dumps([2**40], 2)
    + pickle.dumps([], 2),
    "tar": b"storages" + bytes(504) + bytes(1024),
}
TENSORS = {name for name in FORMS if "tensor" in name and name != "tensor alone"} | {
    "negative size",
    "many sizes",
}
HOSTILE = {name: called(*call) for name, call in CALLS.items()} | FORMS


@pytest.fixture(autouse=True)
def _canary():
    modules = set(sys.modules)
    yield
    assert not Path(CANARY).exists()
    assert not {"antigravity", "pip", "cProfile"} & (set(sys.modules) - modules)


def refuse(tmp_path, data, *, use=False):
    path = tmp_path / "network.pkl"
    path.write_bytes(data)
    with (
        pytest.raises(CheckpointError) as error,
        warnings.catch_warnings(record=True, action="always") as warned,
    ):
        networks = dict(read_networks(path))
        if use:
            import_generator(networks["G_ema"])
    assert not warned
    assert str(error.value).startswith(str(path)) or use
    return str(error.value)


@pytest.mark.parametrize("name", list(HOSTILE))
def test_what_is_no_network_is_refused(tmp_path, name):
    path = CALLS[name][:2] if name in CALLS and name != "encode" else ("refused",)
    found = refuse(tmp_path, HOSTILE[name])
    assert "refused" in found
    assert name not in TENSORS or "a tensor" in found
    assert path[0] in found


@pytest.mark.parametrize("name", ["os.system", "eval", "partial", "torch.load", "near name"])
def test_the_refusal_names_the_class(tmp_path, name):
    module, what, *_ = CALLS[name]
    found = refuse(tmp_path, HOSTILE[name])
    named = "os.system" if name == "partial" else f"{module}.{what}"
    assert f"{named}, which is neither a network nor a part of one" in found or name == "partial"
    assert found.endswith("nothing in it was executed")


def test_a_hostile_call_among_good_networks(tmp_path):
    for opcode, _, place in pickletools.genops(GOOD):
        if opcode.name == "EMPTY_TUPLE":
            break
    refuse(tmp_path, GOOD[:place] + named("os", "system") + SHELL + b"\x85R" + GOOD[place + 1 :])


def test_files_cut_off_anywhere(tmp_path):
    for place in random.Random(0).sample(range(len(GOOD)), 60):
        refuse(tmp_path, GOOD[:place])


def test_altered_bytes_give_the_one_error_or_a_network(tmp_path):
    draw, path = random.Random(1), tmp_path / "network.pkl"
    for _ in range(200):
        data = bytearray(GOOD)
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        path.write_bytes(data)
        try:
            networks = read_networks(path)
            import_generator(next(iter(networks.values())))
        except CheckpointError:
            pass


def test_modules_within_modules_are_counted(tmp_path):
    module = tree({"w": torch.ones(1)})
    for _ in range(40):
        outer = tree({})
        outer._modules.update(a=module, b=module)
        module = outer
    assert "modules that are not modules, or are nested" in refuse(
        tmp_path, network_pickle({"G_ema": module})
    )
    module._modules["a"] = module
    wide = tree({})
    for level in range(18):
        outer = tree({"w": torch.ones(1)}) if level == 0 else tree({})
        outer._modules.update(a=wide, b=wide)
        wide = outer
    assert "referred to over and over" in refuse(tmp_path, network_pickle({"G_ema": wide}))


def test_a_network_of_the_tensorflow_code_says_what_to_do(tmp_path):
    path = tmp_path / "old.pkl"
    path.write_bytes(P + named("dnnlib.tflib.network", "Network") + b")\x81}b.")
    with pytest.raises(
        CheckpointError,
        match=r"old.pkl: the file holds a network of the TensorFlow code, .*legacy.py .*; "
        r"nothing in it was executed",
    ):
        read_networks(path)
