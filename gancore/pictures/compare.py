"""Several runs on one page, side by side."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from gancore.errors import RunError, UserError
from gancore.pictures.compared import SEED, Compared, essentials, groups, labels
from gancore.pictures.contest import contests
from gancore.pictures.differences import differences_table, distinct_names
from gancore.pictures.embed import data_uris
from gancore.pictures.final_scores import final_scores
from gancore.pictures.overview import overview
from gancore.pictures.page import Section, board, document, filled, items, reduced_note, said
from gancore.pictures.same_latents import draw, letters
from gancore.pictures.scores import read_evaluations
from gancore.pictures.sections import CLASSES, NEIGHBORS, PLATE_ROOM, alarm_list, legend, plate, plates
from gancore.pictures.series import page_data
from gancore.pictures.store import store
from gancore.pictures.timeline import GRIDS, Strip, slider, timelines, whole_grids
from gancore.pictures.verdict import verdict
from gancore.pictures.words import counted, flat
from gancore.runs.folder import RunFolder, SampleGrid, existing
from gancore.runs.layout import SAMPLES
from gancore.storage.inside import read_file

GRIDS_OF_ALL = 240
"""The maximum number of grids on a page, and of characters for them."""
GRID_CHARACTERS = 13_000_000


def write_comparison(
    runs: Sequence[Path | str | RunFolder],
    output: Path | str = "compare.html",
    *,
    samples: int = 16,
    seed: int = 0,
) -> Path:
    """Write one page that compares two or more runs, and return its path.

    One slider moves all sample timelines by the images seen; curves and scores are overlaid; final scores,
    protocols, recipes and settings are compared. `samples` new images of each run are drawn from the same
    `seed`; 0 draws none and does not import torch. The page is self-contained.

    Raises:
        UserError: fewer than two runs, or one given twice.
        RunError: a folder is not a run, or the page could not be written.
    """
    compared, output = _opened([Path(run) for run in runs]), Path(output)
    names = [one.name for one in compared]
    folders = [one.run for one in compared]
    page = document(
        title=f"{' · '.join(names)} · gancore",
        kind="compare",
        header=_header(compared),
        sections=_sections(compared, samples, seed),
        data=page_data(folders, names),
    )
    _make_folder(output.parent)
    store(output, page.encode("utf-8", errors="replace"))
    return output


def _opened(paths: Sequence[Path]) -> list[Compared]:
    if len(paths) < 2:
        raise UserError(
            f"a comparison needs at least two runs; got {len(paths)}; "
            "name their folders: gancore compare runs/0001-gan runs/0002-vae"
        )
    whole = [path.resolve() for path in paths]
    for index, path in enumerate(whole):
        if path in whole[:index]:
            raise UserError(f"{paths[index]} is given twice; name each run once")
    named = zip(distinct_names(whole), paths, strict=True)
    compared = [_compared(index, name, path) for index, (name, path) in enumerate(named)]
    for one, label in zip(compared, labels(compared), strict=True):
        one.label = label
    return compared


def _compared(index: int, name: str, path: Path) -> Compared:
    run = existing(path)
    if not run.recipe_file.is_file() and not run.log_file.is_file():
        raise RunError(
            f"{path} is not a run: it holds neither {run.recipe_file.name} nor {run.log_file.name}; "
            "give the folder that `gancore train` made"
        )
    evaluations, damaged = read_evaluations(run)
    return Compared(index, name, run, evaluations, run.missing + damaged)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"cannot make the folder {folder}: {error.strerror or error}; name a folder that can be written"
        ) from None


def _header(compared: Sequence[Compared]) -> str:
    return filled(
        "compare-header.html", count=len(compared), legend=legend([(one.name, one.label) for one in compared])
    )


def _sections(compared: Sequence[Compared], samples: int, seed: int) -> list[Section]:
    pairs = [(one.name, one.run) for one in compared]
    grids = _samples(compared)
    neighbors, torn = plates(pairs, "neighbors", NEIGHBORS)
    classes, also_torn = plates(pairs, "classes", CLASSES)
    missing = [f"{one.name}: {sentence}" for one in compared for sentence in one.missing] + torn + also_torn
    names = {one.index: one.name for one in compared}
    apart = differences_table(names, [essentials(one.run) for one in compared])
    rest = differences_table(names, [_surroundings(one.run) for one in compared])
    held = contests(groups(compared))
    return [
        Section("verdict", "Verdict", _verdict(*verdict(held, groups(compared)))),
        Section("missing", "Not here", items(missing), kind="missing"),
        Section(
            "differences",
            "What differs",
            apart or _equal("Recipes, settings and data are identical."),
            note="in recipe, settings and data" if apart else "",
        ),
        grids,
        Section("latents", "Same seed", _from_one_seed(compared, samples, seed)),
        Section("overview", "Overview", overview(compared)),
        Section("scores", "Scores", final_scores(compared, held)),
        Section(
            "curves",
            "Curves",
            board("curves-board", smoothing=True) if any(one.run.log.reports for one in compared) else "",
        ),
        Section("alarms", "Alarms", alarm_list([(one.name, one.run) for one in compared])),
        Section(
            "surroundings",
            "Surroundings",
            rest or _equal("Environment and parameters are identical."),
            note="where environment, parameters and records differ" if rest else "",
        ),
        Section("neighbors", "Nearest neighbors", neighbors),
        Section("classes", "Classes", classes),
        Section("again", "Reproduce these runs", _commands(compared)),
    ]


def _verdict(first: str, more: Sequence[str]) -> str:
    return f'<p class="verdict">{escape(first)}</p>{items(more, "more")}'


def _samples(compared: Sequence[Compared]) -> Section:
    each = min(GRIDS, max(4, GRIDS_OF_ALL // len(compared)))
    rows: dict[str, list[Strip]] = {}
    total = 0
    for index, one in enumerate(compared):
        grids, damaged = whole_grids(one.run)
        one.missing += damaged
        total += len(grids)
        for pipeline, chosen in timelines(grids, each).items():
            rows.setdefault(pipeline, []).append(Strip(one.title, index, chosen))
    shown: list[SampleGrid] = [grid for strips in rows.values() for strip in strips for grid in strip.grids]
    if not shown:
        return Section("samples", "Samples", "")
    sources, reduced = data_uris({grid.path: read_file(grid.path) for grid in shown}, GRID_CHARACTERS)
    titled = {name or ("samples" if len(rows) > 1 else ""): strips for name, strips in rows.items()}
    hint = f'<p class="hint">{escape(_about_seeds(compared))}</p>'
    return Section(
        "samples",
        "Samples",
        f"{hint}{slider(titled, sources)}{reduced_note(reduced, [f'{SAMPLES}/ of each run'])}",
        note=f"{counted(len(shown), total)} grids, over the training",
    )


def _about_seeds(compared: Sequence[Compared]) -> str:
    seeds = {one.name: one.run.settings_table.get("seed") for one in compared}
    if set(seeds.values()) == {None}:
        return (
            "No seed is known, so the runs may show different latents. One slider moves all "
            "timelines by the images seen."
        )
    if len(set(seeds.values())) > 1:
        told = ", ".join(f"{name}: {seed if seed is not None else 'unknown'}" for name, seed in seeds.items())
        return (
            f"Seeds differ ({told}), so each run shows different latents. One slider moves all "
            "timelines by the images seen."
        )
    return (
        "All runs have the same seed, so those with the same sampler and latent size show the "
        "same latents. One slider moves all timelines by the images seen."
    )


def _from_one_seed(compared: Sequence[Compared], count: int, seed: int) -> str:
    if count < 1:
        return ""
    drawn = [draw(one.run, count, seed) for one in compared]
    marks = letters(drawn)
    sources, _ = data_uris(
        {index: fresh.picture for index, fresh in enumerate(drawn) if fresh.picture}, PLATE_ROOM
    )
    notes = [
        f"latents {mark}: {fresh.words}" if mark else fresh.words
        for fresh, mark in zip(drawn, marks, strict=True)
    ]
    shown = "".join(
        plate(index, one.title, sources.get(index, ""), notes[index]) for index, one in enumerate(compared)
    )
    given = {mark for mark in marks if mark}
    same = (
        "All runs got the same latents."
        if len(given) == 1 and all(marks)
        else "Runs with the same letter got the same latents."
    )
    told = (
        f"{count} samples of each run in its final state, all drawn from seed {seed}. {same if given else ''}"
    )
    return f'<p class="hint">{escape(told)}</p><div class="plates">{shown}</div>'


def _surroundings(run: RunFolder) -> dict[str, object]:
    """What a run records besides its recipe, the settings that matter, and its data."""
    known = {name for name, _ in flat(essentials(run))} | {SEED}
    elsewhere = ("command", "gancore", "changes", "data", "effective")
    told = {name: value for name, value in run.facts.items() if name not in elsewhere}
    return {name: value for name, value in flat(told) if name not in known}


def _equal(sentence: str) -> str:
    return f'<p class="quiet-line"><span class="pill good">equal</span> {sentence}</p>'


def _commands(compared: Sequence[Compared]) -> str:
    found = [(index, one.name, one.run.command()) for index, one in enumerate(compared)]
    return "".join(
        filled("command.html", index=index, name=escape(name), command=said(command))
        for index, name, command in found
        if command
    )
