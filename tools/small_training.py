"""What the two tools that train extractors share: batch norm while training, a schedule, weights on disk."""

import math
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from gancore.component.weights import write_weights
from gancore.measure.extractors.small_network import Residual


def with_norms(network: nn.Module) -> nn.Module:
    """Puts a batch norm behind every convolution and linear layer but the classifier; residual branches begin
    at zero.
    """
    for module in list(network.modules()):
        for name, layer in list(module.named_children()):
            if isinstance(layer, nn.Conv2d):
                setattr(module, name, nn.Sequential(layer, nn.BatchNorm2d(layer.out_channels)))
            elif isinstance(layer, nn.Linear) and name != "classifier":
                setattr(module, name, nn.Sequential(layer, nn.BatchNorm1d(layer.out_features)))
    for module in network.modules():
        if isinstance(module, Residual):
            nn.init.zeros_(module.second[1].weight)
    return network.to(memory_format=torch.channels_last)


def fold_norms(network: nn.Module) -> nn.Module:
    """Folds every batch norm into the layer before it, as it is in eval mode."""
    network.eval()
    for module in list(network.modules()):
        for name, pair in list(module.named_children()):
            if isinstance(pair, nn.Sequential) and len(pair) == 2 and isinstance(pair[1], nn.BatchNorm2d):
                setattr(module, name, fuse_conv_bn_eval(pair[0], pair[1]))
            elif isinstance(pair, nn.Sequential) and len(pair) == 2 and isinstance(pair[1], nn.BatchNorm1d):
                setattr(module, name, fuse_linear_bn_eval(pair[0], pair[1]))
    return network


class Descent:
    """AdamW along a cosine with a short warm-up; prints where it is every `every` steps."""

    def __init__(self, network: nn.Module, *, steps: int, lr: float, decay: float, every: int) -> None:
        self.optimizer = torch.optim.AdamW(network.parameters(), lr=lr, weight_decay=decay, betas=(0.9, 0.98))
        self.steps, self.lr, self.every, self.step, self.mean = steps, lr, every, 0, 0.0
        self.started = time.process_time()

    def __call__(self, loss: torch.Tensor) -> None:
        lr = self.lr * min(1, (self.step + 1) / 50) * (0.5 + 0.5 * math.cos(math.pi * self.step / self.steps))
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.step += 1
        self.mean += (loss.item() - self.mean) / min(self.step, 50)
        if self.step % self.every == 0 or self.step == self.steps:
            print(
                f"step {self.step}/{self.steps}  loss {self.mean:.3f}  "
                f"{time.process_time() - self.started:.0f} CPU seconds",
                flush=True,
            )


def save(network: nn.Module, path: Path) -> None:
    """Writes the weights of a network without batch norms in half precision."""
    write_weights(path, {name: value.half() for name, value in network.state_dict().items()})
    print(f"{sum(p.numel() for p in network.parameters())} parameters, {path.stat().st_size} bytes in {path}")
