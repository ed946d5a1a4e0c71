"""Sources of data that a plugin opens."""

import numpy as np
import pytest
from runs import begin
from small import know_small_parts

from gancore.component.discovery import host
from gancore.component.hooks import hookimpl
from gancore.data import ImageOptions, open_data
from gancore.runs.sources import Sources, open_source
from gancore.training.evaluating import EvaluationRequest, study_of_images, study_of_run
from gancore.training.start import resume


class Noise:
    """Opens `noise:20` as twenty images of noise."""

    @hookimpl
    def gancore_data(self, source, options):
        kind, _, count = source.partition(":")
        if kind != "noise":
            return None
        return open_data(np.random.default_rng(0).integers(0, 256, (int(count), 3, 8, 8), np.uint8), options)


@pytest.fixture
def noise():
    plugin = Noise()
    host().manager.register(plugin)
    yield "noise:20"
    host().manager.unregister(plugin)


def test_a_plugin_opens_its_source_with_the_options_asked_for(noise):
    assert open_source(noise, ImageOptions(size=4)).image == (3, 4, 4)
    assert open_source("emoji", ImageOptions()).image == (3, 32, 32)


def test_a_run_on_a_plugin_s_source_goes_on_and_is_judged(noise, tmp_path):
    know_small_parts()
    begin(Sources(data=(noise,)), tmp_path / "run")
    assert resume(tmp_path / "run", images=72).run.images >= 72
    assert len(study_of_run(tmp_path / "run", None, EvaluationRequest(count=8)).reference) == 20


def test_images_of_a_plugin_s_source_are_judged(noise):
    study = study_of_images(noise, None, EvaluationRequest(count=8, against=noise))
    assert len(study.samples) == 8 and len(study.reference) == 20
