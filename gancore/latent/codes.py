"""The two halves of a pipeline: from latents to codes, and from codes to images."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gancore.component.randomness import Rows, generator_of, noise_maps, own_rows, render_seed, seeded
from gancore.component.weights import read_weights, write_weights
from gancore.errors import CheckpointError, UserError
from gancore.pipeline import CHUNK, Pipeline, check_truncation, evaluating, truncated
from gancore.storage.files import whole_file

__all__ = [
    "codes_of",
    "has_codes",
    "load_code",
    "noise_of",
    "render_codes",
    "rendered",
    "save_code",
]


def codes_of(
    pipeline: Pipeline,
    latent: Tensor,
    label: Tensor | None = None,
    *,
    truncation: float = 1.0,
    truncation_layers: int | None = None,
) -> Tensor:
    """Codes `(N, *code_shape)`, on the CPU, that the conditioner makes from latents `(N, …)` and labels.
    Raises like `check_truncation`.
    """
    check_truncation(pipeline, truncation, truncation_layers)
    with evaluating(pipeline.conditioner), torch.no_grad():
        mark = None if label is None else label.to(pipeline.device)
        code: Tensor = pipeline.conditioner(latent.to(pipeline.device), mark)
        if truncation != 1:
            code = truncated(pipeline.conditioner, code, mark, truncation, truncation_layers)
        return code.cpu()


def render_codes(pipeline: Pipeline, code: Tensor, *, seed: int = 0) -> Tensor:
    """Images `(N, C, H, W)` in [-1, 1] of codes `(N, *code_shape)`, all with the same noise inside the
    generator to avoid flicker.

    The first image has the bits that `Pipeline.render` gives it when it is rendered alone.
    """
    return (
        torch.cat(list(rendered(pipeline, code, seed=seed)))
        if len(code)
        else torch.empty(0, *pipeline.generator.image)
    )


def rendered(pipeline: Pipeline, code: Tensor, *, seed: int = 0) -> Iterator[Tensor]:
    """The images of `render_codes`, in order, in batches."""
    if not len(code):
        return
    first, noisy = _made(pipeline, code[:1], seed)
    yield first
    # in a batch, each row would get different noise
    size = 1 if noisy else CHUNK
    for start in range(1, len(code), size):
        yield _made(pipeline, code[start : start + size], seed)[0]


def _made(pipeline: Pipeline, code: Tensor, seed: int) -> tuple[Tensor, bool]:
    """The images of a batch, and whether the generator drew random numbers for them."""
    device = pipeline.device
    with (
        evaluating(pipeline.generator),
        torch.no_grad(),
        seeded(render_seed(seed), device),
        own_rows(Rows(len(code), 0, len(code))),
    ):
        before = _state(device)
        image = pipeline.generator(code.to(device)).clamp(-1, 1).float().cpu()
        return image, not torch.equal(before, _state(device))


def _state(device: torch.device) -> Tensor:
    return generator_of(device).get_state()


def noise_of(pipeline: Pipeline, code: Tensor, seed: int) -> list[Tensor]:
    """The noise maps `(1, …)`, in order, that the generator draws for a code `(1, *code_shape)` when the
    global generators have this seed.
    """
    device = pipeline.device
    with (
        evaluating(pipeline.generator),
        torch.no_grad(),
        noise_maps() as seen,
        seeded(seed, device),
        own_rows(Rows(1, 0, 1)),
    ):
        pipeline.generator(code.to(device))
    return seen


def has_codes(pipeline: Pipeline) -> bool:
    """Whether the conditioner changes latents, so that codes (StyleGAN's w) form a separate space."""
    if pipeline.sampler is None:
        return False
    if pipeline.conditioner.conditional:
        return True
    latent, _ = pipeline.draw(2, seed=0)
    code = codes_of(pipeline, latent)
    return code.shape != latent.shape or not torch.equal(code, latent)


def save_code(path: Path, code: Tensor, noise: Sequence[Tensor] = ()) -> None:
    """Saves a code `(1, *code_shape)` as `.npy`, and its noise maps, if any, next to it as
    `NAME-noise.safetensors`.
    """
    with whole_file(path) as aside, aside.open("wb") as file:
        np.save(file, code.numpy(), allow_pickle=False)
    if len(noise):
        with whole_file(_noise_beside(path)) as aside:
            write_weights(aside, {f"{i:03d}": m for i, m in enumerate(noise)})


def load_code(path: Path, pipeline: Pipeline) -> tuple[Tensor, list[Tensor]]:
    """Loads what `save_code` wrote: a code `(1, *code_shape)`, and its noise maps.

    Raises:
        UserError: the file is not an array, or not a code of this pipeline.
        CheckpointError: the file of noise maps is damaged, or belongs to another pipeline.
    """
    try:
        code = torch.from_numpy(np.load(path, allow_pickle=False)).float()
    except (
        Exception
    ) as error:  # a damaged header makes numpy throw SyntaxError and more, besides ValueError and OSError
        raise UserError(
            f"{path} cannot be read ({error}); give a .npy file that gancore invert or gancore explore wrote"
        ) from None
    shape = tuple(pipeline.generator.code_shape)
    if tuple(code.shape) not in (shape, (1, *shape)) or not bool(code.isfinite().all()):
        given = (
            tuple(code.shape) if bool(code.isfinite().all()) else f"NaN or infinity in {tuple(code.shape)}"
        )
        raise UserError(
            f"{path} holds {given}, {pipeline.generator.qualified_name} reads one code {shape}; "
            "give a code of this run"
        )
    code, noise = code.reshape(1, *shape), _noise_beside(path)
    return code, _checked_noise(noise, noise_of(pipeline, code, 0)) if noise.is_file() else []


def _checked_noise(path: Path, drawn: Sequence[Tensor]) -> list[Tensor]:
    found = read_weights(path)
    maps = [found[name] for name in sorted(found)]
    given, wanted = ([tuple(m.shape) for m in each] for each in (maps, drawn))
    if given != wanted or not all(bool(m.isfinite().all()) for m in maps):
        raise CheckpointError(
            f"{path} holds noise maps {_shapes(given)}; the generator draws {_shapes(wanted)}, all finite: "
            "remove the file, or give a code of this run"
        )
    return maps


def _shapes(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes)) or "none"


def _noise_beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}-noise.safetensors")
