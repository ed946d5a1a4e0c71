import shutil
import sys

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from gancore_stylegan import (
    GrowingStyleGAN,
    GrowingStyleGANDiscriminator,
    GrowingStyleGANMapping,
    GrowingStyleGANSynthesis,
    StyleGANDiscriminator,
    StyleGANMapping,
    StyleGANSynthesis,
)

from gancore import Pipeline, Sources, resume, train
from gancore.component.randomness import seeded
from gancore.component.weights import load_state, read_weights
from gancore.nn.growing import coarse, doubled, halved
from gancore.runs.folder import RunFolder
from gancore.standard.optimizers import SGD
from gancore.standard.regularizers import R1
from gancore.training.ranks import Ranks
from gancore.training.run import TrainingRun

SMALL = {"channels_base": 64, "channels_max": 8}
IMAGE = (3, 16, 16)


def synthesis(image=IMAGE, **options):
    return GrowingStyleGANSynthesis(image=image, code_width=5, **{**SMALL, **options})


def discriminator(image=IMAGE, **options):
    return GrowingStyleGANDiscriminator(image=image, group=2, **{**SMALL, **options})


def small(image=IMAGE, **changes):
    return GrowingStyleGAN(
        image=image,
        generator=GrowingStyleGANSynthesis(code_width=5, **SMALL),
        conditioner=GrowingStyleGANMapping(latent_width=4, width=6, layers=2),
        discriminator=GrowingStyleGANDiscriminator(group=2, **SMALL),
        **{"starting_size": 4, "stabilize": 8, "fade": 16, "batch": 8, "batches": [[8, 4]], **changes},
    )


def at(network, stage):
    network.stage.fill_(stage)
    return network


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def test_parameters_at_1024_are_those_of_the_released_networks():
    made = GrowingStyleGANSynthesis(image=(3, 1024, 1024))
    assert parameters(StyleGANMapping(code=made.code_shape)) + parameters(made) == 26_219_627
    assert parameters(GrowingStyleGANDiscriminator(image=(3, 1024, 1024))) == 23_087_249


def test_published_schedule_batches_and_rates():
    recipe = GrowingStyleGAN(
        image=(3, 1024, 1024),
        generator=GrowingStyleGANSynthesis(channels_max=4),
        discriminator=GrowingStyleGANDiscriminator(channels_max=4),
    )
    assert recipe.stage == 1 and recipe.doublings == 8 and recipe.batch_size == 32
    assert [recipe.batch_at(level) for level in range(9)] == [512, 256, 128, 64, 32, 32, 32, 32, 32]
    assert [dict(recipe.rates).get(4 << level) for level in range(5, 8)] == [1.5, 2.0, 3.0]
    published = [
        (0, 1),
        (600_000, 1),
        (900_000, 1.5),
        (1_200_000, 2),
        (7_800_000, 7),
        (8_400_000, 8),
        (25_000_000, 8),
    ]
    assert [(images, recipe.planned(images, 25_000_000)) for images, _ in published] == published
    assert [(penalty.name, penalty.gamma) for penalty in recipe.regularizers] == [("r1", 10.0)]
    assert (recipe.generator_optimizer.lr, recipe.generator_optimizer.betas) == (0.001, (0.0, 0.99))


def test_whole_networks_are_those_that_do_not_grow():
    code, images = torch.randn(2, 6, 5), torch.rand(2, *IMAGE)
    for growing, plain, given in (
        (synthesis(), StyleGANSynthesis(image=IMAGE, code_width=5, **SMALL), code),
        (discriminator(), StyleGANDiscriminator(image=IMAGE, group=2, **SMALL), images),
    ):
        mine = growing.state_dict()
        assert all(torch.equal(mine[name], value) for name, value in plain.state_dict().items())
        assert torch.equal(growing.eval()(given), plain.eval()(given))


@pytest.mark.parametrize("image", [IMAGE, (1, 8, 8), (4, 12, 20), (2, 24, 16)])
def test_every_stage_gives_and_reads_images_of_the_full_size(image):
    made, read = synthesis(image).eval(), discriminator(image).eval()
    for stage in (0, 0.5, made.doublings):
        images = at(made, stage)(torch.randn(2, *made.code_shape))
        assert images.shape == (2, *image) and images.isfinite().all()
        assert torch.allclose(coarse(images, made.doublings, float(np.ceil(stage))), images, atol=1e-6)
        assert at(read, stage)(images).shape == (2,)


def test_fading_mixes_the_images_of_two_sizes():
    made, code = synthesis().eval(), torch.randn(2, 6, 5)
    x = made.blocks[0](code, code[:, 0], code[:, 1])
    small_image = made.to_smaller[0](x)
    assert torch.allclose(at(made, 0.0)(code), doubled(small_image, 2), atol=1e-6)
    larger = made.to_smaller[1](made.blocks[1](x, code[:, 2], code[:, 3]))
    mixed = 0.7 * doubled(small_image, 1) + 0.3 * larger
    assert torch.allclose(at(made, 0.3)(code), doubled(mixed, 1), atol=1e-5)


def test_fading_mixes_the_maps_of_two_sizes():
    read, images = discriminator().double().eval(), torch.rand(2, *IMAGE).double()
    half = halved(images, 1)
    larger = read.blocks[1](read.from_rgb(half, 1))
    smaller = read.from_rgb(halved(half, 1), 0)
    features = read.summary(0.7 * smaller + 0.3 * larger)
    assert torch.allclose(at(read, 0.3).forward_features(images), features, atol=1e-6)
    assert torch.allclose(at(read, 0.0).forward_features(images), read.summary(smaller))


def test_a_size_that_begins_to_fade_in_changes_nothing_yet():
    made, read, code = synthesis().eval(), discriminator().eval(), torch.randn(2, 6, 5)
    before, after = at(made, 1.0)(code), at(made, 1.0 + 1e-6)(code)
    assert torch.allclose(before, after, atol=1e-4) and not torch.equal(before, after)
    assert torch.allclose(at(read, 1.0)(before), at(read, 1.0 + 1e-6)(before), atol=1e-4)


@pytest.mark.parametrize(("stage", "layers"), [(0, 2), (0.5, 4), (1, 4), (2, 6)])
def test_styles_are_mixed_among_the_layers_in_use(stage, layers):
    part = at(GrowingStyleGANMapping(code=(6, 5), latent_width=4, width=7, layers=2, mixing=1.0), stage)
    latent = torch.randn(500, 4)
    kept = (part(latent) == part.mapped(latent)[:, None]).all(-1).sum(1)
    assert set(kept.tolist()) == set(range(1, layers))
    assert GrowingStyleGANMapping(code=(9,), latent_width=4)(latent).shape == (500, 9)


@pytest.mark.parametrize(
    ("stage", "used"), [(0, {"to_smaller.0"}), (0.5, {"to_smaller.0", "to_smaller.1"}), (2, {"to_image"})]
)
def test_only_the_layers_in_use_have_a_gradient(stage, used):
    made = at(synthesis(), stage)
    made(torch.randn(2, 6, 5)).square().sum().backward()
    moved = {name for name, p in made.named_parameters() if p.grad is not None}
    assert {name.rpartition(".")[0] for name in moved if name.startswith("to_")} == used
    assert {name.split(".")[1] for name in moved if name.startswith("blocks")} == {
        str(i) for i in range(int(np.ceil(stage)) + 1)
    }


def test_r1_of_a_smaller_size_is_weaker_as_in_the_released_code():
    read = at(discriminator(), 1.0).double()
    images = doubled(torch.rand(2, 3, 8, 8).double(), 1).requires_grad_()
    small_images = halved(images.detach(), 1).requires_grad_()
    (full,) = torch.autograd.grad(read(images).sum(), images)
    first = read.blocks[1](read.from_rgb(small_images, 1))
    (few,) = torch.autograd.grad(read.forward_head(read.summary(first)).sum(), small_images)
    assert torch.allclose(few.square().sum(), 4 * full.square().sum())


class Source:
    """Other images in each batch."""

    def __init__(self, dtype=torch.float64, ranks=None, image=IMAGE):
        self.position, self.dtype, self.ranks, self.image = 0, dtype, ranks or Ranks(), image

    def next(self, n=None):
        with seeded(self.position):
            images = (torch.rand(n, *self.image) * 2 - 1).to(self.dtype)
        self.position += n
        share = n // self.ranks.world
        return {"image": images[self.ranks.rank * share : (self.ranks.rank + 1) * share]}


def trained(ranks=None, steps=9, **how):
    """Weights at the middle of a fade, of a training with an optimizer that does not blow rounding up."""
    recipe = small(
        generator_optimizer=SGD(lr=0.01), discriminator_optimizer=SGD(lr=0.01), regularizers=[R1(every=2)]
    )
    recipe.bind(seed=1)
    with torch.no_grad(), seeded(1):
        for name, p in recipe.named_parameters():
            if "strength" in name or "bias" in name:
                p.add_(0.3 * torch.randn_like(p))
    run = TrainingRun(
        recipe.double(), Source(ranks=ranks), total=1000, batch=4, ranks=ranks, exact=True, **how
    )
    stages = set()
    for _ in range(steps):
        recipe.step(run)
        run.step += 1
        stages.add(recipe.stage)
    assert {0.0, 0.5, 1.0, 1.5} < stages and recipe.stage not in (0, 1, 2)
    return {name: value.clone() for name, value in recipe.state_dict().items()}


def assert_close(mine, theirs):
    assert mine.keys() == theirs.keys()
    for name, value in mine.items():
        assert torch.allclose(value, theirs[name], rtol=0, atol=1e-7 if "mean" in name else 1e-10), name


@pytest.mark.parametrize("micro_batch", [2, 6])
def test_micro_batches_grow_as_the_whole(micro_batch):
    assert_close(trained(micro_batch=micro_batch), trained())


def work(rank, folder):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    torch.save(trained(Ranks()), f"{folder}/{rank}.pt")


def test_two_processes_grow_as_one(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    mp.start_processes(
        work, (str(tmp_path),), nprocs=2, start_method="fork" if sys.platform == "linux" else "spawn"
    )
    alone = trained()
    for rank in range(2):
        assert_close(torch.load(tmp_path / f"{rank}.pt"), alone)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "images.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (20, *IMAGE), dtype=np.uint8))
    return Sources(data=(str(path),))


@pytest.fixture(scope="module")
def run(images, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    recipe = small(stabilize=600_000, fade=600_000)
    train(
        recipe,
        images,
        output=folder,
        images=96,
        checkpoint_every=4,
        keep=30,
        sample_every=8,
        evaluate_every=0,
    )
    return folder


def test_it_grows_from_first_to_last(run):
    stages = [
        float(read_weights(path / "weights.safetensors")["generator.stage"])
        for path in RunFolder(run).checkpoints
    ][::-1]
    assert stages == sorted(stages) and stages[0] == 0 and stages[-1] == 2
    assert {0 < stage < 1 for stage in stages} == {1 < stage < 2 for stage in stages} == {True, False}
    pipeline = Pipeline.load(run / "pipeline")
    assert float(pipeline.generator.stage) == 2
    made = pipeline.sample(3, seed=0)
    assert made.shape == (3, *IMAGE) and made.abs().max() <= 1


def test_a_training_broken_off_while_a_size_fades_in_ends_with_the_same_bits(run, tmp_path):
    whole = read_weights(RunFolder(run).checkpoints[0] / "weights.safetensors")
    state = read_weights(RunFolder(run).checkpoints[0] / "training.safetensors")
    broken = shutil.copytree(run, tmp_path / "run")
    for path in RunFolder(broken).checkpoints:
        stage = float(read_weights(path / "weights.safetensors")["generator.stage"])
        if stage > 1.5:
            shutil.rmtree(path)
    assert (
        1
        < float(read_weights(RunFolder(broken).checkpoints[0] / "weights.safetensors")["generator.stage"])
        < 1.5
    )
    resume(broken)
    last = RunFolder(broken).checkpoints[0]
    for mine, theirs in ((whole, "weights"), (state, "training")):
        found = read_weights(last / f"{theirs}.safetensors")
        assert mine.keys() == found.keys() and all(torch.equal(mine[name], found[name]) for name in mine)


def test_a_product_saved_while_growing_gives_full_images(images, tmp_path):
    recipe = small()
    run = TrainingRun(recipe, Source(torch.float32), batch=4, total=1000)
    for _ in range(3):
        recipe.step(run)
    assert recipe.stage == float(recipe.conditioner.stage) == 0.5
    pipeline = recipe.pipelines()["image"]
    pipeline.save(tmp_path / "product")
    made, again = pipeline.sample(3, seed=0), Pipeline.load(tmp_path / "product").sample(3, seed=0)
    assert made.shape == (3, *IMAGE) and torch.allclose(made, again, atol=1e-4)
    assert torch.allclose(made, coarse(made, 2, 1.0), atol=1e-6)


def test_weights_that_are_grown_already_stay_so():
    recipe, whole = small(), synthesis()
    load_state(recipe.generator, whole.state_dict())
    run = TrainingRun(recipe, Source(torch.float32), batch=4, total=1000)
    recipe.step(run)
    assert recipe.stage == float(recipe.discriminator.stage) == 2


@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("image", [(1, 12, 20), (4, 24, 16)])
def test_other_shapes_and_precisions_train(image, precision):
    recipe = small(image)
    run = TrainingRun(recipe, Source(torch.float32, image=image), batch=4, total=60, precision=precision)
    while run.images < 60:
        recipe.step(run)
    assert all(p.isfinite().all() for p in recipe.parameters())
    assert recipe.pipelines()["image"].sample(2, seed=0).shape == (2, *image)
