"""Checks of parts that map tensors to tensors."""

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from gancore.component.interfaces import Conditioner, Discriminator, Encoder, Generator
from gancore.component.part import Part
from gancore.component.randomness import Rows, own_rows
from gancore.errors import FitError
from gancore.nn.running_statistics import running_statistics
from gancore.testing.assertions import ensure_close, ensure_finite_gradients, ensure_float32
from gancore.testing.check import check, ensure
from gancore.testing.excuses import reads_labels, reads_numbers, row_by_row, tags_in
from gancore.testing.forward import NETWORKS, Inputs, classes_of, forward, inputs
from gancore.testing.slopes import ensure_slope, gradient_norm
from gancore.testing.trial import Trial

PASSES = 8
"""In one pass dropout may cut a row off; in so many it does not."""


@check(*NETWORKS)
def gives_float32(trial: Trial[Part]) -> None:
    """Results are float32 and finite, in training and in eval mode."""
    for training in (True, False):
        part = trial.part.train(training)
        ensure_float32(forward(part, inputs(trial, part)), "in training mode" if training else "in eval mode")


@check(*NETWORKS)
def float32_under_autocast(trial: Trial[Part]) -> None:
    """Under bf16 autocast results are float32 and finite, and gradients finite."""
    given = inputs(trial, trial.part)
    with torch.autocast("cpu", torch.bfloat16):
        made = forward(trial.part, (_leaf(given[0]), given[1]))
    ensure_float32(made, "under bf16 autocast")
    if made.requires_grad:
        made.square().mean().backward()  # type: ignore[no-untyped-call]
        ensure_finite_gradients(trial.part)


@check(*NETWORKS)
def works_in_float64(trial: Trial[Part]) -> None:
    """Results in float64 equal those in float32 up to float32's precision."""
    given = inputs(trial, trial.part)
    single = forward(trial.part.eval(), given)
    double = forward(deepcopy(trial.part).double(), _double(given))
    ensure(double.isfinite().all().item(), "in float64 it gives non-finite values")
    ensure_close(double, single, 1e-3, "in float64 it gives values that differ from float32")


@check(*NETWORKS, excuse=lambda part: "" if inputs_are_images(part) else "it reads no images")
def channels_last_agrees(trial: Trial[Part]) -> None:
    """The memory format channels_last does not change the results."""
    part, given = trial.part.eval(), inputs(trial, trial.part)
    plain = forward(part, given)
    laid = given[0].to(memory_format=torch.channels_last) if given[0].dim() == 4 else given[0]
    other: Any = deepcopy(part)
    other.to(memory_format=torch.channels_last)
    ensure_close(
        forward(other, (laid, given[1])),
        plain,
        1e-4,
        "in the memory format channels_last it gives other values",
    )


@check(*NETWORKS)
def takes_one_sample(trial: Trial[Part]) -> None:
    """In eval mode a batch of one works."""
    part = trial.part.eval()
    made = forward(part, inputs(trial, part, 1))
    ensure(len(made) == 1, f"a batch of one gives {len(made)} rows")
    ensure_float32(made, "for a batch of one")


@check(*NETWORKS, excuse=row_by_row)
def rows_are_exact(trial: Trial[Part]) -> None:
    """In training mode a split batch gives the results of the whole batch: rows are independent, and noise
    comes from `gancore.component.randomness`.
    """
    part = trial.part.double().train()
    given = _double(inputs(trial, part, 4))
    whole = forward(deepcopy(part), given)
    for start in (0, 2):
        with own_rows(Rows(4, start, start + 2)):
            piece = forward(deepcopy(part), _rows(given, start, start + 2))
        text = (
            "half a batch gives values that differ from the whole batch; draw noise through "
            "gancore.component.randomness, or tag the part `batch`"
        )
        ensure_close(piece, whole[start : start + 2], 1e-5, text)


@check(*NETWORKS)
def forward_moves_no_buffer(trial: Trial[Part]) -> None:
    """In training mode a forward pass moves no buffer, except for the running statistics of batch
    normalization in a part that is tagged `batch`.
    """
    part = trial.part.train()
    before = {name: buffer.clone() for name, buffer in part.named_buffers()}
    forward(part, inputs(trial, part))
    moved = {name for name, buffer in part.named_buffers() if not torch.equal(buffer, before[name])}
    if "batch" in tags_in(part):
        moved -= {name for name, _ in running_statistics(part)}
    ensure(
        not moved,
        f"a forward pass moves {', '.join(sorted(moved)[:4])}, which then drifts with micro-batches and with "
        "other players' passes; observe into a RunningMean and move it in update_buffers. Spectral "
        "normalization is SpectralConv2d, SpectralLinear or SpectralEmbedding of gancore.nn, not torch's; "
        "batch normalization is tagged `batch`",
    )


@check(Conditioner, Generator, Encoder)
def independent_in_eval(trial: Trial[Part]) -> None:
    """In eval mode sample i does not depend on sample j."""
    part = trial.part.eval()
    given = inputs(trial, part, 3)
    whole = forward(part, given)
    others = torch.cat([given[0][:1], _changed(part, given[0][1:])])
    text = "in eval mode a sample depends on the others of its batch"
    ensure_close(forward(part, (others, given[1]))[:1], whole[:1], 1e-4, text)
    with own_rows(Rows(3, 1, 2)):
        ensure_close(
            forward(part, _rows(given, 1, 2)),
            whole[1:2],
            1e-4,
            "in eval mode a single sample gives values that differ from those in a batch",
        )


@check(Conditioner, Generator, Discriminator, Encoder)
def gradient_reaches_everything(trial: Trial[Part]) -> None:
    """A finite gradient reaches every parameter, and is not zero in any row of the input, unless that is
    indices.
    """
    part = trial.part.train()
    read, label = inputs(trial, part)
    for number in range(PASSES):
        made = forward(part, (_leaf(read), label), seed=number)
        ensure(made.requires_grad, "its result has no gradient")
        weights = torch.randn(made.shape, generator=trial.rng("weights"))
        (made * weights).sum().backward()  # type: ignore[no-untyped-call]
        if read.grad is None or read.grad.flatten(1).any(1).all():
            break
    missed = [name for name, p in part.named_parameters() if p.requires_grad and p.grad is None]
    ensure(not missed, f"no gradient reaches {', '.join(missed[:4])}")
    ensure_finite_gradients(part)
    if not read.is_floating_point():
        return  # indices have no gradient
    gradient = torch.zeros_like(read) if read.grad is None else read.grad
    reached = gradient.flatten(1).abs().amax(1)
    ensure(
        bool((reached > 0).all() and reached.isfinite().all()),
        f"the gradient in the rows of its input is {reached.tolist()}, expected not 0",
    )


@check(Conditioner, Generator, excuse=reads_numbers)
def second_derivatives_are_true(trial: Trial[Part]) -> None:
    """The gradient of the squared norm of the input's gradient (path length), in input and weights, agrees
    with finite differences.
    """

    def path_length(part: Part, given: Inputs) -> Tensor:
        made = forward(part, given).double()
        weights = torch.randn(made.shape, generator=trial.rng("weights"), dtype=torch.float64)
        # squared, so that the result of a linear part also has a nonzero second derivative
        return gradient_norm((made.square() * weights).sum(), given[0])

    ensure_slope(trial, path_length, 1e-3, "the second derivative of the result")


@check(Conditioner, Discriminator, Encoder, excuse=reads_labels)
def takes_soft_labels(trial: Trial[Part]) -> None:
    """A soft label `(N, K)` is accepted; a one-hot one is equivalent to that class."""
    read, label = inputs(trial, trial.part.eval())
    assert label is not None
    hard = forward(trial.part, (read, label))
    sure = forward(trial.part, (read, torch.nn.functional.one_hot(label, classes_of(trial.part)).float()))
    ensure(torch.allclose(sure, hard, atol=1e-5), "a one-hot soft label gives another result than the class")


@check(Conditioner, Discriminator, Encoder, excuse=reads_labels)
def reads_every_number_of_a_label(trial: Trial[Part]) -> None:
    """A label `(N, K)` may be any row of numbers, and each of the K numbers changes the result."""
    size = classes_of(trial.part)
    row = trial.label_rows(size, 1)
    rows = torch.cat([row, row + torch.eye(size)])
    made = _of_rows(trial, rows).reshape(len(rows), -1)
    ensure(bool(made.isfinite().all()), "a label with negative numbers gives values that are not finite")
    same = [str(k) for k in range(size) if torch.allclose(made[0], made[k + 1], rtol=0, atol=1e-8)]
    ensure(
        not same,
        f"the numbers {', '.join(same)} of a label row change nothing; read rows as they are",
    )


@check(Conditioner, Discriminator, Encoder, excuse=reads_labels)
def refuses_a_row_of_another_length(trial: Trial[Part]) -> None:
    """A label row with one number too many is refused with a FitError that says both lengths."""
    size = classes_of(trial.part)
    try:
        _of_rows(trial, trial.label_rows(size + 1, 2))
    except FitError as refusal:
        said = str(refusal)
        ensure(
            str(size) in said and str(size + 1) in said,
            f"it refuses a row of {size + 1} numbers with {said!r}; say both lengths",
        )
    except RuntimeError as error:
        ensure(False, f"a row of {size + 1} numbers ends in {str(error)!r}; use gancore.nn.given_label")
    else:
        ensure(False, f"a row of {size + 1} numbers is taken where there are {size}")


def _of_rows(trial: Trial[Part], rows: Tensor) -> Tensor:
    read = inputs(trial, trial.part.eval(), 1)[0]
    return forward(trial.part, (read.expand(len(rows), *read.shape[1:]).contiguous(), rows))


def inputs_are_images(part: Part) -> bool:
    """Whether the part has images as input or output."""
    return not isinstance(part, Conditioner)


def _double(given: Inputs) -> Inputs:
    read = given[0].detach()
    return (read.double() if read.is_floating_point() else read), given[1]


def _leaf(read: Tensor) -> Tensor:
    return read.requires_grad_() if read.is_floating_point() else read


def _changed(part: Part, read: Tensor) -> Tensor:
    """Other inputs of the same kind."""
    size = int(getattr(part, "codebook_size", 0))
    return (read + 1) % size if size else read * -0.5 + 1


def _rows(given: Inputs, start: int, stop: int) -> Inputs:
    return given[0][start:stop], None if given[1] is None else given[1][start:stop]
