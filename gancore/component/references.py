"""Frozen weights that checkpoints refer to by hash: those of extractors, which follow from their options.

A perceptual loss reads a published network, whose weights would lie in each checkpoint. In their place stands
one entry, `NAME.weights_sha256`, and the network that the options make again is compared with it.
"""

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor

from gancore.component.interfaces import Extractor
from gancore.component.part import Part
from gancore.errors import CheckpointError

MARK = "weights_sha256"


def weights_hash(part: Part) -> str:
    """SHA-256 over the names and values of all weights."""
    total = hashlib.sha256()
    for name, value in sorted(part.state_dict().items()):
        total.update(name.encode())
        total.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()


def referred(part: Part, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state of a part in which the hash of each frozen extractor stands in place of its weights."""
    kept = dict(state)
    for path, extractor in _frozen(part).items():
        inside = [name for name in kept if name.startswith(f"{path}.")]
        if inside:
            digest = bytearray.fromhex(weights_hash(extractor))
            kept = {name: value for name, value in kept.items() if name not in inside}
            kept[f"{path}.{MARK}"] = torch.frombuffer(digest, dtype=torch.uint8)
    return kept


def resolved(part: Part, state: Mapping[str, Tensor], *, where: str = "") -> dict[str, Tensor]:
    """The whole state, with the weights that the part's own extractors have where a hash stands.

    Raises:
        CheckpointError: an extractor has other weights than the one that was saved.
    """
    found = {name: value for name, value in state.items() if not name.endswith(f".{MARK}")}
    for name in state.keys() - found.keys():
        path = name.removesuffix(f".{MARK}")
        extractor = dict(part.named_modules(remove_duplicate=False)).get(path)
        if not isinstance(extractor, Extractor):
            raise CheckpointError(f"{where}: {name} belongs to an extractor, but {path} here is none")
        if weights_hash(extractor) != bytes(state[name].tolist()).hex():
            raise CheckpointError(
                f"{where}: the weights of {extractor.qualified_name} at {path} are not those of training; "
                "install the version of that time, or give it the same file of weights"
            )
        found |= {f"{path}.{key}": value for key, value in extractor.state_dict().items()}
    return found


def _frozen(part: Part) -> dict[str, Extractor]:
    """The extractors in a part whose weights no training moves and no other file gave."""
    return {
        path: inner
        for path, inner in part.named_modules(remove_duplicate=False)
        if isinstance(inner, Extractor)
        and path
        and "from" not in inner.extras
        and not any(p.requires_grad for p in inner.parameters())
    }
