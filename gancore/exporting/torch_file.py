"""A pipeline as a file of `torch.export`."""

import io
import json
from pathlib import Path

import torch

from gancore.exporting.chain import Chain
from gancore.exporting.checking import largest_difference
from gancore.exporting.notes import notes
from gancore.exporting.program import program, quiet
from gancore.storage.files import whole_file

__all__ = ["NOTES", "export_torch"]

NOTES = "gancore.json"
"""The extra file that holds the metadata."""


def export_torch(chain: Chain, path: Path | str, *, recipe: str = "") -> float:
    """Writes the chain as a `.pt2` file for any batch size, loads and runs it; returns the largest
    difference.

    `torch.export.load(path).module()` takes tensors in the order of `chain.names`; it does not need gancore.

    Raises:
        ExportError: a part cannot be traced, or the file produces other images; no file is left.
    """
    graph = program(chain)
    held = io.BytesIO()
    with quiet():
        torch.export.save(graph, held, extra_files={NOTES: json.dumps(notes(chain, recipe))})
    with whole_file(Path(path), len(held.getvalue())) as aside, quiet():
        aside.write_bytes(held.getvalue())
        module = torch.export.load(io.BytesIO(aside.read_bytes())).module()
        return largest_difference(chain, lambda inputs: module(*inputs.values()))
