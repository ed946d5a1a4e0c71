"""The networks of CompVis/taming-transformers."""

from gancore_vqgan.published.both_stages import BothStages, import_stages
from gancore_vqgan.published.importer import Published
from gancore_vqgan.published.transformer import import_transformer

__all__ = ["BothStages", "Published", "import_stages", "import_transformer"]
