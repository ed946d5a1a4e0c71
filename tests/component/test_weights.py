"""Files of weights."""

from pathlib import Path

import torch

from gancore.component.weights import read_weights, write_weights


def test_weights_are_as_readable_as_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write_weights(tmp_path / "weights", {"x": torch.arange(3.0)})
    assert (tmp_path / "weights").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert torch.equal(read_weights(tmp_path / "weights")["x"], torch.arange(3.0))
