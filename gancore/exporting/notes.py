"""The metadata of an exported file."""

import json
from typing import Any

from gancore.component.discovery import host
from gancore.component.specs import spec
from gancore.exporting.chain import Chain

__all__ = ["notes"]


def notes(chain: Chain, recipe: str = "") -> dict[str, str]:
    """Metadata by name, plain text or JSON: the recipe, the parts, shapes, the value range, and versions."""
    sampler, fixed = chain.pipeline.sampler, not set(chain.noise) & set(chain.names)
    told: dict[str, Any] = {
        "recipe": recipe or "unknown",
        "conditioner": chain.conditioner.qualified_name,
        "generator": chain.generator.qualified_name,
        "sampler": "none" if sampler is None else spec(sampler, complete=True),
        "latent_shape": list(chain.pipeline.conditioner.latent_shape),
        "image_shape": list(chain.generator.image),
        "image_range": "[-1, 1], clamped",
        "truncation": "an input" if "truncation" in chain.names else chain.truncation,
        "noise": "none" if not chain.noise else "drawn once, the same for all images" if fixed else "inputs",
        "versions": host().versions,
    }
    return {
        f"gancore.{name}": value if isinstance(value, str) else json.dumps(value)
        for name, value in told.items()
    }
