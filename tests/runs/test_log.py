import json
import math
import os
import resource
from pathlib import Path

import pytest
import torch

from gancore.errors import RunError
from gancore.runs.log import Log


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.jsonl"


def report(log, images, **scalars):
    log.write(
        step=images // 10,
        images=images,
        seconds=images / 100,
        scalars=scalars or {"generator/adversarial": 0.5},
    )


def counts(path):
    return [line.get("images", line.get("event")) for line in Log.read(path)]


def test_a_report_is_one_json_line(path):
    with Log(path) as log:
        log.write(
            step=3,
            images=30,
            seconds=1.23456,
            scalars={"generator/adversarial": torch.tensor(0.5), "epoch": 2},
        )
    assert (
        path.read_text()
        == '{"step": 3, "images": 30, "seconds": 1.235, "scalars": {"generator/adversarial": 0.5, "epoch": '
        "2.0}}\n"
    )
    assert Log.read(path) == [json.loads(path.read_text())]


def test_an_event_is_one_json_line(path):
    with Log(path) as log:
        log.event("warning", images=30, text="slow\nloader", ratio=math.inf, folder=Path("samples"))
    assert path.read_text().count("\n") == 1
    assert Log.read(path) == [
        {"event": "warning", "images": 30, "text": "slow\nloader", "ratio": "inf", "folder": "samples"}
    ]


def test_lines_are_there_as_soon_as_written(path):
    log = Log(path)
    report(log, 10)
    assert counts(path) == [10]
    report(log, 20)
    assert counts(path) == [10, 20]
    log.close()
    report(log, 30)
    assert counts(path) == [10, 20, 30]
    log.close()


def test_values_that_are_not_finite_come_back_from_valid_json(path):
    with Log(path) as log:
        report(log, 10, a=math.nan, b=math.inf, c=-math.inf, d=0.1)

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    json.loads(path.read_text(), parse_constant=refuse)
    a, b, c, d = Log.read(path)[0]["scalars"].values()
    assert math.isnan(a) and (b, c, d) == (math.inf, -math.inf, 0.1)


def test_a_log_that_is_not_there_has_no_lines(path):
    assert Log.read(path) == []
    Log(path).truncate(100)
    assert not path.exists()


@pytest.mark.parametrize("length", range(1, 40, 6))
def test_a_torn_last_line_is_ignored_then_removed(path, length):
    with Log(path) as log:
        report(log, 10)
        report(log, 20)
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second[:length])
    assert counts(path) == [10]
    with Log(path) as log:
        report(log, 30)
    assert counts(path) == [10, 30]


def test_a_log_of_one_torn_line_starts_anew(path):
    path.write_bytes(b'{"step": 1, "im')
    with Log(path) as log:
        report(log, 10)
    assert counts(path) == [10]


@pytest.mark.parametrize(
    "text", ["nonsense", "[1, 2]", '{"scalars": 3}', '{"scalars": {"a": "one"}}', "\ufffd{"]
)
def test_a_damaged_line_is_named(path, text):
    path.write_text(f'{{"step": 1}}\n{text}\n{{"step": 3}}\n', encoding="utf-8")
    with pytest.raises(
        RunError,
        match=r"log\.jsonl, line 2: expected one JSON object, found .*; remove that line and try again",
    ):
        Log.read(path)


def test_truncate_drops_what_came_after(path):
    with Log(path) as log:
        log.event("started")
        for images in (10, 20, 30):
            report(log, images)
            log.event("checkpoint", images=images)
        log.event("interrupted")
        log.truncate(20)
        assert counts(path) == ["started", 10, 10, 20, 20]
        report(log, 30)
    assert counts(path) == ["started", 10, 10, 20, 20, 30]


def test_truncate_keeps_lines_to_the_letter(path):
    with Log(path) as log:
        report(log, 10, a=1 / 3, b=math.nan, c=1e-30)
        log.event("warning", images=10, text="é \u2028 <b>")
    before = path.read_bytes()
    Log(path).truncate(10)
    assert path.read_bytes() == before


def test_truncate_to_zero_leaves_an_empty_log(path):
    with Log(path) as log:
        report(log, 10)
    Log(path).truncate(0)
    assert path.read_bytes() == b""


def test_truncate_is_whole_or_not_at_all(path, monkeypatch):
    with Log(path) as log:
        report(log, 10)
        report(log, 20)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        RunError,
        match=r"could not write .*log\.jsonl: No space left on device; the lines written so far are intact",
    ):
        Log(path).truncate(10)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_line_that_does_not_fit_leaves_nothing_of_itself(path):
    with Log(path) as log:
        report(log, 10)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, hard))
        try:
            with pytest.raises(
                RunError,
                match=r"could not write .*log\.jsonl: File too large; "
                r".* Free some space, then resume the run",
            ):
                report(log, 20)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert path.read_bytes().endswith(b"}}\n")
        report(log, 30)
    assert counts(path) == [10, 30]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(RunError, match=r"could not write .*log\.jsonl: No such file or directory"):
        report(Log(tmp_path / "nowhere" / "log.jsonl"), 10)


def test_file_names_that_are_no_text_are_kept(path):
    name = os.fsdecode(b"bad\xff.png")
    with Log(path) as log:
        log.event("warning", file=name)
    assert Log.read(path) == [{"event": "warning", "file": name}]
