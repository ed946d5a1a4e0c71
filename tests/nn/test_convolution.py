import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from gancore.nn.convolution import (
    Conv2d,
    ConvTranspose2d,
    conv2d,
    conv_transpose2d,
    mean_conv2d,
    repeated_conv2d,
)

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


SMALL = [
    {"stride": 2, "padding": 1},
    {"stride": (3, 2), "padding": (0, 1)},
    {"padding": 2},
]


@pytest.mark.parametrize("geometry", SMALL, ids=str)
def test_over_a_small_map_it_is_a_product_of_matrices(geometry):
    x, weight = leaf(2, 3, 4, 5, layout=torch.channels_last), leaf(200, 3, 3, 2, layout=torch.channels_last)
    bias = leaf(200)
    with Counted() as counted:
        found = conv2d(x, weight, bias, **geometry)
        derivatives = orders(found, x, [weight, bias])
    assert counted.count == 0
    expected = patches(x, weight, **geometry) + bias[:, None, None]
    assert torch.allclose(found, expected)
    for one, other in zip(derivatives, orders(expected, x, [weight, bias]), strict=True):
        assert torch.allclose(one, other)


@pytest.mark.parametrize("geometry", SMALL, ids=str)
def test_so_is_a_transposed_one(geometry):
    x, weight = leaf(1, 24, 3, 2, layout=torch.channels_last), leaf(24, 2, 4, 5, layout=torch.channels_last)
    bias = leaf(2)
    with Counted() as counted:
        found = conv_transpose2d(x, weight, bias, **geometry)
        derivatives = orders(found, x, [weight, bias])
    assert counted.count == 0
    expected = functional.conv_transpose2d(x, weight, bias, **geometry)
    assert found.shape == expected.shape and torch.allclose(found, expected)
    for one, other in zip(derivatives, orders(expected, x, [weight, bias]), strict=True):
        assert torch.allclose(one, other)


@pytest.mark.parametrize(("width", "layout"), [(64, LAYOUTS[0]), (31, LAYOUTS[1])], ids=["planes", "few"])
@torch.no_grad()
def test_other_layouts_and_fewer_channels_are_convolved_by_torch(width, layout):
    """16 places: matrices from 32 channels on."""
    weight = leaf(width, 5, 4, 4, layout=layout)
    with Counted() as counted:
        conv2d(leaf(1, 5, 8, 8), weight, stride=2, padding=1)
        conv_transpose2d(leaf(1, width, 4, 4), weight, stride=2, padding=1)
    assert counted.count == 2


@pytest.mark.parametrize(("outputs", "convolutions"), [(1, 0), (4, 0), (5, 1)])
def test_a_transposed_one_that_gives_an_image_is_a_product_of_matrices(outputs, convolutions):
    x = leaf(1, 6, 16, 12, layout=torch.channels_last)
    weight, bias = leaf(6, outputs, 4, 4, layout=torch.channels_last), leaf(outputs)
    with Counted() as counted:
        found = conv_transpose2d(x, weight, bias, stride=2, padding=1)
    assert counted.count == convolutions
    expected = functional.conv_transpose2d(x, weight, bias, stride=2, padding=1)
    assert torch.allclose(found, expected)
    derivatives, known = orders(found, x, [weight, bias]), orders(expected, x, [weight, bias])
    for one, other in zip(derivatives, known, strict=True):
        assert torch.allclose(one, other)


def test_sums_over_a_small_map_are_added_in_float32():
    weight = torch.full((64, 1, 4, 4), 1 / 64).to(torch.bfloat16, memory_format=torch.channels_last)
    x = torch.ones(1, 64, 4, 4, dtype=torch.bfloat16)
    x[:, :, ::2] = 1.25 * 2**-8  # beside 1 lost in any order, where each sum is rounded to 8 bits
    found = conv_transpose2d(x, weight, stride=2, padding=1)
    expected = functional.conv_transpose2d(x.double(), weight.double(), stride=2, padding=1)
    assert found.dtype == torch.bfloat16 and torch.equal(found, expected.to(torch.bfloat16))


@pytest.mark.parametrize("convolve", [conv2d, conv_transpose2d])
@pytest.mark.parametrize("padding", [0, 1])
def test_what_comes_of_a_small_map_may_be_written_over(convolve, padding):
    x, weight = leaf(1, 3 if convolve is conv2d else 64, 4, 4), leaf(64, 3, 3, 3, layout=torch.channels_last)
    found = functional.relu(convolve(x, weight, padding=padding), inplace=True)
    expected = getattr(functional, convolve.__name__)(x, weight, padding=padding).relu()
    assert torch.allclose(found, expected)
    for one, other in zip(orders(found, x, [weight]), orders(expected, x, [weight]), strict=True):
        assert torch.allclose(one, other)


def test_transposed_layers_are_those_of_torch():
    layer = ConvTranspose2d(40, 3, 4, 2, 1)
    plain = nn.ConvTranspose2d(40, 3, 4, 2, 1)
    plain.load_state_dict(layer.state_dict())
    for side in (2, 8):
        x = torch.randn(2, 40, side, side)
        for made in (layer, layer.to(memory_format=torch.channels_last)):
            assert torch.allclose(made(x), plain(x), atol=1e-6)
    assert ConvTranspose2d(4, 3, 4, bias=False).bias is None


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
