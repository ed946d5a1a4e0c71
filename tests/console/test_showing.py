"""What a command shows of its progress, on a terminal and in a pipe, without waiting for it."""

import os
import pty
import subprocess
import sys
import time

import pytest

from gancore.console.showing import Lines, Task, drawn
from gancore.console.terminal import broken, say
from gancore.progress import counted, hushed, listening, silent, tell


def line(capsys, display):
    display.due = 0.0
    display.look()
    return capsys.readouterr().err


def test_a_pipe_gets_plain_lines_with_count_and_time_left(capsys):
    display = Lines()
    assert line(capsys, display) == "importing torch and the plugins, 0 s so far\n"
    display.told("images", 0, 400)
    display.task = display.task._replace(began=time.monotonic() - 30)
    assert line(capsys, display) == "images 0/400, 30 s so far\n"
    display.told("images", 100, 400)
    assert line(capsys, display) == "images 100/400, 1 min 30 s left\n"
    display.look()
    assert capsys.readouterr().err == "", "at most a line every few seconds"


def test_the_time_left_counts_from_where_a_task_began():
    assert Task("x", time.monotonic() - 10, first=90, done=95, total=100).left == pytest.approx(10, abs=0.5)
    assert Task("x", time.monotonic() - 10, first=90, done=90, total=100).left is None


def test_a_new_task_waits_until_it_is_long_and_a_second_pass_is_one(capsys):
    display = Lines()
    for done in (0, 5, 0):
        display.due = 0.0
        display.told("images", done, 5)
        assert (display.due > time.monotonic()) == (done == 0)
    display.due = 0.0
    display.told("", 0, 0)
    display.look()
    assert capsys.readouterr().err == ""


def test_what_is_said_takes_the_place_of_the_progress(capsys):
    display = Lines()
    with listening(display.told):
        tell("images", 3, 4)
        say("done")
    assert display.task.what == "" and capsys.readouterr().out == "done\n"


def test_long_lines_are_broken_between_words_on_a_terminal():
    line = "left out pairs: " + "word " * 30 + "x" * 60
    pieces = broken(line, 40).split("\n")
    assert " ".join(map(str.strip, pieces)) == line and all(len(p) <= 40 for p in pieces[:-1])
    assert broken(line, 0) == line and broken("short  line", 40) == "short  line"


def test_who_listens_hears_and_is_forgotten():
    heard = []
    with listening(lambda *words: heard.append(words)):
        assert list(counted(["ab", "c"], 3, what="letters")) == ["ab", "c"]
        with listening(tell), listening(silent):
            tell("nothing")
        with hushed():
            tell("nothing")
    tell("later")
    assert heard == [("letters", 0, 3), ("letters", 2, 3), ("letters", 3, 3), ("", 0, 0)]


@pytest.mark.parametrize("width", [20, 40, 80, 120])
def test_a_bar_keeps_count_and_time_left_at_any_width(width):
    what, bar = drawn(Task("emoji-1 features of " + "x" * 200, time.monotonic() - 5, 0, 50, 100), width)
    assert len(what) <= width and len(bar) <= width and "50/100 5 s left"[: width - 1] in bar
    assert len(drawn(Task("x" * 200, time.monotonic()), width)[0]) <= width


SLOW = """
import time
from gancore.console.showing import Bar, showing
from gancore.console.terminal import say
from gancore.progress import tell
Bar.patience = Bar.pause = Bar.tick = 0.01
with showing():
    tell("working", 1, 2)
    time.sleep(0.5)
    say("found")
"""


def test_a_terminal_shows_a_bar_that_leaves_no_trace():
    terminal, end = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", SLOW], stderr=end, stdout=subprocess.PIPE, text=True)
    out = process.communicate(timeout=60)[0]
    os.close(end)
    seen = os.read(terminal, 1 << 16).decode(errors="replace")
    os.close(terminal)
    assert out == "found\n" and "working" in seen and "1/2" in seen
