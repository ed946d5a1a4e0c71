"""Memory that a process keeps when it is freed."""

import ctypes
import platform
import subprocess
import sys

import pytest

import gancore.cli
from gancore.allocator import keep_freed_memory

PROGRAM = """
import resource, sys
from gancore.allocator import keep_freed_memory

said = "keep" in sys.argv and keep_freed_memory()
for block in range(10):
    if block == 2:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    bytearray(48 << 20)
print(int(said), resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def pages(*words):
    """Whether the process said that it keeps memory, and the pages that it got for eight large blocks."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=True)
    return map(int, done.stdout.split())


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_freed_memory_is_used_again():
    said, given = pages("keep")
    assert said == 1
    assert given < 100
    assert list(pages())[1] > 8 * (48 << 20) // (64 << 10)  # pages have at most 64 KB


@pytest.mark.parametrize("trouble", [AttributeError("mallopt"), OSError("no file"), TypeError("no name")])
def test_another_c_library_is_left_alone(monkeypatch, trouble):
    def lacking(name):
        raise trouble

    monkeypatch.setattr(ctypes, "CDLL", lacking)
    assert keep_freed_memory() is False


def test_options_are_set_together_or_not_at_all(monkeypatch):
    """An older glibc refuses so large a threshold, and trims less well where it alone stays."""
    asked = []

    class Refusing:
        @staticmethod
        def mallopt(option, value):
            asked.append(option)
            return 0

    monkeypatch.setattr(ctypes, "CDLL", lambda name: Refusing)
    assert keep_freed_memory() is False
    assert asked == [-3]


def test_the_program_keeps_it_and_a_call_does_not(monkeypatch, capsys):
    called = []
    monkeypatch.setattr(gancore.cli, "keep_freed_memory", lambda: called.append(True))
    assert gancore.cli.run(["--version"]) == 0
    assert called == []
    with pytest.raises(SystemExit):
        gancore.cli.main(["--version"])
    assert called == [True]
