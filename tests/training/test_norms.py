import pytest
import torch

from gancore.training import norms
from gancore.training.norms import norms_of


def laid_out(shape, memory_format):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(memory_format=memory_format)


@pytest.mark.parametrize(
    "tensor",
    [
        laid_out((64, 65, 8, 9), torch.contiguous_format),
        laid_out((64, 65, 8, 9), torch.channels_last),
        laid_out((512, 600), torch.contiguous_format).t(),
        laid_out((511, 601), torch.contiguous_format),
        laid_out((1 << 19,), torch.contiguous_format)[3:],
        laid_out((1 << 19,), torch.contiguous_format)[64:],
        laid_out((3,), torch.contiguous_format),
        torch.zeros(0),
    ],
    ids=["rows", "channels-last", "transposed", "odd", "no-rows", "offset", "small", "empty"],
)
def test_norms_are_those_of_torch(tensor):
    (norm,) = norms_of([tensor])
    assert norm.shape == ()
    torch.testing.assert_close(norm, torch.linalg.vector_norm(tensor.double()).float(), rtol=1e-5, atol=0.0)


def test_no_tensor_has_no_norm():
    assert norms_of([]) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_one_broken_number_breaks_the_norm_of_a_large_tensor(value):
    tensor = torch.zeros(norms.LARGE)
    tensor[-1] = value
    assert not norms_of([tensor])[0].isfinite()


def test_norms_are_the_same_with_any_number_of_threads():
    tensor, before = laid_out((1 << 20,), torch.contiguous_format), torch.get_num_threads()
    try:
        found = []
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            found.append(norms_of([tensor])[0])
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1] == found[2]
