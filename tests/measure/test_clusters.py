import pytest
import torch

from gancore.errors import MeasureError
from gancore.measure.clusters import k_means, purity


def blobs(sizes=(30, 20, 10)):
    rng = torch.Generator().manual_seed(0)
    centers = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    rows = torch.cat([torch.randn(n, 2, generator=rng) + c for n, c in zip(sizes, centers, strict=True)])
    return rows, torch.arange(3).repeat_interleave(torch.tensor(sizes)), centers


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_separate_blobs_are_found_the_largest_first():
    rows, expected, centers = blobs()
    cluster, means = k_means(rows, 3, rng=rng())
    assert torch.equal(cluster, expected)
    assert (means - centers).abs().max() < 1


def test_means_are_those_of_the_clusters_and_scikit_learn_agrees():
    from sklearn.cluster import KMeans

    rows, _, _ = blobs()
    cluster, means = k_means(rows, 3, rng=rng())
    for i in range(3):
        assert torch.allclose(means[i], rows[cluster == i].double().mean(0))
    theirs = KMeans(3, init=means.numpy(), n_init=1).fit(rows.double().numpy())
    ours = (rows.double() - means[cluster]).square().sum()
    assert abs(float(ours) - theirs.inertia_) < 1e-6


def test_equal_seeds_give_equal_clusters():
    rows, _, _ = blobs((40, 40, 40))
    assert torch.equal(k_means(rows, 7, rng=rng(3))[0], k_means(rows, 7, rng=rng(3))[0])


def test_more_clusters_than_different_rows_are_refused():
    rows = torch.zeros(5, 2)
    assert k_means(rows, 1, rng=rng())[0].tolist() == [0] * 5
    with pytest.raises(MeasureError, match="2 clusters of 1 different rows; ask for 1 to 1"):
        k_means(rows, 2, rng=rng())


def test_purity_is_the_share_of_the_most_frequent_labels():
    cluster = torch.tensor([0, 0, 0, 1, 1, 1, 1, 2])
    label = torch.tensor([3, 3, 1, 0, 0, 1, 3, 1])
    assert purity(cluster, label) == (2 + 2 + 1) / 8
    assert purity(label, label) == 1.0
    assert purity(torch.zeros(8, dtype=torch.int64), label) == 3 / 8
