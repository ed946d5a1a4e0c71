"""Some of the rows of an update, the same however it is split."""

import torch

from gancore.component.part import RandomRows
from gancore.component.randomness import Rows, own_rows

ROWS = torch.arange(24.0).view(6, 2, 2)


def observed(start, stop, most=5, into=None):
    rows = RandomRows(most) if into is None else into
    torch.manual_seed(4)
    with own_rows(Rows(6, start, stop)):
        rows.add(ROWS[start:stop])
    return rows


class Both:
    """Two processes, as each of them sees the other."""

    world = 2

    def __init__(self, *several):
        self.kept = [dict(vars(one)) for one in several]

    def gather(self, rows):
        name = "rows" if rows.dim() == 2 else "_numbers"
        return torch.cat([kept[name] for kept in self.kept])


def test_they_are_rows_each_at_most_once():
    rows = observed(0, 6).rows
    assert rows.shape == (5, 2) and len(set(map(tuple, rows.tolist()))) == 5
    assert all(any(torch.equal(row, one) for one in ROWS.flatten(0, 1)) for row in rows)


def test_micro_batches_keep_those_of_the_whole():
    whole, pieces = observed(0, 6), RandomRows(5)
    for start in (0, 2, 4):
        observed(start, start + 2, into=pieces)
    assert torch.equal(whole.rows, pieces.rows)


def test_processes_keep_those_of_the_whole():
    first, second = observed(0, 3), observed(3, 6)
    both = Both(first, second)
    first.join(both), second.join(both)
    assert torch.equal(first.rows, observed(0, 6).rows) and torch.equal(second.rows, first.rows)


def test_each_row_is_equally_likely():
    counts = torch.zeros(12)
    for seed in range(500):
        rows = RandomRows(3)
        torch.manual_seed(seed)
        rows.add(ROWS)
        counts[(rows.rows[:, 0] / 2).long()] += 1
    assert torch.allclose(counts / 500, torch.full((12,), 3 / 12), atol=0.08)


def test_what_was_observed_is_forgotten():
    rows = observed(0, 6)
    rows.clear()
    assert rows.rows is None
    assert observed(0, 6, most=50).rows.shape == (12, 2)
