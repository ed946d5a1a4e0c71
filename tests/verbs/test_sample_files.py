"""Samples as files, written as they are made; and images that do not fit a translator."""

import tracemalloc

import numpy as np
import pytest
import torch
from PIL import Image
from small import SmallGenerator, know_small_parts

from gancore import Pipeline
from gancore.component import precision
from gancore.errors import UserError
from gancore.standard.conditioners import Identity
from gancore.standard.samplers import Normal, Uniform
from gancore.verbs.sample import sample


@pytest.fixture(autouse=True, scope="module")
def known():
    know_small_parts()


def drawing(generator):
    return Pipeline(
        sampler=Normal(latent=generator.code_shape),
        conditioner=Identity(code=generator.code_shape),
        generator=generator,
    )


@pytest.fixture
def pipeline():
    return drawing(SmallGenerator(image=(3, 8, 8)))


def test_files_written_as_they_are_made_are_those_written_at_the_end(pipeline, tmp_path):
    whole = sample(pipeline, count=70, output=tmp_path / "whole")
    made = sample(pipeline, count=70, output=tmp_path / "made", hold=False)
    assert len(made) == 70 and made.images.shape == (0, 3, 8, 8) and len(whole.images) == 70
    files = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert len(files) == 70 and files == sorted(path.name for path in (tmp_path / "made").iterdir())
    for file in files:
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "made" / file).read_bytes()


def test_uniform_latents_without_labels_do_not_depend_on_the_number_of_images(pipeline):
    """Nor do images on how many are rendered at a time."""
    code = pipeline.generator.code_shape
    drawn = Pipeline(
        sampler=Uniform(latent=code), conditioner=Identity(code=code), generator=pipeline.generator
    )
    few, some, many = (sample(drawn, count=count, seed=5).images for count in (3, 70, 300))
    assert torch.equal(few, some[:3]) and torch.equal(some, many[:70])


def test_an_array_written_as_it_is_made_is_the_same(pipeline, tmp_path):
    whole = sample(pipeline, seeds="0-4", output=tmp_path / "whole.npy")
    sample(pipeline, seeds="0-4", output=tmp_path / "made.npy", hold=False)
    one, other = (np.load(tmp_path / name) for name in ("whole.npy", "made.npy"))
    assert np.array_equal(one, other) and np.array_equal(one, whole.images.numpy())


def test_memory_does_not_grow_with_the_number_of_files(pipeline, tmp_path):
    held = []
    for count in (128, 1024):
        tracemalloc.start()
        sample(pipeline, count=count, output=tmp_path / f"{count}.npy", hold=False)
        held.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert held[1] < held[0] + 1024 * 200  # an image as floats has 768 bytes, and its name is kept


def test_images_in_half_precision_are_nearly_those_in_float32(pipeline, tmp_path):
    exact = sample(pipeline, count=3).images
    half = sample(pipeline, count=3, precision="bf16", output=tmp_path / "half.npy", hold=False)
    half = torch.from_numpy(np.load(half.path))
    assert half.dtype == torch.float32 and 0 < (half - exact).abs().max() < 0.05
    assert torch.equal(sample(pipeline, count=3, precision="float32").images, exact)
    assert torch.equal(sample(pipeline, count=3).images, exact)  # and nothing of it is left


@pytest.mark.parametrize("has", [True, False])
def test_auto_is_half_precision_where_the_device_has_instructions_for_it(pipeline, has, monkeypatch):
    monkeypatch.setattr(precision, "computes_bfloat16", lambda device: has)
    wanted = sample(pipeline, count=3, precision="bf16" if has else "float32").images
    assert torch.equal(sample(pipeline, count=3, precision="auto").images, wanted)


def test_an_unknown_precision_is_refused(pipeline):
    with pytest.raises(UserError, match="float32"):
        sample(pipeline, count=1, precision="fp8")


def test_noise_of_many_images_is_drawn_in_pieces_and_stays_with_its_image(monkeypatch):
    pipeline, drawn, randn = drawing(SmallGenerator(image=(3, 8, 8), noise=0.5)), [], torch.randn
    latent = torch.zeros(300, 4)
    many = pipeline.render(latent, seed=5)
    assert torch.equal(pipeline.render(latent[:70], seed=5), many[:70])
    assert len(many.flatten(1).unique(dim=0)) == 300

    def counted(n, *shape, **words):
        drawn.append(n)
        return randn(n, *shape, **words)

    monkeypatch.setattr(torch, "randn", counted)
    assert torch.equal(pipeline.render(latent, seed=5), many) and max(drawn) == 64


def test_a_run_that_is_stopped_while_writing_leaves_nothing(pipeline, tmp_path):
    def interrupt(what, done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sample(pipeline, count=200, output=tmp_path / "out", hold=False, progress=interrupt)
    assert not list(tmp_path.iterdir())


def folder_of(sizes, place):
    place.mkdir()
    for number, (height, width) in enumerate(sizes):
        pixels = np.random.default_rng(number).integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(place / f"{number:04d}.png")
    return place


class Same(SmallGenerator):
    """The image itself."""

    @property
    def code_shape(self):
        return tuple(self.image)

    def forward(self, code):
        return code


def test_a_picture_is_not_cut_without_a_word(tmp_path, monkeypatch):
    translator = Pipeline(conditioner=Identity(code=(3, 8, 8)), generator=Same(image=(3, 8, 8)))
    wide = folder_of([(8, 24)], tmp_path / "wide")
    made = sample(translator, data=wide)
    assert made.images.shape == (1, 3, 8, 8) and "cropped and resized to 8×8" in made.note
    assert not sample(translator, data=folder_of([(8, 8)] * 2, tmp_path / "fitting")).note
    monkeypatch.setattr(Same, "size_multiple", 2, raising=False)
    whole = sample(translator, data=wide)
    assert whole.images.shape == (1, 3, 8, 24) and not whole.note
    mixed = sample(translator, data=folder_of([(8, 24), (8, 8)], tmp_path / "mixed"))
    assert mixed.images.shape == (2, 3, 8, 8) and "`gancore translate` keeps them whole" in mixed.note
    assert torch.isfinite(whole.images).all()
