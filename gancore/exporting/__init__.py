"""Pipelines as files that other programs run: ONNX, `torch.export`, and a folder of plain safetensors and
JSON.
"""

from gancore.exporting.chain import Chain
from gancore.exporting.folder import export_pipeline
from gancore.exporting.onnx_file import export_onnx
from gancore.exporting.torch_file import export_torch

__all__ = ["Chain", "export_onnx", "export_pipeline", "export_torch"]
