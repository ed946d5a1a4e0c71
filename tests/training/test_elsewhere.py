"""Training and sampling on a system without what only Unix has: `fcntl`, `resource`, hang-ups, positioned
reads, guards when a file is opened, and folders that can be opened to flush them.
"""

import json
import os
import subprocess
import sys

import pytest

from gancore.errors import RunError
from gancore.runs.lock import locked
from gancore.storage import exclusive, files

POORER = """
import json, os, signal, sys
import torch, gancore.cli  # torch itself looks for what is hidden below

for name in [name for name in sys.modules if name.startswith("gancore")]:
    del sys.modules[name]
sys.modules["fcntl"] = sys.modules["resource"] = None
del signal.SIGHUP, os.O_NOFOLLOW, os.pread, os.pwrite, os.geteuid
opened = os.open

def open_no_folder(path, *rest, **more):
    if os.path.isdir(path) and not os.path.islink(path) and "dir_fd" not in more:
        raise PermissionError(13, "Permission denied", path)
    return opened(path, *rest, **more)

os.open = open_no_folder
from gancore.cli import run
sys.exit(max(run(words) for words in json.loads(sys.argv[1])))
"""
SMALL = "--size 16 --batch 16 --set generator.width=8 --set discriminator.width=8 --evaluate-every 0"


def poorer(folder, *commands):
    words = json.dumps([command.split() for command in commands])
    done = subprocess.run(
        [sys.executable, "-c", POORER, words], cwd=folder, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr


def test_trains_resumes_and_samples_without_what_only_unix_has(tmp_path):
    poorer(
        tmp_path,
        f"train dcgan {SMALL} --images 32 --output run",
        "train --resume run --images 64",
        "sample run --count 4 --output four.png",
    )
    assert (tmp_path / "four.png").stat().st_size > 100
    lines = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines if line.get("event") in ("resumed", "finished")] == [
        "resumed",
        "finished",
    ]
    assert lines[-1]["peak_memory_mb"] is None


def test_without_flock_a_byte_is_locked_far_from_the_content(tmp_path, monkeypatch):
    held = []

    class Windows:
        LK_NBLCK = 2

        @staticmethod
        def locking(file, mode, count):
            place = os.lseek(file, 0, os.SEEK_CUR)
            if place in held:
                raise OSError("Resource deadlock avoided")
            held.append(place)

    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", Windows)
    with open(tmp_path / ".lock", "a+") as file:
        assert exclusive.hold(file.fileno())
        assert not exclusive.hold(file.fileno())
        assert held == [exclusive.APART]
        file.write("12")
    assert (tmp_path / ".lock").read_text() == "12"


def test_a_lock_is_one_processs_alone(tmp_path):
    lock = tmp_path / ".lock"
    with (
        locked(tmp_path, lock),
        pytest.raises(RunError, match=f"by process {os.getpid()}"),
        locked(tmp_path, lock),
    ):
        pytest.fail("locked twice")


@pytest.mark.parametrize("folder", [True, False])
def test_what_cannot_be_flushed_is_an_error_but_for_folders(tmp_path, monkeypatch, folder):
    path = tmp_path / "it"
    path.mkdir() if folder else path.write_text("text")

    def refuse(handle):
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refuse)
    if folder:
        files.sync(path)
    else:
        with pytest.raises(OSError, match="Invalid argument"):
            files.sync(path)
