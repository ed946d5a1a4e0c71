"""Statistics of batch normalization for drawing images."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gancore.component.precision import at_least_float32
from gancore.nn.batch_norm import SyncBatchNorm2d

__all__ = ["standing_statistics"]


def standing_statistics(module: nn.Module, passes: Callable[[], None]) -> None:
    """Gives the batch norms in a module the mean statistics of some passes, instead of the running ones from
    training.

    Paper: Brock et al. 2018 (BigGAN), arXiv:1809.11096. `passes` sends batches through the module; the batch
    norms alone are in training mode meanwhile. The variances are those that training divides by, as in the
    paper's released code; running ones are greater by n / (n - 1). A part calls it in its `prepare`.
    """
    norms = [m for m in module.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
    before = [(norm.momentum, norm.training) for norm in norms]
    synchronized = [norm for norm in norms if isinstance(norm, SyncBatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
        norm.train()
    for synced in synchronized:
        synced.alone = True
    with _noting(norms) as variances:
        passes()
    for norm, several in zip(norms, variances, strict=True):
        if several and norm.running_var is not None:
            norm.running_var.copy_(torch.stack(several).mean(0))
    for synced in synchronized:
        synced.alone = False
    for norm, (momentum, training) in zip(norms, before, strict=True):
        norm.momentum = momentum
        norm.train(training)


@contextmanager
def _noting(norms: Sequence[_BatchNorm]) -> Iterator[list[list[Tensor]]]:
    """The variances that each of these divides by, one for each pass."""
    noted: list[list[Tensor]] = [[] for _ in norms]

    def note(several: list[Tensor], given: tuple[Tensor]) -> None:
        x = at_least_float32(given[0].detach())
        several.append(x.var([i for i in range(x.dim()) if i != 1], correction=0))

    hooks = [
        norm.register_forward_pre_hook(lambda _, given, several=several: note(several, given))
        for norm, several in zip(norms, noted, strict=True)
    ]
    try:
        yield noted
    finally:
        for hook in hooks:
            hook.remove()
