"""The transformer of VQGAN's released code, from its weights."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from gancore.component.interfaces import Shape
from gancore.errors import CheckpointError
from gancore.published import Network, fill, shown
from gancore_vqgan.prior.transformer import LabeledTransformer, Transformer

__all__ = ["import_transformer"]

NAMES = {
    "tok_emb.weight": "table.weight",
    "pos_emb": "stack.positions",
    "ln_f.weight": "stack.norm.weight",
    "ln_f.bias": "stack.norm.bias",
    "head.weight": "stack.head.weight",
}
"""Names outside of the blocks, there and here."""
INSIDE = {"ln1": "norm1", "ln2": "norm2", "attn.proj": "attention.out", "mlp.0": "mlp.0", "mlp.2": "mlp.2"}
"""Layers of a block, there and here."""
JOINED = ("query", "key", "value")
"""Layers of a block that are one layer here, in this order."""


def import_transformer(
    network: Network, *, latent: Shape = (), classes: int = 0, heads: int | None = None
) -> Transformer:
    """The transformer of CompVis/taming-transformers (minGPT), whose sizes follow from its weights.

    What the weights do not say: `latent`, the shape of the map of indices, by default a sequence as long as
    the positions; `classes`, where sequences begin with a class, as in the model of ImageNet (1000);
    `heads`, by default those in the settings of the file, or else 16 as in the published models, of which
    the one of width 1536 has 24.

    Raises:
        CheckpointError: the weights have other names, or are of a transformer that reads conditions other
            than a class.
    """
    found = network.tensors
    _check_causal(found, network.init_kwargs)
    (outputs, width), positions = found["head.weight"].shape, found["pos_emb"].shape[1]
    latent = tuple(latent) or (positions,)
    if torch.Size(latent).numel() != positions or found["tok_emb.weight"].shape[0] != outputs:
        raise CheckpointError(
            f"the transformer has {positions} positions and {outputs} indices of "
            f"{found['tok_emb.weight'].shape[0]} tokens, not one position for each place of a map {latent} "
            "and no tokens besides the indices: it reads a condition that is not read here"
        )
    sizes: dict[str, Any] = {
        "latent": latent,
        "codebook_size": outputs,
        "width": width,
        "layers": len({name.split(".")[1] for name in found if name.startswith("blocks.")}),
        "heads": heads or _heads(network.init_kwargs, width),
    }
    made = LabeledTransformer(classes=classes, **sizes) if classes else Transformer(**sizes)
    fill(made, {"first_stage": made.first_stage, **_renamed(found)})
    return made


def _check_causal(found: Mapping[str, Tensor], settings: Mapping[str, Any]) -> None:
    """Raises CheckpointError if a token attends to one after it, as those of a condition may: by the masks,
    or the settings where a file has none.
    """
    masks = [mask for name, mask in found.items() if name.endswith(".attn.mask")]
    if _setting(settings, "n_unmasked") or any(not torch.equal(mask, mask.tril()) for mask in masks):
        raise CheckpointError(
            "the first tokens of the transformer attend to each other: it reads a condition that is not "
            "read here"
        )


def _setting(settings: Mapping[str, Any], name: str) -> Any:
    """A setting in the table `transformer`, or of a file without such a table; None if there is none."""
    inner = settings.get("transformer", settings)
    return inner.get(name) if isinstance(inner, Mapping) else None


def _heads(settings: Mapping[str, Any], width: int) -> int:
    """The number of heads. Raises CheckpointError if it does not divide the width."""
    told = _setting(settings, "n_head")
    heads = told if isinstance(told, int) and told > 0 else 24 if width == 1536 else 16
    if width % heads:
        raise CheckpointError(
            f"the weights do not say how many heads the transformer has, and {heads} do not divide its width "
            f"{width}; give heads=…"
        )
    return heads


def _renamed(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights by the names that they have here. Raises CheckpointError if a name is not known."""
    made = {}
    for name, value in found.items():
        block = re.fullmatch(r"blocks\.(\d+)\.(.+)\.(weight|bias|mask)", name)
        if name in NAMES:
            made[NAMES[name]] = value
        elif block and block[2] in INSIDE:
            made[f"stack.blocks.{block[1]}.{INSIDE[block[2]]}.{block[3]}"] = value
        elif block and block[2] == "attn.query":
            parts = [found[name.replace("query", part)] for part in JOINED]
            made[f"stack.blocks.{block[1]}.attention.qkv.{block[3]}"] = torch.cat(parts)
        elif not (block and block[2] in ("attn.key", "attn.value", "attn")):
            raise CheckpointError(f"the transformer has weights {shown(name)}, which are not known here")
    return made
