"""The weights of the released PyTorch networks by the names that they have here."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from gancore.errors import CheckpointError
from gancore.published.refusals import shown

__all__ = ["discriminator_weights", "generator_weights", "is_deep"]

TOP = {
    "linear": "start",
    "output_layer.0": "norm",
    "output_layer.2": "to_image",
}
JUDGE = {"linear": "head.score", "embed": "head.embedding", "input_conv": "from_image"}
LAYERS = {
    **{f"conv{i}": f"conv{i}" for i in range(1, 5)},
    **{f"bn{i}": f"norm{i}" for i in range(1, 5)},
    "conv_sc": "shortcut",
    "theta": "query",
    "phi": "key",
    "g": "value",
    "o": "out",
}
STATISTICS = {
    "stored_mean": "running_mean",
    "stored_var": "running_var",
    "running_mean": "running_mean",
    "running_var": "running_var",
}
LEFT_OUT = re.compile(r"(.*\.)?(sv\d+|u[1-9]\d*|num_batches_tracked|accumulation_counter)|shared\.weight")


def is_deep(tensors: Mapping[str, Tensor]) -> bool:
    """Whether the blocks are those of BigGAN-deep."""
    return "blocks.0.0.conv4.weight" in tensors


def generator_weights(
    tensors: Mapping[str, Tensor], depth: int, embedding: int, eps: float
) -> dict[str, Tensor]:
    """The weights of a generator.

    Args:
        depth: blocks of each stage, which stand one by one in BigGAN-deep.
        embedding: length of the class embedding where it comes before the latent, as in BigGAN-deep; else 0.
        eps: ε of the spectral normalization.

    Raises:
        CheckpointError: a name is not known.
    """
    found = {name: _in_order(name, value, embedding) for name, value in tensors.items()}
    return _renamed(found, TOP, depth, eps)


def discriminator_weights(tensors: Mapping[str, Tensor], eps: float) -> dict[str, Tensor]:
    """The weights of a discriminator. Raises CheckpointError if a name is not known."""
    return _renamed(tensors, JUDGE, 1, eps)


def _in_order(name: str, value: Tensor, embedding: int) -> Tensor:
    """The columns that read the latent before those that read the class embedding."""
    reads = name == "linear.weight" or re.fullmatch(r"blocks\.\d+\.0\.bn\d\.(gain|bias)\.weight", name)
    return torch.roll(value, -embedding, 1) if reads and embedding else value


def _renamed(
    tensors: Mapping[str, Tensor], top: Mapping[str, str], depth: int, eps: float
) -> dict[str, Tensor]:
    made: dict[str, Tensor] = {}
    for name, value in tensors.items():
        if LEFT_OUT.fullmatch(name):
            continue
        layer, _, rest = name.rpartition(".")
        ours = _layer(layer.removesuffix(".bn"), top, depth)
        if rest == "u0":
            made[f"{ours}.v"] = _vector(tensors[f"{layer}.weight"], value, eps)
        elif rest in STATISTICS:
            norm = ours if ours == "norm" else f"{ours}.norm"
            made[f"{norm}.{STATISTICS[rest]}"] = value / _passes(tensors, layer)
            made[f"{norm}.num_batches_tracked"] = value.new_zeros(())
        else:
            made[f"{ours}.{_parameter(ours, rest)}"] = value.reshape(()) if rest == "gamma" else value
    return made


def _parameter(layer: str, name: str) -> str:
    """The last norm's scale is its weight."""
    return {"gamma": "gate", "gain": "weight" if layer == "norm" else "gain"}.get(name, name)


def _layer(name: str, top: Mapping[str, str], depth: int) -> str:
    if name in top:
        return top[name]
    found = re.fullmatch(r"blocks\.(\d{1,3})\.(\d{1,3})(?:\.([a-z_0-9]+))?(\.gain|\.bias)?", name)
    if not found or (found[3] and found[3] not in LAYERS):
        raise CheckpointError(f"{shown(name)} is not a layer of BigGAN")
    block, inner = int(found[1]), int(found[2])
    place = f"stages.{block // depth}.{block % depth + inner}"
    return place + (f".{LAYERS[found[3]]}" if found[3] else "") + (found[4] or "")


def _vector(weight: Tensor, u: Tensor, eps: float) -> Tensor:
    """The right singular vector that belongs to the left one."""
    v = functional.normalize(u.float() @ weight.float().flatten(1), dim=1, eps=eps)
    return v.reshape(1, *weight.shape[1:])


def _passes(tensors: Mapping[str, Tensor], layer: str) -> Tensor | float:
    """How many passes the standing statistics are sums of; 1 for running ones."""
    count = tensors.get(f"{layer}.accumulation_counter")
    return 1.0 if count is None else count.clamp_min(1)
