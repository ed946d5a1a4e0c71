"""Small networks of the original repositories, with their inputs and outputs, where these are at hand."""

import json
from pathlib import Path

import pytest
from safetensors import safe_open

PARITY = Path(__file__).parents[2] / "shared" / "data" / "parity"


def original(name):
    """The configuration of an original network and its tensors. Skips the test where there is none."""
    path = PARITY / f"{name}.safetensors"
    if not path.is_file():
        pytest.skip(f"{path.name} is not here")
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["config"]), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


def within(tensors, prefix):
    """The tensors whose names begin with `prefix`, without it."""
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
