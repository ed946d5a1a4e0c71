import pytest
import torch
from torch import nn

from gancore.errors import FactError, FitError
from gancore.standard.patchgan import PatchGAN
from gancore.standard.projection import ProjectionDiscriminator

SMALL = {"part": "patchgan", "width": 2, "layers": 1}


def made(network=SMALL, **facts):
    return ProjectionDiscriminator(network=network, **{"image": (3, 8, 8), "classes": 3, **facts})


def test_the_score_is_the_networks_and_the_product_of_features_and_label():
    part, image = made(), torch.randn(2, 3, 8, 8)
    label = torch.randn(2, 3)
    features = part.network.forward_features(image).mean((2, 3))
    product = torch.einsum("nk,kd,nd->n", label, part.embedding.weight, features)
    expected = part.network(image) + product[:, None, None, None]
    assert torch.allclose(part(image, label), expected, atol=1e-6)
    assert part(image, torch.tensor([0, 2])).shape == expected.shape


def test_maps_are_flattened_where_there_is_one_score():
    class One(PatchGAN):
        def forward_head(self, features, label=None):
            return super().forward_head(features).mean((1, 2, 3))

    part = made(One(width=2, layers=1))
    features = part.network.forward_features(torch.randn(2, 3, 8, 8)).flatten(1)
    assert part.embedding.weight.shape == (3, features.shape[1])
    assert part(torch.randn(2, 3, 8, 8), torch.tensor([0, 1])).shape == (2,)


def test_the_network_keeps_its_mode_and_weights():
    part = made()
    assert part.network.training and part.pristine()
    assert not [m for m in part.modules() if isinstance(m, nn.BatchNorm2d) and not m.training]


def test_refusals():
    with pytest.raises(FactError, match="no labels; give labeled data, or use its network, disc"):
        made(classes=0)
    with pytest.raises(FitError, match="adds labels to discriminator/projection, which reads them itself"):
        made({"part": "projection", "network": SMALL, "classes": 3})
    with pytest.raises(FitError, match="reads labels of 3 numbers"):
        made()(torch.randn(2, 3, 8, 8), torch.randn(2, 4))
