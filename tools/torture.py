"""Gives hostile files of every kind to gancore, in large numbers, and tells how they end and what they cost.

    python tools/torture.py pictures archives configurations --count 500 --seed 1

Without names, all kinds are tried. Each case ends done, or refused with an error of gancore; whatever else
happens has fallen, and is printed with the seed that makes it again. Memory is what the case adds to its
process, time is that of the processor. Exits with 1 where a case fell or cost more than its kind may.
"""

import argparse
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from hostile.archives import archives
from hostile.configurations import configurations
from hostile.judging import Outcome, judge
from hostile.pictures import Made, altered, beyond, bombs, good, stuffed
from hostile.runs import altered_runs

from gancore.data import open_data

Case = tuple[str, Callable[[], Any]]
OPTIONS: dict[str, Any] = {"cache": "off", "unreadable": "skip", "size": 16, "channels": 3, "bits": 8}


@attrs.frozen
class Kind:
    """Cases from a seed, in a number, with files in a folder; what each may cost in MB and seconds."""

    cases: Callable[[np.random.Generator, int, Path], Iterator[Case]]
    megabytes: float
    seconds: float


def _pictures(made: Callable[[np.random.Generator, int], Iterable[Made]]) -> Any:
    def cases(rng: np.random.Generator, count: int, folder: Path) -> Iterator[Case]:
        for name, content in made(rng, count):
            (folder / name).write_bytes(content)
            (folder / "good.png").write_bytes(good())
            yield name, lambda: _holds_the_good_one(folder)
            (folder / name).unlink()

    return cases


def _headers(rng: np.random.Generator, count: int) -> Iterator[Made]:
    return ((name, make()) for name, make in {**beyond(), **stuffed(rng)}.items())


def _holds_the_good_one(folder: Path) -> str:
    data = open_data(folder, **OPTIONS)
    assert "good.png" in data.names, data.skipped
    return data.description


def _archives(rng: np.random.Generator, count: int, folder: Path) -> Iterator[Case]:
    for name, content in archives(rng, count):
        path = folder / name
        path.write_bytes(content)
        yield name, lambda path=path: open_data(path, **OPTIONS).description
        path.unlink()


def _runs(rng: np.random.Generator, count: int, folder: Path) -> Iterator[Case]:
    return altered_runs(rng, count, folder)


def _configurations(rng: np.random.Generator, count: int, folder: Path) -> Iterator[Case]:
    return configurations(rng, count)


KINDS = {
    "bombs": Kind(_pictures(lambda rng, count: bombs()), megabytes=1000, seconds=30),
    "headers": Kind(_pictures(_headers), megabytes=200, seconds=5),
    "pictures": Kind(_pictures(altered), megabytes=200, seconds=5),
    "archives": Kind(_archives, megabytes=200, seconds=5),
    "runs": Kind(_runs, megabytes=600, seconds=30),
    "configurations": Kind(_configurations, megabytes=1500, seconds=10),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    if unknown := sorted(set(asked.kinds) - set(KINDS)):
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(KINDS)}")
    warnings.simplefilter("ignore")
    print(
        "| kind | cases | done | refused | fallen | most memory | most time |\n|---|---|---|---|---|---|---|"
    )
    return max([_tried(name, asked.count, asked.seed) for name in asked.kinds or KINDS])


def _tried(name: str, count: int, seed: int) -> int:
    kind, found = KINDS[name], []
    with tempfile.TemporaryDirectory() as folder:
        for case, call in kind.cases(np.random.default_rng(seed), count, Path(folder)):
            found.append(judge(case, call))
    print(_row(name, found), flush=True)
    wrong = [o for o in found if o.fallen or o.megabytes > kind.megabytes or o.seconds > kind.seconds]
    for outcome in wrong:
        print(f"\n--seed {seed}: {outcome!a}", flush=True)
    return 1 if wrong else 0


def _row(name: str, found: list[Outcome]) -> str:
    ended = [sum(o.ending == ending for o in found) for ending in ("done", "refused")]
    fallen = sum(o.fallen for o in found)
    costs = f"{max(o.megabytes for o in found):.0f} MB | {max(o.seconds for o in found):.1f} s"
    return f"| {name} | {len(found)} | {ended[0]} | {ended[1]} | {fallen} | {costs} |"


if __name__ == "__main__":
    raise SystemExit(main())
