"""Times several functions in turn and keeps only the rounds in which no other process took a core.

A process with two threads gets several times slower while another one takes a core, so absolute times mean
little on a shared machine: compare ratios of times taken in one round.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

FOREIGN = 0.08
"""A timing during which others used more than this share of one core is thrown away."""


def busy() -> float:
    """Seconds that all processors together have been busy since the machine started; 0 where the system does
    not say.
    """
    try:
        user, nice, system, _, _, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    except OSError:
        return 0.0
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def timed(
    function: Callable[[], object], clock: Callable[[], float] = time.perf_counter
) -> tuple[float, float]:
    """Seconds that a call takes, and the share of one core that others used meanwhile."""
    others = busy() - time.process_time()
    start = clock()
    function()
    seconds = clock() - start
    return seconds, (busy() - time.process_time() - others) / seconds


def interleaved(
    functions: Mapping[str, Callable[[], object]],
    rounds: int,
    *,
    warm_up: int = 3,
    limit: float = 600.0,
    foreign: float = FOREIGN,
    clock: Callable[[], float] = time.perf_counter,
) -> list[dict[str, float]]:
    """Seconds by name for each undisturbed round, until there are `rounds` of them or `limit` seconds are
    over.

    Every second round runs backwards, so that nobody always comes after the same one.
    """
    for _ in range(warm_up):
        for function in functions.values():
            function()
    kept: list[dict[str, float]] = []
    end, turn = time.perf_counter() + limit, 0
    while len(kept) < rounds and time.perf_counter() < end:
        turn += 1
        order = list(functions) if turn % 2 else list(reversed(list(functions)))
        results = {name: timed(functions[name], clock) for name in order}
        if all(taken <= foreign for _, taken in results.values()):
            kept.append({name: results[name][0] for name in functions})
    return kept


def ratios(kept: list[dict[str, float]], one: str, other: str) -> tuple[float, float]:
    """How much longer one takes than the other: the median of the rounds, and the fastest of each."""
    fastest = min(row[one] for row in kept) / min(row[other] for row in kept)
    return statistics.median(row[one] / row[other] for row in kept), fastest


def foreign_option(parser: argparse.ArgumentParser) -> None:
    """How much others may disturb a timing."""
    parser.add_argument(
        "--foreign", type=float, default=FOREIGN, help="share of a core that others may use during a timing"
    )


def timing_options(parser: argparse.ArgumentParser) -> None:
    """The same, and a clock that nobody disturbs."""
    foreign_option(parser)
    parser.add_argument(
        "--processor-time",
        action="store_true",
        help="time of the processor, of one thread, where the machine is not quiet",
    )
