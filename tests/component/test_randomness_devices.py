import pytest
import torch

from gancore.component.randomness import generator_of, seeded


def test_a_device_of_its_own_is_seeded_and_goes_on_as_before(monkeypatch):
    """There is no such device here; its generator is one of the CPU's kind."""
    theirs = torch.Generator().manual_seed(3)
    monkeypatch.setattr(torch.mps, "_get_default_mps_generator", lambda: theirs)
    before, mine = theirs.get_state(), torch.get_rng_state()
    with seeded(7, torch.device("mps")):
        inside = torch.rand(3, generator=theirs)
        assert torch.equal(inside, torch.rand(3)) and torch.equal(
            inside, torch.rand(3, generator=torch.Generator().manual_seed(7))
        )
    assert torch.equal(theirs.get_state(), before) and torch.equal(torch.get_rng_state(), mine)


def test_generators_go_on_after_an_error():
    before = torch.get_rng_state()
    with pytest.raises(KeyError), seeded(1, torch.device("cpu")):
        torch.rand(2)
        raise KeyError
    assert torch.equal(torch.get_rng_state(), before)
    assert generator_of(torch.device("cpu")) is torch.default_generator


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_each_cuda_device_has_its_own():
    last = torch.device("cuda", torch.cuda.device_count() - 1)
    with seeded(5, last):
        first = torch.rand(4, device=last)
    with seeded(5, last):
        assert torch.equal(torch.rand(4, device=last), first)
