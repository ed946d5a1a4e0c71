import pytest
import torch

from gancore.component.precision import at_least_float32


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (torch.bfloat16, torch.float32),
        (torch.float16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_half_precision_is_widened_and_nothing_else_touched(given, expected):
    value = torch.tensor([1.0, -2.5], dtype=given, requires_grad=True)
    wide = at_least_float32(value)
    assert wide.dtype == expected and wide.tolist() == [1.0, -2.5]
    assert wide is value or given != expected
    wide.sum().backward()
    assert value.grad is not None and value.grad.dtype == given
