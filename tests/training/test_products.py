"""What pipelines read and make: draws, translations and reconstructions, in grids, evaluations and verbs."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from small import SmallGenerator
from torch import nn

import gancore
from gancore import Encoder, Generator, Optimizer, Pipeline, Player, Recipe, fact, field, part, seat
from gancore.component.discovery import host
from gancore.errors import FitError, MeasureError, UserError
from gancore.runs.folder import RunFolder
from gancore.standard.conditioners import Identity, OneHot
from gancore.standard.optimizers import Adam
from gancore.testing import run_checks
from gancore.training.start import train

SHORT = {"images": 16, "batch": 8, "threads": 1, "evaluate_every": 0}


@part("upscaler", tags=["translator"])
class Upscaler(Generator):
    """Enlarges images of any size fourfold."""

    size_multiple: ClassVar[int] = 1

    @property
    def code_shape(self):
        return (self.image[0], self.image[1] // 4, self.image[2] // 4)

    def build(self):
        self.layer = nn.Conv2d(self.image[0], self.image[0] * 16, 3, padding=1)

    def forward(self, code):
        return nn.functional.pixel_shuffle(self.layer(code), 4).tanh().float()


@part("super-resolution")
class SuperResolution(Recipe):
    """Learns to enlarge images from smaller copies of them."""

    generator: Generator = seat(default=Upscaler)
    optimizer: Optimizer = seat(default=Adam)
    reads: str = field(default="small")

    def facts(self, seat):
        return {"image": self.image}

    def derive(self, batch):
        return {"small": nn.functional.avg_pool2d(batch["image"], 4)}

    def players(self):
        return {"generator": Player([self.generator], self.optimizer)}

    def pipelines(self):
        identity = Identity(code=tuple(self.generator.code_shape))
        return {"image": Pipeline(conditioner=identity, generator=self.generator, reads=self.reads)}

    def step(self, run):
        batch = run.batch()
        run.update("generator", self.terms, batch["small"], batch["image"])

    def terms(self, small, image):
        return {"distance": (self.generator(small) - image).abs().mean()}


@part("linear-encoder")
class LinearEncoder(Encoder):
    """One layer."""

    classes: int = fact(default=0)

    def build(self):
        self.layer = nn.Linear(int(np.prod(self.image)), 4)

    def forward(self, image, label=None):
        return self.layer(image.flatten(1))


@part("autoencoder")
class Autoencoder(Recipe):
    """Encodes and decodes; it draws nothing."""

    encoder: Encoder = seat(default=LinearEncoder)
    generator: Generator = seat(default=SmallGenerator)
    optimizer: Optimizer = seat(default=Adam)

    def facts(self, seat):
        return {"image": self.image}

    def players(self):
        return {"model": Player([self.encoder, self.generator], self.optimizer)}

    def pipelines(self):
        identity = Identity(code=tuple(self.generator.code_shape))
        return {"image": Pipeline(conditioner=identity, generator=self.generator, encoder=self.encoder)}

    def step(self, run):
        run.update("model", self.terms, run.batch()["image"])

    def terms(self, image):
        return {"distance": (self.generator(self.encoder(image)) - image).square().mean()}


@part("labeled-encoder")
class LabeledEncoder(LinearEncoder):
    """One layer, and another for the label."""

    conditional = True
    gives = "latent"

    def build(self):
        super().build()
        self.of_label = nn.Embedding(self.classes, 4)

    def forward(self, image, label=None):
        return super().forward(image) + self.of_label(label)


@part("labeled-autoencoder")
class LabeledAutoencoder(Autoencoder):
    """The label is read on the way in and on the way back."""

    classes: int = fact(default=0)
    encoder: Encoder = seat(default=LabeledEncoder)
    generator: Generator = seat(default=lambda: SmallGenerator(width=6))

    def facts(self, seat):
        return {"image": self.image, "classes": self.classes}

    @property
    def wants(self):
        return frozenset({"image", "label"})

    def build(self):
        self.one_hot = OneHot(code=(6,), classes=self.classes)

    def pipelines(self):
        parts = {"conditioner": self.one_hot, "generator": self.generator, "encoder": self.encoder}
        return {"image": Pipeline(**parts)}

    def step(self, run):
        batch = run.batch()
        run.update("model", self.terms, batch["image"], batch["label"])

    def terms(self, image, label):
        code = self.one_hot(self.encoder(image, label), label)
        return {"distance": (self.generator(code) - image).square().mean()}


PARTS = [Upscaler, SuperResolution, LinearEncoder, LabeledEncoder, Autoencoder, LabeledAutoencoder]


@pytest.fixture(scope="module", autouse=True)
def offered():
    known = host().registry
    if not any(o.distribution == "products" for o in known.registrations()):
        known.add("products", [*PARTS, SmallGenerator])


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    path = tmp_path_factory.mktemp("images") / "images.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (80, 3, 32, 32), dtype=np.uint8))
    return path


@pytest.fixture(scope="module")
def labeled(tmp_path_factory):
    from PIL import Image

    folder, rng = tmp_path_factory.mktemp("labeled"), np.random.default_rng(0)
    for i in range(12):
        (folder / "ab"[i % 2]).mkdir(exist_ok=True)
        picture = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        picture.save(folder / "ab"[i % 2] / f"{i:02d}.png")
    return folder


@pytest.fixture(scope="module")
def upscaling(images, tmp_path_factory):
    how = {**SHORT, "evaluate_every": None, "hold_out": 64}
    return gancore.train(SuperResolution(), images, output=tmp_path_factory.mktemp("run") / "sr", **how)


def test_pipelines_say_what_they_read_and_make(tmp_path):
    generator, identity = SmallGenerator(image=(3, 8, 8)), Identity(code=(4,))
    encoder = LinearEncoder(image=(3, 8, 8))
    back = Pipeline(conditioner=identity, generator=generator, encoder=encoder)
    assert (back.product, back.reads, back.makes) == ("reconstructs", "image", "image")
    forth = Pipeline(conditioner=identity, generator=generator)
    assert (forth.product, forth.reads, forth.makes) == ("translates", "source", "target")
    smaller = Pipeline(conditioner=identity, generator=generator, reads="small")
    assert (smaller.product, smaller.reads, smaller.makes) == ("translates", "small", "image")
    smaller.save(tmp_path / "saved")
    assert Pipeline.load(tmp_path / "saved").makes == "image"
    with pytest.raises(UserError, match="reconstructs images and has no sampler; give it images to reconstr"):
        back.sample(3)


def test_a_translator_may_read_a_derived_entry_of_another_size(upscaling):
    run = RunFolder(upscaling)
    assert run.pipeline().reads_shape == (3, 8, 8)
    assert [grid.images for grid in run.samples] and run.scores
    found = gancore.evaluate(upscaling, score="precision-recall", extractor="pixels")
    assert "precision" in found and found.protocol["reference"]["split"] == "held-out images"
    assert found.protocol["samples"]["image"] == [3, 32, 32]


def test_translations_are_compared_with_their_held_out_targets(upscaling):
    found = gancore.evaluate(upscaling, score="pairs", extractor="pixels")
    assert {"MAE", "PSNR", "SSIM", "feature distance[pixels-1]", "sharpness"} == set(found)
    assert found.protocol["pairs"]["count"] == 64
    same = found.anchors["identity"]
    assert same["what"] == "sources, resized to 32×32 by bicubic" and set(same["scores"]) == set(found)
    held_out = RunFolder(upscaling).data().held_out.rows(np.arange(64))["image"]
    small = nn.functional.avg_pool2d(held_out, 4)
    made = torch.cat(list(gancore.load(upscaling).apply(small)))
    assert found["MAE"] == pytest.approx(float((made - held_out).abs().mean() / 2), abs=2e-3)


def test_the_best_checkpoint_may_be_that_of_the_least_error(images, tmp_path):
    how = {**SHORT, "images": 32, "evaluate_every": 8, "best": "MAE", "hold_out": 16}
    best = RunFolder(gancore.train(SuperResolution(), images, output=tmp_path / "run", **how)).best
    assert best.score == "MAE" and best.value > 0
    how["output"] = tmp_path / "back"
    assert RunFolder(gancore.train(Autoencoder(), images, **how)).best.score == "MAE"
    with pytest.raises(MeasureError, match="known: FD, precision, recall; MAE, PSNR, SSIM need paired"):
        gancore.train("gan", images, output=tmp_path / "gan", **{**SHORT, "evaluate_every": 8, "best": "MAE"})


def test_a_probe_may_hold_a_discriminator_of_pairs():
    from gancore import DiscriminatorProbe

    probe = DiscriminatorProbe(None, real="target", pipeline="forward", beside="source")
    source, image = torch.zeros(2, 1, 4, 4), torch.ones(2, 3, 4, 4)
    assert torch.equal(probe.shown(image, {"source": source}), torch.cat([source, image], 1))


def test_sample_takes_images_of_the_size_that_is_read(upscaling, tmp_path):
    np.save(tmp_path / "small.npy", np.zeros((2, 3, 8, 8), dtype=np.uint8))
    made = gancore.sample(upscaling, data=tmp_path / "small.npy")
    assert made.images.shape == (2, 3, 32, 32)


def test_an_autoencoder_needs_no_sampler(images, tmp_path):
    settings = {**SHORT, "evaluate_every": 16}
    run = gancore.train(Autoencoder(), images, output=tmp_path / "run", **settings)
    assert RunFolder(run).samples and RunFolder(run).scores
    pipeline = gancore.load(run)
    image = torch.rand(70, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        expected = pipeline.encoder.eval()(image)
    assert torch.allclose(pipeline.encode(image), expected, atol=1e-5)
    assert pipeline.reconstruct(image).shape == image.shape
    assert pipeline.encode(image[:0]).shape == (0, 4)
    assert "precision" in gancore.evaluate(run, score="precision-recall", extractor="pixels")
    with pytest.raises(UserError, match="reconstructs images, so it has no latent space"):
        gancore.mix(run, output=tmp_path / "mix.png")


def test_labels_are_read_on_the_way_back(labeled, tmp_path):
    run = gancore.train(LabeledAutoencoder(), labeled, output=tmp_path / "run", **SHORT)
    pipeline = gancore.load(run)
    image, label = torch.zeros(2, 3, 8, 8), torch.tensor([0, 1])
    codes = pipeline.encode(image, label)
    assert codes.shape == (2, 4) and not torch.equal(codes[0], codes[1])
    assert pipeline.reconstruct(image, label).shape == image.shape
    with pytest.raises(UserError, match="encoder/labeled-encoder reads the labels of the images"):
        pipeline.reconstruct(image)
    assert len(gancore.sample(run, data=labeled)) == 12


def test_encoding_leaves_the_mode_of_the_parts_alone():
    encoder, generator = LinearEncoder(image=(3, 8, 8)), SmallGenerator(image=(3, 8, 8))
    pipeline = Pipeline(conditioner=Identity(code=(4,)), generator=generator, encoder=encoder)
    pipeline.encode(torch.zeros(1, 3, 8, 8))
    assert encoder.training
    with pytest.raises(UserError, match="encoder/linear-encoder reads no labels, but labels were given"):
        pipeline.encode(torch.zeros(1, 3, 8, 8), torch.tensor([0]))


def test_an_entry_that_no_batch_holds_is_refused_before_the_first_step(images, tmp_path):
    with pytest.raises(FitError, match="reads 'smal', but its batches hold image, small; name one of these"):
        train(SuperResolution(reads="smal"), str(images), output=tmp_path / "run", **SHORT)
    with pytest.raises(FitError, match=r"reads images \(3, 8, 8\), but 'image' holds images \(3, 32, 32\)"):
        train(SuperResolution(reads="image"), str(images), output=tmp_path / "other", **SHORT)
    assert not Path(tmp_path / "run").exists()


def test_samples_of_what_works_on_images_need_some():
    from gancore.measure.sets import PipelineSamples

    generator, encoder = SmallGenerator(image=(3, 8, 8)), LinearEncoder(image=(3, 8, 8))
    pipeline = Pipeline(conditioner=Identity(code=(4,)), generator=generator, encoder=encoder)
    with pytest.raises(MeasureError, match="reconstructs images: name the source images"):
        PipelineSamples(pipeline, 3)


def test_the_kit_tries_derived_entries_and_the_way_back():
    found = run_checks([SuperResolution, Autoencoder, Upscaler])
    assert not [r for r in found if r.outcome == "failed"]
    passed = {r.check for r in found if r.outcome == "passed"}
    assert passed >= {"pipelines_reconstruct_images", "takes_any_size", "pipelines_give_images"}
