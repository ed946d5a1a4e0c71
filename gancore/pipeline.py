"""The result of a training in every family: sampler → conditioner → generator."""

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn

from gancore.component.bounded import bounded_by_weights
from gancore.component.interfaces import Conditioner, Encoder, Generator, LabelSampler, Sampler
from gancore.component.part import Part
from gancore.component.randomness import Rows, fold, own_rows, render_seed, seeded
from gancore.component.specs import build, put, spec, without_sources
from gancore.component.weights import FILE, load_state, read_weights, write_weights
from gancore.errors import CheckpointError, FitError, GancoreError, RunError, SpecError, UserError
from gancore.storage.files import replace_folder, whole_folder
from gancore.storage.manifest import check_manifest, read_json, write_manifest
from gancore.storage.names import SAVED

P = TypeVar("P", bound=Part)
Product = Literal["draws", "translates", "reconstructs"]
_SEATS = {
    "sampler": "sampler",
    "conditioner": "conditioner",
    "generator": "generator",
    "encoder": "encoder",
    "labels": "label-sampler",
}
VERSION = 1
"""Version of the format of saved pipelines."""
CHUNK = 64
"""Images generated at a time; results do not depend on it."""
FARTHEST = 100.0
"""Largest absolute truncation; images degrade long before that."""
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
    """

    seed: int | None = None

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
        return {name: part for name in _SEATS if (part := getattr(self, name)) is not None}

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
        return next((p.device for p in self.generator.parameters()), torch.device("cpu"))

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
        tables = self._tables()
        for path, value in options.items():
            if path.partition(".")[0] not in tables or "." not in path:
                raise SpecError(f"{path}: the parts here are {', '.join(tables)}; set sampler.NAME=…")
            put(tables, path, value)
        made: dict[str, Part] = {}
        try:
            parts = {
                name: _restored(name, table, self.state_dict(), Path("the pipeline"), made)
                for name, table in tables.items()
            }
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
            rows = Rows(total, part.start, part.stop)
            with (
                evaluating(*self.parts.values()),
                torch.no_grad(),
                seeded(render_seed(seed), self.device),
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
        folder = Path(folder)
        fresh = folder.with_name(f".{folder.name}.new.tmp")
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(fresh, ignore_errors=True)
            with whole_folder(fresh) as aside:
                self._write(aside)
            replace_folder(folder, fresh)
        except OSError as error:
            shutil.rmtree(fresh, ignore_errors=True)
            raise RunError(
                f"cannot write the pipeline {folder}: {error.strerror or error}; "
                "an earlier one there is intact; free some space, then try again"
            ) from None

    def _write(self, folder: Path) -> None:
        saved = {"gancore": VERSION, "reads": self.reads, "makes": self.makes, "parts": self._tables()}
        (folder / SAVED).write_text(json.dumps(saved, indent=1), encoding="utf-8")
        write_weights(folder / FILE, self._named_tensors())
        write_manifest(folder)

    def _tables(self) -> dict[str, Any]:
        seen: dict[Part, str] = {}
        return {name: spec(part, complete=True, path=name, seen=seen) for name, part in self.parts.items()}

    def state_dict(self) -> dict[str, Tensor]:
        """All weights, named by seat; contiguous and on the CPU."""
        return {
            name: value.detach().cpu().contiguous().clone() for name, value in self._named_tensors().items()
        }

    def _named_tensors(self) -> dict[str, Tensor]:
        return {
            f"{name}.{key}": value
            for name, part in self.parts.items()
            for key, value in part.state_dict().items()
        }

    @classmethod
    def load(cls, folder: Path | str) -> "Pipeline":
        """Reads what `save` wrote, without running any code from it; for a run, a checkpoint or an import use
        `gancore.load`.

        Raises:
            CheckpointError: the folder is not a saved pipeline, or is damaged.
        """
        folder = Path(folder)
        if not holds_pipeline(folder):
            raise CheckpointError(
                f"{folder} holds no pipeline (no {SAVED}); "
                "give a folder written by training or Pipeline.save, "
                f"or open a run, a checkpoint or an import with gancore.load({str(folder)!r})"
            )
        check_manifest(folder, SAVED, FILE)
        saved = read_json(folder / SAVED)
        if saved.get("gancore") != VERSION:
            raise CheckpointError(
                f"{folder} is a pipeline of version {saved.get('gancore')!r}; this gancore reads {VERSION}"
            )
        tables = saved.get("parts")
        if not isinstance(tables, dict) or not {"conditioner", "generator"} <= set(tables) <= set(_SEATS):
            raise CheckpointError(f"{folder / SAVED} names no conditioner and generator; it is damaged")
        weights = read_weights(folder / FILE)
        made: dict[str, Part] = {}
        with bounded_by_weights(folder / FILE):
            parts = {name: _restored(name, table, weights, folder, made) for name, table in tables.items()}
        if parts.get("sampler") is not None:
            check_fit(parts["sampler"], parts["conditioner"], parts["generator"])
        return cls(reads=str(saved.get("reads", "")), makes=str(saved.get("makes", "")), **parts)


def holds_pipeline(folder: Path | str) -> bool:
    """Whether a folder is a saved pipeline."""
    return (Path(folder) / SAVED).is_file()


def _fresh_seed() -> int:
    # leave the global random number generators alone
    return secrets.randbelow(2**32)


def layers_of(code_shape: Sequence[int]) -> int:
    """Number of generator layers with separate codes: L for codes `(L, W)`, else 0."""
    return int(code_shape[0]) if len(code_shape) == 2 and code_shape[0] > 1 else 0


def keeps_a_mean(pipeline: Pipeline) -> bool:
    """Whether the conditioner keeps a mean code, which truncation needs."""
    return type(pipeline.conditioner).truncate is not Conditioner.truncate


def truncated(
    conditioner: Conditioner, code: Tensor, label: Tensor | None, amount: Any, layers: int | None = None
) -> Tensor:
    """Codes as their conditioner truncates them, with their labels if it reads labels."""
    given = {"label": label} if conditioner.conditional else {}
    return conditioner.truncate(code, amount, layers, **given)


def check_truncation(pipeline: Pipeline, amount: float = 1.0, layers: int | None = None) -> None:
    """Checks that codes can be truncated, in all layers or the first `layers`; 1 is always valid.

    Raises:
        UserError: the amount is not between -100 and 100, the conditioner keeps no mean, or codes have no or
        fewer layers.
    """
    total, generator = layers_of(pipeline.generator.code_shape), pipeline.generator.qualified_name
    if not abs(amount) <= FARTHEST:
        raise UserError(
            f"truncation must be between {-FARTHEST:g} and {FARTHEST:g}, 1 for none; got {amount:g}"
        )
    if (amount != 1 or layers is not None) and not keeps_a_mean(pipeline):
        raise UserError(
            f"{pipeline.conditioner.qualified_name} keeps no mean to truncate toward; omit truncation"
        )
    if layers is None:
        return
    if not total:
        raise UserError(
            f"{generator} reads one code {tuple(pipeline.generator.code_shape)} for the whole image; "
            "omit the number of layers"
        )
    if not 0 <= layers <= total:
        raise UserError(f"{generator} has {total} layers; truncate 0 to {total} of them; got {layers}")


def _restored(
    name: str, table: Any, weights: Mapping[str, Tensor], folder: Path, made: dict[str, Part]
) -> Any:
    if not isinstance(table, dict):
        raise CheckpointError(f"{folder / SAVED}: {name} is {table!r}, not a table; it is damaged")
    try:
        plain = {k: v for k, v in without_sources(table).items() if k != "frozen"}
        part = made[plain["same"]] if "same" in plain else build(plain, _SEATS[name], where=name, made=made)
    except GancoreError:
        raise
    except Exception as error:  # an altered file may make a part's own code fail
        raise CheckpointError(
            f"{folder / SAVED}: {name} cannot be built ({error!r}); it is damaged"
        ) from None
    state = {
        key.removeprefix(f"{name}."): value for key, value in weights.items() if key.startswith(f"{name}.")
    }
    load_state(part, state, where=str(folder))
    return part


@contextmanager
def evaluating(*modules: nn.Module) -> Iterator[None]:
    """Puts modules and their submodules into eval mode, and restores the mode of each afterwards."""
    before = [(m, m.training) for module in modules for m in module.modules()]
    try:
        for module in modules:
            module.eval()
        yield
    finally:
        for module, training in before:
            module.training = training


def check_fit(sampler: Sampler | None, conditioner: Conditioner, generator: Generator) -> None:
    """Raises FitError if two neighbors disagree about a shape."""
    if tuple(conditioner.code) != tuple(generator.code_shape):
        raise FitError(
            f"{conditioner.qualified_name} makes codes {conditioner.code}, "
            f"{generator.qualified_name} reads {generator.code_shape}"
        )
    if sampler is not None:
        _check_values(sampler, conditioner)
    if sampler is not None and tuple(sampler.latent) != tuple(conditioner.latent_shape):
        raise FitError(
            f"{sampler.qualified_name} draws {sampler.latent}, "
            f"{conditioner.qualified_name} reads {conditioner.latent_shape}"
        )


def _check_values(sampler: Sampler, conditioner: Conditioner) -> None:
    """Raises FitError if one of two neighbors has indices for latents and the other has not, or others."""
    read = conditioner.codebook_size
    drawn = getattr(sampler, "codebook_size", read) if sampler.integer else 0
    if drawn != read:
        said = [f"indices below {size}" if size else "real numbers" for size in (drawn, read)]
        raise FitError(
            f"{sampler.qualified_name} draws {said[0]}, {conditioner.qualified_name} reads {said[1]}"
        )
