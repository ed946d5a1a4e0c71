import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gancore.data import Images, open_data
from gancore.errors import DataError

Make = Callable[..., Any]


def back(data: Images, index: int = 0) -> np.ndarray:
    """The values (H, W, C) as they were before scaling."""
    most = np.iinfo(data.pixels.array.dtype).max
    image = data.rows(np.array([index]))["image"][0].double()
    return np.rint((image.numpy() + 1) / 2 * most).astype(np.int64).transpose(1, 2, 0)


def values(content: bytes) -> np.ndarray:
    array = np.asarray(Image.open(io.BytesIO(content)))
    return array[..., None] if array.ndim == 2 else array


@pytest.mark.parametrize(
    ("mode", "format"),
    [
        ("RGB", "PNG"),
        ("L", "PNG"),
        ("RGB", "JPEG"),
        ("L", "JPEG"),
        ("RGB", "BMP"),
        ("RGB", "WEBP"),
        ("I;16", "PNG"),
    ],
)
def test_pictures_keep_their_values(picture: Make, folder: Make, mode: str, format: str) -> None:
    files = {f"{seed}.{format.lower()}": picture(seed, 6, 10, mode, format) for seed in range(3)}
    data = open_data(folder(files))
    assert data.image == (1 if mode in ("L", "I;16") else 3, 6, 10)
    for index, content in enumerate(files.values()):
        assert np.array_equal(back(data, index), values(content))
    assert data.pixels.array.dtype == (np.uint16 if mode == "I;16" else np.uint8)


def test_rows_are_float32_in_minus_one_to_one(picture: Make, folder: Make) -> None:
    black_white = io.BytesIO()
    Image.fromarray(np.array([[0, 255]], dtype=np.uint8)).save(black_white, "PNG")
    image = open_data(folder({"a.png": black_white.getvalue()})).rows(np.array([0]))["image"]
    assert image.dtype == torch.float32 and image.flatten().tolist() == [-1.0, 1.0]


def test_palette_bilevel_and_cmyk_are_read(picture: Make, folder: Make) -> None:
    assert open_data(folder({"a.png": picture(mode="P")}, "p")).image == (3, 8, 8)
    assert open_data(folder({"a.png": picture(mode="1")}, "one")).image == (1, 8, 8)
    assert open_data(folder({"a.jpg": picture(mode="CMYK", format="JPEG")}, "cmyk")).image == (3, 8, 8)


def test_the_exif_orientation_is_obeyed(picture: Make, folder: Make) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = open_data(folder({"a.png": picture(1, 4, 6, exif=exif)}))
    assert data.image == (3, 6, 4)
    assert np.array_equal(back(data), np.rot90(values(picture(1, 4, 6)), -1))


@pytest.mark.parametrize("ground", ["white", "black"])
def test_alpha_is_composited(picture: Make, folder: Make, ground: str) -> None:
    content = picture(3, mode="RGBA")
    given = values(content).astype(float)
    alpha = given[..., 3:] / 255
    expected = given[..., :3] * alpha + (255 if ground == "white" else 0) * (1 - alpha)
    data = open_data(folder({"a.png": content}), alpha=ground)
    assert data.image == (3, 8, 8) and np.abs(back(data) - expected).max() <= 0.5
    assert f"alpha on {ground}" in data.description


def test_alpha_is_kept_when_asked(picture: Make, folder: Make) -> None:
    content = picture(3, mode="RGBA")
    path = folder({"a.png": content})
    for data in (open_data(path, alpha="keep"), open_data(path, channels=4)):
        assert data.image == (4, 8, 8) and np.array_equal(back(data), values(content))
    assert open_data(folder({"a.png": picture(mode="LA")}, "la"), alpha="keep").image == (2, 8, 8)
    with pytest.raises(
        DataError,
        match=r"a.png has alpha, which channels=3 has no room for; "
        r"use alpha='white' or 'black', or channels=4",
    ):
        open_data(path, alpha="keep", channels=3)


def test_resizing_kept_alpha_does_not_bleed_hidden_color(folder: Make) -> None:
    pixels = np.zeros((8, 8, 4), dtype=np.uint8)
    pixels[:, :4] = (255, 0, 0, 255)
    pixels[:, 4:] = (0, 255, 0, 0)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    small = back(open_data(folder({"a.png": out.getvalue()}), alpha="keep", size=3))
    assert small[..., 1][small[..., 3] > 0].max() == 0


def test_channels_are_converted(picture: Make, folder: Make) -> None:
    path = folder(
        {"a.png": picture(1, mode="L"), "b.png": picture(2, mode="RGB"), "c.png": picture(3, mode="RGBA")}
    )
    assert open_data(path, channels=3).image == (3, 8, 8)
    gray = open_data(path, channels=1)
    assert np.array_equal(back(gray, 1)[..., 0], np.asarray(Image.open(path / "b.png").convert("L")))
    opaque = open_data(path, channels=4)
    assert (back(opaque, 0)[..., 3] == 255).all() and np.array_equal(
        back(opaque, 2), values(picture(3, mode="RGBA"))
    )
    chosen = open_data(path)
    assert (
        chosen.image == (3, 8, 8)
        and "differ in channels, taken: --channels 3, the rich" in chosen.description
    )
    assert open_data(path, alpha="keep").image == (4, 8, 8)
    with pytest.raises(
        DataError,
        match=r"a.png has 1 channels; channels=7 was asked; "
        r"only 1 to 4 channels can be turned into each other",
    ):
        open_data(path, channels=7)


def test_depths_are_converted(picture: Make, folder: Make) -> None:
    path = folder({"a.png": picture(1, mode="L"), "b.png": picture(2, mode="I;16")})
    with pytest.raises(
        DataError,
        match=r"images differ in depth: b.png is 1×8×8 \(16 bit\), a.png is 1×8×8 \(8 bit\); "
        r"give --bits 8",
    ):
        open_data(path)
    deep = open_data(path, bits=16)
    assert np.array_equal(back(deep, 0), values(picture(1, mode="L")).astype(np.int64) * 257)
    flat = open_data(path, bits=8)
    assert np.abs(back(flat, 1) * 257 - values(picture(2, mode="I;16")).astype(np.int64)).max() <= 128


def test_a_square_that_all_cover_is_taken_where_sizes_differ(picture: Make, folder: Make) -> None:
    odd = folder({"a.png": picture(1, 45, 60), "b.png": picture(2, 50, 41), "c.png": picture(3, 64, 48)})
    assert open_data(odd).image == (3, 32, 32)
    path = folder({"a.png": picture(1, 8, 8), "b.png": picture(2, 8, 12)})
    chosen = open_data(path)
    assert chosen.image == (3, 8, 8)
    assert "images differ in size, taken: --size 8x8, a power of two that all cover" in chosen.description
    assert chosen.fingerprint == open_data(path, size=8).fingerprint
    data = open_data(path, size=8)
    assert np.array_equal(back(data, 0), values(picture(1, 8, 8)))
    assert np.array_equal(back(data, 1), values(picture(2, 8, 12))[:, 2:10])
    assert "center-cropped and resized to 8×8" in data.description


def test_non_square_sizes(picture: Make, folder: Make) -> None:
    path = folder({"a.png": picture(1, 20, 20)})
    for size in ("6x10", (6, 10)):
        data = open_data(path, size=size)
        expected = np.asarray(
            Image.open(path / "a.png").crop((0, 4, 20, 16)).resize((10, 6), Image.Resampling.LANCZOS)
        )
        assert data.image == (3, 6, 10) and np.array_equal(back(data), expected)


def test_pad_and_stretch(picture: Make, folder: Make) -> None:
    content = picture(1, 4, 8)
    path = folder({"a.png": content})
    padded = back(open_data(path, size=8, fit="pad"))
    assert np.array_equal(padded[2:6], values(content)) and (padded[[0, 1, 6, 7]] == 255).all()
    assert (back(open_data(path, size=8, fit="pad", alpha="black"))[0] == 0).all()
    stretched = np.asarray(Image.open(path / "a.png").resize((8, 8), Image.Resampling.LANCZOS))
    assert np.array_equal(back(open_data(path, size=8, fit="stretch")), stretched)
    clear = back(
        open_data(folder({"a.png": picture(1, 4, 8, "RGBA")}, "rgba"), size=8, fit="pad", alpha="keep")
    )
    assert (clear[0] == 0).all()


def test_resizing_sixteen_bits_is_exact_and_stays_in_range(folder: Make) -> None:
    edge = np.zeros((16, 16), dtype=np.uint16)
    edge[:, 8:] = 65535
    flat = np.full((16, 16), 40001, dtype=np.uint16)
    files = {}
    for name, array in (("edge.png", edge), ("flat.png", flat)):
        out = io.BytesIO()
        Image.fromarray(array).save(out, "PNG")
        files[name] = out.getvalue()
    data = open_data(folder(files), size=5)
    assert (back(data, 1) == 40001).all()
    # Lanczos overshoots on both sides of the edge; values that wrapped round would be far off.
    assert back(data, 0)[:, :2].max() < 5000 and back(data, 0)[:, -2:].min() > 60000


def test_class_folders_are_labels(picture: Make, folder: Make, archive: Make) -> None:
    files = {f"set/{name}/deep/{seed}.png": picture(seed) for name in ("dog", "cat") for seed in range(2)}
    for source in (folder(files), archive(files)):
        data = open_data(source)
        assert data.class_names == ("cat", "dog") and data.classes == 2
        assert data.rows(np.arange(4))["label"].tolist() == [0, 0, 1, 1]
        assert data.facts() == {"image": (3, 8, 8), "classes": 2, "label_shape": ()}
        bare = open_data(source, labels="none")
        assert bare.classes == 0 and "label" not in bare.rows(np.arange(2)) and bare.labels is None


def test_folders_are_no_labels_where_they_cannot_be(picture: Make, folder: Make) -> None:
    path = folder({"a.png": picture(), "cat/b.png": picture(), "dog/c.png": picture()})
    assert open_data(path).classes == 0
    with pytest.raises(
        DataError, match="labels='folders' needs every image in one of at least two class folders"
    ):
        open_data(path, labels="folders")


def test_a_dataset_json_labels_a_folder_or_zip(picture: Make, folder: Make, archive: Make) -> None:
    files = {"x/a.png": picture(1), "x/b.png": picture(2)}
    table = {"labels": [["x/b.png", 0], ["x/a.png", 2]], "classes": ["red", "green", "blue"]}
    for source in (archive(files, table), folder({**files, "dataset.json": json.dumps(table).encode()})):
        data = open_data(source)
        assert data.rows(np.arange(2))["label"].tolist() == [2, 0] and data.class_names == (
            "red",
            "green",
            "blue",
        )
    inside = {
        f"top/{name}": content
        for name, content in {**files, "dataset.json": json.dumps(table).encode()}.items()
    }
    assert open_data(archive(inside, name="top.zip")).rows(np.arange(2))["label"].tolist() == [2, 0]


def test_null_labels_are_none_though_there_are_folders(picture: Make, archive: Make) -> None:
    assert open_data(archive({"0/a.png": picture(), "1/b.png": picture()}, {"labels": None})).classes == 0


def test_soft_labels(picture: Make, archive: Make) -> None:
    data = open_data(
        archive(
            {"a.png": picture(), "b.png": picture()},
            {"labels": [["a.png", [0, 0.5, 1]], ["b.png", [1, 0, 0]]]},
        )
    )
    label = data.rows(np.array([1, 0]))["label"]
    assert label.dtype == torch.float32 and label.tolist() == [[1, 0, 0], [0, 0.5, 1]] and data.classes == 3


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[1]", "holds a list; expected"),
        ({"labels": 3}, "labels is a int; expected a list of"),
        ({"labels": [["a.png", 0]]}, r"1 have no label \(b.png\)"),
        ({"labels": [["a.png", 0], ["b.png", 0], ["c.png", 1]]}, r"1 labels no image \(c.png\)"),
        (
            {"labels": [["a.png", 0], ["b.png", 0], ["b.png", 1]]},
            "1 are there twice; give every image one label, or use labels='none'",
        ),
        (
            {"labels": [["a.png", 0], ["b.png", -1]]},
            "label .*-1.*; expected .file, class., the class a whole number from 0",
        ),
        ({"labels": [["a.png", 0], ["b.png", True]]}, "expected .file, class."),
        ({"labels": [["a.png", 0], ["b.png", "cat"]]}, "expected .file, class."),
        ({"labels": [["a.png", 0], ["b.png", 10**9]]}, "expected .file, class."),
        ({"labels": [["a.png", 0], ["b.png", [0, 1]]]}, "labels that are not numbers of one kind"),
        ({"labels": [["a.png", [0, 1]], ["b.png", [0]]]}, "labels that are not numbers of one kind"),
        ({"labels": [["a.png", []], ["b.png", []]]}, "labels that are not numbers of one kind"),
        ('{"labels": [["a.png", [NaN, 1]], ["b.png", [0, 1]]]}', "NaN or infinite"),
        (
            {"labels": [["a.png", 0], ["b.png", 2]], "classes": ["one"]},
            "names 1 classes but its labels need 3; give one name a class",
        ),
        ({"labels": [["a.png", 0], ["b.png", 0]], "classes": "one"}, "expected a list of names"),
    ],
)
def test_labels_that_do_not_match_are_refused(picture: Make, archive: Make, table: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        open_data(archive({"a.png": picture(), "b.png": picture()}, table))


def test_unreadable_images_are_named_and_refused_or_skipped(picture: Make, folder: Make) -> None:
    good = picture(1)
    path = folder(
        {
            "a.png": good,
            "b.png": good[:60],
            "c.png": b"",
            "d.gif": b"GIF89a",
            "e.png": b"text",
            "f.png": picture(2),
            "note.txt": b"hi",
        }
    )
    with pytest.raises(
        DataError,
        match=r"4 of 6 images cannot be read \(b.png: .*; c.png: the file is empty; "
        r"d.gif: .gif files are not read",
    ) as caught:
        open_data(path)
    assert "or go on without them by unreadable='skip'" in str(caught.value)
    for _ in range(2):
        data = open_data(path, unreadable="skip")
        assert len(data) == 2 and data.names == ["a.png", "f.png"]
        assert [name for name, _ in data.skipped] == ["b.png", "c.png", "d.gif", "e.png"]
        assert np.array_equal(back(data, 1), values(picture(2)))
        assert "4 skipped" in data.description and "1 other files ignored" in data.description


def test_skipped_images_take_their_labels_with_them(picture: Make, folder: Make) -> None:
    path = folder({"cat/a.png": b"", "cat/b.png": picture(), "dog/c.png": picture()})
    assert open_data(path, unreadable="skip").rows(np.arange(2))["label"].tolist() == [0, 1]


def test_nothing_readable_is_refused_even_if_skipping(folder: Make) -> None:
    with pytest.raises(DataError, match=r"1 of 1 images cannot be read \(a.png: .*\); mend or remove them$"):
        open_data(folder({"a.png": b"no"}), unreadable="skip")


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header claims that size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("width", [12_000, 30_000, 2**31 - 1])
def test_bombs_are_refused_before_they_are_decoded(
    picture: Make, folder: Make, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder({"a.png": picture(), "bomb.png": bomb(width, 12_000)})
    for limit in (Image.MAX_IMAGE_PIXELS, None):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        data = open_data(path, unreadable="skip", cache="off")
        assert len(data) == 1 and data.skipped[0][0] == "bomb.png" and "pixels" in data.skipped[0][1]


def test_mutated_pictures_end_in_a_reason_or_an_image(picture: Make, folder: Make) -> None:
    rng = np.random.default_rng(0)
    files = {"good.png": picture(0, 16, 16)}
    for number in range(400):
        format = ("PNG", "PNG", "JPEG", "WEBP")[number % 4]
        content = bytearray(picture(number % 5, 16, 16, "RGB", format))
        for place in rng.integers(0, len(content), rng.integers(1, 6)):
            content[place] = rng.integers(0, 256)
        files[f"{number:03}.{format.lower()}"] = bytes(
            content[: rng.integers(1, len(content) + 1)] if number % 3 == 0 else content
        )
    data = open_data(folder(files), unreadable="skip", size=16, channels=3, bits=8)
    assert len(data) + len(data.skipped) == 401 and "good.png" in data.names
    assert len(data.skipped) > 100 and all(reason for _, reason in data.skipped)


def hostile_zip(tmp_path: Path, *members: zipfile.ZipInfo | str, content: bytes = b"x") -> Path:
    path = tmp_path / "hostile.zip"
    with zipfile.ZipFile(path, "w") as target:
        for member in members:
            target.writestr(member, content)
    return path


def link(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = 0o120777 << 16
    return member


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("members", "said"),
    [
        (["/etc/a.png"], "'/etc/a.png' is refused: its name is absolute"),
        (["C:/a.png"], "is refused: its name is absolute"),
        (["a\\..\\b.png"], "is refused: its name leads out of the zip"),
        (["x/../../a.png"], "is refused: its name leads out of the zip"),
        (["a.png", "a.png"], "'a.png' is refused: it is there twice; make the zip again from plain files"),
        ([link("a.png")], "'a.png' is refused: it is a link"),
    ],
)
def test_hostile_zips_are_refused(tmp_path: Path, members: list[Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        open_data(hostile_zip(tmp_path, *members))


def test_a_zip_bomb_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target, target.open("a.png", "w") as file:
        for _ in range(257):
            file.write(bytes(2**20))
    with pytest.raises(DataError, match="is refused: it has 269484032 bytes, above the limit of 268435456"):
        open_data(path)


def test_a_zip_that_lies_about_a_size_loses_that_member_alone(picture: Make, tmp_path: Path) -> None:
    path = tmp_path / "lies.zip"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("a.png", picture(1))
        target.writestr("b.png", picture(2))
    content = bytearray(path.read_bytes())
    entry = content.find(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<I", 20)
    path.write_bytes(content)
    data = open_data(path, unreadable="skip")
    assert data.names == ["b.png"] and data.skipped[0][0] == "a.png"


def test_damaged_zips_end_in_a_data_error_or_fewer_images(picture: Make, archive: Make) -> None:
    whole = archive({f"{seed}.png": picture(seed) for seed in range(4)}, {"labels": None}).read_bytes()
    rng = np.random.default_rng(1)
    opened = 0
    for number in range(150):
        content = bytearray(whole)
        for place in rng.integers(0, len(content), 3):
            content[place] = rng.integers(0, 256)
        path = archive({}, name=f"{number}.zip")
        path.write_bytes(content[: rng.integers(1, len(content))] if number % 5 == 0 else content)
        try:
            opened += len(open_data(path, unreadable="skip", cache="off", channels=3, size=8, bits=8)) > 0
        except DataError:
            continue
    assert opened > 20


def test_an_encrypted_member_is_named(picture: Make, archive: Make) -> None:
    path = archive({"a.png": picture(1), "b.png": picture(2)})
    content = bytearray(path.read_bytes())
    content[content.find(b"PK\x01\x02") + 8] |= 1
    content[6] |= 1
    path.write_bytes(content)
    data = open_data(path, unreadable="skip")
    assert data.names == ["b.png"] and data.skipped[0][1].startswith("it is encrypted; unpack the zip")


def test_mac_folders_and_hidden_files_are_not_images(picture: Make, archive: Make, folder: Make) -> None:
    files = {"a.png": picture(), "__MACOSX/._a.png": b"x", ".hidden/b.png": b"x", ".c.png": b"x"}
    assert open_data(archive(files)).names == ["a.png"]
    assert open_data(
        folder({name: content for name, content in files.items() if not name.startswith("__")})
    ).names == ["a.png"]


def test_sources_without_images_are_refused(folder: Make, archive: Make, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(
        DataError,
        match=r"folder .*empty holds no pictures among its 0 files; PNG, JPEG, WEBP and BMP are read",
    ):
        open_data(empty)
    with pytest.raises(DataError, match=r"zip .* holds no pictures among its 1 files"):
        open_data(archive({"a.txt": b"x"}))
    with pytest.raises(DataError, match="missing is not there; expected a folder or zip of images"):
        open_data(tmp_path / "missing")
    with pytest.raises(DataError, match="the name of the data is empty"):
        open_data("")
    with pytest.raises(DataError, match="cannot be read as a zip"):
        open_data(folder({"a.zip": b"nothing"}) / "a.zip")
    with pytest.raises(DataError, match="is of no known kind; expected a folder or zip"):
        open_data(folder({"a.csv": b"1,2"}) / "a.csv")


def test_progress_is_told(picture: Make, folder: Make) -> None:
    told: list[tuple[int, int]] = []
    path = folder({f"{seed:03}.png": picture(seed) for seed in range(70)})
    open_data(path, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(64, 70), (70, 70)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"size": 0},
            "size is 0; expected one positive number .square. or height and width; "
            "give for example 64 or 48x64",
        ),
        ({"size": "12x"}, "size is '12x'"),
        ({"size": (1, 2, 3)}, "size is .1, 2, 3."),
        ({"size": True}, "size is True"),
        ({"size": 1.5}, "size is 1.5"),
        ({"channels": 0}, "channels must be a whole number, at least 1; got 0"),
        ({"fit": "zoom"}, "fit must be one of crop, pad, stretch, random; got 'zoom'"),
        ({"alpha": "pink"}, "alpha must be one of white, black, keep; got 'pink'"),
        ({"bits": 12}, "bits must be one of 8, 16; got 12"),
        ({"mirror": "yes"}, "mirror must be one of False, True; got 'yes'"),
        ({"unreadable": "drop"}, "unreadable must be one of refuse, skip; got 'drop'"),
        ({"subset": "train"}, "subset='train' with .*; expected a folder of IDX files"),
        (
            {"labels": "auot"},
            "labels is 'auot'; expected auto, folders, none, or a .json, .npy or IDX file of labels",
        ),
        ({"labels": "gone.json"}, "labels file gone.json cannot be read"),
        ({"sizes": 3}, "unknown image option sizes; expected size, channels, fit"),
    ],
)
def test_wrong_options_are_refused(picture: Make, folder: Make, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        open_data(folder({"a.png": picture()}), **changes)


def test_both_choices_are_said_at_once(picture: Make, folder: Make) -> None:
    path = folder({"a.png": picture(1, 20, 10, "L"), "b.png": picture(2, 12, 16), "c.txt": b""})
    found = open_data(path)
    assert found.image == (3, 8, 8)
    assert (
        "taken: --size 8x8, a power of two that all cover, images differ in channels, taken: --channels 3"
        in found.description
    )
    assert open_data(path, size=6).image == (3, 6, 6) and open_data(path, channels=1).image == (1, 8, 8)


def test_what_a_header_says_is_what_decoding_gives(picture: Make) -> None:
    from gancore.data.decode import decode, measure

    for mode in ("L", "LA", "RGB", "RGBA", "CMYK", "P", "1", "I;16"):
        content = picture(3, 8, 12, mode, "TIFF" if mode == "none" else "JPEG" if mode == "CMYK" else "PNG")
        raw, (height, width, color, alpha) = decode(content), measure(content)
        assert raw.pixels.shape == (height, width, (3 if color else 1) + alpha) and raw.alpha == alpha
    turned = picture(3, 8, 12, "RGB", "JPEG", exif=_turned())
    assert decode(turned).pixels.shape[:2] == measure(turned)[:2] == (12, 8)


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def test_images_of_a_dataset_that_differ_name_both_problems() -> None:
    items = [np.zeros((8, 8), np.uint8), np.zeros((8, 12, 3), np.uint8)]
    with pytest.raises(DataError, match=r"differ in size and channels: .*; give --size 8x8 --channels 3"):
        open_data([Image.fromarray(item) for item in items])
