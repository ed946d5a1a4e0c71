"""Pixelwise normalization of feature vectors (Karras et al. 2017, ProGAN, arXiv:1710.10196, section 4.2)."""

import torch
from torch import Tensor

__all__ = ["pixel_norm"]


def pixel_norm(x: Tensor, eps: float = 1e-8) -> Tensor:
    """b = a / √(mean over channels of a² + ε): every vector along dimension 1 of `(N, C, …)` gets unit length
    times √C.
    """
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + eps)
