"""Zips that lie about what is in them, or hold too much of it."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from hostile.pictures import Made, good

LONG = 60_000
ENTRY, END = b"PK\1\2", b"PK\5\6"
"""How an entry of the directory of a zip begins, and the end of the directory."""
HUGE = b'{"labels":[["a.png",[' + b"9" * 4000 + b",1e999,-1e999,NaN]]]}"
Member = tuple[str, bytes]


def archives(rng: np.random.Generator, count: int, scale: float = 1.0) -> Iterator[Made]:
    """Each kind once, then zips of which some bytes were changed, `count` in all; a smaller `scale` makes the
    large ones smaller.
    """
    kinds = _kinds(lambda number: range(max(2, round(number * scale))), max(2**25, round(2**27 * scale)))
    for name, make in kinds[:count]:
        yield f"{name}.zip", make()
    whole = _zip((f"{'cat' if i % 2 else 'dog'}/{i}.png", good(i)) for i in range(4))
    for number in range(count - len(kinds)):
        content = bytearray(whole)
        for place in rng.integers(0, len(content), rng.integers(1, 5)):
            content[place] = rng.integers(256)
        kept = content if number % 5 else content[: rng.integers(1, len(content))]
        yield f"altered{number:05}.zip", bytes(kept)


def _kinds(some: Callable[[int], range], large: int) -> list[tuple[str, Callable[[], bytes]]]:
    one = ("a.png", good())

    def beside(name: str, content: bytes) -> bytes:
        return _zip([one, (name, content)])

    return [
        ("entries", lambda: _zip((f"{i}.png", b"") for i in some(100_000))),
        ("folders", lambda: _zip((f"{i}/", b"") for i in some(50_000))),
        ("long names", lambda: _zip((f"{i}{'x' * LONG}.png", good()) for i in some(300))),
        ("long names of no pictures", lambda: _zip((f"{i}{'x' * LONG}", b"") for i in some(300))),
        ("names of escapes", lambda: _zip((f"\x1b[2J{i}.png", b"x") for i in some(3000))),
        ("deep paths", lambda: _zip((f"{'a/' * (LONG // 2)}{i}.png", good()) for i in some(200))),
        ("deep runs", lambda: _zip(_runs("r/" * 2000, some(200)))),
        ("runs", lambda: _zip(_runs("r/" * 40, some(2000)))),
        ("folders each", lambda: _zip((f"{i}/{'b/' * 90}{i}.png", good()) for i in some(1000))),
        ("comments", lambda: _zip([one], comment=b"x" * 65_535, extra=b"y" * 65_000, times=len(some(300)))),
        ("nested", _nested),
        ("zeros", lambda: _zip((f"{i}.png", bytes(large)) for i in some(4))),
        ("zeros by bzip2", lambda: _zip([one, ("b.png", bytes(large))], zipfile.ZIP_BZIP2)),
        ("zeros by LZMA", lambda: _zip([one, ("b.png", bytes(large))], zipfile.ZIP_LZMA)),
        ("zeros for labels", lambda: beside("dataset.json", b" " * large)),
        ("brackets for labels", lambda: beside("dataset.json", b'{"labels":[' + b"[]," * 2**22 + b"[]]}")),
        ("deep labels", lambda: beside("dataset.json", b"[" * 2**22)),
        ("labels without images", lambda: beside("dataset.json", _labels(some(10**6)))),
        ("huge class", lambda: beside("dataset.json", b'{"labels":[["a.png",999999]]}')),
        ("huge numbers", lambda: beside("dataset.json", HUGE)),
        ("rows of labels", lambda: beside("labels.npy", _npy("(1,)", 2**40))),
        ("rows without bytes", lambda: beside("labels.npy", _npy("(9999999999,)", 8))),
        ("an npz for labels", lambda: beside("labels.npy", _npz())),
        ("overlapping", lambda: _overlapping(some(50_000), 2**20)),
        ("overlapping pictures", lambda: _overlapping(some(5000), 0)),
        ("encrypted", lambda: _patched(_two(), 8, b"\1")),
        ("method", lambda: _patched(_two(), 10, b"\x63")),
        ("size", lambda: _patched(_two(), 24, struct.pack("<I", 2**27))),
        ("compressed size", lambda: _patched(_two(), 20, struct.pack("<I", 2**31))),
        ("offset", lambda: _patched(_two(), 42, struct.pack("<I", 2**31))),
        ("zip64 size", lambda: _patched(_two(), 24, b"\xff" * 4)),
        ("directory", lambda: _patched(_two(), 12, struct.pack("<I", 2**31), END)),
        ("count", lambda: _patched(_two(), 8, b"\xff\xff\xff\xff", END)),
        ("zip64 end", lambda: _zip64_end(_two())),
        ("link", lambda: _two(attributes=0o120777)),
        ("device", lambda: _two(attributes=0o020666)),
        ("pipe", lambda: _two(attributes=0o010666)),
        ("names twice", lambda: _two().replace(b"1.png", b"0.png")),
        ("out", lambda: _zip([("../a.png", good())])),
        ("nothing", lambda: b""),
    ]


def _zip(
    members: Iterable[Member],
    method: int = zipfile.ZIP_DEFLATED,
    comment: bytes = b"",
    extra: bytes = b"",
    times: int = 1,
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members:
            for number in range(times):
                info = zipfile.ZipInfo(name if times == 1 else f"{number}{name}")
                info.compress_type, info.comment = method, comment
                info.extra = struct.pack("<HH", 0x7777, len(extra)) + extra if extra else b""
                archive.writestr(info, content)
    return out.getvalue()


def _two(attributes: int = 0o100644) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(2):
            info = zipfile.ZipInfo(f"{number}.png")
            info.external_attr = attributes << 16
            archive.writestr(info, good(number))
    return out.getvalue()


def _patched(content: bytes, offset: int, value: bytes, record: bytes = ENTRY) -> bytes:
    """The zip with other bytes in the first such record."""
    at = content.index(record) + offset
    return content[:at] + value + content[at + len(value) :]


def _zip64_end(content: bytes) -> bytes:
    """An end that names 2^60 entries in a directory of 2^60 bytes."""
    at = content.index(END)
    end = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 2**60, 2**60, 2**60, 0)
    locator = b"PK\6\7" + struct.pack("<IQI", 0, at, 1)
    return content[:at] + end + locator + _patched(content[at:], 8, b"\xff" * 12, END)


def _overlapping(numbers: range, size: int) -> bytes:
    """Entries that share the bytes of one."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    content = bytes(size) if size else good()
    data = packed.compress(content) + packed.flush()
    names = [f"{number:05}.png".encode() for number in numbers]
    facts = struct.pack("<IIIHH", zlib.crc32(content), len(data), len(content), len(names[0]), 0)
    local = b"PK\3\4" + struct.pack("<HHHHH", 20, 0, 8, 0, 0) + facts + names[0] + data
    record = ENTRY + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 0) + facts + bytes(14)
    directory = b"".join(record + name for name in names)
    counts = struct.pack("<HHHH", 0, 0, len(names), len(names))
    return local + directory + END + counts + struct.pack("<IIH", len(directory), len(local), 0)


def _nested() -> bytes:
    content = good()
    for depth in range(50):
        content = _zip([(f"{depth}.zip", content)])
    return _zip([("a.png", good()), ("b.zip", content), ("c.png", content)])


def _runs(below: str, numbers: range) -> Iterator[Member]:
    """Folders that look like runs, far down."""
    for number in numbers:
        for name, content in (("run.toml", b""), ("recipe.toml", b""), ("a.png", good())):
            yield f"{number}/{below}{name}", content
    yield "a.png", good()


def _labels(numbers: range) -> bytes:
    return json.dumps({"labels": [[f"{number}.png", 1] for number in numbers]}).encode()


def _npy(shape: str, item: int) -> bytes:
    header = f"{{'descr': '|V{item}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode()


def _npz() -> bytes:
    out = io.BytesIO()
    np.savez(out, a=np.zeros((1, 3)))
    return out.getvalue()
