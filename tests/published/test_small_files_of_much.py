"""Small files that refer to one value over and over, or say odd things, take little memory and time."""

import json
import pickle
import struct
import time

import pytest
import torch
from safetensors.torch import save_file

from gancore.errors import CheckpointError
from gancore.published import read_networks
from gancore.published.spelled_out import MOST_NAMES


class Shared(dict):
    """A module as it is pickled: an object of a class that no reader knows, with a state."""

    def __reduce__(self):
        return Module, (), dict(self)


class Module:
    """The class of such a module."""


def module(**state):
    return Shared({"_parameters": {}, "_buffers": {}, "_modules": {}, **state})


def refused(tmp_path, table, match):
    path, started = tmp_path / "x.pt", time.process_time()
    torch.save(table, path)
    with pytest.raises(CheckpointError, match=match) as caught:
        list(dict(read_networks(path)))
    assert time.process_time() - started < 3 and len(str(caught.value)) < 2500


def nested(value, times, levels):
    for _ in range(levels):
        value = [value] * times
    return value


def test_settings_that_are_one_list_over_and_over(tmp_path):
    """Two hundred lists, each of the same two hundred lists, each of the same numbers."""
    refused(tmp_path, {"G": module(_init_kwargs={"a": nested(1, 200, 3)})}, "over and over")


def test_what_lies_beside_networks_is_left_out_where_it_is_too_much(tmp_path):
    path, started = tmp_path / "x.pt", time.process_time()
    torch.save({"G": {"w": torch.ones(2)}, "args": nested(1, 200, 5)}, path)
    found = read_networks(path)["G"]
    assert found.beside == {"args": "<list>"} and time.process_time() - started < 3


def test_lists_without_networks(tmp_path):
    refused(tmp_path, {"a": nested(None, 30_000, 3)}, "no network")


@pytest.mark.parametrize("inside", ["attributes", "_parameters"])
def test_one_large_module_over_and_over(tmp_path, inside):
    names = dict.fromkeys(f"a{i}" for i in range(20_000))
    large = module(**(names if inside == "attributes" else {inside: names}))
    refused(tmp_path, {"G": module(_modules={f"m{i}": large for i in range(10_000)})}, "over and over")


def test_one_state_dict_under_many_names(tmp_path):
    state = {f"w{i}": torch.ones(()) for i in range(2000)}
    refused(tmp_path, {f"n{i}": state for i in range(900)}, "over and over")
    refused(tmp_path, {f"n{i}": {"w": torch.ones(())} for i in range(1100)}, "more than 1,000 networks")


@pytest.mark.parametrize("names", [MOST_NAMES, MOST_NAMES + 1])
def test_tensors_that_are_the_same_numbers(tmp_path, names):
    """Layers may be shared; thousands of names for one tensor would each become a copy in float32."""
    whole = torch.ones(1000, dtype=torch.float16)
    state, path = {f"w{i}": whole for i in range(names)}, tmp_path / "x.pt"
    torch.save({"G": state}, path)
    if names <= MOST_NAMES:
        assert len(read_networks(path)["G"].tensors) == names
    else:
        refused(tmp_path, {"G": state}, "same numbers over and over")


def test_wrappers_without_end(tmp_path):
    path, started = tmp_path / "x.pt", time.process_time()
    torch.save({"G": {"module." * 20_000 + "w": torch.ones(2)}}, path)
    assert len(read_networks(path)["G"].tensors) == 1 and time.process_time() - started < 3


@pytest.mark.parametrize("version", ["x", {}, None, 10**30, 2.5, True])
def test_networks_of_the_tensorflow_code_with_an_odd_version(tmp_path, version):
    path = tmp_path / "x.pkl"
    path.write_bytes(_tensorflow(version))
    with pytest.raises(CheckpointError, match="network of the TensorFlow code"):
        read_networks(path)


def _tensorflow(version):
    """Such a network, whose class is not there to be pickled."""
    state = pickle.dumps({"version": version}, 2)[2:-1]
    return b"\x80\x02cdnnlib.tflib.network\nNetwork\n)\x81" + state + b"b."


@pytest.mark.parametrize("config", ["[" * 100_000, '{"a":' * 5000 + "1" + "}" * 5000, "9" * 5000])
def test_settings_of_a_safetensors_file_that_no_reader_takes(tmp_path, config):
    save_file({"G.w": torch.ones(1)}, tmp_path / "x.safetensors", metadata={"config": config})
    with pytest.raises(CheckpointError, match="x.safetensors: the file is refused"):
        read_networks(tmp_path / "x.safetensors")


def test_shapes_of_a_safetensors_file_that_no_tensor_has(tmp_path):
    header = {"G.w": {"dtype": "F32", "shape": [0, 2**63, 2**63], "data_offsets": [0, 0]}}
    text = json.dumps(header).encode()
    (tmp_path / "x.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(CheckpointError, match="x.safetensors: the file is refused"):
        read_networks(tmp_path / "x.safetensors")


def test_a_header_of_more_tensors_than_any_network_has_is_refused_before_they_are_read(tmp_path):
    empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    header = json.dumps({f"t{i}": empty for i in range(20_001)}).encode()
    (tmp_path / "many.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(CheckpointError, match=r"20,001 tensors, more than 20,000"):
        read_networks(tmp_path / "many.safetensors")
