"""Ctrl-C and SIGTERM."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from runs import assert_same_end, begin, sources
from small import know_small_parts

from gancore.component.discovery import host, registry
from gancore.component.hooks import hookimpl
from gancore.runs.folder import RunFolder
from gancore.runs.log import Log
from gancore.training.loop import Stopped
from gancore.training.start import resume
from gancore.training.stopping import CODES, Stopping


@pytest.fixture(autouse=True, scope="module")
def known():
    know_small_parts()


@pytest.fixture(autouse=True)
def ctrl_c_is_heard():
    """Also where the tests themselves were started in the background, with Ctrl-C ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return sources(tmp_path_factory.mktemp("images"))


class At:
    """Does something when a step is done."""

    def __init__(self, step, action):
        self.step, self.action = step, action

    @hookimpl
    def gancore_stepped(self, run):
        if run.run.step == self.step:
            self.action()

    def __enter__(self):
        host().manager.register(self)

    def __exit__(self, *_):
        host().manager.unregister(self)


@pytest.fixture(autouse=True)
def not_ignored():
    """Under `nohup` a process ignores SIGHUP, and a training leaves it so."""
    ignored = [number for number in CODES if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
@pytest.mark.parametrize("step", [1, 7, 12])
def test_the_first_signal_saves_and_leaves_and_the_rest_follows_to_the_same_bits(
    images, tmp_path, number, code, step
):
    begin(images, tmp_path / "whole")
    with At(step, lambda: os.kill(os.getpid(), number)), pytest.raises(Stopped) as stopped:
        begin(images, tmp_path / "stopped")
    assert stopped.value.exit_code == code
    assert (
        str(stopped.value)
        == f"stopped at {4 * step} images; continue with `gancore train --resume {tmp_path / 'stopped'}`"
    )
    assert RunFolder(tmp_path / "stopped").checkpoints[0].name == f"{4 * step:08d}"
    assert Log.read(tmp_path / "stopped" / "log.jsonl")[-1]["event"] == "stopped"
    report = (tmp_path / "stopped" / "report.html").read_text()
    assert ">stopped</span>" in report and '<body class="report">' in report
    resume(tmp_path / "stopped")
    assert_same_end(tmp_path / "whole", tmp_path / "stopped")


def test_the_second_ctrl_c_ends_at_once_and_loses_no_checkpoint(images, tmp_path):
    begin(images, tmp_path / "whole")

    def twice():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with At(6, twice), pytest.raises(KeyboardInterrupt):
        begin(images, tmp_path / "run")
    assert RunFolder(tmp_path / "run").checkpoints[0].name == "00000016"
    resume(tmp_path / "run")
    assert_same_end(tmp_path / "whole", tmp_path / "run")


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Stopping() as stopping:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
            assert not stopping.asked
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_handlers_are_as_before(images, tmp_path):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    begin(images, tmp_path / "run")
    assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


def test_a_signal_after_the_last_step_does_not_matter(images, tmp_path):
    with At(16, lambda: os.kill(os.getpid(), signal.SIGINT)):
        assert begin(images, tmp_path / "run").images == 64


def test_one_of_several_processes_takes_an_echo_for_the_launchers(monkeypatch):
    with Stopping(shared=True) as stopping:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        assert stopping.asked and stopping.exit_code == 130
        stopping.since -= 10
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)


@pytest.mark.parametrize(
    ("number", "code", "seed"),
    [
        (signal.SIGTERM, 143, 0),
        *(
            pytest.param(n, c, s, marks=pytest.mark.slow)
            for n, c, s in [(2, 130, 1), (2, 130, 2), (15, 143, 3)]
        ),
    ],
)
def test_a_signal_at_a_random_time_from_outside(tmp_path, number, code, seed):
    if not any(o.cls.name == "gan" for o in registry().registrations("recipe")):
        pytest.skip("gancore-gan is not installed")
    folder = tmp_path / "run"
    words = [
        "gan",
        "--size",
        "8",
        "--images",
        "200000",
        "--batch",
        "8",
        "--checkpoint-every",
        "80",
        "--sample-every",
        "200000",
    ]
    command = [
        sys.executable,
        "-m",
        "gancore",
        "train",
        *words,
        "--report-every",
        "40",
        "--threads",
        "1",
        "--output",
        str(folder),
    ]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    deadline = time.monotonic() + 120
    while not (folder / "checkpoints").exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    time.sleep(random.Random(seed).uniform(0, 0.3))
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    assert "Traceback" not in said
    last = RunFolder(folder).checkpoints[0]
    assert (
        f"gancore: stopped at {int(last.name)} images; continue with `gancore train --resume {folder}`"
        in said
    )
    assert not list(folder.rglob("*.tmp"))
