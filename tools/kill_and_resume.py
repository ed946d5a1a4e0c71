"""Kills a training with SIGKILL at random moments, resumes it each time, and compares the end with that of an
undisturbed run, bit by bit.

    python tools/kill_and_resume.py --kills 20 -- dcgan --size 16 --set generator.width=8 --set
    discriminator.width=8 \
        --set augment=diffaugment --set 'regularizers=[{part="r1", every=4}]' --images 1600 --batch 16
        --checkpoint-every 160

What follows `--` goes to `gancore train`, which runs on one thread. Compared are the tensors and counters of
the last checkpoint, the pipeline, the reported scalars and the sample grids. A part of the kills waits for
something to be half-written. Exits with 1 when a bit differs or a committed checkpoint is lost.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
from safetensors.numpy import load_file

from gancore.runs.folder import RunFolder
from gancore.storage.manifest import check_manifest

POLL = 0.001
PATIENCE = 600.0
"""Seconds after which a training that does not end counts as hung."""


@attrs.define
class Count:
    """What is reported."""

    kills: int = 0
    inside_a_write: int = 0
    lost: int = 0
    runs: int = 0
    identical: int = 0

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.inside_a_write} inside a write; "
            f"{self.identical} of {self.runs} runs bit-identical; "
            f"{self.lost} committed checkpoints lost"
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--kills-a-run", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("words", nargs="+", help="after --: what gancore train is given")
    given = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="kill-and-resume-"))
    try:
        return torture(place, given.words, given.kills, given.kills_a_run, random.Random(given.seed))
    finally:
        shutil.rmtree(place, ignore_errors=True)


def torture(place: Path, words: list[str], kills: int, kills_a_run: int, rng: random.Random) -> int:
    """One undisturbed run, then disturbed ones until enough were killed."""
    began = time.monotonic()
    finish(start(place / "whole", words))
    seconds = RunFolder(place / "whole").log.lines[-1]["seconds"]
    print(f"undisturbed: {seconds:.1f} s of training, {time.monotonic() - began:.1f} s in all", flush=True)
    count, differences = Count(), []
    while count.kills < kills:
        folder = place / f"run-{count.runs}"
        for _ in range(min(kills_a_run, kills - count.kills)):
            kill_once(folder, words, rng, seconds / kills_a_run * 1.6, count)
        finish(start(folder, words))
        found = list(differing(place / "whole", folder))
        count.runs += 1
        count.identical += not found
        differences += [f"run {count.runs}: {name}" for name in found]
        print(count, flush=True)
        shutil.rmtree(folder)
    for line in differences:
        print("DIFFERENT", line)
    return int(bool(differences) or count.lost > 0)


def start(folder: Path, words: list[str]) -> "subprocess.Popen[bytes]":
    """Begins the run, or goes on with it where it has begun."""
    if RunFolder(folder).exists:
        how = ["--resume", str(folder)]
    else:
        shutil.rmtree(folder, ignore_errors=True)
        how = [*words, "--threads", "1", "--output", str(folder)]
    command = [sys.executable, "-m", "gancore", "train", *how]
    return subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"})


def finish(process: "subprocess.Popen[bytes]") -> None:
    """Waits for a training that nobody disturbs."""
    _, said = process.communicate(timeout=PATIENCE)
    if process.returncode:
        raise SystemExit(f"the training failed with {process.returncode}: {said.decode(errors='replace')}")


def kill_once(folder: Path, words: list[str], rng: random.Random, span: float, count: Count) -> None:
    """Kills after a random time from the first moment on, or at the next write after it; checks what is
    left.
    """
    before = newest(folder)
    process = start(folder, words)
    wait_for(process, lambda: RunFolder(folder).holder == process.pid)
    until, at_a_write = time.monotonic() + rng.uniform(0, span), rng.random() < 0.4
    seen = before
    while process.poll() is None and (
        time.monotonic() < until or (at_a_write and not RunFolder(folder).half_written)
    ):
        seen = max(seen, newest(folder))
        time.sleep(POLL)
    ended = process.poll() is not None
    process.kill()
    _, said = process.communicate()
    if ended and process.returncode:
        raise SystemExit(f"the training failed with {process.returncode}: {said.decode(errors='replace')}")
    count.kills += not ended
    count.inside_a_write += not ended and bool(RunFolder(folder).half_written)
    count.lost += newest(folder) < seen
    for path in RunFolder(folder).checkpoints:
        check_manifest(path)


def wait_for(process: "subprocess.Popen[bytes]", ready: Callable[[], bool]) -> None:
    """Until it is ready, or the process has ended."""

    while process.poll() is None and not ready():
        time.sleep(POLL)


def newest(folder: Path) -> int:
    """The images of the newest committed checkpoint, -1 for none."""
    return max((int(p.name) for p in RunFolder(folder).checkpoints), default=-1)


def differing(whole: Path, other: Path) -> Iterator[str]:
    """What differs between two runs that ought to be the same."""
    run = RunFolder(whole)
    last = run.checkpoint(newest(whole)).relative_to(whole)
    older = {file for path in run.checkpoints[1:] for file in path.iterdir()}
    files = {*whole.rglob("*.safetensors"), *(grid.path for grid in run.samples)} - older
    for name in (str(file.relative_to(whole)) for file in sorted(files)):
        if not (other / name).is_file():
            yield f"{name} is missing"
        elif name.endswith(".png"):
            if (whole / name).read_bytes() != (other / name).read_bytes():
                yield name
        else:
            yield from (f"{name}: {key}" for key in differing_tensors(whole / name, other / name))
    if scalars(whole) != scalars(other):
        yield "the scalars of the log"
    mine, theirs = (counters(f / last / "state.json") for f in (whole, other))
    if mine != theirs:
        yield f"{last}/state.json"


def differing_tensors(one: Path, other: Path) -> Iterator[str]:
    """Names of tensors whose bits differ."""
    mine, theirs = load_file(one), load_file(other)
    for name in sorted(mine.keys() | theirs.keys()):
        if name not in mine or name not in theirs or mine[name].tobytes() != theirs[name].tobytes():
            yield name


def scalars(folder: Path) -> list[object]:
    """The reports, without the time they were made at."""
    return [{k: v for k, v in line.items() if k != "seconds"} for line in RunFolder(folder).log.reports]


def counters(path: Path) -> object:
    """The counters of a checkpoint, without the time."""
    return {k: v for k, v in json.loads(path.read_text(encoding="utf-8")).items() if k != "seconds"}


if __name__ == "__main__":
    sys.exit(main())
