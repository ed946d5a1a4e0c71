"""Style mixing."""

import pytest
import torch

from gancore.errors import UserError
from gancore.latent.mixing import layers_of, mix, mixing_table


def test_the_given_layers_come_from_the_other():
    one, other = torch.randn(2, 5, 4, 3)
    mixed = mix(one, other, [1, 3])
    assert torch.equal(mixed[:, [1, 3]], other[:, [1, 3]]) and torch.equal(mixed[:, [0, 2]], one[:, [0, 2]])
    assert torch.equal(mix(one, other, []), one) and torch.equal(mix(one, other, range(4)), other)


def test_a_table_mixes_every_row_with_every_column():
    rows, columns = torch.randn(2, 4, 3), torch.randn(5, 4, 3)
    table = mixing_table(rows, columns, {0})
    assert table.shape == (2, 5, 4, 3)
    for i in range(2):
        for j in range(5):
            assert torch.equal(table[i, j], mix(rows[i], columns[j], {0}))


def test_which_codes_have_layers():
    assert layers_of((8, 512)) == 8
    assert layers_of((100,)) == layers_of((1, 512)) == layers_of((4, 8, 8)) == 0


@pytest.mark.parametrize(
    ("shape", "other", "layers", "text"),
    [
        ((2, 6), (2, 5), [0], r"codes must have the same shape to be mixed; got \(2, 6\) and \(2, 5\)"),
        ((6,), (6,), [0], r"if each layer reads its own code, \(L, W\); this code is \(6,\)"),
        ((4, 6), (4, 6), [2, 4], "layer 4 is out of range; give numbers from 0 to 3"),
        ((4, 6), (4, 6), [-1], "layer -1 is out of range"),
    ],
)
def test_wrong_words(shape, other, layers, text):
    with pytest.raises(UserError, match=text):
        mix(torch.zeros(shape), torch.zeros(other), layers)
