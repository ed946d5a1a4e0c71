import errno
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gancore.data import ImageOptions, Images, cache, fitting, open_data, packing
from gancore.errors import DataError

Make = Callable[..., Any]


@pytest.fixture
def photos(picture: Make, folder: Make) -> Path:
    path: Path = folder({f"{seed}.png": picture(seed) for seed in range(6)})
    return path


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the images that were decoded."""
    names: list[str] = []
    plain = fitting.fit_image

    def watched(raw: Any, options: Any, name: str) -> Any:
        names.append(name)
        return plain(raw, options, name)

    monkeypatch.setattr(packing, "fit_image", watched)
    return names


def all_rows(data: Images) -> torch.Tensor:
    return data.rows(np.arange(len(data)))["image"]


def entries(root: Path) -> list[Path]:
    return sorted(root.iterdir())


def test_images_are_decoded_once(photos: Path, decoded: list[str], cache_folder: Path) -> None:
    first = open_data(photos)
    assert len(decoded) == 6 and len(entries(cache_folder)) == 1
    second = open_data(photos)
    assert (
        len(decoded) == 6
        and torch.equal(all_rows(first), all_rows(second))
        and first.fingerprint == second.fingerprint
    )


def test_other_content_or_options_are_another_entry(
    photos: Path, picture: Make, decoded: list[str], cache_folder: Path
) -> None:
    prints = [open_data(photos).fingerprint, open_data(photos, size=4).fingerprint]
    (photos / "0.png").write_bytes(picture(99))
    prints.append(open_data(photos).fingerprint)
    (photos / "0.png").rename(photos / "9.png")
    prints.append(open_data(photos).fingerprint)
    assert len(set(prints)) == 4 and len(entries(cache_folder)) == 4 and len(decoded) == 24
    assert open_data(photos, mirror=True).fingerprint not in prints and len(decoded) == 24


def test_the_cache_can_be_off_or_elsewhere(photos: Path, cache_folder: Path, tmp_path: Path) -> None:
    off = open_data(photos, cache="off")
    assert entries(cache_folder) == []
    elsewhere = open_data(photos, cache=tmp_path / "mine")
    assert len(entries(tmp_path / "mine")) == 1 and entries(cache_folder) == []
    assert torch.equal(all_rows(off), all_rows(elsewhere)) and off.fingerprint == elsewhere.fingerprint


def test_large_entries_are_memory_mapped(
    photos: Path, decoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = all_rows(open_data(photos))
    monkeypatch.setattr(cache, "IN_MEMORY", 100)
    for options in (ImageOptions(), ImageOptions(size=(4, 4))):
        data = open_data(photos, options)
        assert isinstance(data.pixels.array.base, np.memmap) and not data.pixels.array.flags.writeable
    assert torch.equal(all_rows(open_data(photos)), small) and len(decoded) == 12


@pytest.mark.parametrize("damage", ["flip", "cut", "gone", "record", "shape", "types"])
def test_a_damaged_entry_is_made_again(
    photos: Path, decoded: list[str], cache_folder: Path, damage: str
) -> None:
    expected = all_rows(open_data(photos))
    entry = entries(cache_folder)[0]
    pixels, record = entry / "pixels.raw", entry / "record.json"
    content = bytearray(pixels.read_bytes())
    if damage == "flip":
        content[50] ^= 1
        pixels.write_bytes(content)
    elif damage == "cut":
        pixels.write_bytes(content[:-1])
    elif damage == "gone":
        pixels.unlink()
    elif damage == "record":
        record.write_text("{")
    else:
        table = json.loads(record.read_text())
        table.update({"shape": [6, 3, 8]} if damage == "shape" else {"shape": None, "dtype": 5})
        record.write_text(json.dumps(table))
    assert torch.equal(all_rows(open_data(photos)), expected) and len(decoded) == 12
    assert entries(cache_folder) == [entry] and len(open_data(photos)) == 6 and len(decoded) == 12


def test_skipped_images_are_remembered(photos: Path, decoded: list[str]) -> None:
    (photos / "3.png").write_bytes(b"bad")
    first, second = open_data(photos, unreadable="skip"), open_data(photos, unreadable="skip")
    assert first.skipped == second.skipped and first.names == second.names and len(decoded) == 5
    with pytest.raises(DataError, match="1 of 6 images cannot be read"):
        open_data(photos)


def test_a_failure_leaves_nothing_behind(photos: Path, picture: Make, cache_folder: Path) -> None:
    (photos / "5.png").write_bytes(picture(5, mode="I;16"))
    with pytest.raises(DataError, match="images differ in depth"):
        open_data(photos)
    with pytest.raises(KeyboardInterrupt):
        open_data(photos, size=4, bits=8, on_progress=interrupt)
    assert entries(cache_folder) == []


def interrupt(done: int, total: int) -> None:
    raise KeyboardInterrupt


class Full:
    """A disk with room for so many writes."""

    def __init__(self, file: Any, room: int) -> None:
        self.file, self.room = file, room

    def write(self, content: bytes) -> int:
        self.room -= 1
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written: int = self.file.write(content if self.room else content[:10])
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


@pytest.mark.parametrize("room", range(8))
def test_a_full_disk_falls_back_to_memory(
    photos: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    expected = all_rows(open_data(photos, cache="off"))
    plain = cache.Writer.__init__

    def limited(self: Any, root: Path, key: str) -> None:
        plain(self, root, key)
        self.file = Full(self.file, room)

    monkeypatch.setattr(cache.Writer, "__init__", limited)
    assert torch.equal(all_rows(open_data(photos)), expected)
    assert len(entries(cache_folder)) == (1 if room > 6 else 0)


@pytest.mark.parametrize("broken", ["_flush", "publish"])
def test_a_failing_commit_falls_back_to_memory(
    photos: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    expected = all_rows(open_data(photos, cache="off"))

    def fail(*_: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(cache if broken == "_flush" else cache.Writer, broken, fail)
    assert torch.equal(all_rows(open_data(photos)), expected) and entries(cache_folder) == []


def test_a_cache_that_cannot_be_written_falls_back_to_memory(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert (
        len(open_data(photos, cache=tmp_path / "file")) == 6
        and (tmp_path / "file").read_text() == "in the way"
    )


def test_leftovers_of_killed_processes_are_swept_after_a_day(photos: Path, cache_folder: Path) -> None:
    old, new = cache_folder / ".tmp-old", cache_folder / ".tmp-new"
    old.mkdir()
    new.mkdir()
    os.utime(old, (time.time() - 90_000,) * 2)
    open_data(photos)
    assert not old.exists() and new.exists()


def test_an_entry_written_by_someone_else_meanwhile_is_replaced_whole(
    photos: Path, cache_folder: Path
) -> None:
    open_data(photos)
    entry = entries(cache_folder)[0]
    record = json.loads((entry / "record.json").read_text())
    writer = cache.Writer(cache_folder, entry.name)
    content = np.frombuffer((entry / "pixels.raw").read_bytes(), dtype=np.uint8).reshape(record["shape"])
    for image in content:
        writer.append(image)
    writer.commit({key: record[key] for key in ("shape", "dtype", "skipped")})
    found = cache.load(cache_folder, entry.name)
    assert entries(cache_folder) == [entry] and found is not None and np.array_equal(found[0], content)


def test_the_default_folder_is_in_the_home(
    monkeypatch: pytest.MonkeyPatch, photos: Path, tmp_path: Path
) -> None:
    monkeypatch.delenv("GANCORE_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    open_data(photos)
    assert len(entries(tmp_path / ".cache" / "gancore")) == 1


def test_memory_that_does_not_suffice_is_told(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def empty(*_: Any, **__: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(np, "empty", empty)
    with pytest.raises(
        DataError,
        match=r"the decoded images need 0.0 GiB, more than memory; "
        r"give a cache folder with that much room, or a smaller size",
    ):
        open_data(photos, cache="off")
