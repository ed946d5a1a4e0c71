import pytest
import torch

from gancore.errors import DataError
from gancore.nn.moments import Moments, value_moments

ROWS = torch.randn(50, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 1e6


@pytest.mark.parametrize("size", [1, 7, 50])
def test_mean_and_variance_of_each_value_do_not_depend_on_the_batches(size):
    mean, variance = value_moments(ROWS.split(size))
    assert torch.allclose(mean, ROWS.mean(0), rtol=1e-14)
    assert torch.allclose(variance, ROWS.var(0, correction=0), rtol=1e-7)


def test_float32_rows_are_summed_in_float64():
    mean, variance = value_moments([torch.ones(3, 2), torch.zeros(1, 2)])
    assert mean.dtype == torch.float64 and mean.tolist() == [0.75, 0.75]
    assert variance.tolist() == [0.1875, 0.1875]


def test_no_rows_are_refused():
    with pytest.raises(DataError, match="no images whose mean"):
        value_moments([torch.zeros(0, 3)])


def test_the_diagonal_of_the_scatter_is_the_variance():
    moments = Moments(6)
    for batch in ROWS.flatten(1).split(13):
        moments.fold(batch)
    assert torch.allclose(moments.scatter.diagonal() / 50, value_moments(ROWS.split(13))[1].flatten())
