"""Words of the command line about latents and layers, as several verbs read them."""

import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from rich.status import Status
    from torch import Tensor

    from gancore.component.interfaces import Extractor, ImageShape
    from gancore.pipeline import Pipeline

MOST = 10_000


def numbers_of(option: str, words: str) -> list[int]:
    """Whole numbers written as `1,2,3` or `4-9`. Raises UserError naming the option."""
    from gancore.errors import UserError

    found: list[int] = []
    for word in words.split(","):
        first, dash, last = word.strip().partition("-")
        if (
            not first.isdecimal()
            or (dash and not last.isdecimal())
            or (dash and not int(first) <= int(last) < int(first) + MOST)
        ):
            raise UserError(f"{option} takes whole numbers, as 1,2,3 or 4-9; got {words!r}")
        found += range(int(first), int(last or first) + 1)
    return found


def layers_named(words: str, total: int) -> Collection[int]:
    """Layers written as coarse, middle, fine, or by their numbers. Raises UserError where there are none of
    that kind.
    """
    from gancore.errors import UserError
    from gancore.latent.mixing import BANDS, band_of

    if not total:
        raise UserError(
            "this generator reads one code for the whole image, so it has no layers to choose from; "
            "leave --layers out"
        )
    if words in BANDS:
        return band_of(words, total)
    if words[:1].isalpha():
        raise UserError(f"--layers takes {', '.join(BANDS)}, or numbers as 0-3; got {words!r}")
    found = numbers_of("--layers", words)
    if max(found) >= total:
        raise UserError(f"layer {max(found)} is none of the {total}; give numbers from 0 to {total - 1}")
    return found


def drawn(
    pipeline: "Pipeline", seeds: Sequence[int], label: int | None = None
) -> "tuple[Tensor, Tensor | None]":
    """The latent of each seed, that of `gancore sample --count 1 --seed …`, and their labels where there are
    any.
    """
    import torch

    mark = None if label is None else torch.tensor([label])
    latents, labels = zip(*(pipeline.draw(1, seed=seed, label=mark) for seed in seeds), strict=True)
    return torch.cat(latents), None if labels[0] is None else torch.cat(labels)


def loaded(run: Path, name: str | None = None) -> "Pipeline":
    """A run's pipeline that draws latents. Raises UserError where it translates images instead."""
    from gancore.errors import UserError
    from gancore.runs.opening import load_pipeline

    pipeline = load_pipeline(run, name)
    if pipeline.sampler is None:
        raise UserError(
            f"{pipeline.generator.qualified_name} translates images, so it has no latent space; "
            "give another run"
        )
    return pipeline


def chosen_extractor(name: str | None, image: "ImageShape") -> "Extractor":
    """The extractor of that name, or the usual one, for images of that shape. Raises as `build`, FitError
    where it reads others.
    """
    from gancore.component.specs import build
    from gancore.measure.extractors import default_extractor

    if name is None:
        return default_extractor(image)
    made = cast("Extractor", build({"part": name}, "extractor"))
    made.bind(by="the generator", facts={"image": tuple(image)})
    return made


@contextmanager
def progress(total: int, what: str = "images") -> Iterator[Any]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda n: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(what, total=total)
        yield lambda n: progress.advance(task, n)


def shown(pipeline: "Pipeline", code: "Tensor") -> "Iterator[Tensor]":
    """The images of codes `(N, *code_shape)`, some at a time and in order, beside a bar."""
    from gancore.latent.codes import rendered

    with progress(len(code)) as advance:
        for images in rendered(pipeline, code):
            yield images
            advance(len(images))


def waiting(text: str) -> "Status":
    """A line that moves on a terminal while something takes long, nothing elsewhere."""
    from rich.console import Console
    from rich.text import Text

    return Console(stderr=True).status(Text(text))
