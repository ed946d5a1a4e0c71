"""Label samplers. All random numbers are drawn from `rng` on the CPU."""

import torch
from torch import Tensor

from gancore.component.interfaces import LabelSampler
from gancore.component.part import field, part
from gancore.component.validators import whole
from gancore.errors import FactError, FitError

__all__ = ["EmpiricalLabels", "UniformLabels", "UniformOneHot"]

NUMBERS = 2**21
"""Most numbers in the label rows that are kept: 8 MiB."""


@part("empirical")
class EmpiricalLabels(LabelSampler):
    """Labels as in the data: classes with their frequencies, or rows of numbers as they occur.

    At most `rows` rows are kept, fewer if they would have more than 2²¹ numbers in total; if the data have
    more, a random subset, always the same. Until `learn` has been called, all classes, or all one-hot rows,
    are equally frequent.

    Raises:
        FactError: labels are drawn, but the data have none.
        FitError: `learn` is given other labels than the facts say.
    """

    rows: int = field(
        default=4096, validator=whole(1), help="maximum number of label rows to keep and draw from"
    )

    def build(self) -> None:
        """Starts with equal frequencies, or with one-hot rows, stored in buffers."""
        if self.label_shape:
            kept = max(1, min(self.rows, NUMBERS // self.classes))
            self.values: Tensor
            self.count: Tensor
            self.register_buffer("values", torch.eye(kept, self.classes))
            self.register_buffer("count", torch.tensor(min(kept, self.classes)))
        else:
            self.frequencies: Tensor
            self.register_buffer("frequencies", torch.full((self.classes,), 1 / max(self.classes, 1)))

    def learn(self, labels: Tensor) -> None:
        """Stores the frequencies of classes `(N,)`, or rows `(N, K)`."""
        _check_labels(self, labels)
        if self.label_shape:
            chosen = _subset(labels, len(self.values))
            self.values.zero_()[: len(chosen)] = chosen.to(self.values)
            self.count.fill_(len(chosen))
        else:
            counts = torch.bincount(labels, minlength=self.classes).double()
            given = (counts / counts.sum()).tolist()
            self.frequencies.copy_(torch.tensor(given) / sum(given))

    def forward(self, n: int, *, rng: torch.Generator) -> Tensor:
        """`(n,)` int64, or `(n, K)` float32."""
        _need_classes(self)
        if self.label_shape:
            index = torch.randint(int(self.count), (n,), generator=rng)
            return self.values[index.to(self.values.device)].float().cpu()
        return (
            torch.multinomial(self.frequencies.cpu(), n, replacement=True, generator=rng)
            if n
            else torch.empty(0, dtype=torch.int64)
        )


@part("uniform")
class UniformLabels(LabelSampler):
    """All classes with equal probability, whatever the data.

    Raises:
        FactError: labels are drawn, but the data have none.
        FitError: the labels of the data are rows of numbers, which have no uniform distribution.
    """

    def build(self) -> None:
        """Checks that labels are classes."""
        if self.label_shape:
            raise FitError(
                f"{self.qualified_name} draws classes, but the labels of the data are rows of "
                f"{self.label_shape[0]} numbers; set labels to one that draws rows, as empirical"
            )

    def forward(self, n: int, *, rng: torch.Generator) -> Tensor:
        """`(n,)` int64."""
        _need_classes(self)
        return torch.randint(self.classes, (n,), generator=rng)


@part("uniform-one-hot")
class UniformOneHot(LabelSampler):
    """One-hot rows, every class with equal probability, where the labels of the data are rows of class
    weights of which most may be missing.

    The released code of Lucic et al. 2019 (S3GAN), arXiv:1903.02271, draws the labels of generated images in
    this way, however few labels the data have.

    Raises:
        FactError: labels are drawn, but the data have none.
        FitError: the labels of the data are classes.
    """

    def build(self) -> None:
        """Checks that labels are rows."""
        if self.classes and not self.label_shape:
            raise FitError(
                f"{self.qualified_name} draws rows, but the labels of the data are classes; set labels to "
                "one that draws classes, as uniform"
            )

    def forward(self, n: int, *, rng: torch.Generator) -> Tensor:
        """`(n, K)` float32."""
        _need_classes(self)
        return torch.eye(self.classes)[torch.randint(self.classes, (n,), generator=rng)]


def _need_classes(sampler: LabelSampler) -> None:
    if sampler.classes < 1:
        raise FactError(
            f"{sampler.qualified_name}: the data have no labels; give labeled data, or use parts "
            "that read no labels"
        )


def _check_labels(sampler: LabelSampler, labels: Tensor) -> None:
    rows, shape = labels.is_floating_point(), tuple(sampler.label_shape)
    fits = rows == bool(shape) and labels.dim() == 1 + len(shape) and labels.shape[1:] == shape
    if fits and len(labels) and (rows or 0 <= int(labels.min()) <= int(labels.max()) < sampler.classes):
        return
    expected = f"rows of {shape[0]} numbers" if shape else f"classes from 0 to {sampler.classes - 1}, (N,)"
    raise FitError(
        f"{sampler.qualified_name} was given labels {tuple(labels.shape)} {labels.dtype}, but expects at "
        f"least one of {expected}; in a recipe, pass the facts classes and label_shape on to the seat "
        "of the labels"
    )


def _subset(rows: Tensor, most: int) -> Tensor:
    if len(rows) <= most:
        return rows
    return rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))[:most]]
