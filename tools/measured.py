"""The "Measured" table and pictures of a README, from runs that have ended.

    python tools/measured.py RUN [RUN ...] --pictures plugins/gancore-dcgan/pictures

Prints a row for each run: the command, images seen, minutes and peak memory from the run's own records, and
the scores of tools/score.py. With --pictures the last sheets of each run are written there, named after the
run, in 256 colors.
"""

import argparse
from pathlib import Path

from PIL import Image
from score import judge

from gancore.runs.folder import RunFolder

HEAD = (
    "| run | images | minutes | peak memory | Fréchet distance, "
    "untrained → trained (ratio) |\n|---|---|---|---|---|"
)


def row(run: Path, count: int) -> str:
    folder = RunFolder(run)
    finished = folder.log.finished
    if finished is None:
        raise SystemExit(
            f"{run} has not ended yet; wait for it, or resume it with `gancore train --resume {run}`"
        )
    scores = judge(run, count)
    distance = f"{scores['trained']:.1f}, no untrained state"
    if "untrained" in scores:
        distance = f"{scores['untrained']:.1f} → {scores['trained']:.1f} ({scores['ratio']:.3f})"
    cells = (
        finished["images"],
        f"{finished['seconds'] / 60:.1f}",
        f"{finished['peak_memory_mb']} MB",
        distance,
    )
    return f"| `{folder.command()}` | " + " | ".join(map(str, cells)) + " |"


def pictures(run: Path, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    grids = RunFolder(run).samples
    newest = max(grid.images for grid in grids)
    written = []
    for grid in (g for g in grids if g.images == newest):
        target = folder / f"{run.name}{grid.pipeline and '-'}{grid.pipeline}.png"
        Image.open(grid.path).convert("RGB").quantize(256).save(target, optimize=True)
        written.append(target)
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--pictures", type=Path)
    given = parser.parse_args()
    print(HEAD)
    for run in given.runs:
        print(row(run, given.count), flush=True)
        if given.pictures:
            print("\n".join(f"<!-- {path} -->" for path in pictures(run, given.pictures)))


if __name__ == "__main__":
    main()
