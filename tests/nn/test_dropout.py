import pytest
import torch

from gancore.component.randomness import Rows, own_rows, seeded
from gancore.nn import Dropout


def masked(x, rows=None):
    with seeded(3), own_rows(rows):
        return Dropout(0.25)(x)


def test_the_mask_does_not_depend_on_how_a_batch_is_split():
    x = torch.ones(6, 4, 5)
    whole = masked(x)
    pieces = [masked(x[i : i + 2], Rows(6, i, i + 2)) for i in (0, 2, 4)]
    assert torch.equal(torch.cat(pieces), whole)
    assert not torch.equal(torch.nn.functional.dropout(x, 0.25), whole)


def test_values_are_zero_or_scaled_and_their_mean_stays():
    made = masked(torch.ones(200, 500))
    assert made.unique().tolist() == [0.0, pytest.approx(4 / 3)]
    assert float(made.mean()) == pytest.approx(1, abs=0.01)
    assert float((made == 0).float().mean()) == pytest.approx(0.25, abs=0.01)


def test_nothing_is_dropped_in_eval_mode_and_for_p_0():
    x = torch.randn(3, 4)
    assert Dropout(0.5).eval()(x) is x and Dropout(0.0)(x) is x
    with pytest.raises(ValueError, match=r"must be at least 0 and below 1; got 1.0"):
        Dropout(1.0)


def test_it_keeps_the_dtype():
    for dtype in (torch.bfloat16, torch.float32, torch.float64):
        assert masked(torch.ones(2, 3, dtype=dtype)).dtype == dtype
