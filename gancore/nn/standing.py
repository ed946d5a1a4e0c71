"""Statistics of batch normalization for drawing images."""

from collections.abc import Callable

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from gancore.nn.batch_norm import SyncBatchNorm2d

__all__ = ["standing_statistics"]


def standing_statistics(module: nn.Module, passes: Callable[[], None]) -> None:
    """Gives the batch norms in a module the mean statistics of some passes, instead of the running ones from
    training.

    Paper: Brock et al. 2018 (BigGAN), arXiv:1809.11096. `passes` sends batches through the module; the batch
    norms alone are in training mode meanwhile. A part calls it in its `prepare`.
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
    passes()
    for synced in synchronized:
        synced.alone = False
    for norm, (momentum, training) in zip(norms, before, strict=True):
        norm.momentum = momentum
        norm.train(training)
