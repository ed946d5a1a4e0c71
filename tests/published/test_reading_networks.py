"""Files of published weights: what is read from each format, and that nothing in one runs."""

import argparse
import collections
import json
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from gancore.errors import CheckpointError
from gancore.published import read_networks

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2, dtype=torch.float16)}


class Settings:
    """An object of a class that no reader knows."""

    def __init__(self):
        self.depth, self.widths = 16, [4, 8]


def saved(path, table, zipped=True):
    torch.save(table, path, _use_new_zipfile_serialization=zipped)
    return path


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(found[name], value) and found[name].dtype == value.dtype


@pytest.mark.parametrize("zipped", [True, False])
def test_state_dicts_and_what_lies_beside_them(tmp_path, zipped):
    table = {
        "netG": collections.OrderedDict(STATE),
        "args": argparse.Namespace(lr=0.1),
        "config": Settings(),
        "step": 7,
        "mean": torch.arange(30.0),
        "losses": collections.defaultdict(list),
    }
    network = read_networks(saved(tmp_path / "x.pt", table, zipped))["netG"]
    same(network.tensors, STATE)
    assert network.beside["args"] == {"lr": 0.1} and network.beside["step"] == 7
    assert network.beside["config"] == {"depth": 16, "widths": [4, 8]}
    assert torch.equal(network.beside["mean"], table["mean"])


@pytest.mark.parametrize("wrapper", ["module.", "_orig_mod.", "_orig_mod.module.", "module._orig_mod."])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_state_dict_by_itself(tmp_path, zipped, wrapper):
    """Of a network trained on several devices, compiled, or both."""
    found = read_networks(saved(tmp_path / "x.pth", {f"{wrapper}{k}": v for k, v in STATE.items()}, zipped))
    assert list(found) == ["network"]
    same(found["network"].tensors, STATE)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_module_that_was_saved_as_a_whole(tmp_path, zipped):
    module = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    found = read_networks(saved(tmp_path / "x.pt", module, zipped))["network"]
    assert found.class_name == "Sequential" and found.attributes["1.eps"] == 1e-5
    same(found.tensors, module.state_dict())


@pytest.mark.parametrize("zipped", [True, False])
def test_views_share_their_storage_and_strides_are_kept(tmp_path, zipped):
    whole = torch.arange(24.0).reshape(2, 3, 4)
    state = {"whole": whole, "part": whole[1], "turned": whole.permute(2, 0, 1), "empty": torch.zeros(0)}
    found = read_networks(saved(tmp_path / "x.pt", state, zipped))["network"].tensors
    same(found, state)
    assert found["part"].untyped_storage().data_ptr() == found["whole"].untyped_storage().data_ptr()


def test_safetensors_hold_networks_by_the_first_word_and_their_settings(tmp_path):
    path, config = tmp_path / "x.safetensors", {"network": "tiny", "widths": [2, 3]}
    tensors = {"G.a.weight": STATE["a.weight"].clone(), "D.w": torch.ones(2)}
    save_file(tensors, path, metadata={"config": json.dumps(config)})
    found = read_networks(path)
    assert sorted(found) == ["D", "G"] and found["G"].init_kwargs == config
    same(found["G"].tensors, {"a.weight": tensors["G.a.weight"]})


def test_a_flat_state_may_name_its_networks_or_be_one(tmp_path):
    flat = {f"g_ema.{name}": value.clone() for name, value in STATE.items()} | {"d.w": torch.ones(2)}
    save_file(flat, tmp_path / "several.safetensors")
    save_file({name: value.clone() for name, value in STATE.items()}, tmp_path / "one.safetensors")
    several = read_networks(tmp_path / "several.safetensors")
    assert sorted(several) == ["d", "g_ema"] == sorted(read_networks(saved(tmp_path / "x.pt", flat)))
    same(several["g_ema"].tensors, STATE)
    one = read_networks(tmp_path / "one.safetensors")
    assert list(one) == ["network"]
    same(one["network"].tensors, STATE)


def test_networks_of_one_state_and_those_one_level_deeper(tmp_path):
    """As Lightning saves several networks, and as people save a state with what belongs to it."""
    flat = {f"netG.{k}": v for k, v in STATE.items()} | {f"netD.{k}": v for k, v in STATE.items()}
    optimizer = {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": []}
    for table in (flat, {"state_dict": flat, "epoch": 3, "optimizer": optimizer}):
        found = read_networks(saved(tmp_path / "x.ckpt", table))
        assert sorted(found) == ["netD", "netG"]
        same(found["netG"].tensors, STATE)
    inner = {"state_dict": STATE, "config": {"depth": 2}}
    found = read_networks(saved(tmp_path / "x.pt", {"model": inner, "optimizer": optimizer, "step": 7}))
    assert list(found) == ["state_dict"]
    same(found["state_dict"].tensors, STATE)
    assert found["state_dict"].beside["config"] == {"depth": 2} and found["state_dict"].beside["step"] == 7


@pytest.mark.parametrize("metadata", [{"config": "[1]"}, {"config": "{"}])
def test_settings_that_are_no_table(tmp_path, metadata):
    save_file({"G.w": torch.ones(1)}, tmp_path / "x.safetensors", metadata=metadata)
    with pytest.raises(CheckpointError, match="x.safetensors: the file is refused"):
        read_networks(tmp_path / "x.safetensors")


def test_a_safetensors_file_that_is_cut_off(tmp_path):
    path = tmp_path / "x.safetensors"
    save_file({"G.w": torch.ones(100)}, path)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(CheckpointError, match="not a complete safetensors file"):
        read_networks(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_files_cut_off_anywhere(tmp_path, zipped):
    path = saved(tmp_path / "x.pt", {"G": STATE}, zipped)
    whole = path.read_bytes()
    for end in np.random.default_rng(0).integers(1, len(whole), 40):
        path.write_bytes(whole[:end])
        with pytest.raises(CheckpointError, match="refused"):
            read_networks(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_altered_bytes_are_one_error_or_a_network(tmp_path, zipped):
    path, draw = saved(tmp_path / "x.pt", {"G": STATE}, zipped), np.random.default_rng(1)
    whole = path.read_bytes()
    for _ in range(150):
        data = bytearray(whole)
        for place in draw.integers(0, len(data), 3):
            data[place] = draw.integers(256)
        path.write_bytes(data)
        try:
            dict(read_networks(path))
        except CheckpointError as error:
            assert len(str(error)) < 1500


class Canary:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("zipped", [True, False])
def test_a_call_in_a_checkpoint_is_not_made(tmp_path, zipped):
    table = {"G": STATE, "beside": Canary(tmp_path / "canary"), "D": {"w": Canary(tmp_path / "canary")}}
    found = read_networks(saved(tmp_path / "x.pt", table, zipped))
    assert list(found) == ["G"] and not (tmp_path / "canary").exists()
    same(found["G"].tensors, STATE)


def test_a_file_without_a_network_names_what_it_could_not_read(tmp_path):
    table = {"G": {"w": Canary(tmp_path / "canary")}}
    with pytest.raises(CheckpointError, match=r"holds \S*open, which is neither a network nor a part of one"):
        read_networks(saved(tmp_path / "x.pt", table))
    (tmp_path / "y.pkl").write_bytes(pickle.dumps({"step": 3}))
    with pytest.raises(CheckpointError, match="no network"):
        read_networks(tmp_path / "y.pkl")
