import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from gancore.nn.convolution import Conv2d, conv2d, conv_transpose2d, mean_conv2d, repeated_conv2d

LAYOUTS = [torch.contiguous_format, torch.channels_last]
GEOMETRIES = [
    {"padding": 1},
    {"stride": (2, 1), "padding": (0, 2)},
    {"dilation": 2, "padding": 2},
    {"groups": 2, "padding": 1},
]


def leaf(*shape, layout=torch.contiguous_format):
    return torch.randn(*shape).double().to(memory_format=layout).requires_grad_()


def patches(x, kernel, stride=1, padding=0, dilation=1, groups=1):
    """The products of a convolution as sums over the pixels under a kernel, by indexing alone."""
    (sy, sx), (py, px), (dy, dx) = (
        v if isinstance(v, tuple) else (v, v) for v in (stride, padding, dilation)
    )
    padded = functional.pad(x, (px, px, py, py))
    size = kernel.shape[2:]
    tall = torch.arange(0, padded.shape[2] - dy * (size[0] - 1), sy)
    wide = torch.arange(0, padded.shape[3] - dx * (size[1] - 1), sx)
    rows = padded.chunk(groups, 1)
    outputs = []
    for part, weight in zip(rows, kernel.chunk(groups, 0), strict=True):
        total = 0
        for i in range(size[0]):
            for j in range(size[1]):
                seen = part[:, :, (tall + i * dy)[:, None], wide + j * dx]
                total = total + torch.einsum("nchw,oc->nohw", seen, weight[:, :, i, j])
        outputs.append(total)
    return torch.cat(outputs, 1)


def orders(y, x, others):
    """A gradient, and those of a penalty on it."""
    (first,) = torch.autograd.grad(y.square().sum(), x, create_graph=True)
    return [first, *torch.autograd.grad(first.pow(3).sum(), [x, *others])]


@pytest.mark.parametrize("layout", LAYOUTS, ids=["planes", "channels_last"])
@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_output_and_both_derivatives_are_those_of_the_sums(geometry, layout):
    x, weight = leaf(2, 4, 6, 5, layout=layout), leaf(6, 4 // geometry.get("groups", 1), 3, 3, layout=layout)
    bias = leaf(6)
    found = conv2d(x, weight, bias, **geometry)
    expected = patches(x, weight, **geometry) + bias[:, None, None]
    assert torch.allclose(found, expected)
    for one, other in zip(orders(found, x, [weight, bias]), orders(expected, x, [weight, bias]), strict=True):
        assert torch.allclose(one, other)


@pytest.mark.parametrize("layout", LAYOUTS, ids=["planes", "channels_last"])
def test_one_pixel_kernels_are_products_of_matrices(layout):
    x, weight, bias = leaf(2, 4, 3, 5, layout=layout), leaf(6, 4, 1, 1, layout=layout), leaf(6)
    found = conv2d(x, weight, bias)
    expected = torch.einsum("nchw,oc->nohw", x, weight[:, :, 0, 0]) + bias[:, None, None]
    assert torch.allclose(found, expected)
    assert found.is_contiguous(memory_format=layout)
    for one, other in zip(orders(found, x, [weight, bias]), orders(expected, x, [weight, bias]), strict=True):
        assert torch.allclose(one, other)


def test_third_derivatives_are_right_too():
    x, weight = leaf(1, 2, 3, 3), leaf(2, 1, 2, 2)

    def gradient(x, weight):
        y = conv2d(x, weight, groups=2)
        return torch.autograd.grad(y.pow(3).sum(), (x, weight), create_graph=True)

    assert torch.autograd.gradgradcheck(gradient, (x, weight))


def test_transposed_it_is_the_adjoint():
    weight = leaf(3, 5, 3, 3)
    x, y = leaf(2, 3, 4, 4), leaf(2, 5, 9, 9)
    spread = conv_transpose2d(x, weight, stride=2)
    assert spread.shape == y.shape
    assert torch.allclose((spread * y).sum(), (x * conv2d(y, weight, stride=2)).sum())
    assert torch.autograd.gradgradcheck(lambda x, w: conv_transpose2d(x, w, stride=2), (x[:1], weight))


@pytest.mark.parametrize("size", [1, 3])
def test_means_and_repeats_are_those_of_the_plain_convolution(size):
    x, weight, bias = leaf(2, 3, 6, 4), leaf(5, 3, size, size), leaf(5)
    around = size // 2
    means = functional.avg_pool2d(functional.conv2d(x, weight, bias, padding=around), 2)
    assert torch.allclose(mean_conv2d(x, weight, bias, around), means)
    repeated = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert torch.allclose(
        repeated_conv2d(x, weight, bias, around), functional.conv2d(repeated, weight, bias, padding=around)
    )


class Counted(TorchDispatchMode):
    """Counts the operators that convolve."""

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func.overloadpacket.__name__ in ("convolution", "convolution_backward")
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("groups", [1, 8])
def test_a_second_derivative_takes_as_many_operators_for_many_groups(groups):
    x, weight = leaf(1, 8, 4, 4), leaf(8, 8 // groups, 3, 3)
    with Counted() as counted:
        orders(conv2d(x, weight, padding=1, groups=groups), x, [weight])
    # forward and its gradient; the gradient of that: three outputs, of which the first two are taken on
    assert counted.count == 7


def test_under_autocast_it_computes_in_bfloat16():
    x, weight = (value.detach().float().requires_grad_() for value in (leaf(2, 4, 5, 5), leaf(6, 4, 3, 3)))
    with torch.autocast("cpu", torch.bfloat16):
        y = conv2d(x, weight, padding=1)
        assert y.dtype == torch.bfloat16
        (gradient,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (found,) = torch.autograd.grad(gradient.square().sum(), weight)
    exact = conv2d(x, weight, padding=1)
    (gradient,) = torch.autograd.grad(exact.sum(), x, create_graph=True)
    (expected,) = torch.autograd.grad(gradient.square().sum(), weight)
    assert found.dtype == torch.float32
    assert (found - expected).norm() < 0.02 * expected.norm()


@pytest.mark.parametrize("options", [{"padding": "same"}, {"padding": 1, "padding_mode": "reflect"}], ids=str)
def test_a_layer_takes_every_padding_of_torchs(options):
    layer = Conv2d(3, 4, 3, **options)
    plain = nn.Conv2d(3, 4, 3, **options)
    plain.load_state_dict(layer.state_dict())
    x = torch.randn(2, 3, 5, 5)
    assert torch.equal(layer(x), plain(x))
