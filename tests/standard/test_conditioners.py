import pytest
import torch

from gancore.errors import FactError, FitError
from gancore.nn.labels import one_hot
from gancore.standard.conditioners import Embedding, Identity, OneHot

LABELED = [lambda **f: OneHot(**f), lambda **f: Embedding(size=4, **f)]


def test_identity():
    part = Identity(code=(3, 4, 4))
    latent = torch.randn(2, 3, 4, 4)
    assert part.latent_shape == (3, 4, 4) and not part.conditional
    assert torch.equal(part(latent), latent) and torch.equal(part(latent, torch.tensor([0, 1])), latent)


def test_one_hot_follows_the_latent():
    part = OneHot(code=(5,), classes=3)
    code = part(torch.tensor([[7.0, 8.0], [5.0, 6.0]]), torch.tensor([2, 0]))
    assert part.latent_shape == (2,) and part.conditional
    assert code.tolist() == [[7, 8, 0, 0, 1], [5, 6, 1, 0, 0]]


def test_soft_labels_stay():
    soft = torch.tensor([[0.2, 0.8, 0.0]])
    assert torch.equal(OneHot(code=(5,), classes=3)(torch.zeros(1, 2), soft)[:, 2:], soft)
    assert torch.equal(one_hot(soft, 3), soft)


def test_embedding_is_a_row_of_the_table_and_soft_labels_mix_rows():
    part = Embedding(code=(6,), classes=3, size=4)
    latent = torch.randn(2, 2)
    code = part(latent, torch.tensor([2, 0]))
    assert part.latent_shape == (2,)
    assert torch.equal(code, torch.cat([latent, part.table.weight[[2, 0]]], 1))
    mixed = part(latent, torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]))
    assert torch.allclose(mixed[0, 2:], part.table.weight[:2].mean(0)) and torch.allclose(
        mixed[1, 2:], part.table.weight[2]
    )


@pytest.mark.parametrize("make", LABELED)
def test_every_label_changes_the_code_and_soft_equals_hard(make):
    part = make(code=(9,), classes=5)
    latent = torch.zeros(5, *part.latent_shape)
    codes = part(latent, torch.arange(5))
    assert codes.shape == (5, 9) and len(codes.unique(dim=0)) == 5
    assert torch.allclose(part(latent, torch.eye(5)), codes)


@pytest.mark.parametrize("make", LABELED)
def test_dtypes(make):
    part = make(code=(9,), classes=5).double()
    assert part(torch.zeros(2, *part.latent_shape).double(), torch.tensor([0, 1])).dtype == torch.float64
    part = part.float()
    with torch.autocast("cpu", torch.bfloat16):
        assert part(torch.zeros(2, *part.latent_shape), torch.eye(5)[:2]).dtype == torch.float32


@pytest.mark.parametrize("make", LABELED)
def test_what_does_not_fit_is_explained(make):
    with pytest.raises(
        FactError, match="the data have no labels; give labeled data, or use conditioner/identity"
    ):
        make(code=(9,), classes=0)
    with pytest.raises(
        FitError, match=r"makes flat codes, but the generator reads codes of shape \(9, 4, 4\)"
    ):
        make(code=(9, 4, 4), classes=3)
    with pytest.raises(
        FitError,
        match="into a code of 3, which leaves none for the latent; give the generator a code longer than",
    ):
        make(code=(3,), classes=3)
    with pytest.raises(
        FitError, match="reads labels, but got none; give labels, or use conditioner/identity"
    ):
        make(code=(9,), classes=3)(torch.zeros(1, 5))


def test_waits_for_facts():
    part = Embedding()
    assert part.missing() == ["code", "classes"] and not part.built
    part.bind(facts={"code": (80,), "classes": 3}, by="a generator")
    assert part.built and part.latent_shape == (16,)


def test_size_range():
    with pytest.raises(ValueError, match=r"size must be a whole number, at least 1; got 0"):
        Embedding(size=0)
