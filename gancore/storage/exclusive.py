"""A lock on an open file, by what the system has for it. It ends with the process, however that ends."""

import os
from importlib import import_module

APART = 1 << 30
"""Where Windows locks a byte: its locks forbid reading too, and the content stays readable."""


def hold(file: int, *, shared: bool = False) -> bool:
    """Locks an open file for this process; says whether no other process had it locked. A shared lock goes
    together with other shared ones. A system with neither kind of lock has none, and the answer is yes.

    Raises:
        OSError: the file system has no locks.
    """
    try:
        return _flock(file, shared)
    except ImportError:
        pass
    try:
        return _locking(file)
    except ImportError:
        return True


def _flock(file: int, shared: bool) -> bool:
    fcntl = import_module("fcntl")
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _locking(file: int) -> bool:
    msvcrt = import_module("msvcrt")
    os.lseek(file, APART, os.SEEK_SET)
    try:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True
