"""The tool that shows degradations."""

import importlib.util
from pathlib import Path

from PIL import Image


def tool():
    path = Path(__file__).parents[1] / "tools" / "degraded.py"
    module = importlib.util.module_from_spec(spec := importlib.util.spec_from_file_location("degraded", path))
    spec.loader.exec_module(module)
    return module


def test_it_writes_a_row_for_each_image(tmp_path):
    for count in (1, 2):
        tool().main(["--size", "16", "--count", str(count), "--output", str(tmp_path / f"{count}.png")])
    one, two = (Image.open(tmp_path / f"{count}.png").size for count in (1, 2))
    assert one[0] == two[0] > 12 * 64 and two[1] - one[1] == 66
