"""Strips of images that move along a direction."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from gancore.errors import UserError
from gancore.latent.codes import load_code
from gancore.latent.direction_file import DirectionSet
from gancore.latent.editing import edited_code, edited_latent
from gancore.latent.inversion import render_inverted
from gancore.latent.mixing import layers_of
from gancore.latent.wanted_label import Wanted
from gancore.pictures.captions import Captions
from gancore.progress import Progress, tell
from gancore.verbs.loading import Run, drawn, with_latents
from gancore.verbs.outputs import check_picture
from gancore.verbs.pictures import Images, origin, written
from gancore.verbs.words import Numbers, layers_named, numbers_of, several

FAR = 100.0
"""Standard deviations; images degrade long before that."""


def edit(
    run: Run,
    *,
    directions: Path | str | DirectionSet,
    index: Numbers = 0,
    from_: float = -3.0,
    to: float = 3.0,
    steps: int = 7,
    layers: Numbers | None = None,
    seeds: Numbers | None = None,
    code: Path | str | Sequence[Path | str] | None = None,
    label: Wanted | None = None,
    truncation: float = 1.0,
    pipeline: str | None = None,
    device: str | None = None,
    output: Path | str | None = None,
    progress: Progress = tell,
) -> Images:
    """Moves images along directions, one strip each.

    Args:
        run: folder of a run, checkpoint, saved pipeline or import; or a `Pipeline`.
        directions: the result of `directions`, or the file it wrote.
        index: index of the direction; "0-3" for several, one row each.
        from_: leftmost shift, in standard deviations; `--from` on the command line.
        to: rightmost shift.
        steps: images per strip.
        layers: layers to move: coarse, middle, fine, or numbers such as "2-5"; default: all.
        seeds: seeds of the images to edit, e.g. [1, 2, 3] or "4-9"; default: 0.
        code: codes written by `invert`, to start from.
        label: class of the images from `seeds`, its name, or a row of numbers; default: drawn as in the data.
        truncation: of the images from `seeds`: 1 for none; values closer to 0 move them toward the mean.
        pipeline: which one, if the run has several, e.g. `backward`; default: the first.
        device: auto, cpu, cuda, cuda:1 or mps; default: cpu, or where a given `Pipeline` is.
        output: FILE.png for the strips; default: nothing is written.
        progress: called as `progress(what, done, total)`.

    Raises:
        UserError: options conflict, or a direction, layer or code does not exist.
        RunError: the folder holds no pipeline.
    """
    if output is not None:
        check_picture(Path(output))
    codes = [] if code is None else several(code)
    no_seeds = seeds is None or seeds == ""
    if codes and no_seeds:
        _check_codes_alone(label, truncation)
    _check_strip(from_, to, steps)
    found = directions if isinstance(directions, DirectionSet) else None
    chosen = with_latents(run, pipeline, device)
    found = found or DirectionSet.load(Path(str(directions)))
    only = None if layers is None else layers_named(layers, layers_of(chosen.generator.code_shape))
    amounts = torch.linspace(from_, to, steps, dtype=torch.float64).tolist()
    numbers = numbers_of("--index", index)
    starts = [] if codes and no_seeds else numbers_of("--seeds", 0 if no_seeds or seeds is None else seeds)

    def strips() -> Iterator[Tensor]:
        for number in numbers:
            for seed in starts:
                latent, mark = drawn(chosen, [seed], label)
                moved = edited_latent(
                    chosen, found, number, amounts, latent, mark, layers=only, truncation=truncation
                )
                yield render_inverted(chosen, moved)
            for file in codes:
                pivot, noise = load_code(Path(file), chosen)
                moved = edited_code(chosen, found, number, amounts, pivot, layers=only)
                yield render_inverted(chosen, moved, noise)

    rows: list[Tensor] = []
    total = len(numbers) * (len(starts) + len(codes))
    progress("moving images", 0, total)
    for row in strips():
        rows.append(row)
        progress("moving images", len(rows), total)
    begun = [*(f"seed {seed}" for seed in starts), *(Path(file).stem for file in codes)]
    captions = Captions(
        rows=[f"direction {number} · {start}" for number in numbers for start in begun],
        columns=[f"{amount:+.3g} sd" for amount in amounts],
    )
    texts = origin(run, ",".join(map(str, starts)))
    return written(Images(images=torch.cat(rows), columns=steps, captions=captions, texts=texts), output)


def _check_strip(start: float, end: float, steps: int) -> None:
    if not (abs(start) <= FAR and abs(end) <= FAR):
        raise UserError(
            f"--from and --to must be between {-FAR:g} and {FAR:g} standard deviations; "
            f"got {start:g} and {end:g}"
        )
    if steps < 2:
        raise UserError(f"--steps must be at least 2 (images per strip); got {steps}")


def _check_codes_alone(label: Wanted | None, truncation: float) -> None:
    if label is not None or truncation != 1:
        option = "--truncation" if label is None else "--label"
        raise UserError(
            f"{option} applies to the images of --seeds, not to a --code; omit it, or give --seeds too"
        )
