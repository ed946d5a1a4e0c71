"""A grid of images whose layers read codes from two different images."""

from collections.abc import Collection
from pathlib import Path

import torch
from torch import Tensor

from gancore.errors import UserError
from gancore.latent.codes import codes_of, rendered
from gancore.latent.mixing import BANDS, layers_of, mixing_table
from gancore.latent.wanted_label import Wanted
from gancore.pictures.captions import Captions
from gancore.pipeline import Pipeline
from gancore.progress import Progress, counted, tell
from gancore.verbs.loading import Run, drawn, with_latents
from gancore.verbs.outputs import check_picture
from gancore.verbs.pictures import Images, origin, written
from gancore.verbs.words import Numbers, layers_named, numbers_of


def mix(
    run: Run,
    *,
    sources: Numbers = "0-5",
    destinations: Numbers = "6-8",
    layers: Numbers | None = None,
    label: Wanted | None = None,
    truncation: float = 1.0,
    pipeline: str | None = None,
    device: str | None = None,
    output: Path | str | None = None,
    progress: Progress = tell,
) -> Images:
    """Mixes styles: copies some layers of each source into each destination (Karras et al. 2018,
    arXiv:1812.04948, fig. 3).

    The first row of the grid shows the sources; below, for each choice of layers, each destination is
    followed by its mixtures.

    Args:
        run: folder of a run, checkpoint, saved pipeline or import; or a `Pipeline`.
        sources: seeds whose styles are copied (columns), e.g. [1, 2, 3] or "4-9".
        destinations: seeds of the images that receive them (rows).
        layers: layers to copy: coarse, middle, fine, or numbers such as "0-3"; default: each third in turn.
        label: class of all images, or its name, or a row of numbers; default: drawn as in the data.
        truncation: 1 for none; values closer to 0 move images toward the mean.
        pipeline: which one, if the run has several, e.g. `backward`; default: the first.
        device: auto, cpu, cuda, cuda:1 or mps; default: cpu, or where a given `Pipeline` is.
        output: FILE.png for the grid; default: nothing is written.
        progress: called as `progress(what, done, total)`.

    Raises:
        UserError: the generator has no layers to mix, or not those requested. RunError: the folder holds no
        pipeline.
    """
    if output is not None:
        check_picture(Path(output))
    columns, rows = numbers_of("--sources", sources), numbers_of("--destinations", destinations)
    chosen = with_latents(run, pipeline, device)
    total = layers_of(chosen.generator.code_shape)
    if not total:
        shape = tuple(chosen.generator.code_shape)
        raise UserError(
            f"{chosen.generator.qualified_name} reads one code {shape} for the whole image, "
            "so there are no layers to mix"
        )
    bands = [layers_named(words, total) for words in (BANDS if layers is None else [layers])]
    source, destination = (
        codes_of(chosen, *drawn(chosen, seeds, label), truncation=truncation) for seeds in (columns, rows)
    )
    images = _grid(chosen, source, destination, bands, progress)
    names = BANDS if layers is None else [f"layers {layers}"]
    captions = Captions(
        rows=["", *(f"{name} · seed {seed}" for name in names for seed in rows)],
        columns=["", *(f"seed {seed}" for seed in columns)],
        title="each row: a seed with the named layers of the seed below",
    )
    texts = origin(run, f"{','.join(map(str, columns))} into {','.join(map(str, rows))}")
    return written(Images(images=images, columns=len(columns) + 1, captions=captions, texts=texts), output)


def _grid(
    pipeline: Pipeline,
    source: Tensor,
    destination: Tensor,
    bands: list[Collection[int]],
    progress: Progress,
) -> Tensor:
    tables = [
        torch.cat([destination[:, None], mixing_table(destination, source, band)], 1).flatten(0, 1)
        for band in bands
    ]
    codes = torch.cat([source, *tables])
    images = torch.cat(list(counted(rendered(pipeline, codes), len(codes), progress)))
    return torch.cat([torch.ones_like(images[:1]), images])
