"""Pipelines as files of ONNX and of torch.export, and as folders."""

import copy
import importlib.util
import json

import pytest
import torch
import walks
from small import MeanConditioner, SmallGenerator

from gancore.cli import run
from gancore.component.interfaces import Generator
from gancore.component.part import field, part
from gancore.errors import ExportError, UserError
from gancore.exporting import Chain, export_onnx, export_pipeline, export_torch
from gancore.exporting.checking import largest_difference
from gancore.exporting.torch_file import NOTES
from gancore.pipeline import Pipeline
from gancore.standard.conditioners import Identity
from gancore.standard.samplers import Normal


def onnx_session(path):
    return pytest.importorskip("onnxruntime").InferenceSession(path, providers=["CPUExecutionProvider"])


def run_onnx(path, **inputs):
    return torch.from_numpy(
        onnx_session(path).run(None, {name: value.numpy() for name, value in inputs.items()})[0]
    )


def noisy():
    """Noise on every image, and a mean to truncate to."""
    generator = SmallGenerator(image=walks.IMAGE, noise=0.5)
    conditioner = MeanConditioner(code=(4,))
    conditioner.mean.fill_(0.3)
    return Pipeline(sampler=Normal(latent=(4,)), conditioner=conditioner, generator=generator)


@part("awkward")
class Awkward(Generator):
    """Does what exporters cannot follow."""

    how: str = field(default="branch")

    @property
    def code_shape(self):
        return (4,)

    def build(self):
        self.linear = torch.nn.Linear(4, 48)

    def forward(self, code):
        image = self.linear(code).reshape(-1, 3, 4, 4)
        if self.how == "branch":
            return image if image.sum() > 0 else -image
        if self.how == "steep":
            return torch.sin(1e4 * image)
        if self.how == "operator":
            return torch.special.bessel_j0(image)
        return image + torch.randn(3, 4, 4)


def awkward(how):
    return Pipeline(
        sampler=Normal(latent=(4,)),
        conditioner=Identity(code=(4,)),
        generator=Awkward(image=(3, 4, 4), how=how),
    )


def test_a_chain_makes_the_images_of_the_pipeline():
    pipeline = noisy()
    latent, _ = pipeline.draw(5, seed=3)
    chain = Chain(pipeline, truncation=0.6, seed=9)
    found = chain(latent)
    assert torch.equal(chain(latent[:1]), pipeline.render(latent[:1], seed=9, truncation=0.6))
    assert all(torch.allclose(found[i : i + 1], chain(latent[i : i + 1]), atol=1e-6) for i in range(5))
    assert chain.generator is not pipeline.generator and pipeline.generator.linear.weight.requires_grad
    assert chain.names == ["latent"] and not torch.equal(
        found, Chain(pipeline, truncation=0.6, seed=8)(latent)
    )


def test_truncation_and_noise_as_inputs():
    pipeline = noisy()
    latent, _ = pipeline.draw(2, seed=3)
    chain = Chain(pipeline, inputs=["noise", "truncation"])
    assert chain.names == ["latent", "truncation", "noise_0"]
    noise = chain.examples(2)["noise_0"]
    code = pipeline.conditioner.truncate(pipeline.conditioner(latent), 0.25)
    expected = torch.tanh(pipeline.generator.linear(code).reshape(2, *walks.IMAGE) + 0.5 * noise)
    assert torch.allclose(chain(latent, torch.tensor(0.25), noise), expected, atol=1e-6)


def test_an_onnx_file_takes_any_batch_and_says_what_it_is(tmp_path):
    pytest.importorskip("onnxruntime")
    pipeline, path = walks.labeled(), tmp_path / "chain.onnx"
    assert export_onnx(Chain(pipeline), path, recipe="recipe/some") < 1e-5
    for n in (1, 2, 7):
        latent, label = pipeline.draw(n, seed=n)
        assert (
            run_onnx(path, latent=latent, label=label) - pipeline.render(latent, label)
        ).abs().max() < 1e-5
    told = onnx_session(path).get_modelmeta().custom_metadata_map
    assert told["gancore.recipe"] == "recipe/some" and told["gancore.generator"] == "generator/small"
    assert json.loads(told["gancore.latent_shape"]) == [6] and json.loads(told["gancore.image_shape"]) == [
        3,
        8,
        8,
    ]
    assert (
        told["gancore.image_range"] == "[-1, 1], clamped"
        and told["gancore.noise"] == "drawn once, the same for all images"
    )
    assert (
        json.loads(told["gancore.sampler"])["part"].endswith("normal")
        and json.loads(told["gancore.versions"])["gancore"]
    )
    assert [file.name for file in tmp_path.iterdir()] == ["chain.onnx"]


def test_an_onnx_file_with_truncation_and_noise_as_inputs(tmp_path):
    pytest.importorskip("onnxruntime")
    chain, path = Chain(noisy(), inputs=["truncation", "noise"]), tmp_path / "chain.onnx"
    export_onnx(chain, path)
    inputs = chain.examples(5) | {"truncation": torch.tensor(0.1)}
    assert (run_onnx(path, **inputs) - chain(*inputs.values())).abs().max() < 1e-5
    others = inputs | {"truncation": torch.tensor(0.9)}
    assert (run_onnx(path, **others) - run_onnx(path, **inputs)).abs().max() > 1e-3


def test_a_file_of_torch_export(tmp_path):
    chain, path = Chain(noisy(), truncation=0.5), tmp_path / "chain.pt2"
    assert export_torch(chain, path, recipe="recipe/some") < 1e-5
    extra = {NOTES: ""}
    module = torch.export.load(path, extra_files=extra).module()
    for n in (1, 7):
        latent = chain.examples(n)["latent"]
        assert torch.allclose(module(latent), chain(latent), atol=1e-6)
    told = json.loads(extra[NOTES])
    assert (
        told["gancore.truncation"] == "0.5" and told["gancore.noise"] == "drawn once, the same for all images"
    )


def test_a_folder(tmp_path):
    walks.know_walk_parts()
    pipeline, folder = walks.layered(), tmp_path / "folder"
    assert export_pipeline(pipeline, folder) == 0
    assert torch.equal(Pipeline.load(folder).sample(2, seed=1), pipeline.sample(2, seed=1))
    with pytest.raises(UserError, match="folder already exists; give a new folder"):
        export_pipeline(pipeline, folder)


@pytest.mark.slow
def test_what_cannot_be_written_leaves_no_file(tmp_path, capsys):
    pytest.importorskip("onnxruntime")
    path = tmp_path / "chain.onnx"
    for how, message in (
        ("branch", "generator/awkward cannot be traced for export .*try another format"),
        ("operator", "generator/awkward cannot be written as ONNX .*bessel_j0.*no file was kept"),
        ("random", r"the written file is off by \d.* for a batch of 1, more than \d.*; no file was kept"),
    ):
        with pytest.raises(ExportError, match=message):
            export_onnx(Chain(awkward(how)), path)
        assert not list(tmp_path.iterdir())
    assert capsys.readouterr().out == ""
    path.write_text("an older one")
    with pytest.raises(ExportError, match="cannot be traced"):
        export_torch(Chain(awkward("branch")), path)
    assert path.read_text() == "an older one"


def test_a_network_that_rounds_badly_is_compared_with_its_own_rounding():
    chain = Chain(awkward("steep"))
    wide = copy.deepcopy(chain).double()
    assert 1e-4 < largest_difference(chain, lambda inputs: wide(inputs["latent"].double())) < 0.05
    with pytest.raises(
        ExportError,
        match=r"the written file is off by 0.5 for a batch of 1, more than 0.0\d+; no file was kept",
    ):
        largest_difference(chain, lambda inputs: chain(inputs["latent"]) + 0.5)
    with pytest.raises(ExportError, match="off by 0.0002 for a batch of 1, more than 0.0001;"):
        largest_difference(
            Chain(walks.layered()), lambda inputs: Chain(walks.layered())(inputs["latent"]) + 2e-4
        )
    with pytest.raises(ExportError, match="off by nan"):
        largest_difference(chain, lambda inputs: chain(inputs["latent"]) * torch.nan)


def test_what_a_pipeline_has_not_is_not_built_in():
    with pytest.raises(
        UserError, match="conditioner/identity keeps no mean to truncate toward; omit truncation"
    ):
        Chain(walks.plain(), truncation=0.5)
    with pytest.raises(
        UserError, match="generator/small draws no noise|generator/walk-layers draws no noise"
    ):
        Chain(walks.layered(), inputs=["noise"])
    pipeline = walks.labeled()
    pipeline.labels = None
    with pytest.raises(ExportError, match="reads labels, but the pipeline cannot draw any"):
        Chain(pipeline)


def test_missing_packages_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        UserError,
        match=r"ONNX needs the packages onnx, onnxruntime, onnxscript: pip install 'gancore\[onnx\]'",
    ):
        export_onnx(Chain(walks.plain()), tmp_path / "chain.onnx")


def test_the_command(tmp_path, monkeypatch, capsys):
    pytest.importorskip("onnxruntime")
    walks.know_walk_parts()
    monkeypatch.chdir(tmp_path)
    walks.layered().save(tmp_path / "saved")
    assert run(["export", "saved", "--truncation", "0.7"]) == 0
    assert (
        "saved.onnx: latent → image N × 3 × 8 × 8 in [-1, 1]; largest difference " in capsys.readouterr().out
    )
    latent, _ = Pipeline.load("saved").draw(2, seed=0)
    assert torch.allclose(
        run_onnx("saved.onnx", latent=latent),
        Pipeline.load("saved").render(latent, truncation=0.7),
        atol=1e-5,
    )
    assert run(["export", "saved", "--format", "torch", "--input", "truncation"]) == 0
    assert "saved.pt2: latent, truncation → image" in capsys.readouterr().out
    assert run(["export", "saved", "--format", "pipeline", "--output", "new/copy"]) == 0
    assert (
        "new/copy: pipeline.json, weights.safetensors, README.md, preview.png; largest difference 0"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--format", "tflite"], "--format must be one of onnx, torch, pipeline; got 'tflite'"),
        (["--input", "label"], "--input must be truncation or noise; got label"),
        (
            ["--format", "pipeline", "--truncation", "0.5"],
            "an exported pipeline does not fix truncation and noise",
        ),
        (["--input", "truncation", "--truncation", "0.5"], "either built in or an input"),
    ],
)
def test_words_that_cannot_be(words, message, capsys):
    assert run(["export", "none", *words]) == 2
    assert message in capsys.readouterr().err
