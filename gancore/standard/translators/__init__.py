"""Translators: generators whose code is an image."""

from gancore.standard.translators.resnet import AntialiasedResNet, BatchResNet, ResNet, ResNetTranslator
from gancore.standard.translators.translator import Translator
from gancore.standard.translators.unet import InstanceUNet, UNet, UNetTranslator

__all__ = [
    "AntialiasedResNet",
    "BatchResNet",
    "InstanceUNet",
    "ResNet",
    "ResNetTranslator",
    "Translator",
    "UNet",
    "UNetTranslator",
]
