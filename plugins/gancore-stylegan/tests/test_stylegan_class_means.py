"""Truncation toward the mean of a class."""

import pytest
import torch
from gancore_stylegan import (
    LabeledGrowingStyleGANMapping,
    LabeledStyleGAN2Mapping,
    LabeledStyleGANMapping,
)

from gancore.pipeline import truncated

MAPPINGS = (LabeledStyleGANMapping, LabeledStyleGAN2Mapping, LabeledGrowingStyleGANMapping)


@pytest.mark.parametrize("cls", MAPPINGS)
def test_truncation_moves_codes_toward_the_mean_of_their_class(cls):
    torch.manual_seed(0)
    mapping = cls(
        latent_width=4, width=8, layers=2, classes=3, code=(4, 6), class_means=True, decay=0.5, mixing=0.0
    )
    latent, label = torch.randn(300, 4), torch.arange(3).repeat(100)
    for _ in range(25):
        for module in mapping.modules():
            if hasattr(module, "seen"):
                module.seen.clear()
        mapping(latent, label)
        mapping.update_buffers()
        mapping.of_class.update_buffers()
    code = mapping.eval()(latent, label)
    centers = truncated(mapping, code, label, 0.0)
    assert not torch.allclose(centers[0], centers[1], atol=0.05)
    for k in range(3):
        torch.testing.assert_close(centers[k], code[label == k].mean(0), atol=1e-4, rtol=1e-4)
    half = truncated(mapping, code, label, 0.5, 1)
    torch.testing.assert_close(half[:, 0], (code[:, 0] + centers[:, 0]) / 2, atol=1e-5, rtol=1e-5)
    assert torch.equal(half[:, 1:], code[:, 1:])


@pytest.mark.parametrize("cls", MAPPINGS)
def test_without_them_it_is_the_mean_over_all(cls):
    mapping = cls(latent_width=4, width=8, layers=2, classes=3, code=(4, 6)).eval()
    assert not [name for name in mapping.state_dict() if "of_class" in name]
    code = mapping(torch.randn(2, 4), torch.tensor([0, 1]))
    assert torch.equal(truncated(mapping, code, torch.tensor([0, 1]), 0.0), torch.zeros_like(code))
