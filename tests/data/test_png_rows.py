"""PNG row by row: filters, depths, interlacing, damage, and what Pillow makes of it."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from gancore.data.png.filters import filtered, unfiltered
from gancore.data.png.header import SIGNATURE, read_header
from gancore.data.png.reading import PASSES, Decoder
from gancore.data.png.writing import written_png
from gancore.data.rows import open_rows, whole
from gancore.data.source import Raw, Unreadable
from gancore.errors import RunError

RNG = np.random.default_rng(0)


def chunk(kind, body, checksum=None):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum or zlib.crc32(kind + body))


def png(width, height, bits, color, lines, *aside, interlaced=0):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, interlaced))
    return b"".join(
        [SIGNATURE, head, *aside, chunk(b"IDAT", zlib.compress(bytes(lines))), chunk(b"IEND", b"")]
    )


def lines(rows):
    """Rows of bytes, without a filter."""
    return b"".join(b"\0" + bytes(row) for row in rows)


def decoded(content, take=None):
    file = io.BytesIO(content)
    header = read_header(file)
    decoder = Decoder(file, header)
    step = take or header.height
    return np.concatenate([decoder.take(min(step, header.height - y)) for y in range(0, header.height, step)])


def by_pixel(line, before, step, kind):
    """A row of bytes, undone one byte after the other as the specification says."""
    done = [0] * len(line)
    for i, value in enumerate(line):
        a, b = (done[i - step] if i >= step else 0), int(before[i])
        c = int(before[i - step]) if i >= step else 0
        p = a + b - c
        nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
        done[i] = (int(value) + (0, a, b, (a + b) // 2, nearest)[kind]) % 256
    return done


@pytest.mark.parametrize("step", [1, 3, 6])
def test_filters_are_undone_as_the_specification_says_byte_by_byte(step):
    kinds, before = [4, 3, 1, 2, 0, 4, 4, 3], RNG.integers(0, 256, 7 * step, np.uint8)
    given = np.hstack([np.array(kinds, np.uint8)[:, None], RNG.integers(0, 256, (8, 7 * step), np.uint8)])
    expected, above = [], before
    for line, kind in zip(given, kinds, strict=True):
        above = by_pixel(line[1:], above, step, kind)
        expected.append(above)
    assert np.array_equal(unfiltered(given, before, step), expected)


def test_what_is_filtered_comes_back_and_every_filter_is_used():
    smooth = np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8)
    noise = RNG.integers(0, 256, (20, 60), np.uint8)
    flat = np.repeat(RNG.integers(0, 256, (1, 60), np.uint8), 5, 0)
    rows, before = np.concatenate([smooth, noise, flat]), np.zeros(60, np.uint8)
    made = filtered(rows, before, 3)
    assert set(made[:, 0].tolist()) >= {1, 2, 4}
    assert np.array_equal(unfiltered(made, before, 3), rows)


@pytest.mark.parametrize("take", [1, 5, 40])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "1", "I;16"])
def test_pixels_are_those_of_pillow(mode, take):
    content = io.BytesIO()
    if mode == "I;16":
        picture = Image.fromarray(RNG.integers(0, 2**16, (40, 31), np.uint16))
    else:
        picture = Image.fromarray(RNG.integers(0, 256, (40, 31, 4), np.uint8)).convert(mode)
    picture.save(content, "PNG", optimize=True)
    wanted = np.asarray(picture.convert({"P": "RGBA", "1": "L"}.get(mode, picture.mode)))
    assert np.array_equal(decoded(content.getvalue(), take), wanted.reshape(40, 31, -1))


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_are_widened_and_padding_is_left_out(bits):
    values = RNG.integers(0, 2**bits, (3, 13), np.uint8)
    shifts = np.arange(bits)[::-1]
    packed = np.packbits(((values[..., None] >> shifts) & 1).reshape(3, -1), axis=1)
    content = png(13, 3, bits, 0, lines(packed))
    assert np.array_equal(decoded(content)[..., 0], np.asarray(Image.open(io.BytesIO(content)).convert("L")))
    keyed = png(13, 3, bits, 0, lines(packed), chunk(b"tRNS", struct.pack(">H", 1)))
    assert np.array_equal(decoded(keyed)[..., 1] == 0, values == 1)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("bits", [8, 16])
def test_what_is_written_comes_back_with_its_depth(channels, bits, tmp_path):
    kind = np.uint8 if bits == 8 else np.uint16
    rows, path = RNG.integers(0, 2**bits, (23, 9, channels), kind), tmp_path / "a.png"
    with written_png(path, 23, 9, channels, bits) as file:
        for start in range(0, 23, 4):
            file.rows(rows[start : start + 4])
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
    assert np.array_equal(decoded(path.read_bytes(), 7), rows)
    with Image.open(path) as picture:
        picture.load()  # Pillow compares every checksum
        if bits == 8:
            assert np.array_equal(np.asarray(picture).reshape(rows.shape), rows)


def test_nothing_half_written_stays(tmp_path):
    with pytest.raises(ValueError, match="stop"), written_png(tmp_path / "a.png", 9, 9, 3, 8) as file:
        file.rows(np.zeros((4, 9, 3), np.uint8))
        raise ValueError("stop")
    assert not list(tmp_path.iterdir())
    with pytest.raises(RunError, match="could not write"), written_png(tmp_path / "no" / "a.png", 9, 9, 3, 8):
        pass


def test_sixteen_bits_of_color_are_kept_interlaced_and_turned_too():
    values = RNG.integers(0, 2**16, (11, 6, 3), np.uint16)
    passes = b"".join(
        lines(np.ascontiguousarray(part.astype(">u2")).view(np.uint8).reshape(len(part), -1))
        for top, left, down, across in PASSES
        if (part := values[top::down, left::across]).size
    )
    content = png(6, 11, 16, 2, passes, interlaced=1)
    assert np.array_equal(whole(open_rows(io.BytesIO(content))).pixels, values)
    with Image.open(io.BytesIO(content)) as picture:
        assert np.array_equal(np.asarray(picture), values >> 8)
    exif = Image.Exif()
    exif[0x0112] = 6
    flat = lines(values.astype(">u2").view(np.uint8).reshape(11, -1))
    turned = open_rows(io.BytesIO(png(6, 11, 16, 2, flat, chunk(b"eXIf", exif.tobytes()[6:]))))
    assert (turned.height, turned.width) == (6, 11)
    assert np.array_equal(turned.take(6), np.rot90(values, -1))


def test_a_transparent_color_of_sixteen_bits_becomes_alpha():
    values = RNG.integers(0, 2**16, (2, 3, 3), np.uint16)
    key = chunk(b"tRNS", values[1, 2].astype(">u2").tobytes())
    rows = open_rows(
        io.BytesIO(png(3, 2, 16, 2, lines(values.astype(">u2").view(np.uint8).reshape(2, -1)), key))
    )
    made = rows.take(2)
    assert rows.alpha and rows.channels == 4 and rows.bits == 16
    assert made[..., 3].ravel().tolist() == [65535] * 5 + [0]


def test_the_color_profile_is_found_and_written(tmp_path):
    with written_png(tmp_path / "a.png", 2, 2, 3, 16, b"a profile") as file:
        file.rows(np.zeros((2, 2, 3), np.uint16))
    with (tmp_path / "a.png").open("rb") as file:
        assert open_rows(file).profile == b"a profile"
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.info["icc_profile"] == b"a profile"
        content = io.BytesIO()
        picture.convert("RGB").save(content, "JPEG", icc_profile=b"another")
    assert open_rows(content).profile == b"another"


def test_others_are_read_by_pillow():
    content = io.BytesIO()
    Image.new("CMYK", (5, 4)).save(content, "JPEG")
    content.seek(0)
    rows = open_rows(content)
    assert (rows.height, rows.width, rows.channels, rows.bits, rows.alpha) == (4, 5, 3, 8, False)
    assert isinstance(whole(rows), Raw)


GRAY = lines(np.zeros((4, 8), np.uint8))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (SIGNATURE, "not a picture|ends before"),
        (png(2**15 + 1, 2**15, 16, 2, b""), "above the limit of 1073741824; make it smaller"),
        (png(2**15, 2**14, 8, 2, b"", interlaced=1), "is interlaced; save it upright"),
        (png(2**18 + 1, 100, 16, 0, b""), "rows have 262145 pixels, above the limit of 262144"),
        (png(4, 4, 16, 0, GRAY[:-1]), "fewer pixels than its header says"),
        (png(4, 4, 16, 0, b"\5" + GRAY[1:]), "a row has filter 5"),
        (png(4, 4, 16, 0, GRAY)[:45], "the file ends before its pixels do"),
        (png(4, 4, 16, 0, GRAY).replace(zlib.compress(GRAY), b"\0" * len(zlib.compress(GRAY))), "damaged"),
    ],
    ids=range(9),
)
def test_what_is_wrong_is_said(content, why):
    with pytest.raises(Unreadable, match=why):
        rows = open_rows(io.BytesIO(content))
        rows.take(rows.height)


def test_a_profile_without_end_is_left_out():
    bomb = b"x\0\0" + zlib.compress(bytes(2**25))
    rows = open_rows(io.BytesIO(png(4, 4, 16, 0, GRAY, chunk(b"iCCP", bomb))))
    assert rows.profile == b"" and rows.take(4).shape == (4, 4, 1)
