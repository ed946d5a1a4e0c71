"""Sets of images: read, drawn, chosen."""

import numpy as np
import pytest
import torch
from small import SmallGenerator

from gancore.data import Unpaired, open_data
from gancore.errors import MeasureError
from gancore.measure.sets import DatasetImages, PipelineSamples, eight_bit
from gancore.pipeline import Pipeline
from gancore.standard.conditioners import Identity
from gancore.standard.samplers import Normal


def data(count=30, seed=0):
    rng = np.random.default_rng(seed)
    return open_data(
        rng.integers(0, 256, (count, 3, 8, 8), dtype=np.uint8), layout="NCHW", labels=np.arange(count) % 2
    )


def pipeline(noise=0.0):
    generator = SmallGenerator(image=(3, 8, 8), noise=noise)
    generator.bind(seed=0)
    return Pipeline(conditioner=Identity(code=(4,)), generator=generator, sampler=Normal(latent=(4,)))


def test_a_read_set_is_the_data_in_order():
    images = DatasetImages(data())
    whole = torch.cat(list(images.batches()))
    assert len(images) == 30 and images.image == (3, 8, 8)
    torch.testing.assert_close(whole, data().rows(np.arange(30))["image"])
    assert torch.equal(images.rows(torch.tensor([3, 7])), whole[[3, 7]])
    assert images.labels.tolist() == [0, 1] * 15


def test_a_chosen_part_is_the_same_for_the_same_seed_and_says_so():
    one, again, other = (DatasetImages(data(), 10, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.chosen, again.chosen) and not torch.equal(one.chosen, other.chosen)
    assert one.key == again.key != other.key
    assert one.facts["count"] == 10 and one.facts["of"] == 30 and one.facts["seed"] == 1
    assert len(one.labels) == 10


def test_too_many_images_are_refused():
    with pytest.raises(MeasureError, match=r"31 images requested from 30 .*ask for at most 30"):
        DatasetImages(data(), 31)


def test_a_domain_is_read_by_its_name():
    both = Unpaired(data(seed=0), data(seed=1))
    assert torch.equal(
        DatasetImages(both, entry="target").rows(torch.arange(5)),
        DatasetImages(data(seed=1)).rows(torch.arange(5)),
    )
    with pytest.raises(MeasureError, match="holds source, target, not 'image'"):
        DatasetImages(both)


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_drawn_rows_are_those_of_the_whole(noise):
    drawn = PipelineSamples(pipeline(noise), 150, seed=3)
    whole = torch.cat(list(drawn.batches()))
    assert len(drawn) == 150
    assert torch.equal(whole, eight_bit(pipeline(noise).sample(150, seed=3)))
    assert torch.equal(drawn.rows(torch.tensor([0, 70, 149])), whole[[0, 70, 149]])


def test_samples_have_the_levels_of_a_picture_file():
    image = torch.tensor([-1.0, -0.4999, 0.0, 0.77777, 1.0, 3.0])
    bytes_ = (eight_bit(image) + 1) * 127.5
    torch.testing.assert_close(bytes_, bytes_.round(), atol=1e-4, rtol=0)
    assert eight_bit(torch.tensor(float("nan"))).isnan()


def test_a_pipeline_that_draws_takes_no_source():
    with pytest.raises(MeasureError, match="draws latents: leave out the source images"):
        PipelineSamples(pipeline(), 10, source=DatasetImages(data()))


@pytest.mark.parametrize(("broken", "renders"), [(False, 1), (True, 2)])
def test_samples_are_drawn_once_and_kept_where_they_are_finite(broken, renders, monkeypatch):
    drawn, calls = PipelineSamples(pipeline(), 20, seed=3), []
    if broken:
        with torch.no_grad():
            next(drawn.pipeline.generator.parameters()).fill_(float("nan"))
    whole = drawn.pipeline.chunks
    monkeypatch.setattr(
        drawn.pipeline, "chunks", lambda *rest, **named: calls.append(1) or whole(*rest, **named)
    )
    first, second = (torch.cat(list(drawn.batches())) for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0, equal_nan=True)
    assert bool(first.isnan().any()) == broken and len(calls) == renders
