"""The running statistics of batch normalization, the only buffers that a forward pass may change."""

from collections.abc import Iterator

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

NAMES = ("running_mean", "running_var", "num_batches_tracked")


def running_statistics(module: nn.Module, *, recurse: bool = True) -> Iterator[tuple[str, Tensor]]:
    """The running means, variances and counts of every batch normalization in `module`, by name.

    A layer counts if it derives from one of torch's (`nn.BatchNorm2d` …), as those of `gancore.nn` do.
    Without `recurse` only the module itself is looked at.
    """
    for path, layer in module.named_modules() if recurse else [("", module)]:
        if isinstance(layer, _NormBase) and layer.track_running_stats:
            for name in NAMES:
                buffer = getattr(layer, name, None)
                if isinstance(buffer, Tensor):
                    yield f"{path}.{name}".lstrip("."), buffer
