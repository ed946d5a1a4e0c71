"""Files as people save such networks, and files that would take memory or time from whoever opens them."""

import collections
import os
import pickle
import resource
import time
import zipfile

import pytest
import torch
from rosinality_maker import discriminator_state, generator_state

from gancore import Pipeline
from gancore.errors import CheckpointError, UserError
from gancore.published import import_file, read_networks


def saved(path, table, **options):
    torch.save(table, path, **options)
    return path


def imported(tmp_path, table, noise="random", **options):
    file = saved(tmp_path / "x.pt", table, **options)
    return import_file(file, tmp_path / "out", options={"noise": noise})[0]


def images(pipeline):
    return pipeline.sample(2, seed=0)


def same_images(tmp_path, table, **options):
    whole = import_file(saved(tmp_path / "whole.pt", {"g_ema": generator_state()}), tmp_path / "whole")[0]
    made = imported(tmp_path, table, **options)
    assert torch.equal(images(whole), images(made))


def without_noises():
    return {name: value for name, value in generator_state().items() if not name.startswith("noises.")}


@pytest.mark.parametrize("noise", ["random", "none"])
def test_a_checkpoint_from_before_noise_was_saved(tmp_path, noise):
    made = imported(tmp_path, {"g_ema": without_noises()}, noise)
    assert torch.equal(images(made), images(Pipeline.load(tmp_path / "out" / "pipeline")))
    whole = import_file(
        saved(tmp_path / "w.pt", {"g_ema": generator_state()}), tmp_path / "w", options={"noise": noise}
    )[0]
    assert torch.equal(images(made), images(whole))


def test_its_constant_noise_is_refused_with_what_to_choose(tmp_path):
    with pytest.raises(CheckpointError, match="choose --noise random"):
        imported(tmp_path, {"g_ema": without_noises()}, "constant")
    assert not (tmp_path / "out").exists()


def test_a_state_dict_by_itself(tmp_path):
    same_images(tmp_path, generator_state())


def test_a_network_of_several_devices(tmp_path):
    same_images(tmp_path, {"g_ema": {f"module.{k}": v for k, v in generator_state().items()}})


def test_ordered_dicts_the_older_format_and_beside_it_other_things(tmp_path):
    table = {
        "g_ema": collections.OrderedDict(generator_state()),
        "d": discriminator_state(),
        "args": {"lr": 0.1, "names": ["a", "b"]},
        "d_optim": {"state": {0: {"step": 3, "exp_avg": torch.zeros(3)}}},
        "step": 4,
    }
    same_images(tmp_path, table, _use_new_zipfile_serialization=False)


ODD = {
    "sparse": lambda t: t.to_sparse(),
    "complex": lambda t: t.to(torch.complex64),
    "quantized": lambda t: torch.quantize_per_tensor(t.float(), 0.1, 0, torch.qint8),
    "bool": lambda t: t > 0,
    "empty": lambda t: t[:0],
    "scalar": lambda t: t.sum(),
    "nan": lambda t: t * float("nan"),
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("name", ["input.input", "conv1.conv.weight", "style.1.weight", "to_rgb1.bias"])
def test_odd_tensors_are_one_error_or_a_network(tmp_path, kind, name):
    state = generator_state()
    state[name] = ODD[kind](state[name])
    try:
        imported(tmp_path, {"g_ema": state})
    except (CheckpointError, UserError) as error:
        assert len(str(error)) < 2500
        assert not (tmp_path / "out").exists()


class Bytes:
    def __reduce__(self):
        return bytearray, (1 << 30,)


def archive(path, pickled):
    saved(path, {"x": torch.zeros(2)})
    with zipfile.ZipFile(path) as old:
        records = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w") as new:
        for name, content in records.items():
            new.writestr(name, pickled if name.endswith("data.pkl") else content)
    return path


def test_bytearrays_take_no_memory(tmp_path):
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    file = archive(tmp_path / "x.pt", pickle.dumps({"g_ema": [Bytes() for _ in range(8)]}, protocol=2))
    assert file.stat().st_size < 4000
    with pytest.raises(CheckpointError, match="bytearray"):
        read_networks(file)
    assert time.monotonic() - started < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_devices_and_pipes_are_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.pkl")
    for path in (tmp_path / "pipe.pkl", "/dev/zero", tmp_path):
        with pytest.raises(CheckpointError, match="cannot be read"):
            read_networks(path)


def test_messages_are_short(tmp_path):
    with pytest.raises((CheckpointError, UserError)) as caught:
        imported(tmp_path, {"x" * 9_000_000: generator_state(), "y": generator_state()})
    assert len(str(caught.value)) < 2500
