"""What reads both stages from a checkpoint of CompVis/taming-transformers."""

import math
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from gancore.component.references import weights_hash
from gancore.errors import CheckpointError
from gancore.pipeline import Pipeline
from gancore.published import Importer, Network
from gancore.standard.labels import UniformLabels
from gancore_vqgan.published.importer import BOOK, Published
from gancore_vqgan.published.transformer import import_transformer

__all__ = ["BothStages", "import_stages"]

FIRST, SECOND, CONDITION = "first_stage_model.", "transformer.", "cond_stage_model."


class BothStages(Importer):
    """A transformer with its first stage (Net2NetTransformer), unconditional; `import_stages` reads those
    that begin with a class.
    """

    title: ClassVar[str] = "CompVis/taming-transformers (both stages)"

    def is_generator(self, network: Network) -> bool:
        """Judging by the embedding of the transformer and the codebook of the first stage."""
        return {f"{SECOND}tok_emb.weight", f"{FIRST}{BOOK}"} <= network.tensors.keys()

    def pipeline(self, network: Network, **_: str) -> Pipeline:
        """The transformer as sampler, and the pipeline of the first stage."""
        return import_stages(network)


def import_stages(network: Network, *, classes: int = 0, heads: int | None = None) -> Pipeline:
    """The pipeline of both stages in a checkpoint of CompVis/taming-transformers: it draws and reconstructs.

    The weights do not say whether sequences begin with a class; give the number of `classes` of a model that
    reads them, as 1000 for that of ImageNet. For `heads` see `import_transformer`. Maps of indices have equal
    sides, as many places as the transformer has positions.

    Raises:
        CheckpointError: the transformer reads another condition, or the weights do not fit.
    """
    found = network.tensors
    if any(name.startswith(CONDITION) for name in found):
        raise CheckpointError(
            "the transformer reads another model's codes as its condition; models without a condition, or "
            "with a class, can be imported"
        )
    second = Network("", (), network.init_kwargs, _inside(found, SECOND))
    first = _first_stage(_inside(found, FIRST), second.tensors["pos_emb"].shape[1])
    assert first.encoder is not None
    sampler = import_transformer(
        second, latent=tuple(first.conditioner.latent_shape), classes=classes, heads=heads
    )
    sampler.learns_over(bytes.fromhex(weights_hash(first.encoder)))
    labels = UniformLabels(classes=classes) if classes else None
    return Pipeline(
        sampler=sampler,
        conditioner=first.conditioner,
        generator=first.generator,
        encoder=first.encoder,
        labels=labels,
    )


def _first_stage(found: Mapping[str, Tensor], positions: int) -> Pipeline:
    """The first stage, for images whose maps of indices have as many places as there are positions."""
    levels = len({name.split(".")[2] for name in found if name.startswith("encoder.down.")})
    side = math.isqrt(positions) << max(levels - 1, 0)
    return Published().pipeline(Network("", (), {"resolution": side}, dict(found)))


def _inside(found: Mapping[str, Tensor], start: str) -> dict[str, Tensor]:
    return {name.removeprefix(start): value for name, value in found.items() if name.startswith(start)}
