import pytest
import torch

from gancore.nn import Hierarchy


def test_what_is_joined_is_split_again():
    for dtype in (torch.int64, torch.float32):
        levels = [torch.arange(2 * 4).reshape(2, 2, 2).to(dtype), torch.arange(2 * 3).reshape(2, 3).to(dtype)]
        hierarchy = Hierarchy([(2, 2), (3,)])
        joined = hierarchy.join(levels)
        assert hierarchy.shape == (7,) and joined.shape == (2, 7) and joined.dtype == dtype
        assert all(map(torch.equal, hierarchy.split(joined), levels))


def test_other_shapes_are_refused():
    hierarchy = Hierarchy([(2, 2), (3,)])
    with pytest.raises(ValueError, match=r"shapes \[\(2, 2\), \(3,\)\] .* got \[\(3,\)\]"):
        hierarchy.join([torch.zeros(2, 3)])
    with pytest.raises(ValueError, match=r"expected \(N, 7\); got \(2, 3\)"):
        hierarchy.split(torch.zeros(2, 3))
    with pytest.raises(ValueError, match="at least one shape"):
        Hierarchy([])
