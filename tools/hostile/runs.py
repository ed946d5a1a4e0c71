"""Runs from elsewhere: one or two of their files were altered, or are links, pipes or devices."""

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import gancore
from gancore.errors import GancoreError
from gancore.runs.folder import RunFolder
from gancore.storage.manifest import write_manifest

Case = tuple[str, Callable[[], Any]]
ODD: tuple[Any, ...] = (
    float("inf"), float("nan"), 10**400, 2**64, 10**15, -1, 0, 1.5, True, None, "", "x" * 70_000,
    "\x1b[2J\x1b]0;owned\x07", "../../..", "/etc/passwd", "<script>alert(1)</script>", [], {}, [[]], [2**64],
    [-1], {"part": "x"}, ["../../outside"], {"a": {"b": {}}},
)  # fmt: skip
ESCAPE = "\x1b"
PRECIOUS = "words of the user\n"


def trained(folder: Path) -> Path:
    """A small run with checkpoints, samples and a pipeline."""
    images = np.random.default_rng(0).integers(0, 256, (16, 3, 16, 16), np.uint8)
    np.save(folder / "images.npy", images)
    sizes = {"generator.width": 4, "discriminator.width": 4}
    often = {"images": 32, "batch": 8, "checkpoint_every": 16, "evaluate_every": 0}
    gancore.train("dcgan", folder / "images.npy", output=folder / "run", set=sizes, **often)
    return folder / "run"


def altered_runs(rng: np.random.Generator, count: int, folder: Path) -> Iterator[Case]:
    """Copies of one run, each with something else in it."""
    whole = trained(folder)
    for number in range(count):
        work = folder / f"case{number}"
        work.mkdir()
        run = shutil.copytree(whole, work / "run")
        (work / "outside").write_text(PRECIOUS)
        said = [
            _pick(rng, (_bytes, _field, _field, _entry, _entry))(rng, run, work)
            for _ in range(1 + number % 2)
        ]
        yield "; ".join(said), lambda run=run, work=work: used(run, whole, work)
        shutil.rmtree(work, ignore_errors=True)


def used(run: Path, other: Path, work: Path) -> str:
    """Does everything with a run; says how much was refused. What leaves the run, or escapes, is an error."""
    refused = []
    for verb in _verbs(run, other, work):
        try:
            verb()
        except GancoreError as error:
            refused.append(str(error))
    assert not any(ESCAPE in said or len(said) > 3000 for said in refused), refused
    assert (work / "outside").read_text() == PRECIOUS, "the file outside was written"
    pages = [
        page
        for page in (run / "report.html", work / "compared.html")
        if page.is_file() and not page.is_symlink()
    ]
    for page in pages:
        text = page.read_text(encoding="utf-8", errors="replace")
        assert ESCAPE not in text and "<script>alert" not in text, f"{page.name} holds what a file chose"
    return f"{len(refused)} refused"


def _verbs(run: Path, other: Path, work: Path) -> list[Callable[[], Any]]:
    facts = RunFolder(run)
    return [
        lambda: gancore.load(run).sample(1, seed=0),
        lambda: gancore.sample(run, count=1, output=work / "samples"),
        lambda: gancore.report(run),
        lambda: gancore.compare([run, other], output=work / "compared.html"),
        lambda: gancore.list_runs(work),
        lambda: gancore.export(run, format="pipeline", output=work / "exported"),
        lambda: [
            getattr(facts, name) for name in ("samples", "scores", "best", "missing", "unreadable", "holder")
        ],
        lambda: facts.command(),
        lambda: gancore.resume(run, images=40),
        lambda: gancore.report(run),
    ]


def _files(run: Path) -> list[Path]:
    return sorted(path for path in run.rglob("*") if path.is_file() and not path.is_symlink())


def _bytes(rng: np.random.Generator, run: Path, work: Path) -> str:
    path = _pick(rng, _files(run))
    content = bytearray(path.read_bytes() or b"\0")
    for place in rng.integers(0, len(content), rng.integers(1, 9)):
        content[place] = rng.integers(256)
    path.write_bytes(content[: rng.integers(len(content))] if rng.random() < 0.3 else content)
    return f"bytes of {path.relative_to(run)}{_sealed(rng, path)}"


def _field(rng: np.random.Generator, run: Path, work: Path) -> str:
    """Another value for a key, in JSON or TOML."""
    path = _pick(rng, [p for p in _files(run) if p.suffix in (".json", ".jsonl", ".toml")])
    value = _pick(rng, ODD)
    if path.suffix == ".toml":
        lines = path.read_text().splitlines()
        at = _pick(rng, [i for i, line in enumerate(lines) if " = " in line] or [0])
        lines[at] = f"{lines[at].partition(' = ')[0]} = {_toml(value)}"
        path.write_text("\n".join(lines))
        return f"{path.relative_to(run)}: {lines[at][:80]!r}"
    with contextlib.suppress(ValueError):
        rows = [json.loads(line) for line in path.read_text().splitlines()] if path.suffix == ".jsonl" else []
        rows = rows or [json.loads(path.read_text())]
        where = _replace(rng, _pick(rng, rows), value)
        path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
        return f"{path.relative_to(run)}: {where} is {type(value)!s}{_sealed(rng, path)}"
    return f"{path.relative_to(run)} could not be altered"


def _replace(rng: np.random.Generator, table: Any, value: Any) -> str:
    if not isinstance(table, dict | list) or not table:
        return "nothing"
    key = _pick(rng, list(table) if isinstance(table, dict) else range(len(table)))
    if isinstance(table[key], dict | list) and table[key] and rng.random() < 0.7:
        return f"{key}.{_replace(rng, table[key], value)}"
    table[key] = value
    return str(key)


def _entry(rng: np.random.Generator, run: Path, work: Path) -> str:
    """A link, a pipe, a device or a folder in place of a file or folder, there or not."""
    places = [*(path for path in run.rglob("*")), run / "best.json", run / "unreadable.tsv", run / "scores"]
    path = _pick(rng, sorted(places))
    kind = _pick(rng, ("link", "hard link", "pipe", "device", "folder", "gone", "dangling"))
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    if not path.parent.is_dir():
        return f"nothing at {path.relative_to(run)}"
    {
        "link": lambda: path.symlink_to(work / "outside"),
        "dangling": lambda: path.symlink_to(work / "nowhere"),
        "hard link": lambda: os.link(work / "outside", path),
        "pipe": lambda: os.mkfifo(path),
        "device": lambda: path.symlink_to("/dev/zero"),
        "folder": path.mkdir,
        "gone": lambda: None,
    }[kind]()
    return f"{kind} at {path.relative_to(run)}"


def _sealed(rng: np.random.Generator, path: Path) -> str:
    """Often the manifest is made to fit again, as somebody who means harm would."""
    if (path.parent / "manifest.json").is_file() and path.name != "manifest.json" and rng.random() < 0.8:
        with contextlib.suppress(OSError):
            write_manifest(path.parent)
            return ", sealed"
    return ""


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + "}"
    return "''" if value is None else json.dumps(value).replace("Infinity", "inf").replace("NaN", "nan")


def _pick(rng: np.random.Generator, several: Any) -> Any:
    return several[int(rng.integers(len(several)))]
