"""Samples of several runs from one seed, so that equal samplers give them the same latents."""

import hashlib
from dataclasses import dataclass
from io import BytesIO

from gancore.errors import GancoreError
from gancore.progress import tell
from gancore.runs.folder import RunFolder

COLUMNS = 4


@dataclass(frozen=True)
class Fresh:
    """A grid of samples as PNG and its description; without a picture, the reason is in `words`.

    `latents` is a hash of the latents and labels, equal if two runs were given the same.
    """

    picture: bytes = b""
    latents: str = ""
    words: str = ""


def draw(run: RunFolder, count: int, seed: int) -> Fresh:
    """`count` samples of a run's first pipeline."""
    tell(f"drawing samples of {run}", 0, count)
    from gancore.pictures.grid import to_grid
    from gancore.runs.opening import load_pipeline

    try:
        pipeline = load_pipeline(run)
        latent, label = pipeline.draw(count, seed=seed)
        images = pipeline.render(latent, label, seed=seed)
    except GancoreError as error:
        return Fresh(words=str(error))
    content, drawn = BytesIO(), hashlib.sha256(str(tuple(latent.shape)).encode())
    to_grid(images, columns=COLUMNS).save(content, "PNG")
    for tensor in (latent, label):
        drawn.update(b"" if tensor is None else tensor.contiguous().numpy().tobytes())
    sampler = pipeline.parts["sampler"].name
    shape = " × ".join(map(str, latent.shape[1:]))
    return Fresh(
        content.getvalue(),
        drawn.hexdigest(),
        f"{sampler} {shape}" + (", with labels as in the data" if label is not None else ""),
    )


def letters(drawn: list[Fresh]) -> list[str]:
    """A letter for each: equal for equal latents, empty if nothing was drawn."""
    known = list(dict.fromkeys(fresh.latents for fresh in drawn if fresh.picture))
    return [chr(ord("A") + known.index(fresh.latents) % 26) if fresh.picture else "" for fresh in drawn]
