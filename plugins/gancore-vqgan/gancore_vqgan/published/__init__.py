"""The networks of CompVis/taming-transformers."""

from gancore_vqgan.published.importer import Published

__all__ = ["Published"]
