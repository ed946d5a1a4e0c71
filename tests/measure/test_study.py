"""What scores read, and what an evaluation says of itself."""

import json

import attrs
import numpy as np
import pytest
import torch
from small import SmallExtractor, SmallGenerator
from torch import nn

from gancore.component.part import part
from gancore.data import open_data
from gancore.errors import MeasureError
from gancore.measure.evaluation import Evaluation, score_study
from gancore.measure.score import Score, Value
from gancore.measure.sets import DatasetImages
from gancore.measure.standing_statistics import has_batch_norm, with_standing_statistics
from gancore.measure.study import Study
from gancore.pipeline import Pipeline
from gancore.standard.conditioners import Identity
from gancore.standard.samplers import Normal


def images(count=40, seed=0, image=(3, 8, 8), **options):
    rng = np.random.default_rng(seed)
    return DatasetImages(
        open_data(rng.integers(0, 256, (count, *image), dtype=np.uint8), layout="NCHW", **options)
    )


def study(**changes):
    return Study(images(seed=1), images(seed=0), SmallExtractor(), **changes)


@part("test-normed")
class Normed(SmallGenerator):
    def build(self):
        super().build()
        self.norm = nn.BatchNorm2d(self.image[0])

    def forward(self, code):
        return self.norm(self.linear(code).reshape(len(code), *self.image))


@part("test-mean")
class Mean(Score):
    def forward(self, study):
        return {f"mean[{study.title}]": Value(float(study.features("samples").mean()), better="lower")}


@part("test-labels")
class NeedsLabels(Score):
    needs = frozenset({"labels", "training"})

    def forward(self, study):
        return {"never": Value(0.0)}


class Counting(SmallExtractor):
    calls = 0

    def forward(self, image):
        type(self).calls += 1
        return super().forward(image)


def test_features_are_computed_once_and_kept_by_content():
    counting = attrs.define(slots=False, eq=False, repr=False, kw_only=True)(Counting)
    first = Study(images(seed=11), images(seed=10), counting())
    features = first.features("reference")
    first.features("reference")
    assert counting.calls == 1
    again = Study(images(seed=12), images(seed=10), counting())
    assert torch.equal(again.features("reference"), features) and counting.calls == 1
    assert not torch.equal(again.features("samples"), features)


def test_another_extractor_does_not_find_the_features_of_the_first():
    one, other = SmallExtractor(), SmallExtractor()
    first = Study(images(seed=20), images(seed=21), one).features("reference")
    other.bind(facts={"image": (3, 8, 8)})
    nn.init.ones_(other.linear.weight)
    assert not torch.equal(Study(images(seed=20), images(seed=21), other).features("reference"), first)


def test_shapes_must_agree():
    with pytest.raises(
        MeasureError,
        match=r"samples are \(1, 8, 8\), the reference is \(3, 8, 8\).*bring them to the same shape",
    ):
        Study(images(image=(1, 8, 8)), images(), SmallExtractor())


def test_images_that_are_not_finite_are_refused():
    array = np.zeros((5, 3, 8, 8), dtype=np.float32)
    batch = torch.from_numpy(array)
    batch[2, 0, 0, 0] = torch.nan
    with pytest.raises(MeasureError, match="1 of 5 images hold NaN or infinity"):
        list(study().extract([batch]))


def test_an_evaluation_says_how_it_was_made(tmp_path):
    found = score_study(study(), [Mean(), NeedsLabels()], images=7)
    assert list(found.scores) == ["mean[small-1]"]
    assert found.left_out == {"test-labels": "score/test-labels needs labels for the samples and the "
                                             "reference and the images that the "
                              "model was trained on"}  # fmt: skip
    found.save(tmp_path / "scores" / "x.json")
    assert Evaluation.load(tmp_path / "scores" / "x.json") == attrs.evolve(
        found, seconds=round(found.seconds, 2)
    )
    table = json.loads((tmp_path / "scores" / "x.json").read_text())
    assert table["images"] == 7 and table["scores"]["mean[small-1]"]["better"] == "lower"
    protocol = table["protocol"]
    assert protocol["extractor"]["title"] == "small-1" and protocol["extractor"]["dimensions"] == 5
    assert len(protocol["extractor"]["weights_sha256"]) == 64
    assert (
        protocol["samples"]["count"] == 40
        and protocol["reference"]["fingerprint"]
        and protocol["versions"]["torch"] == torch.__version__
    )


@pytest.mark.parametrize("text", ["", "[]", '{"scores": 3}'])
def test_what_is_no_evaluation_is_refused(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(
        MeasureError, match="x.json is not an evaluation .*give a file that `gancore evaluate` wrote"
    ):
        Evaluation.load(tmp_path / "x.json")


def test_strictly_what_cannot_be_given_is_an_error():
    with pytest.raises(MeasureError, match="needs labels"):
        score_study(study(), [NeedsLabels()], strict=True)


def test_draws_are_repeatable_and_named():
    one, again = (torch.rand(3, generator=study(seed=5).rng("x")) for _ in range(2))
    assert torch.equal(one, again) and not torch.equal(one, torch.rand(3, generator=study(seed=5).rng("y")))


def test_standing_statistics_are_those_of_the_samples():
    generator = Normed(image=(3, 8, 8))
    generator.bind(seed=0)
    pipeline = Pipeline(conditioner=Identity(code=(4,)), generator=generator, sampler=Normal(latent=(4,)))
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    made = with_standing_statistics(pipeline, seed=0, batch=32, passes=4)
    assert has_batch_norm(pipeline) and all(
        torch.equal(value, generator.state_dict()[name]) for name, value in before.items()
    )
    fed = generator.linear(pipeline.draw(128, seed=0)[0]).reshape(128, 3, 8, 8)
    torch.testing.assert_close(made.generator.norm.running_mean, fed.mean((0, 2, 3)), atol=1e-5, rtol=1e-4)
