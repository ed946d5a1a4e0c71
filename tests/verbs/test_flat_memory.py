"""Pictures of any height in the same memory: they are read, translated and written strip by strip."""

import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from translators import Larger, between_images

import gancore
from gancore.data.png.header import SIGNATURE
from gancore.data.png.writing import written_png
from gancore.data.rows import open_rows

WIDTH = 400
PROGRAM = """
import json, resource, sys
import gancore
from translators import Larger, between_images

chosen = between_images(Larger(image=(1, 16, 16)))
for folder in sys.argv[1:]:
    done = gancore.upscale(chosen, folder, tile=128, output=folder + "-out")
    print(json.dumps([list(done.written), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def tall(path, height):
    """A gradient of 16 bits."""
    path.parent.mkdir()
    with written_png(path, height, WIDTH, 1, 16) as file:
        for start in range(0, height, 1000):
            rows = np.add.outer(np.arange(start, start + 1000), np.arange(WIDTH))
            file.rows((rows % 65536).astype(np.uint16)[..., None])


def test_memory_does_not_grow_with_the_height(tmp_path):
    for height in (1000, 5000):
        tall(tmp_path / str(height) / "a.png", height)
    folders = [str(tmp_path / height) for height in ("1000", "5000")]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *folders],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    (first, low), (second, high) = map(json.loads, done.stdout.splitlines())
    assert first == second == ["a.png"]
    # held whole, the larger one would take 4 MB as it is read, 16 MB as it is made, and twice that as floats
    assert high - low < 15, f"{low:.0f} MB, then {high:.0f} MB"
    with (tmp_path / "5000-out" / "a.png").open("rb") as file:
        rows = open_rows(file)
        assert (rows.height, rows.width, rows.bits) == (10000, 2 * WIDTH, 16)
        for start in range(0, 10000, 2000):
            made = rows.take(2000)
            assert made[0, 0, 0] == made[1, 1, 0] == start // 2 and made[-1, -1, 0] == start // 2 + 1398


def bomb(width, height, bits, color):
    head = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    body = zlib.compress(bytes(2**20))
    chunks = ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    return SIGNATURE + b"".join(
        struct.pack(">I", len(text)) + kind + text + struct.pack(">I", zlib.crc32(kind + text))
        for kind, text in chunks
    )


@pytest.mark.parametrize(
    ("width", "height", "why"),
    [
        (40_000, 30_000, "40000×30000 is 1200000000 pixels, above the limit of 1073741824; make it smaller"),
        (2_000_000, 200, "its rows have 2000000 pixels, above the limit of 262144; cut it"),
        (30_000, 20_000, "fewer pixels than its header says"),
    ],
)
def test_what_is_too_large_or_lies_about_its_size_is_named(tmp_path, width, height, why):
    (tmp_path / "a.png").write_bytes(bomb(width, height, 8, 2))
    chosen = between_images(Larger(image=(3, 16, 16)))
    done = gancore.upscale(chosen, tmp_path / "a.png", output=tmp_path / "out")
    assert why in dict(done.refused)["a.png"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "translation-sources.jsonl",
        "translation.json",
    ]
