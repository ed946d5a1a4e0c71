import pytest
import torch
from small import MeanConditioner, SmallGenerator
from toy_study import Toy, images, pipeline, study

from gancore.component.interfaces import Generator
from gancore.component.part import part
from gancore.errors import MeasureError
from gancore.measure.path_length import PathLength, path_lengths, squared_steps, trimmed
from gancore.pipeline import Pipeline
from gancore.standard.samplers import Normal

IMAGE = (3, 16, 16)


@part("toy-straight")
class Straight(Generator):
    """The code, small, as the first pixels of an image."""

    @property
    def code_shape(self):
        return (4,)

    def forward(self, code):
        image = torch.zeros(len(code), *self.image)
        image[:, 0, 0, :4] = code * 0.01
        return image


def of(made, **how):
    return study(fake=images(8), pipeline=made, **how)


def straight(conditioner=None):
    conditioner = conditioner or MeanConditioner(code=(4,))
    made = Pipeline(sampler=Normal(latent=(4,)), conditioner=conditioner, generator=Straight(image=IMAGE))
    conditioner.bind(seed=3)
    return made


def test_a_straight_line_through_a_linear_generator_has_the_length_of_its_ends():
    made = straight()
    judged = of(made)
    found = path_lengths(judged, made, "w", count=200, epsilon=1e-2)
    weight = judged.extractor.layer.weight[:, :4] @ made.conditioner.linear.weight * 0.01
    # the ends are drawn alike, so the squared difference of two has twice the variance of one
    expected = 2 * float(weight.detach().square().sum())
    assert float(found.mean()) == pytest.approx(expected, rel=0.25)
    again = path_lengths(judged, made, "w", count=200, epsilon=1e-3)
    assert float(again.mean()) == pytest.approx(float(found.mean()), rel=1e-2)


def test_it_grows_with_the_square_of_the_generators_scale():
    one, other = pipeline(), pipeline()
    with torch.no_grad():
        for made, scale in ((one, 1e-3), (other, 2e-3)):
            made.generator.linear.weight.mul_(scale)
            made.generator.linear.bias.zero_()
    lengths = [
        float(path_lengths(of(made), made, "z", count=100, epsilon=1e-2).mean()) for made in (one, other)
    ]
    assert lengths[1] == pytest.approx(4 * lengths[0], rel=1e-2)


def test_noise_inside_the_generator_is_the_same_at_both_ends():
    quiet, noisy = (pipeline(noise=n) for n in (0.0, 0.1))
    lengths = [
        float(path_lengths(of(made), made, "z", count=100, epsilon=1e-4).mean()) for made in (quiet, noisy)
    ]
    assert lengths[1] == pytest.approx(lengths[0], rel=0.1)


def test_the_lowest_and_highest_hundredth_are_left_out():
    lengths = torch.arange(1001.0).double()
    assert trimmed(lengths.flip(0)).sort().values.tolist() == lengths[10:991].tolist()


def test_steps_are_symmetric_and_zero_where_nothing_changes():
    a, b = torch.randn(2, 5, 3)
    assert torch.equal(squared_steps(a, b, 0.1), squared_steps(b, a, 0.1))
    assert float(squared_steps(a, a, 0.1).sum()) == 0
    assert squared_steps(torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]), 0.5).tolist() == [100.0]


def test_w_is_walked_where_there_is_one():
    score = PathLength(count=100)
    assert list(score(of(pipeline()))) == ["PPL z[toy-1]"]
    mapped = Pipeline(
        sampler=Normal(latent=(4,)),
        conditioner=MeanConditioner(code=(4,)),
        generator=SmallGenerator(image=IMAGE),
    )
    for p in mapped.parts.values():
        p.bind(seed=1)
    found = score(of(mapped))
    assert list(found) == ["PPL z[toy-1]", "PPL w[toy-1]"]
    assert all(v.value > 0 and v.error > 0 and v.better == "lower" for v in found.values())
    assert score(of(mapped)) == found


def test_the_ends_of_a_path_have_one_label():
    from gancore.standard.conditioners import OneHot
    from gancore.standard.labels import UniformLabels

    conditioner = OneHot(code=(7,), classes=3)
    parts = {
        "sampler": Normal(latent=(4,)),
        "conditioner": conditioner,
        "generator": SmallGenerator(image=IMAGE, width=7),
    }
    made = Pipeline(**parts, labels=UniformLabels(classes=3))
    for p in made.parts.values():
        p.bind(seed=1)
    assert float(path_lengths(of(made), made, "w", count=50, epsilon=1e-4).max()) < 1e4


def test_one_sample_is_too_few():
    with pytest.raises(MeasureError, match=r"PPL z\[toy-1\] needs at least 2 images in the samples"):
        PathLength()(study(fake=images(1), pipeline=pipeline(), extractor=Toy()))
