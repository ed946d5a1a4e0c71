"""A number that is not finite is named in the step where it appears, and never committed."""

import math

import pytest
import torch
from runs import begin, game, sources
from small import know_small_parts

from gancore.component.weights import read_weights
from gancore.errors import NotFinite
from gancore.runs import RunFolder
from gancore.training.finite import FiniteState
from gancore.training.run import TrainingRun


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    know_small_parts()
    return sources(tmp_path_factory.mktemp("images"))


class Images:
    """Batches of noise."""

    position = 0

    def next(self, n):
        return {"image": torch.rand(n, 3, 8, 8) * 2 - 1}


def trained_a_little():
    recipe = game()
    recipe.bind(seed=0, by="the test", facts={"image": (3, 8, 8), "classes": 0})
    run = TrainingRun(recipe, Images(), batch=4, total=64)
    state = FiniteState(recipe, run.player_optimizers)
    recipe.step(run)
    return run, state


def test_every_number_that_a_checkpoint_holds_is_watched():
    run, state = trained_a_little()
    assert state.broken() is None
    held = {name for name, value in run.recipe.state_dict().items() if value.is_floating_point()}
    moments = {
        f"the optimizer's {name}"
        for player in run.player_optimizers.values()
        for name, value in player.state()[0].items()
    }
    watched = dict(state._tensors())
    assert watched.keys() == held | moments
    for name, tensor in ((name, tensor) for name, tensor in watched.items() if tensor.numel()):
        for value in (math.nan, math.inf, -math.inf):
            kept = tensor.clone()
            tensor.view(-1)[-1] = value
            assert state.broken()[0] == name
            tensor.copy_(kept)
    assert state.broken() is None


def test_large_numbers_and_masks_are_fine():
    run, _ = trained_a_little()
    run.recipe.generator.register_buffer("mask", torch.tensor([0.0, -math.inf]))
    run.recipe.generator.register_buffer("large", torch.tensor([3e38, 3e38]))
    assert FiniteState(run.recipe, run.player_optimizers).broken() is None


@pytest.mark.parametrize("where", ["average", "exp_avg_sq", "mean"])
def test_the_step_is_named_and_nothing_broken_is_committed(images, tmp_path, monkeypatch, where):
    recipe = game()
    cls, step = type(recipe), type(recipe).step

    def breaks(self, run):
        step(self, run)
        if run.step == 9:
            optimizer = run.player_optimizers["generator"].optimizer
            place = {
                "average": lambda: next(self.average.copies["generator"].parameters()),
                "mean": lambda: self.conditioner.mean,
                "exp_avg_sq": lambda: next(iter(optimizer.state.values()))["exp_avg_sq"],
            }[where]()
            place.data.view(-1)[0] = math.nan

    monkeypatch.setattr(cls, "step", breaks)
    with pytest.raises(NotFinite, match=rf"step 9: .*{where}.* became nan; .*resume"):
        begin(images, tmp_path / "run")
    run = RunFolder(tmp_path / "run")
    assert [path.name for path in run.checkpoints] == ["00000032", "00000016"]
    for file in run.path.rglob("*.safetensors"):
        assert all(value.isfinite().all() for value in read_weights(file).values()), file


def test_a_large_state_is_looked_at_less_often(monkeypatch):
    monkeypatch.setattr("gancore.training.finite.MANY", 1000)
    _, state = trained_a_little()
    assert state.every == sum(tensor.numel() for _, tensor in state._tensors()) // 1000 > 1


def test_what_a_large_state_holds_is_looked_at_before_it_is_committed(images, tmp_path, monkeypatch):
    monkeypatch.setattr("gancore.training.finite.MANY", 1)
    recipe = game()
    cls, step = type(recipe), type(recipe).step

    def breaks(self, run):
        step(self, run)
        if run.step == 9:
            next(self.average.copies["generator"].parameters()).data.view(-1)[0] = math.nan

    monkeypatch.setattr(cls, "step", breaks)
    with pytest.raises(NotFinite, match=r"step 11, or the \d+ before it: .*average.* became nan"):
        begin(images, tmp_path / "run")
    assert [path.name for path in RunFolder(tmp_path / "run").checkpoints] == ["00000032", "00000016"]
