"""Noise for some rows of a batch."""

import torch

from gancore.component.randomness import Rows, normal, own_rows, some_rows, uniform


def test_chosen_rows_have_the_noise_of_the_whole_batch():
    rows, like = torch.tensor([4, 1]), torch.zeros(2)
    torch.manual_seed(0)
    whole = normal(6, 3, like=like), uniform(6, like=like)
    torch.manual_seed(0)
    with some_rows(rows, 6):
        chosen = normal(2, 3, like=like), uniform(2, like=like)
    assert all(torch.equal(some, all_[rows]) for some, all_ in zip(chosen, whole, strict=True))


def test_rows_of_a_piece_are_rows_of_the_whole():
    like = torch.zeros(1)
    torch.manual_seed(0)
    whole = uniform(6, like=like)
    torch.manual_seed(0)
    with own_rows(Rows(6, 2, 4)), some_rows(torch.tensor([1]), 2):
        assert uniform(1, like=like) == whole[3]
