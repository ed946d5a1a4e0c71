import json
import pickletools
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from stylegan_import_maker import KWARGS, network_pickle, tiny_stylegan2, tree

from gancore.cli import run as gancore
from gancore.errors import CheckpointError
from gancore.pipeline import evaluating
from gancore.published import import_generator, read_networks
from gancore.published.machine import MOST_STEPS
from gancore.runs.opening import load_pipeline

PARITY = Path(__file__).parents[4] / "shared" / "data" / "parity"


def write(folder, tensors, kwargs, **more):
    path = folder / "network.pkl"
    path.write_bytes(
        network_pickle(
            {"G": tree(tensors, kwargs=kwargs), "D": None, "G_ema": tree(tensors, kwargs=kwargs, **more)}
        )
    )
    return path


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_tensors_and_settings_are_read_and_the_source_is_not_run(tmp_path, protocol):
    canary, tensors = tmp_path / "canary", tiny_stylegan2()
    source = f"open({str(canary)!r}, 'w').write('run')"
    path = tmp_path / "network.pkl"
    path.write_bytes(
        network_pickle({"G_ema": tree(tensors, kwargs=KWARGS, source=source)}, protocol=protocol)
    )
    networks = read_networks(path)
    assert list(networks) == ["G_ema"]
    found = networks["G_ema"]
    assert (found.class_name, found.init_args, found.init_kwargs) == ("Generator", (), KWARGS)
    assert found.tensors.keys() == tensors.keys()
    assert all(torch.equal(found.tensors[name], value) for name, value in tensors.items())
    assert not canary.exists()


def test_strides_and_half_precision_are_kept(tmp_path):
    tensors = {
        "weight": torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last),
        "bias": torch.randn(5).half(),
        "none": torch.zeros(0),
    }
    path = write(tmp_path, tensors, {})
    found = read_networks(path)["G_ema"].tensors
    assert all(
        torch.equal(found[name], value) and found[name].dtype == value.dtype
        for name, value in tensors.items()
    )


def test_numbers_of_numpy_among_the_settings(tmp_path):
    kwargs = {
        "a": np.float32(0.5),
        "b": np.int64(3),
        "c": np.array([[1.0, 2.0]]),
        "d": {1, 2},
        "e": [1, (2, 3)],
    }
    found = read_networks(write(tmp_path, {"w": torch.ones(1)}, kwargs))["G_ema"].init_kwargs
    assert found == {"a": 0.5, "b": 3, "c": [[1.0, 2.0]], "d": "<set>", "e": [1, (2, 3)]}


@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_of_state_dicts(tmp_path, zipped):
    path = tmp_path / "rosinality.pt"
    saved = {
        "g_ema": {"style.1.weight": torch.ones(2)},
        "g": {"x": torch.zeros(1)},
        "g_optim": {"state": {}},
        "ada_aug_p": 0.0,
    }
    torch.save(saved, path, _use_new_zipfile_serialization=zipped)
    networks = read_networks(path)
    assert sorted(networks) == ["g", "g_ema"]
    assert torch.equal(networks["g_ema"].tensors["style.1.weight"], torch.ones(2))
    with pytest.raises(CheckpointError, match="a state dict is not a generator of .*NVIDIA's"):
        import_generator(networks["g_ema"])


def test_the_command_writes_a_pipeline(tmp_path, capsys):
    path, output = write(tmp_path, tiny_stylegan2(), KWARGS), tmp_path / "pipeline"
    assert gancore(["import", str(path), "--output", str(output)]) == 0
    said = capsys.readouterr().out
    assert (
        "generator/stylegan2, images of 8×8, 3 channels" in said
        and "no recipe: the file has no discriminator" in said
    )
    pipeline = load_pipeline(output)
    image = pipeline.sample(3, seed=1, truncation=0.7)
    assert image.shape == (3, 3, 8, 8)
    assert torch.equal(image, import_generator(read_networks(path)["G"]).sample(3, seed=1, truncation=0.7))
    assert gancore(["import", str(path), "--output", str(output)]) == 2
    assert "already exists" in capsys.readouterr().err
    assert gancore(["import", str(path), "--output", str(tmp_path / "new"), "--network", "D"]) == 2
    assert "has the networks G, G_ema; choose one of them with --network; got 'D'" in capsys.readouterr().err
    assert gancore(["import", str(path), "--output", str(tmp_path / "new"), "--noise", "gray"]) == 2
    assert "--noise is random, constant or none; got 'gray'" in capsys.readouterr().err


def test_a_file_that_is_none(tmp_path, capsys):
    assert gancore(["import", str(tmp_path / "none.pkl"), "--output", str(tmp_path / "new")]) != 0
    assert "none.pkl cannot be read: No such file" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


SYNTHESIS = KWARGS["synthesis_kwargs"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"synthesis_kwargs": SYNTHESIS | {"architecture": "resnet"}},
            "the weights do not fit generator/stylegan2-residual",
        ),
        (
            {"synthesis_kwargs": SYNTHESIS | {"use_noise": False}},
            "made with use_noise False; only True can be imported",
        ),
        (
            {"synthesis_kwargs": SYNTHESIS | {"channel_max": 512, "channel_base": 2**20}},
            r"disagree with its weights: synthesis.b4.const is \(4, 4, 4\), but \(512, 4, "
            r"4\) was expected; .* and 2 more",
        ),
        ({"synthesis_kwargs": 3}, "are not tables"),
        ({"img_resolution": 10**9}, "img_resolution is 1000000000, not a whole number from 4 to 2048"),
        ({"img_resolution": 12}, "images of 12 pixels a side; only powers of two"),
        ({"img_resolution": 16}, r"synthesis.b16.conv1.weight is missing, but \(2, 2, 3, 3\) was expected"),
        ({"img_resolution": "8"}, "img_resolution is 8, not a whole number"),
        ({"w_dim": 4096}, r"synthesis.b4.conv1.affine.weight is \(4, 6\), but \(4, 4096\)"),
        (
            {"c_dim": 100_000},
            r"disagree with its weights: mapping.embed.weight is missing, but \(6, 100000\)",
        ),
        ({"mapping_kwargs": {"lr_multiplier": -1}}, "lr_multiplier is -1, not a number above 0"),
    ],
)
def test_settings_that_cannot_be(tmp_path, changes, message):
    with pytest.raises(CheckpointError, match=message):
        import_generator(read_networks(write(tmp_path, tiny_stylegan2(), KWARGS | changes))["G_ema"])


def test_settings_given_by_position(tmp_path):
    found = read_networks(write(tmp_path, tiny_stylegan2(), KWARGS))["G_ema"]
    args = tuple(KWARGS[name] for name in ("z_dim", "c_dim", "w_dim", "img_resolution", "img_channels"))
    kwargs = {name: KWARGS[name] for name in ("mapping_kwargs", "synthesis_kwargs")}
    placed = type(found)("Generator", args, kwargs, found.tensors)
    assert torch.equal(import_generator(placed).sample(1, seed=0), import_generator(found).sample(1, seed=0))


@pytest.mark.parametrize("name", ["stylegan2-32", "stylegan2-64-labels", "stylegan3-t-32", "stylegan3-r-32"])
def test_an_imported_network_makes_the_images_of_the_original(tmp_path, name):
    path = PARITY / f"{name}.safetensors"
    if not path.is_file():
        pytest.skip(f"{path.name} is not here")
    with safe_open(path, "pt") as file:
        config, tensors = (
            json.loads(file.metadata()["config"]),
            {key: file.get_tensor(key) for key in list(file.keys())},
        )
    kwargs = {
        key: config[key]
        for key in (
            *("z_dim", "c_dim", "w_dim", "img_resolution", "img_channels"),
            "channel_base",
            "channel_max",
        )
    }
    kwargs |= {"mapping_kwargs": {"num_layers": config["mapping_layers"]}}
    if name == "stylegan3-r-32":
        kwargs |= {"conv_kernel": 1, "use_radial_filters": True}
    weights = {key.removeprefix("G."): value for key, value in tensors.items() if key.startswith("G.")}
    pipeline = import_generator(read_networks(write(tmp_path, weights, kwargs))["G_ema"], noise="constant")
    label = tensors["in.c"] if config["c_dim"] else None
    with evaluating(*pipeline.parts.values()), torch.no_grad():
        codes = pipeline.conditioner(tensors["in.z"], label)
        images = {
            "image": pipeline.generator(codes),
            "image_truncated_0.6": pipeline.generator(pipeline.conditioner.truncate(codes, 0.6)),
        }
    off = {
        key: float((value - tensors[f"out.{key}"]).abs().max() / tensors[f"out.{key}"].abs().max())
        for key, value in images.items()
    }
    print(f"{name}: largest relative difference {max(off.values()):.2g}")
    assert max(off.values()) < 1e-4


def test_full_size_networks_are_well_below_the_most_instructions(tmp_path):
    """The module tree of StyleGAN2 at 1024×1024, three networks, with small tensors."""
    sizes, one = [2**i for i in range(2, 11)], torch.ones(1)
    ends = (
        "weight",
        "bias",
        "noise_const",
        "noise_strength",
        "resample_filter",
        "affine.weight",
        "affine.bias",
    )
    layers = [
        f"synthesis.b{size}.{name}.{end}"
        for size in sizes
        for name in ("conv0", "conv1", "torgb")
        for end in ends
    ]
    judge = [
        f"b{size}.{name}.{end}"
        for size in sizes
        for name in ("fromrgb", "conv0", "conv1", "skip")
        for end in ends[:2]
    ]
    generator = dict.fromkeys(
        [*layers, *(f"mapping.fc{i}.{end}" for i in range(8) for end in ("weight", "bias"))], one
    )
    networks = {"G": tree(generator), "D": tree(dict.fromkeys(judge, one)), "G_ema": tree(generator)}
    data = network_pickle(networks, protocol=3)
    steps = sum(1 for _ in pickletools.genops(data))
    assert 20_000 < steps < MOST_STEPS / 4
    path = tmp_path / "large.pkl"
    path.write_bytes(data)
    assert len(read_networks(path)["G_ema"].tensors) == len(generator)
