"""Path length regularization: numbers by hand, and generators other than StyleGAN2's."""

import math

import pytest
import torch
from small import Source

from gancore import create
from gancore.component.randomness import normal, seeded
from gancore.component.registry import Registry
from gancore.component.scored import Scored
from gancore.standard.path_length import PathLength, path_lengths
from gancore.training.first_step import take_step
from gancore.training.run import TrainingRun


def test_lengths_of_a_linear_map():
    """J_w is the matrix: the length is ‖y A‖ with y over the root of the number of pixels."""
    matrix, code = torch.randn(5, 12, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)
    with seeded(0):
        found = path_lengths(lambda w: (w @ matrix).reshape(4, 3, 2, 2), code)
    with seeded(0):
        y = normal(4, 3, 2, 2, like=code).flatten(1) / 2
    assert torch.allclose(found, (y @ matrix.t()).norm(dim=1)) and not code.requires_grad
    layered = code[:, None].repeat(1, 3, 1)
    with seeded(0):
        found = path_lengths(lambda w: (w.sum(1) @ matrix).reshape(4, 3, 2, 2), layered)
    assert torch.allclose(found, (y @ matrix.t()).norm(dim=1))


def made_from(render, code):
    return Scored(render, never, code=lambda: code), Scored(never, never)


def never(*given):
    raise AssertionError("path length asks for codes alone")


def test_the_running_mean_of_lengths():
    penalty, matrix, code = PathLength(mean_decay=0.75), torch.randn(5, 12), torch.randn(4, 5)

    def render(w):
        return (w @ matrix).reshape(4, 3, 2, 2)

    def value():
        with seeded(0):
            return penalty(render, *made_from(render, code))

    with seeded(0):
        lengths = path_lengths(render, code)
    assert value().item() == pytest.approx(2 * lengths.square().mean().item())
    penalty.update_buffers()
    assert penalty.mean.item() == pytest.approx(0.25 * lengths.mean().item())
    assert value().item() == pytest.approx(2 * (lengths - penalty.mean).square().mean().item(), rel=1e-5)
    penalty.eval()
    penalty.seen.clear()
    value()
    assert penalty.seen.mean is None


def test_path_lengths_of_no_images_are_refused():
    with pytest.raises(ValueError, match="batch_fraction must be a number above 0"):
        PathLength(batch_fraction=0)


def test_a_generator_that_ignores_its_code_gets_no_nan():
    weight = torch.ones((), requires_grad=True)

    def render(w):
        return (0 * weight * w.sum()).expand(4, 3, 2, 2)

    value = PathLength()(render, *made_from(render, torch.randn(4, 5)))
    value.backward()
    assert value.isfinite() and weight.grad.isfinite()


def test_a_generator_of_another_family_is_regularized_in_its_latent():
    given = {
        "generator": {"width": 2},
        "discriminator": {"width": 2},
        "generator_regularizers": ["path-length"],
    }
    recipe = create("dcgan", given, image=(3, 16, 16))
    run = TrainingRun(recipe, Source((3, 16, 16)), batch=4, total=32)
    for _ in range(5):
        take_step(run)
        run.step += 1
    penalty = recipe.generator_regularizers[0]
    assert penalty.mean > 0 and math.isfinite(run.take_log()["generator/path-length"])


def test_its_name_of_when_it_was_stylegan2s_is_known():
    registry = Registry()
    registry.add("gancore", [PathLength])
    assert registry.find("generator-regularizer", "gancore-stylegan:path-length") is PathLength
