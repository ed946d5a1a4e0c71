"""Random and altered recipes and words of `--set` are built or refused with an error of ours."""

import sys
from pathlib import Path

import numpy as np
import pytest

from gancore.errors import GancoreError

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from hostile.configurations import configurations


@pytest.mark.filterwarnings("ignore")
def test_configurations_are_built_or_refused_with_an_error_of_ours():
    ended = []
    for _, call in configurations(np.random.default_rng(7), 200):
        try:
            call()
        except GancoreError as error:
            assert len(str(error)) < 3000
            ended.append("refused")
        else:
            ended.append("built")
    assert ended.count("built") > 3 and ended.count("refused") > 60
