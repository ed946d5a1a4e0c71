"""Decoders with logits."""

from abc import abstractmethod

import torch
from torch import Tensor

from gancore.component.interfaces import Generator
from gancore.component.part import interface


@interface("generator")
class LogitDecoder(Generator):
    """A generator with logits, so that a cross-entropy stays exact where the image saturates.

    The image is the Bernoulli mean σ(logits) mapped from [0, 1] to [-1, 1], 2 σ(logits) - 1 =
    tanh(logits / 2), so a decoder works wherever a generator does.
    """

    @abstractmethod
    def logits(self, code: Tensor) -> Tensor:
        """`(N, *code_shape)` → `(N, C, H, W)` float32, unbounded."""

    def forward(self, code: Tensor) -> Tensor:
        """`(N, *code_shape)` → `(N, C, H, W)` float32 in [-1, 1]."""
        return torch.tanh(self.logits(code) / 2)  # 2 σ(logits) - 1
