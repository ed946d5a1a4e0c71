"""How a recipe is trained: everything except the recipe itself, and the only place for each default. Saved in
`run.toml`.
"""

import os
from typing import TYPE_CHECKING, Any

import attrs
from attrs.validators import optional

from gancore.component.differing import differing_text
from gancore.component.validators import above, one_of, whole, within
from gancore.errors import UserError

if TYPE_CHECKING:
    import torch

PRECISIONS = ("float32", "bf16")
MOST_THREADS = 1024
"""Where more are asked for than can be started, the process dies without a word."""


def _setting(default: Any, help: str, validator: Any = None, *, fixed: bool = False) -> Any:
    """A setting; `fixed` says that it cannot change in a run that has begun."""
    return attrs.field(default=default, validator=validator, metadata={"help": help, "fixed": fixed})


@attrs.frozen(kw_only=True, repr=False)
class Settings:
    """The settings of one training. Counts are in images seen; None means the default given in the help.

    Raises:
        UserError: a value is out of range.
    """

    images: int | None = _setting(
        None, "length of the training in images seen; default: the recipe's default", optional(whole(1))
    )
    batch: int | None = _setting(
        None,
        "images in a batch, over all processes; default: the recipe's published size",
        optional(whole(1)),
    )
    micro_batch: int | None = _setting(
        None,
        "images per forward pass; saves memory, with the same gradients; default: the batch",
        optional(whole(1)),
    )
    precision: str = _setting(
        "float32",
        "float32; bf16 for autocast with float32 weights; or auto: bf16 where the device has instructions "
        "for it",
        one_of(*PRECISIONS, "auto"),
    )
    seed: int = _setting(0, "seed of initial weights, data order and noise", whole(0), fixed=True)
    device: str = _setting("auto", "auto (the best one there is), cpu, cuda, cuda:1 or mps")
    threads: int | None = _setting(
        None,
        "CPU threads; default: chosen by torch. Results depend on it in the last bits",
        optional([whole(1), within(1, MOST_THREADS)]),
    )
    checkpoint_every: int | None = _setting(
        None, "images between checkpoints; default: a tenth of the run", optional(whole(1))
    )
    sample_every: int | None = _setting(
        None, "images between sample grids; default: a twentieth of the run", optional(whole(1))
    )
    report_every: int | None = _setting(
        None, "images between lines of the log; default: 1/200 of the run", optional(whole(1))
    )
    evaluate_every: int | None = _setting(
        None,
        "images between evaluations (scores and alarms); default: a tenth of the run; 0: never",
        optional(whole(0)),
    )
    best: str = _setting(
        "FD",
        "score whose best checkpoint is kept: FD, precision or recall; MAE, PSNR or SSIM too where images "
        "are translated in pairs or reconstructed",
        fixed=True,
    )
    keep: int = _setting(3, "checkpoints kept, besides the best", whole(1))
    hold_out: int = _setting(0, "images excluded from training, for evaluation", whole(0), fixed=True)
    instance_selection: float = _setting(
        1.0,
        "fraction of the images to train on, those most typical in a feature space, in (0, 1]",
        [above(0), within(0, 1)],
        fixed=True,
    )
    compile: bool = _setting(False, "compile the networks (first-order updates and sampling)")

    __repr__ = differing_text

    def __attrs_post_init__(self) -> None:
        _check_device(self.device)
        if self.precision == "auto":  # the choice is kept, so that a run goes on as it began
            object.__setattr__(self, "precision", self._best_precision())

    @classmethod
    def of(cls, **values: Any) -> "Settings":
        """Settings from plain values; an invalid one raises UserError."""
        unknown = sorted(set(values) - {a.name for a in attrs.fields(cls)})
        if unknown:
            raise UserError(
                f"unknown setting {', '.join(unknown)}; known: {', '.join(a.name for a in attrs.fields(cls))}"
            )
        try:
            return cls(**values)
        except (ValueError, TypeError) as error:
            raise UserError(f"setting: {error.args[0] if error.args else error}") from None

    @classmethod
    def may_change(cls) -> tuple[str, ...]:
        """The settings that may change in a run that has begun."""
        return tuple(a.name for a in attrs.fields(cls) if not a.metadata["fixed"])

    def interval(self, name: str, total: int) -> int:
        """Images between two checkpoints, samples, reports or evaluations."""
        parts = {"checkpoint_every": 10, "sample_every": 20, "report_every": 200, "evaluate_every": 10}
        chosen: int | None = getattr(self, name)
        return chosen or max(1, total // parts[name])

    def _best_precision(self) -> str:
        from gancore.component.precision import computes_bfloat16

        return "bf16" if computes_bfloat16(self.torch_device()) else "float32"

    def torch_device(self) -> "torch.device":
        """The device: with `auto` CUDA, else Apple's MPS, else the CPU."""
        import torch

        if self.device != "auto":
            return torch.device(self.device)
        if torch.cuda.is_available():
            return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def device_named(name: str) -> "torch.device":
    """The device of this name, or with `auto` the best one there is. Raises UserError if it is not there."""
    return Settings.of(device=name).torch_device()


def _check_device(name: str) -> None:
    import torch

    try:
        kind = "cpu" if name == "auto" else torch.device(name).type
    except RuntimeError:
        raise UserError(f"device is {name!r}; give auto, cpu, cuda, cuda:1 or mps") from None
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(kind, False):
        found = ", ".join(k for k, yes in there.items() if yes)
        raise UserError(f"device {name!r} is not available; found: {found}. Give auto for the best one")
