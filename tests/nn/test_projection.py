import torch
from torch.nn import functional

from gancore.nn.projection import ProjectionHead
from gancore.nn.spectral_norm import SpectralEmbedding, SpectralLinear


def test_the_score_is_the_features_projected_on_the_label_plus_a_linear_one():
    head = ProjectionHead(6, 3).double()
    features, label = torch.randn(5, 6).double(), torch.tensor([0, 1, 2, 2, 0])
    v, psi = head.embedding.weight, head.score
    y = functional.one_hot(label, 3).double()
    expected = torch.einsum("nk,kd,nd->n", y, v, features) + features @ psi.weight[0] + psi.bias
    assert torch.allclose(head(features, label), expected)
    assert torch.allclose(head(features, y), expected)


def test_soft_labels_give_the_mixture_of_the_scores():
    head = ProjectionHead(6, 3).double()
    features = torch.randn(1, 6).double().expand(3, -1)
    each = head(features, torch.arange(3))
    weights = torch.tensor([[0.2, 0.3, 0.5]]).double()
    assert torch.allclose(head(features[:1], weights), weights[0] @ each)


def test_its_layers_are_left_open():
    head = ProjectionHead(6, 3, linear=SpectralLinear, embedding=SpectralEmbedding).double()
    for layer in (head.score, head.embedding):
        layer.update_buffers(200)
    features, label = torch.randn(4, 6).double(), torch.tensor([0, 1, 2, 2])
    v, w = head.embedding.weight, head.score.weight
    v, w = v / torch.linalg.matrix_norm(v, 2), w / torch.linalg.matrix_norm(w, 2)
    expected = (v[label] * features).sum(1) + features @ w[0] + head.score.bias
    assert torch.allclose(head(features, label), expected)
