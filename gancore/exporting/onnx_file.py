"""A pipeline as an ONNX file."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from gancore.errors import ExportError, UserError
from gancore.exporting.chain import Chain
from gancore.exporting.checking import HELP, largest_difference, reason
from gancore.exporting.notes import notes
from gancore.exporting.program import program, quiet
from gancore.storage.files import whole_file

__all__ = ["export_onnx"]

PACKAGES = ("onnx", "onnxruntime", "onnxscript")


def export_onnx(chain: Chain, path: Path | str, *, recipe: str = "") -> float:
    """Writes the chain as one ONNX file for any batch size and runs it with onnxruntime; returns the largest
    difference.

    Inputs are named as `chain.names`, the output is `image`; the metadata are `gancore.exporting.notes`.

    Raises:
        UserError: the packages of the extra `onnx` are missing.
        ExportError: an operator has no ONNX equivalent, or the file produces other images; no file is left.
    """
    path, missing = Path(path), [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(
            f"ONNX needs the package{'s' * (len(missing) > 1)} {', '.join(missing)}: "
            "pip install 'gancore[onnx]'"
        )
    graph = program(chain)
    try:
        with quiet():
            made = torch.onnx.export(
                graph, dynamo=True, input_names=chain.names, output_names=["image"], verbose=False
            )
    except Exception as error:  # as in `program`
        raise ExportError(
            f"{chain.generator.qualified_name} cannot be written as ONNX ({reason(error)}); {HELP}"
        ) from None
    assert made is not None
    made.model.metadata_props.update(notes(chain, recipe))
    with whole_file(path) as aside:
        try:
            made.save(aside, external_data=False)
        except (ValueError, RuntimeError) as error:
            raise ExportError(
                f"{path} cannot be written as one ONNX file ({reason(error)}); one holds 2 GB; {HELP}"
            ) from None
        return largest_difference(chain, _runner(aside))


def _runner(path: Path) -> Callable[[dict[str, Tensor]], Tensor]:
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exception classes are not public
        raise ExportError(f"onnxruntime cannot load the file ({reason(error)}); {HELP}") from None
    return lambda inputs: torch.from_numpy(
        session.run(None, {name: value.numpy() for name, value in inputs.items()})[0]
    )
