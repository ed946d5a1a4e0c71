import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from gancore.component.precision import at_least_float32, cast_weight, in_bfloat16
from gancore.nn.convolution import Conv2d, ConvTranspose2d

HALF = torch.bfloat16


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


class Casts(TorchDispatchMode):
    """Counts the casts of weights, which have 3×3 pixels."""

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func.overloadpacket.__name__ == "_to_copy" and args[0].shape[2:] == (3, 3)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("layer", [nn.Conv2d(4, 5, 3), Conv2d(4, 5, 3), ConvTranspose2d(4, 5, 3)], ids=str)
@torch.no_grad()
def test_inside_bfloat16_every_weight_is_cast_once(layer):
    x, exact = torch.randn(1, 4, 7, 7), {}
    for times in (1, 2):
        with in_bfloat16(x.device), Casts() as casts:
            made = [layer(x) for _ in range(times)]
        assert casts.count == 1
        exact[times] = made[-1]
    assert exact[1].dtype == HALF and torch.equal(exact[1], exact[2])


def test_with_gradients_and_outside_a_weight_is_cast_anew():
    weight = nn.Parameter(torch.ones(2))
    with in_bfloat16(weight.device):
        cast_weight(weight, HALF).sum().backward()
        assert weight.grad is not None and weight.grad.tolist() == [1, 1]
        with torch.no_grad():
            assert cast_weight(weight, HALF) is cast_weight(weight, HALF)
            assert cast_weight(weight / 2, HALF).tolist() == [0.5, 0.5]
    with torch.no_grad():
        assert cast_weight(weight, HALF) is not cast_weight(weight, HALF)
        weight.fill_(3)
        with in_bfloat16(weight.device):
            assert cast_weight(weight, HALF).tolist() == [3, 3]
