import copy
import itertools

import pytest
import torch
from gancore_dbn import DBN, AssociativeMemory, DBNGenerator

from gancore.component.randomness import seeded
from gancore.component.specs import build, spec
from gancore.errors import FitError, SpecError
from gancore.pipeline import Pipeline
from gancore.standard.optimizers import SGD
from gancore.training.checkpoint import load_checkpoint, save_checkpoint
from gancore.training.run import TrainingRun

IMAGE = (1, 4, 4)
BARS = torch.cat([torch.eye(4)[:, :, None].expand(4, 4, 4), torch.eye(4)[:, None].expand(4, 4, 4)])[:, None]


class Bars:
    """Rows or columns that are white, one of them in each image."""

    position, available = 0, 8

    def next(self, n=None):
        rows = torch.arange(self.position, self.position + n) % 8
        self.position += n
        return {"image": BARS[rows] * 2 - 1}

    def pass_over(self, n):
        yield {"image": BARS * 2 - 1}


def small(**options):
    parts = {
        "generator": DBNGenerator(hidden=(12, 10), deviation=0.1),
        "sampler": AssociativeMemory(hidden=12, steps=20, deviation=0.1),
        "optimizer": SGD(lr=0.3, momentum=0.5),
    }
    return DBN(image=IMAGE, **{**parts, "weight_cost": 0.0, **options})


def going(recipe, steps=0, total=32 * 900, seed=0):
    run = TrainingRun(recipe, Bars(), batch=32, total=total, seed=seed)
    return moved(run, steps)


def moved(run, steps):
    for _ in range(steps):
        run.recipe.step(run)
        run.step += 1
    return run


@pytest.fixture(scope="module")
def trained():
    recipe = small(pretrained_by=0.7)
    going(recipe, 900)
    return recipe


def test_the_networks_of_the_paper_have_its_sizes():
    recipe = DBN(
        image=(1, 28, 28), generator=DBNGenerator(hidden=(500, 500)), sampler=AssociativeMemory(hidden=2000)
    )
    count = {name: sum(p.numel() for p in part.parameters()) for name, part in recipe.named_children()}
    directed = 784 * 500 + 500 * 500
    assert count["generator"] == directed + 784 + 500 and count["encoder"] == directed + 500 + 500
    assert count["sampler"] == 500 * 2000 + 500 + 2000


def test_an_image_is_the_mean_field_down_pass():
    generator = DBNGenerator(image=IMAGE, hidden=(5, 3), deviation=1.0)
    code = torch.rand(4, 3)
    first, second = generator.layers
    middle = torch.sigmoid(code @ second.weight.T + second.bias)
    expected = torch.sigmoid(middle @ first.weight.T + first.bias)
    assert torch.allclose(generator(code).flatten(1), 2 * expected - 1, atol=1e-6)


def test_stages_share_the_greedy_part_of_the_training():
    recipe = small(layer_images=1000, pretrained_by=0.6)
    assert [recipe.planned(i, 0) for i in (0, 999, 1000, 2999, 3000, 10**6)] == [0, 0, 1, 2, 3, 3]
    assert [recipe.planned(i, 1000) for i in (0, 199, 200, 599, 600)] == [0, 0, 1, 2, 3]
    assert [recipe.planned(i, 10**6) for i in (0, 999, 3000)] == [0, 0, 3]
    assert small(pretrained_by=0.0).planned(0, 100) == 3


def state(part):
    return copy.deepcopy(part.state_dict())


def changed(before, part):
    return {name for name, value in part.state_dict().items() if not torch.equal(value, before[name])}


def test_each_stage_learns_its_own_layer():
    recipe = small(layer_images=64, pretrained_by=1.0)
    run = going(recipe, 1, total=0)
    before = state(recipe)
    moved(run, 1)
    assert changed(before, recipe) == {
        "generator.layers.0.weight",
        "generator.layers.0.bias",
        "encoder.layers.0.bias",
    }
    moved(run, 1)
    assert int(recipe.stage) == 1 and not recipe.ready
    assert torch.equal(recipe.encoder.layers[0].weight, recipe.generator.layers[0].weight.T)
    before = state(recipe)
    moved(run, 1)
    names = ("generator.layers.1.weight", "generator.layers.1.bias", "encoder.layers.1.bias")
    assert changed(before, recipe) == set(names)
    moved(run, 1)
    assert int(recipe.stage) == 2 and recipe.ready
    before = state(recipe)
    moved(run, 1)
    names = ("layer.weight", "layer.visible_bias", "layer.hidden_bias", "states")
    assert changed(before, recipe) == {f"sampler.{name}" for name in names}
    moved(run, 1)
    assert int(recipe.stage) == 3
    before = state(recipe)
    moved(run, 1)
    assert changed(before, recipe) == {name for name, _ in recipe.named_parameters()} | {"sampler.states"}


def test_a_stage_begins_at_the_means_of_what_it_reads():
    recipe = small(layer_images=32)
    run = going(recipe, 0, total=0)
    recipe.begin(0, run)
    assert torch.allclose(recipe.generator.layers[0].bias.sigmoid(), torch.full((16,), 0.25))
    recipe.begin(1, run), recipe.begin(2, run)
    level = recipe.reads(BARS * 2 - 1, 2).mean(0)
    assert torch.allclose(recipe.sampler.layer.visible_bias.sigmoid(), level, atol=1e-6)


def test_a_greedy_update_is_contrastive_divergence():
    recipe = small(optimizer=SGD(lr=1.0))
    run = going(recipe, 0)
    recipe.begin(0, run), recipe.begin(1, run)
    image = BARS * 2 - 1
    with seeded(5):
        recipe.greedy([], image)["contrast-1"].backward()
    machine, data = recipe.machine(1), recipe.reads(image, 1).detach()
    with seeded(5), torch.no_grad():
        hidden = (torch.rand(8, 10) < machine.hidden_mean(data)).float()
        end = (torch.rand(8, 12) < machine.visible_mean(hidden)).float()
        expected = (end.T @ machine.hidden_mean(end) - data.T @ machine.hidden_mean(data)) / 8
    assert torch.allclose(recipe.generator.layers[1].weight.grad, expected, atol=1e-6)
    assert recipe.generator.layers[0].weight.grad is None


def test_wake_trains_the_way_down_and_sleep_the_way_up():
    recipe = small()
    run = going(recipe, 1)
    image, asleep = BARS * 2 - 1, recipe.dreams(run)
    with seeded(3):
        terms = recipe.wake_sleep(asleep, image)
    with seeded(3), torch.no_grad():
        awake = recipe.recognized(recipe.generator.visible(image))
        memory = recipe.machine(2)

    def log_p(layer, given, wanted):
        p = torch.sigmoid(given @ layer.weight.T + layer.bias)
        return (wanted * p.log() + (1 - wanted) * (1 - p).log()).sum(1).mean()

    down = [log_p(recipe.generator.layers[i], awake[i + 1], awake[i]) for i in range(2)]
    up = [log_p(recipe.encoder.layers[i], asleep[i], asleep[i + 1]) for i in range(2)]
    assert torch.allclose(terms["wake"], -sum(down), atol=1e-4)
    assert torch.allclose(terms["sleep"], -sum(up), atol=1e-4)
    contrast = memory.free_energy(awake[2]).mean() - memory.free_energy(asleep[2]).mean()
    assert torch.allclose(terms["memory"], contrast)
    assert set(awake[1].unique().tolist()) | set(asleep[1].unique().tolist()) == {0.0, 1.0}
    (gradient,) = torch.autograd.grad(terms["wake"], recipe.encoder.layers[0].weight, allow_unused=True)
    assert gradient is None


def test_samples_are_bars(trained):
    images = trained.pipelines()["image"].sample(128, seed=0)
    distance = ((images > 0).float()[:, None] - BARS).abs().flatten(2).sum(2)  # (128, 8)
    assert float((distance.amin(1) == 0).float().mean()) > 0.2
    assert len(distance.argmin(1)[distance.amin(1) == 0].unique()) >= 6
    again = trained.pipelines()["image"].reconstruct(BARS * 2 - 1)
    assert float((again.sign() == BARS * 2 - 1).float().mean()) > 0.95


def test_chains_of_the_memory_have_its_distribution():
    memory = AssociativeMemory(latent=(4,), hidden=3, chains=2000, steps=20, deviation=1.0)
    states = torch.tensor(list(itertools.product((0.0, 1.0), repeat=4)))
    expected = torch.softmax(-memory.layer.machine.free_energy(states).detach(), 0)
    drawn = memory(2000, rng=torch.Generator().manual_seed(0))
    index = (drawn @ torch.tensor([8.0, 4.0, 2.0, 1.0])).long()
    assert float((torch.bincount(index, minlength=16) / 2000 - expected).abs().max()) < 0.04
    with seeded(0):
        kept = memory.advance(20)
    index = (kept @ torch.tensor([8.0, 4.0, 2.0, 1.0])).long()
    assert float((torch.bincount(index, minlength=16) / 2000 - expected).abs().max()) < 0.04


def test_samples_continue_the_kept_chains():
    memory = AssociativeMemory(latent=(3,), hidden=3, chains=2, steps=4).requires_grad_(False)
    memory.states.copy_(torch.eye(3)[:2])
    # each unit of one layer keeps one of the other on or off
    memory.layer.weight.copy_(200 * torch.eye(3))
    memory.layer.visible_bias.fill_(-100.0), memory.layer.hidden_bias.fill_(-100.0)
    drawn = memory(1000, rng=torch.Generator().manual_seed(0))
    assert torch.allclose(drawn.mean(0), torch.tensor([0.5, 0.5, 0.0]), atol=0.06)


@pytest.mark.parametrize("steps", [3, 4, 7])
def test_a_run_goes_on_to_the_same_bits_across_stages(tmp_path, steps):
    whole = going(small(layer_images=64), steps, total=0)
    saved = save_checkpoint(whole, tmp_path, seconds=0.0, keep=1)
    other = going(small(layer_images=64), 0, total=0, seed=0)
    load_checkpoint(other, saved)
    moved(whole, 4), moved(other, 4)
    mine, theirs = whole.recipe.state_dict(), other.recipe.state_dict()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_extending_a_training_does_not_go_back():
    recipe = small(layer_images=1000)
    going(recipe, 4, total=64)
    assert int(recipe.stage) == 3
    run = TrainingRun(recipe, Bars(), batch=32, total=10**6)
    moved(run, 1)
    assert int(recipe.stage) == 3


def test_a_saved_pipeline_samples_the_same(trained, tmp_path):
    pipeline = trained.pipelines()["image"]
    pipeline.save(tmp_path / "product")
    loaded = Pipeline.load(tmp_path / "product")
    assert torch.equal(loaded.sample(3, seed=1), pipeline.sample(3, seed=1))
    assert torch.equal(loaded.reconstruct(BARS), pipeline.reconstruct(BARS))


def test_the_spec_holds_the_options_and_no_facts():
    table = spec(small(memory_steps=7))
    assert table["memory_steps"] == 7 and table["generator"]["hidden"] == [12, 10]
    assert "hidden" not in table["encoder"] and "latent" not in table["sampler"]
    assert build(table).generator.hidden == (12, 10)


def test_wrong_options_are_named():
    with pytest.raises(SpecError, match="hidden must be the sizes of one or more layers"):
        build({"part": "gancore-dbn:dbn", "hidden": []}, "generator")
    with pytest.raises(FitError, match=r"draws flat latents \(h,\), but here they are \(2, 3\)"):
        AssociativeMemory(latent=(2, 3))
