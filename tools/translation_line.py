"""The translators side by side: each trained on emoji, and judged on pairs that it has not seen.

    python tools/translation_line.py --emoji FOLDER [--runs runs/translation] [--jobs 2] [--only NAME ...]
    [--seeds 0 1] [--images N] [--page FILE] [--train-only]

FOLDER holds google-64.zip and twitter-64.zip, the same emoji by two vendors under the same file names. Trains
what is not trained yet (about 8 minutes of one core a run; a run that was stopped goes on), judges, and
writes docs/translation-line.md with the values as JSON and a grid for each row in docs/translation-line/
(`--page` puts them elsewhere). Rows whose recipe no installed plugin offers are left out, and said;
`--images` makes all trainings short, for a trial.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import attrs
import torch
from families import DOCS, train_all
from torch import Tensor
from torch.nn.functional import interpolate

import gancore
from gancore.data import Data, Paired, open_data, open_pairs
from gancore.measure.evaluation import score_study
from gancore.measure.extractors.choose import default_extractor
from gancore.measure.frechet import Frechet
from gancore.measure.pairs import Pairs
from gancore.measure.score import Value
from gancore.measure.sets import DatasetImages
from gancore.measure.study import Study
from gancore.pictures.grid import save_grid, to_uint8
from gancore.runs.folder import RunFolder
from gancore.runs.opening import load_pipeline
from gancore.training.sample_grids import rgb

HELD_OUT = 100
SHOWN = 12
SEED = 0
"""Seed of what translators draw, whatever the seed of a training."""


def as_they_are(source: Tensor) -> Tensor:
    """The sources themselves, gray ones as RGB."""
    return rgb(source)


def bicubic(source: Tensor) -> Tensor:
    """Four times as large by bicubic interpolation, within [-1, 1]."""
    return interpolate(source, scale_factor=4, mode="bicubic", align_corners=False).clamp(-1, 1)


@attrs.frozen
class Task:
    """What is translated into what: words for the page, `reads` and `makes` of a batch, and what one would
    have without a network.
    """

    title: str
    reads: str = "source"
    makes: str = "target"
    size: int = 32
    source_from: str = ""
    without: str = "identity"
    plain: Callable[[Tensor], Tensor] = as_they_are


TASKS = {
    "forward": Task("Google → Twitter"),
    "backward": Task("Twitter → Google", reads="target", makes="source"),
    "larger": Task("Four times larger", size=64, source_from="smaller-4", without="bicubic", plain=bicubic),
    "color": Task("Gray → color", source_from="gray"),
}


@attrs.frozen
class Row:
    """The words of a training, and the tasks that its pipelines do, by the pipeline's name."""

    words: list[str]
    tasks: dict[str, str | None] = attrs.field(factory=lambda: {"forward": None})
    paired: bool = False
    init: str = ""

    @property
    def task(self) -> Task:
        """The first."""
        return TASKS[next(iter(self.tasks))]


def seen(images: int) -> list[str]:
    """The length of a training."""
    return ["--images", str(images)]


COLORS = '{part = "recolored", translator = {part = "unet", width = 32}}'
FALLING = '{part = "adam", lr = 4e-4, betas = [0.5, 0.99], schedule = {part = "cosine", end = 0.25}}'
ALONE = [
    f"--set={path}={value}"
    for path, value in {
        "generator": COLORS,
        "discriminator": '{part = "patchgan", width = 8, layers = 2}',
        "generator_optimizer": FALLING,
        "reads_source": "false",
        "adversarial": "0",
        "pixel_weight": "1",
        "perceptual": "perceptual",
        "perceptual_weight": "0.1",
        "batch": "16",
    }.items()
]
"""The translator and the distances of `colorize-small`, which learn alone all the time."""
BOTH: dict[str, str | None] = {"forward": None, "backward": "backward"}
ROWS = {
    "pix2pix": Row(["pix2pix-small", "--mirror", *seen(20_000)], paired=True),
    "pix2pix-without-discriminator": Row(
        ["pix2pix-small", "--mirror", "--set=adversarial=0", "--set=augment=no-augment", *seen(20_000)],
        paired=True,
    ),
    "cyclegan": Row(["cyclegan-small", *seen(6_000)], BOTH),
    "cut": Row(["cut-small", *seen(6_000)]),
    "unit": Row(["unit-small", *seen(15_000)], BOTH),
    "esrnet": Row(["esrnet-small", *seen(24_000)], {"larger": None}),
    "esrgan": Row(["esrgan-small", *seen(8_000)], {"larger": None}, init="esrnet"),
    "nogan": Row(["colorize-small", *seen(30_000)], {"color": None}),
    "nogan-without-discriminator": Row(["paired", *ALONE, *seen(30_000)], {"color": None}),
}
"""Presets as their plugins have them; `esrgan` goes on with the network of `esrnet`."""
SHARED = ["--hold-out", str(HELD_OUT), "--evaluate-every", "0", "--precision", "auto"]


def trainings(given: argparse.Namespace, *, later: bool) -> dict[str, list[str]]:
    """The arguments of each training by the name of its run: those that start anew, or those that go on with
    the network of another.
    """
    return {
        f"{name}-{seed}": arguments(row, seed, given)
        for seed in given.seeds
        for name, row in ROWS.items()
        if bool(row.init) is later and wanted(name, given)
    }


def wanted(name: str, given: argparse.Namespace) -> bool:
    """Whether the row is asked for and its recipe installed."""
    if given.only and name not in given.only:
        return False
    recipe = ROWS[name].words[0]
    known = recipe in gancore.list_parts("recipe").names
    if not known:
        print(f"{name}: no installed plugin offers the recipe {recipe}, so the row is left out", flush=True)
    return known


def arguments(row: Row, seed: int, given: argparse.Namespace) -> list[str]:
    """The words of one training; a trial's number of images goes last, and therefore counts."""
    one = [vendor(given, "google")]
    two = [*one, vendor(given, "twitter")]
    words = [*row.words, *SHARED, "--size", str(row.task.size), "--seed", str(seed)]
    words += ["--source-from", row.task.source_from] if row.task.source_from else []
    words += [word for place in (one if row.task.source_from else two) for word in ("--data", place)]
    words += ["--paired"] if row.paired else []
    words += ["--init", str(given.runs / f"{row.init}-{seed}")] if row.init else []
    return [*words, "--images", str(given.images)] if given.images else words


def vendor(given: argparse.Namespace, name: str) -> str:
    """The zip of one vendor's drawings."""
    return str(given.emoji / f"{name}-64.zip")


def held_out(task: Task, given: argparse.Namespace) -> dict[str, Tensor]:
    """The pairs that no training of the task has seen."""
    data: Data
    if task.source_from:
        data = open_pairs(vendor(given, "google"), task.source_from, size=task.size)
    else:
        one, other = (open_data(vendor(given, name), size=task.size) for name in ("google", "twitter"))
        data = Paired(one, other)
    unseen = data.split(HELD_OUT)[1]
    return unseen.rows(torch.arange(len(unseen)).numpy())


def judged(made: Tensor, target: Tensor) -> dict[str, Value]:
    """How close images are to their targets one by one, and as a set."""
    images, real = as_files(made), as_files(target)
    study = Study(images, real, default_extractor(real.image), pairs=(images, real))
    return score_study(study, [Pairs(), Frechet(allow_few=True)]).scores


def as_files(images: Tensor) -> DatasetImages:
    """The images as files hold them."""
    return DatasetImages(open_data(to_uint8(images).numpy(), layout="NCHW"))


def translations(name: str, given: argparse.Namespace) -> dict[str, Tensor]:
    """What the networks of a run make of the held-out images, by task."""
    row, made = ROWS[name.rpartition("-")[0]], {}
    for task, pipeline in row.tasks.items():
        source = held_out(TASKS[task], given)[TASKS[task].reads]
        made[task] = torch.cat(list(load_pipeline(given.runs / name, pipeline).apply(source, seed=SEED)))
    return made


def sheet(rows: dict[str, Tensor], task: Task, made: Tensor, path: Path) -> None:
    """Some of the held-out sources, what is made of them, and what they should be, three in a row."""
    chosen = torch.arange(SHOWN) * len(made) // SHOWN
    size = made.shape[2:]
    source = interpolate(rgb(rows[task.reads][chosen]), size=tuple(size))
    tiles = torch.stack([source, rgb(made[chosen]), rgb(rows[task.makes][chosen])], 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_grid(tiles.flatten(0, 1), path, columns=12)


def table(found: dict[str, dict[str, Value]]) -> str:
    """A line for each row; values with their standard errors."""
    titles = list(dict.fromkeys(title for values in found.values() for title in values))
    arrows = {"lower": " ↓", "higher": " ↑", "neither": ""}
    better = {title: next(v[title].better for v in found.values() if title in v) for title in titles}
    lines = ["| run | " + " | ".join(f"{title}{arrows[better[title]]}" for title in titles) + " |"]
    lines.append("|---" * (len(titles) + 1) + "|")
    for name, values in found.items():
        lines.append(f"| {name} | " + " | ".join(cell(values.get(title)) for title in titles) + " |")
    return "\n".join(lines)


def cell(value: Value | None) -> str:
    """A value and its standard error."""
    if value is None:
        return ""
    return f"{value.value:.4g}" + ("" if value.error is None else f" ± {value.error:.1g}")


def trained_as(name: str, given: argparse.Namespace) -> str:
    """What a run was, as a line of a table."""
    run = RunFolder(given.runs / name)
    end = run.log.of("finished")[-1]
    counts = ", ".join(f"{player} {count:,}" for player, count in run.facts["parameters"].items())
    return f"| {name} | {end['images']:,} | {end['seconds'] / 60:.1f} | {counts} |"


HEAD = """# The translators side by side

Made by `python tools/translation_line.py --emoji FOLDER`, which trains every row that it finds a recipe for
and judges it; `tools/translation_line.py` has every setting, and `--only` and `--seeds` make the page of
some. Each row is one run on one thread; the number behind a name is its seed. Minutes are upper bounds, as
the machine was doing other work. {held} pairs, the same for all rows of a task, were held out and are what
the tables are about. `MAE`, `PSNR`, `SSIM` and `feature distance` compare each image with the one that it
should be; `FD` compares the two sets, which are small, so its values are only comparable within a table. ± is
the standard error over images. ↓ lower is better, ↑ higher. Rows without a number are what there is without a
network. Both settings of Pix2Pix learn by the features that `feature distance` compares; these were trained
to be alike for the drawings of two vendors, so that the sources themselves are near. Of the translators
between vendors, `pix2pix` is given pairs; the others have both sets of drawings, but not which belongs to
which."""


def written(names: list[str], given: argparse.Namespace) -> str:
    """The whole page; pictures and values are put beside it."""
    folder = given.page.with_suffix("")
    made = {name: translations(name, given) for name in names}
    parts = [HEAD.format(held=HELD_OUT)]
    for key, task in TASKS.items():
        of_task = {name: several[key] for name, several in made.items() if key in several}
        if of_task:
            parts += section(key, task, of_task, folder, given)
    lines = ["| run | images seen | minutes | parameters |", "|---|---|---|---|"]
    parts += ["## Trainings", "\n".join([*lines, *(trained_as(name, given) for name in names)])]
    return "\n\n".join(parts) + "\n"


def section(
    key: str, task: Task, made: dict[str, Tensor], folder: Path, given: argparse.Namespace
) -> list[str]:
    """The table and the grids of one task."""
    rows = held_out(task, given)
    shown = {task.without: task.plain(rows[task.reads]), **made}
    found = {name: judged(images, rows[task.makes]) for name, images in shown.items()}
    parts = [f"## {task.title}", table(found), "Source, translation and target:"]
    for name, images in shown.items():
        path = folder / f"{key}-{name}.png"
        sheet(rows, task, images, path)
        parts.append(f"`{name}`\n\n![{name}]({folder.name}/{path.name})")
    values = {name: {title: attrs.asdict(v) for title, v in each.items()} for name, each in found.items()}
    (folder / f"{key}.json").write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    return parts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--emoji", type=Path, required=True)
    parser.add_argument("--runs", type=Path, default=Path("runs/translation"))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--only", nargs="*", default=[], choices=list(ROWS), metavar="NAME")
    parser.add_argument("--images", type=int, default=0)
    parser.add_argument("--page", type=Path, default=DOCS / "translation-line.md")
    parser.add_argument("--train-only", action="store_true")
    given = parser.parse_args()
    made = [trainings(given, later=later) for later in (False, True)]
    for several in made:
        train_all(several, given)
    if not given.train_only:
        torch.manual_seed(0)
        names = [name for several in made for name in several]
        given.page.write_text(written(names, given), encoding="utf-8")


if __name__ == "__main__":
    main()
