"""Translators: generators whose code is an image."""

from gancore.standard.translators.resnet import ResNet

__all__ = ["ResNet"]
