"""A walk through latent space, as a grid, an animation or single frames."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

import attrs
import torch
from torch import Tensor

from gancore.errors import UserError
from gancore.latent.codes import rendered
from gancore.latent.interpolate import Kind
from gancore.latent.route import Route
from gancore.latent.walk import Walk
from gancore.latent.wanted_label import Wanted, wanted_label
from gancore.pictures.animation import check_animation, save_animation, tiled
from gancore.pictures.captions import Captions
from gancore.progress import Progress, counted, tell
from gancore.verbs.loading import Run, drawn, load
from gancore.verbs.pictures import Images, origin
from gancore.verbs.words import Numbers, numbers_of

LEG = 24
GRID_LEG = 8


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Interpolation:
    """A walk from latent to latent. Its frames are rendered on demand; a notebook shows its legs on a grid.

    Attributes:
        route: the latents and the path between them.
        count: total number of frames.
        steps: images per leg on the grid.
        columns: walks side by side.
        fps: frames per second of an animation.
        path: where it was written, if at all.
        stops: what the latents that it passes through are called, of one walk after the other.
        title: what stands below the grid.
        texts: what a PNG file of the grid says beside: command, seed and run.
    """

    route: Route
    count: int
    steps: int
    columns: int = 1
    fps: float = 24.0
    path: Path | None = None
    stops: Sequence[str] = ()
    title: str = ""
    texts: Mapping[str, str] = attrs.field(factory=dict)

    def __len__(self) -> int:
        return self.count

    def __repr__(self) -> str:
        return (
            f"<walk of {self.count} frames, {self.seconds:.1f} s{f', in {self.path}' if self.path else ''}>"
        )

    @property
    def seconds(self) -> float:
        """Duration of the animation."""
        return self.count / self.fps

    def frames(self, progress: Progress = tell) -> Iterator[Tensor]:
        """Frames `(1, C, H, W)` in [-1, 1], one by one; walks side by side share a frame."""
        for cells in _grouped(self._images(self.route.codes(self.count), progress), self.route.cells):
            yield tiled(cells, self.columns)

    def legs(self, progress: Progress = tell) -> Images:
        """Each leg as a row of a grid, both ends included."""
        codes = self.route.leg_codes(self.steps)
        images = torch.cat(list(self._images(codes, progress)))
        captions = Captions(rows=self._rows(), title=self.title)
        return Images(images=images, columns=self.steps, captions=captions, texts=self.texts)

    def _rows(self) -> list[str]:
        """From where to where each leg leads."""
        each = len(self.stops) // self.route.cells
        walks = [self.stops[i : i + each] for i in range(0, each * self.route.cells, each or 1)]
        legs = range(self.route.legs)
        return [f"{stops[i]} to {stops[(i + 1) % each]}" for stops in walks for i in legs]

    def save(self, output: Path | str, progress: Progress = tell) -> Path:
        """Writes the legs (`FILE.png`), an animation (.gif, .apng, .webp, .mp4 with ffmpeg), or a folder of
        frames.

        Raises:
            UserError: the output cannot be written.
        """
        output = Path(output)
        if output.suffix.lower() == ".png":
            return self.legs(progress).save(output)
        save_animation(self.frames(progress), output, fps=self.fps)
        return output

    def _images(self, codes: Tensor, progress: Progress) -> Iterator[Tensor]:
        flat = codes.flatten(0, 1)
        return counted(rendered(self.route.walk.pipeline, flat), len(flat), progress)

    def _repr_png_(self) -> bytes:
        return self.legs()._repr_png_()


def interpolate(
    run: Run,
    *,
    seeds: Numbers | None = None,
    count: int = 6,
    seed: int | None = None,
    frames: int | None = None,
    kind: str | None = None,
    space: str = "z",
    loop: bool = False,
    ease: bool = False,
    label: Wanted | None = None,
    truncation: float = 1.0,
    grid: str = "1x1",
    fps: float = 24.0,
    pipeline: str | None = None,
    device: str | None = None,
    output: Path | str | None = None,
    progress: Progress = tell,
) -> Interpolation:
    """Walks from latent to latent.

    Args:
        run: folder of a run, checkpoint, saved pipeline or import; or a `Pipeline`.
        seeds: seeds to pass through, e.g. [1, 2, 3] or "4-9".
        count: number of latents to pass through if no seeds are given.
        seed: seed of these latents; default: 0.
        frames: total frames; default: 24 per leg, 8 on a grid.
        kind: spherical or linear; default: spherical in z, linear in w.
        space: z: between latents; w: between their codes.
        loop: return to the first.
        ease: slow down at each.
        label: class of all images, or its name, or a row of numbers; default: drawn as in the data.
        truncation: 1 for none; values closer to 0 move images toward the mean.
        grid: several walks side by side, columns x rows, e.g. "4x2".
        fps: frames per second.
        pipeline: which one, if the run has several, e.g. `backward`; default: the first.
        device: auto, cpu, cuda, cuda:1 or mps; default: cpu, or where a given `Pipeline` is.
        output: FILE.png for a grid, .gif, .apng, .webp, .mp4 (with ffmpeg), or a folder of frames; default:
            nothing is written.
        progress: called as `progress(what, done, total)`.

    Raises:
        UserError: options conflict with each other or the pipeline, or the output cannot be written.
        RunError: the folder holds no pipeline.
    """
    if output is not None and Path(output).suffix.lower() != ".png":
        check_animation(Path(output), fps)
    columns, rows = _grid(grid)
    if frames is not None and frames < 2:
        raise UserError(f"--frames must be at least 2; got {frames}")
    numbers = None if seeds is None else numbers_of("--seeds", seeds)
    walk = Walk(load(run, pipeline, device))
    keys = _keys(walk, numbers, count * columns * rows, seed or 0, label)
    way = cast(Kind, kind or ("linear" if space == "w" else "spherical"))
    route = Route(walk, *keys, columns * rows, space, way, loop, ease, truncation)
    route.check()
    found = Interpolation(
        route=route,
        count=frames or LEG * route.legs,
        steps=GRID_LEG if frames is None else max(2, round(frames / route.legs)),
        columns=columns,
        fps=fps,
        stops=[str(i) for i in range(len(keys[0]))] if numbers is None else [f"seed {n}" for n in numbers],
        title=f"{'' if numbers else f'latents of seed {seed or 0} · '}{way} in {space}",
        texts=origin(run, ",".join(map(str, numbers)) if numbers else seed or 0),
    )
    return found if output is None else attrs.evolve(found, path=found.save(output, progress))


def _grid(words: str) -> tuple[int, int]:
    columns, by, rows = words.lower().partition("x")
    if not (by and columns.isdecimal() and rows.isdecimal() and 0 < int(columns) * int(rows) <= 1024):
        raise UserError(f"--grid must be columns x rows, e.g. 4x2, at most 1024 walks; got {words!r}")
    return int(columns), int(rows)


def _keys(
    walk: Walk, seeds: list[int] | None, count: int, seed: int, label: Wanted | None
) -> tuple[Tensor, Tensor | None]:
    if not seeds:
        return walk.pipeline.draw(count, seed=seed, label=wanted_label(walk.pipeline, label, count))
    return drawn(walk.pipeline, seeds, label)


def _grouped(images: Iterable[Tensor], size: int) -> Iterator[Tensor]:
    waiting: list[Tensor] = []
    for batch in images:
        for image in batch:
            waiting.append(image)
            if len(waiting) == size:
                yield torch.stack(waiting)
                waiting = []
