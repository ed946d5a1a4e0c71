"""Projection of images, and pivotal tuning."""

import math

import pytest
import torch
import walks
from small import SmallExtractor

from gancore.component.weights import write_weights
from gancore.errors import CheckpointError, UserError
from gancore.latent.codes import codes_of, load_code, render_codes, save_code
from gancore.latent.inversion import Projection, invert, render_inverted
from gancore.latent.likeness import Likeness
from gancore.latent.spaces import code_space, mean_code
from gancore.latent.tuning import PivotalTuning, tune
from gancore.pipeline import Pipeline
from gancore.standard.conditioners import Identity
from gancore.standard.samplers import Normal

QUICK = Projection(steps=150)


def extractor():
    return SmallExtractor(image=walks.IMAGE)


def error(one, other):
    return (one - other).square().flatten(1).mean(1)


def test_the_space_says_where_its_points_lie():
    plain, layered = code_space(walks.plain()), code_space(walks.layered())
    assert plain.name == "z" and layered.name == "w"
    assert abs(plain.usual - math.sqrt(6)) < 0.05 and float(plain.mean.abs().max()) < 0.05
    pipeline = walks.layered()
    codes = codes_of(pipeline, pipeline.draw(20_000, seed=3)[0])
    assert abs(layered.usual - float((codes - codes.mean(0))[:, 0].norm(dim=1).square().mean().sqrt())) < 0.03
    torch.testing.assert_close(layered.mean[0], codes.mean(0), atol=0.03, rtol=0)
    assert layered.still(2).shape == (2, 1, 6) and code_space(pipeline, "w+").still(2).shape == (2, 4, 6)
    torch.testing.assert_close(mean_code(pipeline), layered.mean)


@pytest.mark.parametrize(
    ("kind", "space"),
    [
        ("plain", None),
        ("layered", "w"),
        ("layered", "w+"),
        ("layered", "z"),
        ("labeled", "z"),
        ("labeled", "w"),
    ],
)
def test_the_code_of_an_image_is_found(kind, space):
    pipeline = getattr(walks, kind)()
    image = pipeline.sample(2, seed=7, label=torch.tensor([1, 1]) if kind == "labeled" else None)
    label = 1 if kind == "labeled" else None
    found = invert(pipeline, image, extractor(), QUICK, space=space, label=label)
    mean = render_codes(pipeline, mean_code(pipeline, label=label))
    assert bool((error(found.image, image) < 0.2 * error(mean, image)).all())
    assert found.code.shape == (2, *pipeline.generator.code_shape) and found.loss.shape == (150, 2)
    assert (found.latent is not None) == ((space or "z") == "z")
    torch.testing.assert_close(render_codes(pipeline, found.code), found.image)
    if space == "w" and kind == "layered":
        assert torch.equal(found.code, found.code[:, :1].expand_as(found.code))


def test_w_plus_reaches_what_w_cannot():
    pipeline = walks.layered()
    code = torch.randn(1, 4, 6, generator=torch.Generator().manual_seed(0))
    image = render_codes(pipeline, code)
    loss = {
        space: float(invert(pipeline, image, None, Projection(steps=300), space=space).loss[-1])
        for space in ("w", "w+")
    }
    assert loss["w+"] < 0.1 * loss["w"]


def test_an_image_is_searched_for_on_its_own():
    pipeline = walks.plain(noise=0.2)
    image = pipeline.sample(2, seed=3)
    both = invert(pipeline, image, extractor(), Projection(steps=5))
    alone = invert(pipeline, image[1:], extractor(), Projection(steps=5))
    torch.testing.assert_close(both.code[1:], alone.code)
    torch.testing.assert_close(both.noise[0][1:], alone.noise[0])


def test_equal_seeds_find_equal_codes_and_nothing_is_left_behind():
    pipeline, image = walks.layered(), walks.layered().sample(1, seed=0)
    before = torch.get_rng_state()
    one, same, other = (invert(pipeline, image, None, Projection(steps=3), seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.code, same.code) and not torch.equal(one.code, other.code)
    assert torch.equal(torch.get_rng_state(), before)
    assert (
        all(p.grad is None and p.requires_grad for p in pipeline.generator.parameters())
        and pipeline.generator.training
    )


def test_noise_maps_are_optimized_kept_white_and_saved(tmp_path):
    pipeline = walks.plain(noise=0.3)
    image = torch.rand(2, *walks.IMAGE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    still = invert(pipeline, image, None, Projection(steps=60, regularity=1e9))
    free = invert(pipeline, image, None, Projection(steps=60, regularity=0))
    assert free.noise[0].shape == (2, *walks.IMAGE)
    assert bool((free.loss[-1] < still.loss[-1]).all())
    for found in (still, free):
        torch.testing.assert_close(found.noise[0].flatten(1).mean(1), torch.zeros(2), atol=1e-5, rtol=0)
    save_code(tmp_path / "one.npy", free.code[1:], [m[1:] for m in free.noise])
    code, noise = load_code(tmp_path / "one.npy", pipeline)
    torch.testing.assert_close(render_inverted(pipeline, code, noise), free.image[1:])
    assert not torch.allclose(render_codes(pipeline, code), free.image[1:], atol=1e-2)
    strip = render_inverted(pipeline, code.expand(3, -1), noise)
    torch.testing.assert_close(strip, free.image[1:].expand(3, -1, -1, -1))


def test_the_schedules_are_those_of_the_paper():
    rate, added = Projection().rate, Projection().added
    assert (
        rate(0) == pytest.approx(0.1 / 50)
        and rate(49) == pytest.approx(0.1)
        and rate(749) == pytest.approx(0.1)
    )
    assert rate(875) == pytest.approx(0.05) and 0 < rate(999) < 1e-5
    assert (
        added(0, 2.0) == pytest.approx(0.1)
        and added(375, 2.0) == pytest.approx(0.025)
        and added(750, 2.0) == added(999, 2.0) == 0
    )


def test_an_encoder_says_where_to_begin():
    from gancore_vae import ConvolutionalDecoder, ConvolutionalEncoder

    image = (3, 8, 8)
    decoder, encoder = (
        ConvolutionalDecoder(image=image, width=4, latent=5),
        ConvolutionalEncoder(image=image, width=4, latent=(5,)),
    )
    pipeline = Pipeline(
        sampler=Normal(latent=(5,)), conditioner=Identity(code=(5,)), generator=decoder, encoder=encoder
    )
    target = pipeline.sample(2, seed=1)
    found = invert(pipeline, target, None, Projection(steps=1, lr=1e-9, noise=0))
    torch.testing.assert_close(found.code, encoder.code(target).detach(), atol=1e-6, rtol=0)


def test_unlikeness_is_counted_in_that_of_samples():
    pipeline = walks.plain()
    likeness = Likeness(pipeline, extractor(), pixels=1.0)
    samples = likeness.samples
    pairs = [
        likeness.unlike(samples.image, likeness.see(samples.image[i : i + 1])).detach() for i in range(64)
    ]
    assert float(torch.stack(pairs).sum() / (64 * 63)) == pytest.approx(
        2.0, rel=1e-4
    )  # one for the features, one for the pixels
    assert likeness.nearest_sample(likeness.see(samples.image[[4, 9]])).tolist() == [4, 9]


def test_a_tuned_generator_makes_the_image_and_the_others_as_before():
    pipeline = walks.layered()
    image = torch.rand(1, *walks.IMAGE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    found = invert(pipeline, image, None, Projection(steps=50))
    pipeline.generator.requires_grad_(False)  # as an averaged copy
    weights = [p.clone() for p in pipeline.generator.parameters()]
    free, local = (
        tune(
            pipeline,
            image,
            found.code,
            found.noise,
            None,
            PivotalTuning(steps=100, lr=3e-3, locality=locality),
        )
        for locality in (0.0, 1.0)
    )
    assert all(
        torch.equal(one, other) for one, other in zip(weights, pipeline.generator.parameters(), strict=True)
    )
    near, far = (float(error(render_codes(made, found.code), image)) for made in (free, local))
    assert near < 0.75 * float(error(found.image, image)) and near < far < float(error(found.image, image))
    before = pipeline.sample(16, seed=4)
    moved = [float(error(made.sample(16, seed=4), before).mean()) for made in (free, local)]
    assert 0 < moved[1] < 0.8 * moved[0]


@pytest.mark.parametrize(
    ("make", "words", "text"),
    [
        (
            walks.plain,
            {"image": torch.zeros(1, 3, 8, 9)},
            "the image is 3×8×9, but generator/small makes 3×8×8",
        ),
        (
            walks.plain,
            {"image": torch.zeros(3, 8, 8)},
            "the image is (3, 8, 8), but generator/small makes 3×8×8",
        ),
        (
            walks.plain,
            {"image": torch.full((1, 3, 8, 8), 255.0)},
            "images must be floats in [-1, 1]; divide bytes by 127.5",
        ),
        (
            walks.plain,
            {"space": "w"},
            "passes latents through unchanged, so this pipeline has no w besides z; choose z",
        ),
        (walks.plain, {"space": "s"}, "the spaces here are z, w, w+; got 's'"),
        (walks.labeled, {"space": "w+"}, "reads one code (9,) for the whole image, so w+ is w; choose w"),
        (walks.translator, {}, "translates images, so it has no latent space"),
        (walks.plain, {"label": 1}, "reads no labels, but a label was given; omit it"),
        (walks.labeled, {"label": 5}, "label 5 is out of range; give a number from 0 to 2"),
    ],
)
def test_what_cannot_be_projected_gets_a_clear_error(make, words, text):
    with pytest.raises(UserError) as raised:
        invert(make(), **{"image": torch.zeros(1, 3, 8, 8), **words})
    assert text in str(raised.value)


def test_other_wrong_words():
    pipeline, image = walks.plain(), torch.zeros(1, 3, 8, 8)
    with pytest.raises(UserError, match="a projection needs a whole number of steps, at least 1; got 0"):
        Projection(steps=0)
    for value in (math.inf, math.nan, -1.0):
        with pytest.raises(
            UserError, match=f"pixels of a projection must be a finite number, at least 0; got {value}"
        ):
            Projection(pixels=value)
        with pytest.raises(
            UserError, match=f"locality of pivotal tuning must be a finite number, at least 0; got {value}"
        ):
            PivotalTuning(locality=value)
    with pytest.raises(UserError, match="by an extractor, by pixels, or both"):
        invert(pipeline, image, None, Projection(pixels=0))
    with pytest.raises(UserError, match=r"1 images are tuned to with pivots \(1, 6\); got \(2, 6\)"):
        tune(pipeline, image, torch.zeros(2, 6))


def test_codes_of_other_pipelines_are_refused(tmp_path):
    save_code(tmp_path / "code.npy", torch.zeros(1, 6))
    with pytest.raises(
        UserError, match=r"code.npy holds \(1, 6\), generator/walk-layers reads one code \(4, 6\)"
    ):
        load_code(tmp_path / "code.npy", walks.layered())
    save_code(tmp_path / "nan.npy", torch.full((1, 6), torch.nan))
    with pytest.raises(
        UserError, match=r"nan.npy holds NaN or infinity in \(1, 6\), generator/small reads one code \(6,\)"
    ):
        load_code(tmp_path / "nan.npy", walks.plain())
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(
        UserError,
        match=r"broken.npy cannot be read .*; give a .npy file that gancore invert or gancore explore wrote",
    ):
        load_code(tmp_path / "broken.npy", walks.plain())


@pytest.mark.parametrize(
    "maps",
    [
        [torch.zeros(1, 3, 8, 9)],
        [],
        [torch.zeros(1, 3, 8, 8)] * 2,
        [torch.full((1, 3, 8, 8), torch.nan)],
        [torch.zeros(2, 3, 8, 8)],
    ],
    ids=["another shape", "none", "too many", "not finite", "two images"],
)
def test_noise_maps_of_another_generator_are_refused(tmp_path, maps):
    save_code(tmp_path / "code.npy", torch.zeros(1, 6))
    write_weights(tmp_path / "code-noise.safetensors", {str(i): m for i, m in enumerate(maps)})
    with pytest.raises(
        CheckpointError,
        match=r"code-noise.safetensors holds noise maps .*; the generator draws \(1, 3, 8, 8\), all finite",
    ):
        load_code(tmp_path / "code.npy", walks.plain(noise=0.3))


def test_a_generator_without_noise_refuses_noise_maps(tmp_path):
    save_code(tmp_path / "code.npy", torch.zeros(1, 4, 6), [torch.zeros(1, 3, 8, 8)])
    with pytest.raises(CheckpointError, match="the generator draws none"):
        load_code(tmp_path / "code.npy", walks.layered())
