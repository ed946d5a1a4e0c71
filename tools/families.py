"""The table of the families: each trained on two data sets, judged by every score, beside real images and
noise.

    python tools/families.py --fashion-mnist FOLDER --emoji SOURCE.zip TARGET.zip [--runs runs/families]
    [--jobs 2] [--only NAME ...]

Trains what is not trained yet (hours; a run that was stopped goes on), evaluates, checks itself, and writes
docs/families.md with the scores as JSON and a sample grid for each row in docs/families/. `--train-only`
stops after the trainings.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from gancore.data import ImageOptions, open_data
from gancore.measure.evaluation import Evaluation, score_study
from gancore.measure.extractors.choose import default_extractor
from gancore.measure.score import Score
from gancore.measure.sets import DatasetImages
from gancore.measure.standard import standard_scores
from gancore.measure.study import Study
from gancore.pictures.ranking import above_noise, places
from gancore.pictures.scores import Reading
from gancore.pictures.variety import without_variety
from gancore.runs.folder import RunFolder
from gancore.training.evaluating import EvaluationRequest, study_of_run

DOCS = Path(__file__).parents[1] / "docs"
SMALL_STYLE = [
    "--set",
    "generator.channels_max=32",
    "--set",
    "discriminator.channels_max=32",
    "--precision",
    "bf16",
]
TRANSLATORS = [
    f"--set=to_{side}.{size}" for side in ("target", "source") for size in ("width=32", "blocks=6")
]
FAMILIES: dict[str, list[str]] = {
    "cyclegan": [
        *TRANSLATORS,
        "--hold-out",
        "200",
        "--batch",
        "4",
        "--precision",
        "bf16",
        "--images",
        "30000",
    ],
    "stylegan": [*SMALL_STYLE, "--batch", "8", "--set", "generator.constant_spread=1", "--images", "150000"],
    "dcgan": ["--batch", "32", "--precision", "bf16", "--images", "200000"],
    "vae": ["--images", "200000"],
    "gan": ["--images", "400000"],
    "pca": [],
}
"""What each family is trained with, at 32×32."""


def runs(given: argparse.Namespace) -> dict[str, list[str]]:
    """The arguments of each training by the name of its run; the longest first."""
    gray = ["--data", str(given.fashion_mnist), "--subset", "train", "--size", "32"]
    pairs = ["--data", str(given.emoji[0]), "--data", str(given.emoji[1]), "--size", "32"]
    made = {"cyclegan-emoji": ["cyclegan", *FAMILIES["cyclegan"], *pairs]}
    for family in list(FAMILIES)[1:]:
        made[f"{family}-emoji"] = [family, *FAMILIES[family]]
        made[f"{family}-fashion"] = [family, *FAMILIES[family], *gray]
    return {name: words for name, words in made.items() if not given.only or name in given.only}


def trained(name: str, words: list[str], folder: Path, threads: int) -> None:
    """Trains one run to its end, from where it stands."""
    run = folder / name
    if RunFolder(run).log.finished:
        return
    command = (
        ["--resume", str(run)]
        if RunFolder(run).exists
        else [*words, "--threads", str(threads), "--output", str(run)]
    )
    with (folder / f"{name}.log").open("a") as log:
        done = subprocess.run(
            [sys.executable, "-m", "gancore", "train", *command], stdout=log, stderr=log, check=False
        )
    print(f"{name}: exit code {done.returncode}", flush=True)


def judged(
    folder: Path, name: str, given: argparse.Namespace, scores: Sequence[Score] | None = None
) -> Evaluation:
    """The scores of one run, without a choice all of them, kept beside it."""
    path = RunFolder(folder / name).score_file("families")
    if given.keep and path.exists():
        return Evaluation.load(path)
    count = None if name.startswith("cyclegan") else given.count
    study = study_of_run(
        folder / name, None, EvaluationRequest(**({} if count is None else {"count": count}))
    )
    return kept(path, study, scores)


def kept(path: Path, study: Study, scores: Sequence[Score] | None) -> Evaluation:
    """Evaluates, and writes the protocol to a file."""
    found = score_study(study, standard_scores() if scores is None else scores)
    found.save(path)
    print(f"{path}: {found.seconds:.0f} s", flush=True)
    return found


def anchors(
    kind: str, folder: Path, given: argparse.Namespace, scores: Sequence[Score] | None = None
) -> dict[str, Evaluation]:
    """Real images against other real ones, and noise against real ones: how low and how high a score can
    go.
    """
    if kind == "fashion":
        train, test = (
            open_data(str(given.fashion_mnist), ImageOptions(size="32", subset=part))
            for part in ("train", "test")
        )
        real, reference = DatasetImages(test, given.count), DatasetImages(train, given.count)
    else:
        whole = open_data("emoji")
        train, test = whole.split(len(whole) // 2)
        real, reference = DatasetImages(test), DatasetImages(train)
    rng = np.random.default_rng(0)
    noise = DatasetImages(
        open_data(rng.integers(0, 256, (len(real), *reference.image), dtype=np.uint8), layout="NCHW")
    )
    extractor = default_extractor(reference.image)
    return {
        "real": kept(
            folder / f"real-{kind}.json", Study(real, reference, extractor, training=reference), scores
        ),
        "noise": kept(
            folder / f"noise-{kind}.json", Study(noise, reference, extractor, training=reference), scores
        ),
    }


def check(found: dict[str, Evaluation], title: str) -> list[str]:
    """The table's check on itself: real against real is best, noise is worst, PCA lies between."""
    values = {
        name: evaluation.scores[title].value
        for name, evaluation in found.items()
        if title in evaluation.scores
    }
    middle = [v for name, v in values.items() if name not in ("real", "noise")]
    order = {"real is best": values["real"] < min(middle), "noise is worst": values["noise"] > max(middle)}
    order["pca lies between"] = values["real"] < values["pca"] < values["noise"]
    return [f"{title}: {claim}: {'yes' if holds else 'NO'}" for claim, holds in order.items()]


def table(found: dict[str, Evaluation]) -> str:
    """Scores down, families across; in bold the family that is the best of a score beyond doubt."""
    columns = [*(name for name in found if name not in ("real", "noise")), "real", "noise"]
    titles = list(dict.fromkeys(title for evaluation in found.values() for title in evaluation.scores))
    lines = ["| score | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for title in titles:
        entries = {name: found[name].scores.get(title) for name in columns}
        better = next(v.better for v in entries.values() if v is not None)
        arrow = {"lower": " ↓", "higher": " ↑", "neither": ""}[better]
        best = _best(title, found, [name for name in columns if name not in ("real", "noise")])
        cells = [
            "" if v is None else f"**{v.value:.4g}**" if n == best else f"{v.value:.4g}"
            for n, v in entries.items()
        ]
        lines.append(f"| {title}{arrow} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _best(title: str, found: dict[str, Evaluation], names: list[str]) -> str | None:
    """The family that a comparison of runs would call the best."""
    tables = [
        {score: Reading(v.value, v.error, v.better) for score, v in found[name].scores.items()}
        for name in names
    ]
    row = [table.get(title) for table in tables]
    noise = found["noise"].scores.get(title)
    ranked = places(row, [without_variety(title, table) for table in tables])
    return next(
        (
            name
            for name, place, reading in zip(names, ranked, row, strict=True)
            if above_noise(title, place, reading, noise and noise.value).kind == "best"
        ),
        None,
    )


def rows(folder: Path, names: list[str], pictures: Path, suffix: str = "") -> str:
    """What each run was, and its samples, which are put into a folder beside the page."""
    lines = [
        "| family | images seen | minutes | peak memory | parameters | alarms | samples |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in names:
        run = RunFolder(folder / name)
        log, parameters = run.log, run.facts["parameters"]
        end = log.of("finished")[-1]
        rung = ", ".join(f"{alarm.name} at {alarm.images:,}" for alarm in log.alarms) or "none"
        rung = rung if log.of("scores") else "not watched"
        counts = ", ".join(f"{player} {count:,}" for player, count in parameters.items())
        picture = sheet(run, pictures / f"{name}.png")
        cells = [
            name.removesuffix(suffix),
            f"{end['images']:,}",
            f"{end['seconds'] / 60:.1f}",
            f"{end['peak_memory_mb']} MB",
            counts,
            rung,
        ]
        lines.append("| " + " | ".join(cells) + f" | ![{name}]({pictures.name}/{picture.name}) |")
    return "\n".join(lines)


def sheet(run: RunFolder, target: Path) -> Path:
    """The run's last sheet of its first pipeline."""
    last = [grid for grid in run.samples if not grid.pipeline][-1].path
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.open(last).convert("RGB").save(target, optimize=True)
    return target


def written(folder: Path, given: argparse.Namespace) -> str:
    """The whole page; the scores of every row are put beside it."""
    parts = [HEAD]
    for kind, words in KINDS.items():
        if not (names := [n for n in runs(given) if n.endswith(kind)]):
            continue
        found = {n.removesuffix(f"-{kind}"): judged(folder, n, given) for n in names} | anchors(
            kind, folder, given
        )
        for name, evaluation in found.items():
            evaluation.save(DOCS / "families" / f"{name}-{kind}.json")
        title = next(t for t in found["real"].scores if t.startswith("FD["))
        checks = check(found, title)
        print("\n".join(checks), flush=True)
        parts += [
            f"## {words}",
            rows(folder, names, DOCS / "families", f"-{kind}"),
            table(found),
            "The table's check on itself: " + "; ".join(checks) + ".",
        ]
    return "\n\n".join(parts) + "\n"


KINDS = {"fashion": "Fashion-MNIST, 32×32 gray", "emoji": "Emoji, 32×32 RGB"}
HEAD = """# The families side by side

Made by `python tools/families.py --fashion-mnist FOLDER --emoji GOOGLE.zip TWITTER.zip`, which trains every
row, evaluates it, and checks the table: real images compared with other real ones must be best, noise worst,
and PCA in between. Each row is one run with one seed and one thread, two runs at a time on two cores that
were also doing other work, so the minutes are upper bounds. The scores of every row and their full protocol
(extractor and its hash, counts, seeds, weights, versions) are in `docs/families/*.json`. ↓ lower is better, ↑
higher. Values are comparable only within one table: they depend on the extractor and on the counts. On the
emoji the row `real` compares two halves of 864 images, all others compare with all 1,728; cyclegan translates
one vendor's drawings and is judged against the other's.

The row of noise shows a weakness of some scores: an extractor maps inputs unlike its training data to nearly
the same features, which may be close to some real image. Precision and density are then high, and noise even
counts as copies of a training image (`memorized`). Distances and recall are not affected; read the other
scores together with them. A family is in bold where it is better than every other by more than two standard
errors of the difference and better than noise; where no standard error is known, none is, and precision,
density and path length bold none whose recall is below 0.05."""


def options(about: str, folder: str) -> argparse.ArgumentParser:
    """The options of every tool that trains runs and lays them in a table."""
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("--fashion-mnist", type=Path, required=True)
    parser.add_argument("--runs", type=Path, default=Path(folder))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--train-only", action="store_true")
    return parser


def train_all(made: dict[str, list[str]], given: argparse.Namespace) -> None:
    """Trains what is not trained yet, `--jobs` runs at a time."""
    given.runs.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(given.jobs) as pool:
        list(pool.map(lambda item: trained(*item, given.runs, given.threads), made.items()))


def main() -> None:
    parser = options(__doc__, "runs/families")
    parser.add_argument("--emoji", type=Path, nargs=2, required=True)
    parser.add_argument("--keep", action="store_true", help="take the evaluations that are there")
    given = parser.parse_args()
    train_all(runs(given), given)
    if not given.train_only:
        torch.manual_seed(0)
        page = written(given.runs, given)
        (DOCS / "families.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
