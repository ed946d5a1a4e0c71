"""Generated shapes follow their labels; the tool's full training reaches a correlation above 0.9."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from follow_labels import correlations, drawn, follow, rows


@pytest.mark.parametrize("kind", ["continuous", "several"])
def test_drawn_shapes_are_measured_as_their_labels_say(kind):
    label = rows(kind, 200, np.random.default_rng(0))
    assert min(correlations(kind, torch.from_numpy(drawn(kind, label)), torch.from_numpy(label))) > 0.99


def test_a_short_training_already_follows_labels():
    assert min(follow("several", images=6400, count=200)) > 0.6


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "images"), [("continuous", 100_000), ("several", 50_000)])
def test_a_whole_training_follows_each_number_of_a_label(kind, images):
    assert min(follow(kind, images=images)) > 0.9
