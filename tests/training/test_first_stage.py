"""Two-player recipes on the codes of a first stage: data, pipelines, resuming, and what is refused."""

import shutil

import numpy as np
import pytest
import torch
from autoencoders import (
    HalvingEncoder,
    IndexEncoder,
    LabeledHalvingEncoder,
    continuous,
    discrete,
    know_autoencoders,
)
from runs import OFTEN, end_of, game, sources
from small import SmallGenerator, know_small_parts

import gancore
from gancore.component.weights import read_weights
from gancore.data import ImageOptions, open_data
from gancore.data.code_maps import SPAN, CodeMaps, encoded
from gancore.data.first_stage import FirstStage
from gancore.errors import CheckpointError, DataError, FactError, FitError, RunError, UserError
from gancore.pictures.compared import Compared, essentials, groups
from gancore.pipeline import Pipeline
from gancore.runs.folder import RunFolder
from gancore.runs.identity import run_hash
from gancore.runs.log import Log
from gancore.standard import Decoded, Identity, Normal
from gancore.training.start import coded, resume, train

IMAGE = (3, 8, 8)


@pytest.fixture(autouse=True, scope="module")
def known():
    know_small_parts()
    know_autoencoders()


@pytest.fixture
def stage(tmp_path):
    continuous(IMAGE).save(tmp_path / "stage")
    return tmp_path / "stage"


def begin(data, stage, output, **settings):
    """Trains the small game on the codes of a first stage."""
    from gancore.runs.first_stages import first_stage

    return train(game(), data, output=output, first_stage=first_stage(stage), **{**OFTEN, **settings})


def opened(tmp_path, pipeline=None, **options):
    images = open_data(sources(tmp_path).data[0], ImageOptions(**options))
    return encoded(images, FirstStage(pipeline or continuous(IMAGE)), tmp_path / "cache")


def away(code, vectors):
    """The largest distance of a vector of code maps `(N, D, *S)` from the nearest one of a codebook."""
    rows = code.movedim(1, -1).unsqueeze(-2)  # (N, *S, 1, D)
    return float((rows - vectors.detach()).norm(dim=-1).min(-1).values.max())


# the rows


def test_rows_are_codes_with_mean_0_and_deviation_a_third(tmp_path):
    data = opened(tmp_path)
    rows = data.rows(np.arange(20))["image"]
    pixels = data.pictures.rows(np.arange(20))["image"]
    by_hand = data.stage.pipeline.encoder(pixels)
    mean, deviation = by_hand.mean((0, 2, 3)), by_hand.std((0, 2, 3), correction=0)
    expected = (by_hand - mean.reshape(-1, 1, 1)) / (3 * deviation.reshape(-1, 1, 1))
    torch.testing.assert_close(rows, expected, atol=1e-5, rtol=1e-4)
    assert data.image == (2, 4, 4) and data.facts()["image"] == (2, 4, 4)


def test_mirrored_images_are_encoded_not_codes_mirrored(tmp_path):
    data = opened(tmp_path, mirror=True)
    mirrored = data.rows(np.arange(20, 40))["image"]
    pixels = data.pictures.rows(np.arange(20))["image"].flip(3)
    expected = (data.stage.encode(pixels) - data.scale.mean) / data.scale.deviation
    torch.testing.assert_close(mirrored, expected, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(mirrored, data.rows(np.arange(20))["image"].flip(3), atol=0.01)
    both = torch.cat([mirrored, data.rows(np.arange(20))["image"]])
    torch.testing.assert_close(both.std((0, 2, 3), correction=0), torch.full((2,), 1 / SPAN))


def test_held_out_codes_are_in_the_scale_of_the_others(tmp_path):
    data = opened(tmp_path, mirror=True)
    rest, out = data.split(5)
    assert (len(rest), len(out)) == (15, 5) and out.scale is rest.scale
    torch.testing.assert_close(
        torch.cat([rest.rows(np.arange(30))["image"]]).mean((0, 2, 3)), torch.zeros(2), atol=1e-6, rtol=0
    )
    for part in (rest, out):
        place = part.pictures.names[3]
        mine = part.rows(np.array([3 + len(part)]))["image"] * part.scale.deviation + part.scale.mean
        its = data.rows(np.array([int(place) + 20]))["image"] * data.scale.deviation + data.scale.mean
        torch.testing.assert_close(mine, its)


def test_a_constant_channel_is_left_as_it_is(tmp_path):
    pipeline = continuous(IMAGE)
    torch.nn.init.zeros_(pipeline.encoder.layer.weight)
    data = opened(tmp_path, pipeline)
    assert data.scale.deviation.flatten().tolist() == [1, 1]
    torch.testing.assert_close(data.rows(np.arange(3))["image"], torch.zeros(3, 2, 4, 4))


def test_rows_that_were_not_encoded_are_refused(tmp_path):
    with pytest.raises(DataError, match="mirrored images .* were not encoded"):
        opened(tmp_path).rows(np.array([25]))


def test_images_are_encoded_once_per_first_stage(tmp_path, monkeypatch):
    calls, encode = [], FirstStage.encode
    monkeypatch.setattr(FirstStage, "encode", lambda self, image: calls.append(1) or encode(self, image))
    first = opened(tmp_path)
    again = opened(tmp_path)
    assert len(calls) == 1 and np.array_equal(first.codes, again.codes)
    opened(tmp_path, continuous(IMAGE, seed=1))
    opened(tmp_path, mirror=True)
    assert len(calls) == 3 and len(list((tmp_path / "cache").iterdir())) == 3


def test_a_stop_while_encoding_leaves_nothing(tmp_path, monkeypatch):
    def stop(self, image):
        raise KeyboardInterrupt

    monkeypatch.setattr(FirstStage, "encode", stop)
    with pytest.raises(KeyboardInterrupt):
        opened(tmp_path)
    assert not list((tmp_path / "cache").iterdir())


def test_without_a_cache_codes_are_held_in_memory(tmp_path):
    images = open_data(sources(tmp_path).data[0])
    stage = FirstStage(continuous(IMAGE))
    assert np.array_equal(encoded(images, stage, None).codes, encoded(images, stage, tmp_path / "c").codes)


# training and its pipeline


def test_the_pipeline_decodes_what_is_drawn(tmp_path, stage):
    training = begin(sources(tmp_path), stage, tmp_path / "run")
    pipeline = gancore.load(tmp_path / "run")
    assert isinstance(pipeline.generator, Decoded) and pipeline.generator.image == IMAGE
    latent, _ = pipeline.draw(3, seed=5)
    first, scale = gancore.load(stage), training.data.scale
    with torch.no_grad():
        codes = pipeline.generator.codes.eval()
        codes.noise = 0.0
        maps = codes(pipeline.conditioner(latent)) * scale.deviation + scale.mean
        expected = first.generator(maps)
    torch.testing.assert_close(pipeline.render(latent), expected, atol=1e-6, rtol=1e-5)


def test_it_samples_alone_on_another_path(tmp_path, stage):
    begin(sources(tmp_path), stage, tmp_path / "run", images=8)
    before = gancore.load(tmp_path / "run").sample(4, seed=1)
    shutil.copytree(tmp_path / "run" / "pipeline", tmp_path / "elsewhere")
    for gone in (stage, tmp_path / "run", tmp_path / "images.npy"):
        shutil.rmtree(gone, ignore_errors=True)
    assert torch.equal(gancore.load(tmp_path / "elsewhere").sample(4, seed=1), before)


def test_a_checkpoint_decodes_too(tmp_path, stage):
    begin(sources(tmp_path), stage, tmp_path / "run", images=16)
    made = gancore.load(tmp_path / "run" / "checkpoints" / "00000016").sample(4, seed=1)
    assert torch.equal(made, gancore.load(tmp_path / "run").sample(4, seed=1)) and made.shape[1:] == IMAGE


def test_grids_and_scores_are_of_images(tmp_path, stage):
    began = begin(sources(tmp_path), stage, tmp_path / "run", images=64, evaluate_every=32, hold_out=4)
    assert began.monitor._study(*next(iter(began.products().items()))).reference.image == IMAGE
    lines = [line for line in Log.read(tmp_path / "run" / "log.jsonl") if line.get("event") == "scores"]
    assert lines and all(any(name.startswith("FD") for name in line["scores"]) for line in lines)
    assert any(name.startswith("discriminator/") for name in lines[-1]["diagnostics"])
    evaluation = gancore.evaluate(tmp_path / "run", count=20, score="precision-recall", extractor="pixels")
    assert 0 <= evaluation["precision"] <= 1


def test_labels_go_to_the_second_stage(tmp_path, stage):
    np.save(tmp_path / "labels.npy", np.arange(20) % 2)
    labeled = opened(tmp_path, labels=str(tmp_path / "labels.npy"))
    assert labeled.classes == 2 and labeled.rows(np.array([1, 2]))["label"].tolist() == [1, 0]


def test_codes_of_a_codebook_are_those_before_quantization_and_are_snapped(tmp_path):
    data = opened(tmp_path, discrete(IMAGE))
    first = data.stage.pipeline
    vectors, pixels = first.conditioner.quantizer.vectors, data.pictures.rows(np.arange(20))["image"]
    with torch.no_grad():
        maps = first.encoder(pixels)
    torch.testing.assert_close(torch.from_numpy(np.asarray(data.codes)), maps)
    assert away(maps, vectors) > 0.1
    decoded = data.decoded(
        Pipeline(
            sampler=Normal(latent=(4,)),
            conditioner=Identity(code=(4,)),
            generator=SmallGenerator(image=(2, 4, 4)),
        )
    )
    seen = []
    decoded.generator.decoder.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    assert decoded.sample(3, seed=0).shape == (3, *IMAGE)
    assert away(seen[0], vectors) < 1e-6 and len(seen[0].movedim(1, -1).reshape(-1, 2).unique(dim=0)) > 1


def test_an_encoder_of_indices_alone_gives_the_vectors(tmp_path, monkeypatch):
    before = opened(tmp_path, discrete(IMAGE))
    monkeypatch.setattr(IndexEncoder, "quantizes", False)
    data = opened(tmp_path, discrete(IMAGE))
    assert (
        away(torch.from_numpy(np.asarray(data.codes)), data.stage.pipeline.conditioner.quantizer.vectors) == 0
    )
    assert data.stage.sha256 != before.stage.sha256 and len(list((tmp_path / "cache").iterdir())) == 2


def test_flat_codes_are_maps_of_one_place(tmp_path):
    size = {"generator.width": 2, "encoder.width": 2, "generator.latent": 6}
    gancore.train("vae", set=size, size=8, images=8, batch=4, evaluate_every=0, output=tmp_path / "vae")
    made = gancore.train(
        game(), first_stage=tmp_path / "vae", output=tmp_path / "run", images=8, batch=4, evaluate_every=0
    )
    assert made.data.image == (6, 1, 1)
    assert gancore.load(tmp_path / "run").sample(2, seed=0).shape == (2, *IMAGE)
    with pytest.raises(
        FactError, match="needs sides that are powers of two and at least 16; got 1×1"
    ) as refused:
        gancore.train("dcgan", first_stage=tmp_path / "vae", output=tmp_path / "no", images=8)
    assert "here the images are codes of shape (6, 1, 1), as the first stage" in str(refused.value)


def test_instance_selection_chooses_images(tmp_path, stage, monkeypatch):
    began = begin(sources(tmp_path), stage, tmp_path / "run", images=8, instance_selection=0.5)
    assert len(began.data) == 10 and len(began.data.codes) == 10
    resume(tmp_path / "run", images=16)


# going on


def test_it_resumes_to_the_same_bits(tmp_path, stage, monkeypatch):
    data = sources(tmp_path)
    begin(data, stage, tmp_path / "whole")
    begin(data, stage, tmp_path / "two", images=32)
    monkeypatch.setenv("GANCORE_CACHE", str(tmp_path / "another"))  # so that they are encoded again
    resume(tmp_path / "two", images=64)
    mine, theirs = (end_of(tmp_path / run)[1] for run in ("whole", "two"))
    assert mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)
    one, other = (
        read_weights(tmp_path / run / "pipeline" / "weights.safetensors") for run in ("whole", "two")
    )
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_first_stage_that_moved_is_refused_until_its_place_is_given(tmp_path, stage):
    begin(sources(tmp_path), stage, tmp_path / "run", images=8)
    stage.rename(tmp_path / "moved")
    with pytest.raises(RunError, match=r"the first stage of .*run.*--first-stage PLACE"):
        resume(tmp_path / "run", images=16)
    resume(tmp_path / "run", images=16, first_stage=tmp_path / "moved")
    run = RunFolder(tmp_path / "run")
    assert run.first_stage["place"] == str(tmp_path / "moved")
    assert run.facts["changes"][0]["first_stage"] == str(tmp_path / "moved")
    assert f"--first-stage {tmp_path / 'moved'}" in run.command()
    resume(tmp_path / "run", images=24)


def test_a_first_stage_that_was_changed_is_refused_by_its_hash(tmp_path, stage):
    begin(sources(tmp_path), stage, tmp_path / "run", images=8)
    was = FirstStage(gancore.load(stage)).sha256
    continuous(IMAGE, seed=1).save(stage)
    now = FirstStage(gancore.load(stage)).sha256
    with pytest.raises(RunError, match=f"hash of its weights is {now[:12]}, was {was[:12]}"):
        resume(tmp_path / "run", images=16)


def test_one_given_in_python_is_given_again(tmp_path):
    first = continuous(IMAGE)
    before = {name: value.clone() for name, value in first.state_dict().items()}
    begin(sources(tmp_path), first, tmp_path / "run", images=8)
    after = first.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(p.requires_grad for p in first.generator.parameters())
    with pytest.raises(RunError, match="was given in Python; pass it again"):
        resume(tmp_path / "run", images=16)
    resume(tmp_path / "run", images=16, first_stage=first)


def test_a_run_on_images_takes_none(tmp_path, stage):
    train(game(), sources(tmp_path), output=tmp_path / "run", **{**OFTEN, "images": 8})
    with pytest.raises(UserError, match="was trained on images, without a first stage"):
        resume(tmp_path / "run", first_stage=stage)


def test_runs_on_other_codes_are_told_apart(tmp_path, stage):
    data = sources(tmp_path)
    train(game(), data, output=tmp_path / "pixels", **{**OFTEN, "images": 8})
    hashes = {run_hash(RunFolder(tmp_path / "pixels"))}
    for seed in (0, 1):
        begin(data, continuous(IMAGE, seed=seed), tmp_path / f"run{seed}", images=8)
        hashes.add(run_hash(RunFolder(tmp_path / f"run{seed}")))
    assert len(hashes) == 3


def test_the_folder_says_by_which_first_stage_codes_were_made(tmp_path, stage):
    data = sources(tmp_path)
    train(game(), data, output=tmp_path / "pixels", **{**OFTEN, "images": 8})
    begin(data, stage, tmp_path / "codes", images=8)
    pixels, codes = RunFolder(tmp_path / "pixels"), RunFolder(tmp_path / "codes")
    words = f"{stage} ({codes.first_stage['sha256'][:12]})"
    assert (pixels.first_stage_words, codes.first_stage_words) == ("", words)
    assert f"codes of {words}" in repr(codes) and f"--first-stage {stage}" in codes.command()
    assert stage.name in codes.report_file.read_text() and "codes of" in codes.report_file.read_text()
    assert essentials(codes)["first stage"] == words and "first stage" not in essentials(pixels)
    assert len(groups([Compared(i, run.name, run, [], []) for i, run in enumerate((pixels, codes))])) == 2
    gancore.export(codes.path, format="pipeline", output=tmp_path / "shared")
    card = (tmp_path / "shared" / "README.md").read_text(encoding="utf-8")
    assert codes.first_stage["sha256"] in card and str(tmp_path) not in card
    shared = gancore.load(tmp_path / "shared")
    assert torch.equal(shared.sample(2, seed=0), gancore.load(codes.path).sample(2, seed=0))


def test_networks_of_such_a_run_start_another(tmp_path, stage):
    options = {"generator": "gancore-small:small", "discriminator": "gancore-small:small"}
    how = {"data": str(tmp_path / "images.npy"), "first_stage": stage, **OFTEN, "images": 8}
    sources(tmp_path)
    gancore.train("two-player", set=options, output=tmp_path / "one", **how)
    gancore.train("two-player", set=options, init=tmp_path / "one", output=tmp_path / "next", **how)
    gancore.train(
        "two-player",
        set=options,
        init=tmp_path / "one" / "checkpoints" / "00000008",
        output=tmp_path / "third",
        **how,
    )
    with pytest.raises(UserError):
        gancore.train(
            "two-player", set=options, init=tmp_path / "one", size=16, output=tmp_path / "no", **how
        )


# what is refused


def test_first_stages_that_give_no_codes_of_images(tmp_path):
    whole = continuous(IMAGE)
    without = Pipeline(sampler=whole.sampler, conditioner=whole.conditioner, generator=whole.generator)
    with pytest.raises(FitError, match="has no encoder, so it gives no codes"):
        FirstStage(without)
    with pytest.raises(FitError, match="reads labels .encoder/labeled-halving-encoder"):
        FirstStage(continuous(IMAGE, encoder=LabeledHalvingEncoder))
    with pytest.raises(FitError, match=r"reads codes of shape \(4, 8\)"):
        layered = type("Layered", (SmallGenerator,), {"code_shape": property(lambda self: (4, 8))})
        FirstStage(
            Pipeline(
                conditioner=Identity(code=(4, 8)),
                generator=layered(image=IMAGE),
                encoder=HalvingEncoder(image=IMAGE),
            )
        )


def test_images_that_it_does_not_read(tmp_path):
    sources(tmp_path)
    place = str(tmp_path / "images.npy")
    with pytest.raises(DataError, match=r"reads images \(3, 16, 16\), but these are \(3, 8, 8\)"):
        encoded(open_data(place), FirstStage(continuous((3, 16, 16))), None)
    with pytest.raises(DataError, match="cropped at another place each time"):
        encoded(open_data(place, size=8, fit="random"), FirstStage(continuous(IMAGE)), None)
    with pytest.raises(UserError, match="the first stage .* is for images"):
        continuous(IMAGE).save(tmp_path / "stage")
        gancore.train(game(), place, first_stage=tmp_path / "stage", size=16, output=tmp_path / "run")
    with pytest.raises(DataError, match="encodes images of one source"):
        pair = gancore.runs.sources.Sources(data=(place, place)).open()
        encoded(pair, FirstStage(continuous(IMAGE)), None)


def test_codes_that_are_not_finite(tmp_path):
    broken = continuous(IMAGE)
    torch.nn.init.constant_(broken.encoder.layer.bias, float("nan"))
    with pytest.raises(DataError, match="codes that are NaN or infinite"):
        opened(tmp_path, broken)
    assert not list((tmp_path / "cache").iterdir())


def test_recipes_that_work_on_images(tmp_path, stage):
    sources(tmp_path)
    with pytest.raises(FitError, match="the pipeline image of recipe/vae works on images"):
        gancore.train(
            "vae",
            str(tmp_path / "images.npy"),
            set={"generator.width": 2, "encoder.width": 2},
            first_stage=stage,
            output=tmp_path / "run",
            images=8,
        )


def test_a_damaged_first_stage(tmp_path, stage):
    content = bytearray((stage / "weights.safetensors").read_bytes())
    content[-1] ^= 1
    (stage / "weights.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        gancore.train(game(), str(tmp_path / "images.npy"), first_stage=stage, output=tmp_path / "run")


def test_every_process_reads_the_codes_that_the_first_encoded(tmp_path, monkeypatch):
    images, stage = open_data(sources(tmp_path).data[0]), FirstStage(continuous(IMAGE))
    given = gancore.runs.sources.Sources(options=ImageOptions(cache=tmp_path / "cache"))
    settings = gancore.runs.settings.Settings(device="cpu")

    class Second:
        def from_first(self, make):
            return "encoded"

    from gancore.training.ranks import Ranks

    first = coded(images, stage, given, settings, Ranks())
    monkeypatch.setattr(FirstStage, "encode", None)
    second = coded(images, stage, given, settings, Second())
    assert isinstance(second, CodeMaps) and np.array_equal(first.codes, second.codes)
