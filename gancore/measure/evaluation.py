"""Scores together with the protocol by which they were computed."""

import json
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import attrs
import torch

from gancore.component.discovery import host
from gancore.component.references import weights_hash
from gancore.component.specs import spec
from gancore.errors import Interrupted, MeasureError
from gancore.measure.score import Score, Value
from gancore.measure.study import Study
from gancore.progress import tell
from gancore.storage.files import write_text

VERSION = 1
"""The format version of a saved evaluation."""


@attrs.frozen(repr=False)
class Evaluation:
    """Values by name, their protocol, and the scores left out with the reason. `images` is the number of
    images the model had seen, if known; `anchors` says what real images and noise score; `files` are the
    files written. `checkpoint` names the weights that were judged, if they lie in a file: `images`, and
    `weights_sha256` of the file.

    Prints as a table. `result["FD"]` is a number; the key is the whole name, `FD[emoji-1]`, or the part
    before the bracket if only one score begins with it.
    """

    scores: dict[str, Value]
    protocol: dict[str, Any]
    seconds: float
    images: int | None = None
    left_out: dict[str, str] = attrs.field(factory=dict)
    anchors: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    files: tuple[Path, ...] = ()
    checkpoint: dict[str, Any] = attrs.field(factory=dict)

    def __getitem__(self, name: str) -> float:
        """The value of that name.

        Raises:
            KeyError: there is none, or several match; the error lists those available.
        """
        found = [name] if name in self.scores else [n for n in self.scores if n.partition("[")[0] == name]
        if len(found) == 1:
            return self.scores[found[0]].value
        why = next((f"; {score}: {text}" for score, text in self.left_out.items() if score == name), "")
        several = f"{name!r} is several scores" if found else f"there is no score {name!r}"
        raise KeyError(f"{several}; available: {', '.join(found or self.scores) or 'none'}{why}")

    def __len__(self) -> int:
        return len(self.scores)

    def __iter__(self) -> Iterator[str]:
        return iter(self.scores)

    def __contains__(self, name: object) -> bool:
        return name in self.scores or any(n.partition("[")[0] == name for n in self.scores)

    def __str__(self) -> str:
        rows = [("score", "value", "± standard error", "better"), *map(_row, self.scores.items())]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
        return "\n".join(
            [line.rstrip() for line in lines]
            + [f"left out {name}: {reason}" for name, reason in self.left_out.items()]
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{word}</th>" for word in ("score", "value", "± standard error", "better"))
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _row(entry))}</tr>"
            for entry in self.scores.items()
        )
        return f"<table><tr>{head}</tr>{body}</table>"

    def row(self) -> dict[str, float | int | str | None]:
        """One flat row for a table of several evaluations: the subject, the images seen, and each value."""
        samples = self.protocol.get("samples", {})
        judged = samples.get("run") or samples.get("source") or ""
        return {"samples": str(judged), "images": self.images} | {n: v.value for n, v in self.scores.items()}

    def to_dict(self) -> dict[str, Any]:
        """Scores and protocol as plain dicts, lists, numbers and text."""
        return self.table()

    def to_json(self) -> str:
        """The JSON that `save` writes."""
        return json.dumps(self.table(), indent=1) + "\n"

    def table(self) -> dict[str, Any]:
        """As plain tables for JSON."""
        return {
            "gancore": VERSION,
            "images": self.images,
            **({"checkpoint": self.checkpoint} if self.checkpoint else {}),
            "scores": values_table(self.scores),
            "left_out": self.left_out,
            "anchors": self.anchors,
            "protocol": self.protocol,
            "seconds": round(self.seconds, 2),
        }

    def save(self, path: Path) -> None:
        """Writes JSON, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, self.to_json())

    @classmethod
    def load(cls, path: Path) -> "Evaluation":
        """Reads what `save` wrote.

        Raises:
            MeasureError: the file is not an evaluation.
        """
        try:
            table = json.loads(path.read_text(encoding="utf-8"))
            scores = {name: Value(**entry) for name, entry in table["scores"].items()}
            return cls(
                scores,
                table["protocol"],
                table["seconds"],
                table["images"],
                table["left_out"],
                table.get("anchors", {}),
                checkpoint=dict(table.get("checkpoint", {})),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise MeasureError(
                f"{path} is not an evaluation ({error!r}); give a file that `gancore evaluate` wrote"
            ) from None


def _row(entry: tuple[str, Value]) -> tuple[str, str, str, str]:
    name, value = entry
    error = "" if value.error is None else f"{value.error:.4g}"
    return name, f"{value.value:.5g}", error, value.better if value.better != "neither" else ""


PENDING = "the evaluation was stopped before it was computed"


def score_study(
    study: Study,
    scores: Sequence[Score],
    *,
    images: int | None = None,
    strict: bool = False,
    each: Callable[[Evaluation], Any] = lambda so_far: None,
) -> Evaluation:
    """All scores that this study supports. Scores that lack what they need, such as labels or enough images,
    and scores that fail are left out, with the reason. After each score, `each` is called with the evaluation
    so far, from which the scores that come later are left out.

    Raises:
        MeasureError: with `strict`, a score cannot be computed; always, if images are not finite or do not
        fit the extractor.
    """
    started = time.monotonic()
    study.features("reference"), study.features("samples")
    seen, pending = study.checkpoint.get("images", images), {score.name: PENDING for score in scores}
    so_far = Evaluation({}, protocol(study), 0.0, seen, pending, checkpoint=study.checkpoint)
    for index, score in enumerate(scores):
        values, reason = _judged(score, study, index, len(scores), strict)
        so_far = _with(so_far, score, values, reason, time.monotonic() - started)
        each(so_far)
    return attrs.evolve(so_far, seconds=time.monotonic() - started)


def _with(
    so_far: Evaluation, score: Score, values: dict[str, Value], reason: str, seconds: float
) -> Evaluation:
    """The evaluation with one more score, or the reason why it is left out."""
    left_out = {name: text for name, text in so_far.left_out.items() if name != score.name}
    left_out |= {score.name: reason} if reason else {}
    return attrs.evolve(so_far, scores=so_far.scores | values, left_out=left_out, seconds=seconds)


def protocol(study: Study) -> dict[str, Any]:
    """How the scores of a study were computed, in enough detail to reproduce them."""
    extractor = study.extractor
    return {
        "extractor": {
            "title": extractor.title,
            "spec": spec(extractor),
            "weights_sha256": weights_hash(extractor),
            "resizer": extractor.resizer,
            "dimensions": study.features("reference").shape[1],
        },
        "samples": study.samples.facts,
        "reference": study.reference.facts,
        "training": study.training.facts if study.training is not None else "unknown",
        **({} if study.held_out is None else {"held_out": study.held_out.facts}),
        **({} if study.pairs is None else {"pairs": study.pairs.real.facts}),
        "levels": 256,
        "seed": study.seed,
        "versions": {"python": platform.python_version(), "torch": torch.__version__, **host().versions},
    }


def values_table(scores: dict[str, Value]) -> dict[str, Any]:
    """Values as plain tables."""
    return {name: attrs.asdict(value) for name, value in scores.items()}


_WANTS = {
    "classes": "an extractor that classifies",
    "labels": "labels for the samples and the reference",
    "pipeline": "samples of a pipeline that draws latents",
    "encoder": "a pipeline with an encoder",
    "indices": "a pipeline whose encoder gives indices of a codebook",
    "movable": "a generator that can move what it draws, such as StyleGAN3's",
    "training": "the images that the model was trained on",
    "pairs": "images made of others together with what they should be, as of a translator of paired images",
}


def _judged(score: Score, study: Study, index: int, total: int, strict: bool) -> tuple[dict[str, Value], str]:
    """The values of a score, or none and the reason; with `strict`, whatever is wrong is raised."""
    try:
        _require(score, study)
        if "training" in score.needs:
            study.features("training")
        tell(f"score {index + 1} of {total}, {score.name}")
        return score(study), ""
    except Interrupted:
        raise
    except MeasureError as error:
        if strict:
            raise
        return {}, str(error)
    except Exception as error:  # whatever a score's code runs into, the others are not lost
        if strict:
            raise
        return {}, f"it failed with {error!r}"


def _require(score: Score, study: Study) -> None:
    missing = [_WANTS[need] for need in sorted(score.needs) if not study.holds(need)]
    if missing:
        raise MeasureError(f"{score.qualified_name} needs {' and '.join(missing)}")
