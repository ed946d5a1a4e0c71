import torch

from gancore.nn import ClassMeans


def test_each_class_moves_toward_its_own_mean():
    means = ClassMeans(3, 2, decay=0.75)
    means.add(torch.tensor([[1.0, 0.0], [3.0, 4.0]]), torch.tensor([0, 0]))
    means.add(torch.tensor([[8.0, 8.0]]), torch.tensor([2]))  # a second micro-batch
    means.update_buffers()
    expected = torch.tensor([[0.5, 0.5], [0.0, 0.0], [2.0, 2.0]])
    assert torch.equal(means.means, expected)
    assert torch.equal(means(torch.tensor([2, 0])), expected[[2, 0]])
    assert torch.equal(means(torch.tensor([[0.5, 0.0, 0.5]])), torch.tensor([[1.25, 1.25]]))


def test_it_comes_to_the_means_of_the_classes():
    means = ClassMeans(2, 4, decay=0.5)
    centers = torch.tensor([[1.0, 2.0, 3.0, 4.0], [-1.0, 0.0, 1.0, 0.0]])
    for _ in range(40):
        means.seen.clear()
        label = torch.tensor([0, 1, 1, 0])
        means.add(centers[label], label)
        means.update_buffers()
    torch.testing.assert_close(means.means, centers)
