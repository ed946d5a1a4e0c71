"""What one evaluation judged, in words."""

from collections.abc import Mapping
from typing import Any

from gancore.errors import shown


def protocol_words(protocol: Mapping[str, Any]) -> str:
    """How many images were compared with how many others, and which, in a line."""
    samples, reference = _entry(protocol, "samples"), _entry(protocol, "reference")
    words = [
        f"{samples.get('count', '?')} samples of seed {samples.get('seed', '?')}",
        f"truncation {samples['truncation']}" if samples.get("truncation", 1) != 1 else "",
        f"against {reference.get('count', '?')} {reference.get('split', 'images')}",
        str(reference.get("fingerprint", ""))[:8],
    ]
    return shown(" ".join(filter(None, words)))


def _entry(protocol: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = protocol.get(name)
    return found if isinstance(found, Mapping) else {}
