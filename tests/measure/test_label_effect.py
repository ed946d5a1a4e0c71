"""How much labels change the samples of a pipeline."""

import pytest
import torch
from small import SmallGenerator

from gancore import Pipeline
from gancore.measure.alarms import History, alarms
from gancore.measure.diagnostics import of_labels
from gancore.standard.conditioners import Identity, OneHot
from gancore.standard.labels import UniformLabels
from gancore.standard.samplers import Normal


def pipeline(gain):
    generator = SmallGenerator(width=7, image=(3, 4, 4))
    with torch.no_grad():
        generator.linear.weight[:, 4:] *= gain
    return Pipeline(
        sampler=Normal(latent=(4,)),
        conditioner=OneHot(code=(7,), classes=3),
        generator=generator,
        labels=UniformLabels(classes=3),
    )


def test_it_grows_with_what_the_generator_makes_of_the_label():
    effects = [of_labels(pipeline(gain), seed=1)["label effect"] for gain in (0.0, 0.1, 1.0)]
    assert effects[0] == 0 and 0.01 < effects[1] < 0.2 < effects[2]


def test_a_pipeline_without_labels_has_none():
    plain = Pipeline(
        sampler=Normal(latent=(4,)),
        conditioner=Identity(code=(4,)),
        generator=SmallGenerator(image=(3, 4, 4)),
    )
    assert of_labels(plain, seed=1) == {}


@pytest.mark.parametrize("times", [2, 3])
def test_the_alarm_waits_for_three_evaluations(times):
    raised = alarms(History([of_labels(pipeline(0.0), seed=1)] * times, []))
    assert [alarm.name for alarm in raised] == ["ignored-labels"] * (times == 3)
    assert all("another label changes a sample by 0.0% of what another latent does" in a.text for a in raised)
