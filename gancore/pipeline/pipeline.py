"""The pipeline: draws, translates or reconstructs images."""

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from gancore.component.device import device_of
from gancore.component.interfaces import Conditioner, Encoder, Generator, LabelSampler, Sampler
from gancore.component.part import Part
from gancore.component.randomness import Rows, fold, own_rows, render_seed, seeded
from gancore.component.specs import put
from gancore.errors import CheckpointError, SpecError, UserError
from gancore.pipeline.fit import check_fit, check_indices
from gancore.pipeline.mode import evaluating
from gancore.pipeline.saving import SEATS, named_tensors, read_pipeline, restored, tables_of, write_pipeline
from gancore.pipeline.truncation import check_truncation, truncated

Product = Literal["draws", "translates", "reconstructs"]
CHUNK = 64
"""Images generated at a time; results do not depend on it."""
MOST = 10**9
"""Images that can be drawn with one seed."""
OTHER_DOMAIN = {"source": "target", "target": "source"}
"""What a translator between two domains makes of each."""


class Pipeline:
    """Draws latents (and labels), maps them to codes with a conditioner, and to images with a generator.

    `encoder` maps images back to codes. Without a sampler the pipeline needs images to work on: with an
    encoder it reconstructs them, otherwise it translates them, and they take the place of the latents.

    Attributes:
        reads: the entry of a batch with the images that it works on; empty if it draws latents. Default: what
            it makes if it reconstructs, `source` if it translates.
        makes: the entry of a batch that its images are like, which evaluations compare them with. Default:
            the other domain for a translator of `source` or `target`, otherwise `image`.
        seed: seed of the last draw, given or fresh; None before the first.
        images: images that its training had seen when it was saved; None if unknown.
    """

    seed: int | None = None
    images: int | None = None

    def __init__(
        self,
        *,
        conditioner: Conditioner,
        generator: Generator,
        sampler: Sampler | None = None,
        encoder: Encoder | None = None,
        labels: LabelSampler | None = None,
        reads: str = "",
        makes: str = "",
    ) -> None:
        self.sampler, self.conditioner, self.generator = sampler, conditioner, generator
        self.encoder, self.labels = encoder, labels
        usual = {"draws": "", "translates": "source", "reconstructs": makes or "image"}
        self.reads = reads or usual[self.product]
        self.makes = makes or (OTHER_DOMAIN.get(self.reads, "image") if encoder is None else "image")

    @property
    def product(self) -> Product:
        """What it does without being given a code: it draws images, translates or reconstructs them."""
        if self.sampler is not None:
            return "draws"
        return "translates" if self.encoder is None else "reconstructs"

    @property
    def reads_shape(self) -> tuple[int, ...]:
        """The shape `(C, H, W)` of the images that it translates or reconstructs."""
        if self.product == "translates":
            return tuple(self.conditioner.latent_shape)
        return tuple(self.generator.image if self.encoder is None else self.encoder.image)

    @property
    def parts(self) -> dict[str, Part]:
        """The parts by seat, without the empty seats."""
        return {name: part for name in SEATS if (part := getattr(self, name)) is not None}

    def __repr__(self) -> str:
        shape = "×".join(map(str, self.generator.image))
        parts = ", ".join(f"{name}={part!r}" for name, part in self.parts.items())
        return f"<Pipeline {self.product} images {shape}: {parts}>"

    def _repr_html_(self) -> str:
        """A table of the parts, for notebooks."""
        rows = "".join(
            f"<tr><td>{name}</td><td>{part.qualified_name}</td>"
            f"<td>{sum(p.numel() for p in part.parameters()):,}</td></tr>"
            for name, part in self.parts.items()
        )
        shape = " × ".join(map(str, self.generator.image))
        return (
            f"<table><caption>Pipeline, images {shape} in [-1, 1]</caption>"
            f"<tr><th>seat</th><th>part</th><th>parameters</th></tr>{rows}</table>"
        )

    @property
    def device(self) -> torch.device:
        """The device of the generator's weights."""
        return device_of(self.generator)

    def to(self, device: torch.device | str) -> "Pipeline":
        """Moves all parts; returns the pipeline."""
        for part in self.parts.values():
            part.to(device)
        return self

    def sample(
        self,
        n: int,
        *,
        seed: int | None = None,
        label: Tensor | None = None,
        truncation: float = 1.0,
        truncation_layers: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Tensor:
        """Draws images `(n, C, H, W)`, float32 in [-1, 1]; equal seeds give equal images.

        Without a seed, a fresh one is drawn and stored in the attribute `seed`. Labels are drawn if none are
        given. `truncation` moves codes toward their mean, in all layers or the first `truncation_layers`.
        `options` are those of `with_options`, for this draw.

        Raises:
            UserError: the pipeline translates images, is unconditional but was given labels, or
            `check_truncation` refuses the truncation.
            SpecError: there is no such option.
        """
        seed = self.seed = _fresh_seed() if seed is None else seed
        if options:
            return self.with_options(options).sample(
                n, seed=seed, label=label, truncation=truncation, truncation_layers=truncation_layers
            )
        latent, label = self.draw(n, seed=seed, label=label)
        return self.render(
            latent, label, seed=seed, truncation=truncation, truncation_layers=truncation_layers
        )

    def draw(
        self, n: int, *, seed: int | None = None, label: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """`n` latents, drawn in eval mode, and their labels if sampler or conditioner read labels. For seed
        and errors see `sample`.
        """
        if self.sampler is None:
            raise UserError(
                f"{self.generator.qualified_name} {self.product} images and has no sampler; "
                f"give it images to {self.product.removesuffix('s')}"
            )
        if label is not None and not self.conditional:
            raise UserError(
                f"{self.conditioner.qualified_name} reads no labels, but a label was given; omit it"
            )
        if label is None and self.conditional and self.labels is None:
            reader = self.conditioner if self.conditioner.conditional else self.sampler
            raise UserError(f"{reader.qualified_name} reads labels, and none can be drawn here; give a label")
        check_count(n)
        self._check_label(label)
        self.seed = seed = _fresh_seed() if seed is None else seed
        rng = torch.Generator().manual_seed(fold(seed, "sample") % 2**63)
        if label is None and self.conditional and self.labels is not None:
            label = self.labels(n, rng=rng)
        with evaluating(self.sampler), torch.no_grad():
            return self.sampler(n, label, rng=rng), label

    @property
    def conditional(self) -> bool:
        """Whether labels change what is drawn: the sampler or the conditioner reads them."""
        return self.conditioner.conditional or (self.sampler is not None and self.sampler.conditional)

    def with_options(self, options: Mapping[str, Any]) -> "Pipeline":
        """A copy with options of its parts changed, by path: `{"sampler.temperature": 0.9}`. The weights are
        the same.

        Raises:
            SpecError: there is no such option, its value is not accepted, or the weights have other shapes
            with it.
        """
        tables = tables_of(self.parts)
        for path, value in options.items():
            if path.partition(".")[0] not in tables or "." not in path:
                raise SpecError(f"{path}: the parts here are {', '.join(tables)}; set sampler.NAME=…")
            put(tables, path, value)
        try:
            parts = restored(tables, self.state_dict(), Path("the pipeline"))
        except CheckpointError as error:
            raise SpecError(f"{', '.join(options)} cannot be set after training: {error}") from None
        changed = type(self)(reads=self.reads, makes=self.makes, **parts)
        return changed.to(self.device)

    def _check_label(self, label: Tensor | None) -> None:
        classes = getattr(self.labels, "classes", None)
        if label is None or not classes:
            return
        if label.is_floating_point():
            if label.shape[1:] != (classes,):
                raise UserError(
                    f"a label has {classes} numbers here, but got {label.shape[1:].numel()}; "
                    f"give {classes} numbers for each image"
                )
        elif getattr(self.labels, "label_shape", ()):
            raise UserError(f"a label is a row of {classes} numbers here, not a class; give such a row")
        elif not bool(((label >= 0) & (label < classes)).all()):
            raise UserError(
                f"label {int(label.max())} is out of range; give a number from 0 to {classes - 1}"
            )

    def render(
        self,
        latent: Tensor,
        label: Tensor | None = None,
        *,
        seed: int = 0,
        truncation: float = 1.0,
        truncation_layers: int | None = None,
    ) -> Tensor:
        """Images `(N, C, H, W)` in [-1, 1] from latents and labels; `seed` sets the noise inside the
        generator. Raises like `sample`.
        """
        check_truncation(self, truncation, truncation_layers)
        check_indices(latent, self.conditioner)
        return self._in_chunks(
            lambda part, mark: self._image(latent[part], mark, truncation, truncation_layers),
            label,
            len(latent),
            seed,
        )

    def chunks(
        self,
        latent: Tensor,
        label: Tensor | None = None,
        *,
        seed: int = 0,
        truncation: float = 1.0,
        truncation_layers: int | None = None,
    ) -> Iterator[Tensor]:
        """The images of `render`, bit for bit, batch by batch. Raises like `sample`, before the first."""
        check_truncation(self, truncation, truncation_layers)
        check_indices(latent, self.conditioner)
        return self._chunks(
            lambda part, mark: self._image(latent[part], mark, truncation, truncation_layers),
            label,
            len(latent),
            seed,
        )

    def encode(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """The encoder's code of each image `(N, C, H, W)`, on the CPU, computed in eval mode and in chunks.

        Raises:
            UserError: there is no encoder, it reads labels and none were given, or the other way round.
        """
        self._check_encoded(label, decoded=False)
        done = list(self._chunks(lambda part, mark: self._code(image[part], mark), label, len(image), 0))
        return torch.cat(done) if done else self._code(image.new_zeros(1, *self.reads_shape), None)[:0].cpu()

    def reconstruct(self, image: Tensor, label: Tensor | None = None, *, seed: int = 0) -> Tensor:
        """Encodes images `(N, C, H, W)` and decodes them again, with their labels if a part reads labels.

        Raises:
            UserError: as `encode`.
        """
        done = list(self.reconstructions(image, label, seed=seed))
        return torch.cat(done) if done else torch.empty(0, *self.generator.image)

    def reconstructions(
        self, image: Tensor, label: Tensor | None = None, *, seed: int = 0
    ) -> Iterator[Tensor]:
        """The images of `reconstruct`, bit for bit, batch by batch. Raises like `encode`."""
        self._check_encoded(label, decoded=True)
        return self._chunks(
            lambda part, mark: self._decoded(self._code(image[part], mark), mark).float(),
            label,
            len(image),
            seed,
        )

    def apply(self, image: Tensor, label: Tensor | None = None, *, seed: int = 0) -> Iterator[Tensor]:
        """Translations or reconstructions of images `(N, *reads_shape)`, batch by batch; labels are left out
        where no part reads them. Raises like `encode`.
        """
        label = label if self.reads_labels else None
        if self.product == "translates":
            return self.chunks(image, label, seed=seed)
        return self.reconstructions(image, label, seed=seed)

    @property
    def reads_labels(self) -> bool:
        """Whether `apply` reads labels."""
        return self.conditioner.conditional if self.encoder is None else self._labeled(self.encoder)

    def _labeled(self, encoder: Encoder) -> bool:
        return encoder.conditional or (encoder.gives == "latent" and self.conditioner.conditional)

    def _check_encoded(self, label: Tensor | None, *, decoded: bool) -> None:
        if self.encoder is None:
            raise UserError(
                f"{self.generator.qualified_name} has no encoder, "
                "so it cannot encode or reconstruct images; give a run that trains one"
            )
        reads = self._labeled(self.encoder)
        reader = self.encoder if self.encoder.conditional else self.conditioner
        if label is not None and not reads:
            raise UserError(
                f"{self.encoder.qualified_name} reads no labels, but labels were given; omit them"
            )
        if label is None and (reads if decoded else self.encoder.conditional):
            raise UserError(f"{reader.qualified_name} reads the labels of the images; give labeled images")
        self._check_label(label)

    def _code(self, image: Tensor, label: Tensor | None) -> Tensor:
        assert self.encoder is not None
        image, label = image.to(self.device), None if label is None else label.to(self.device)
        return self.encoder.code(image, label) if self.encoder.conditional else self.encoder.code(image)

    def _decoded(self, code: Tensor, label: Tensor | None) -> Tensor:
        if self.encoder is not None and self.encoder.gives == "latent":
            code = self.conditioner(code, None if label is None else label.to(self.device))
        image: Tensor = self.generator(code).clamp(-1, 1)
        return image

    def _image(
        self, latent: Tensor, label: Tensor | None, truncation: float, layers: int | None = None
    ) -> Tensor:
        label = None if label is None else label.to(self.device)
        code = self.conditioner(latent.to(self.device), label)
        if truncation != 1:
            code = truncated(self.conditioner, code, label, truncation, layers)
        image: Tensor = self.generator(code).clamp(-1, 1).float()
        return image

    def _in_chunks(self, make: Any, label: Tensor | None, total: int, seed: int) -> Tensor:
        done = list(self._chunks(make, label, total, seed))
        return torch.cat(done) if done else torch.empty(0, *self.generator.image)

    def _chunks(self, make: Any, label: Tensor | None, total: int, seed: int) -> Iterator[Tensor]:
        for start in range(0, total, CHUNK):
            part = slice(start, min(start + CHUNK, total))
            # of more images than one chunk, each has noise of its own, in memory that does not grow
            rows = Rows(min(total, CHUNK), 0, part.stop - start)
            noise = fold(render_seed(seed), start) if start else render_seed(seed)
            with (
                evaluating(*self.parts.values()),
                torch.no_grad(),
                seeded(noise, self.device),
                own_rows(rows),
            ):
                made = make(part, None if label is None else label[part]).cpu()
            yield made

    def save(self, folder: Path | str) -> None:
        """Writes `pipeline.json` (the specs), `weights.safetensors`, and a manifest with SHA-256 hashes.

        An older pipeline there is replaced only once the new one is complete.

        Raises:
            RunError: the disk is full or not writable.
        """
        seen = {} if self.images is None else {"images": self.images}
        write_pipeline(Path(folder), self.parts, {"reads": self.reads, "makes": self.makes, **seen})

    def state_dict(self) -> dict[str, Tensor]:
        """All weights, named by seat; contiguous and on the CPU."""
        named = named_tensors(self.parts)
        return {name: value.detach().cpu().contiguous().clone() for name, value in named.items()}

    @classmethod
    def load(cls, folder: Path | str) -> "Pipeline":
        """Reads what `save` wrote, without running any code from it; for a run, a checkpoint or an import use
        `gancore.load`.

        Raises:
            CheckpointError: the folder is not a saved pipeline, or is damaged.
        """
        parts, entries = read_pipeline(Path(folder))
        if "sampler" in parts:
            check_fit(parts["sampler"], parts["conditioner"], parts["generator"])
        made = cls(reads=entries["reads"], makes=entries["makes"], **parts)
        made.images = entries["images"]
        return made


def check_count(n: int) -> None:
    """Raises UserError for a number of images that cannot be drawn."""
    if not 0 <= n <= MOST:
        raise UserError(f"{n} images at once are none that can be drawn; give 0 to {MOST:,}")


def _fresh_seed() -> int:
    # leave the global random number generators alone
    return secrets.randbelow(2**32)
