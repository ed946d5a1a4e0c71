"""Mean and covariance, folded batch by batch."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gancore.measure.moments import Moments


@settings(deadline=None)
@given(st.integers(2, 40), st.integers(1, 6), st.integers(1, 7), st.floats(-1e4, 1e4))
def test_batches_give_what_the_whole_gives(count, width, pieces, shift):
    rows = torch.randn(count, width, generator=torch.Generator().manual_seed(count)) + shift
    moments = Moments()
    for batch in rows.tensor_split(min(pieces, count)):
        moments.add(batch)
    assert moments.count == count
    torch.testing.assert_close(moments.mean, rows.double().mean(0))
    torch.testing.assert_close(
        moments.covariance, torch.cov(rows.double().T).reshape(width, width), rtol=1e-9, atol=1e-9
    )


def test_a_large_mean_costs_no_digits():
    rows = torch.randn(1000, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 1e8
    torch.testing.assert_close(Moments.of(rows).covariance, torch.cov(rows.T), rtol=1e-6, atol=1e-6)
