"""The command line, in this process and in others."""

import json
import os
import re
import subprocess
import sys
import time

import numpy as np
import pytest
from runs import assert_same_end, sources
from small import know_small_parts

from gancore.cli import run
from gancore.component.discovery import host
from gancore.component.hooks import hookimpl
from gancore.component.weights import read_weights

GAME = """gancore = 1
part = "two-player"
generator = "small"
[discriminator]
part = "small"
[[regularizers]]
part = "r1"
every = 4
"""
OFTEN = [
    "--images",
    "64",
    "--batch",
    "4",
    "--checkpoint-every",
    "16",
    "--report-every",
    "12",
    "--sample-every",
    "32",
    "--evaluate-every",
    "0",
]


@pytest.fixture(autouse=True, scope="module")
def known():
    know_small_parts()


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return sources(tmp_path_factory.mktemp("images")).data[0]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "game.toml").write_text(GAME)
    (tmp_path / "EMPTY.TOML").write_text("")
    return tmp_path


@pytest.fixture(scope="module")
def trained(images, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    (folder / "game.toml").write_text(GAME)
    assert (
        run(["train", str(folder / "game.toml"), "--data", images, *OFTEN, "--output", str(folder / "run")])
        == 0
    )
    return folder / "run"


def files(place):
    return sorted(str(p.relative_to(place)) for p in place.rglob("*"))


# every verb


def test_train_writes_a_whole_run_and_says_where_to_look(place, images, capsys):
    assert run(["train", "game.toml", "--data", images, *OFTEN]) == 0
    said = capsys.readouterr().err
    assert "training recipe/two-player on" in said and "20 images 3×8×8" in said
    assert "done: 64 images in" in said and "gancore sample runs/0001-two-player --count 64" in said
    made = place / "runs" / "0001-two-player"
    assert {"recipe.toml", "run.toml", "log.jsonl", "samples", "checkpoints", "pipeline", "report.html"} <= {
        p.name for p in made.iterdir()
    }
    assert {p.name for p in (made / "samples").iterdir()} == {"00000000.png", "00000032.png", "00000064.png"}


def test_settings_and_changes_by_path_reach_the_run(place, images):
    words = [
        "--set",
        "generator.width=6",
        "--set",
        "loss=hinge",
        "--set",
        "regularizers.0.gamma=2",
        "--seed",
        "5",
        "--micro-batch",
        "3",
    ]
    assert (
        run(
            [
                "train",
                "game.toml",
                "--data",
                images,
                *OFTEN,
                *words,
                "--keep",
                "1",
                "--mirror",
                "--output",
                "run",
            ]
        )
        == 0
    )
    recipe, how = (place / "run" / "recipe.toml").read_text(), (place / "run" / "run.toml").read_text()
    assert "width = 6" in recipe and 'part = "gancore:hinge"' in recipe and "gamma = 2.0" in recipe
    assert "seed = 5" in how and "micro_batch = 3" in how and "mirror = true" in how
    assert len(list((place / "run" / "checkpoints").iterdir())) == 1


def test_resume_goes_on_to_the_same_bits(place, images, trained):
    short = ["--images", "64", *OFTEN[2:]]
    assert run(["train", "game.toml", "--data", images, *short, "--output", "run"]) == 0
    for newer in ("00000064", "00000048"):
        os.rename(place / "run" / "checkpoints" / newer, place / newer)
    assert run(["train", "--resume", "run"]) == 0
    assert_same_end(trained, place / "run")


def test_what_show_prints_trains_to_the_same_bits(place, images, trained, capsys):
    assert run(["show", "game.toml"]) == 0
    (place / "mine.toml").write_text(capsys.readouterr().out)
    assert run(["train", "mine.toml", "--data", images, *OFTEN, "--output", "run"]) == 0
    assert_same_end(trained, place / "run")


def test_sample_writes_a_sheet_an_array_and_single_files(place, trained, capsys):
    assert run(["sample", str(trained), "--count", "5", "--seed", "3", "--output", "grid.png"]) == 0
    assert "5 images on a grid in grid.png" in capsys.readouterr().out
    assert (
        run(["sample", str(trained / "pipeline"), "--count", "5", "--seed", "3", "--output", "five.npy"]) == 0
    )
    assert run(["sample", str(trained), "--count", "5", "--seed", "3", "--output", "again.npy"]) == 0
    assert run(["sample", str(trained), "--count", "3", "--output", "many"]) == 0
    five = np.load(place / "five.npy")
    assert five.shape == (5, 3, 8, 8) and five.dtype == np.float32 and abs(five).max() <= 1
    assert np.array_equal(five, np.load(place / "again.npy"))
    assert files(place / "many") == ["000000.png", "000001.png", "000002.png"]


def test_report_writes_the_page(trained, capsys):
    (trained / "report.html").unlink()
    assert run(["report", str(trained)]) == 0
    assert (trained / "report.html").read_text().startswith("<!")


def test_list_and_show_know_every_part(capsys):
    assert run(["list", "loss"]) == 0
    said = capsys.readouterr().out
    assert "hinge" in said and "wasserstein" in said and "diffaugment" not in said
    assert run(["list"]) == 0
    assert run(["show", "loss/hinge"]) == 0
    assert 'part = "gancore:hinge"' in capsys.readouterr().out
    assert run(["show", "discriminator-regularizer/r1", "--doc"]) == 0
    assert "1801.04406" in capsys.readouterr().out


def test_plugins_lists_what_is_installed(capsys):
    assert run(["plugins"]) == 0
    assert "gancore 0.1.0: " in capsys.readouterr().out


# wrong words


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (
            ["train"],
            2,
            "train needs the name of a recipe or a .toml file, e.g. `gancore train dcgan`; "
            "`gancore list recipe` lists the recipes",
        ),
        (["train", "dcgam"], 2, "there is no recipe 'dcgam'"),
        (["train", "no.toml"], 2, "cannot read the spec no.toml: "),
        (["train", "torn.toml"], 2, "torn.toml is not valid TOML: "),
        (
            ["train", "game.toml", "--set", "generator.widht=3"],
            2,
            "generator.widht: generator/small has no field 'widht'; did you mean 'width'?",
        ),
        (
            ["train", "game.toml", "--set", "generator.width=wide"],
            2,
            "generator.width takes int; got 'wide' (str)",
        ),
        (
            ["train", "game.toml", "--set", "generator.width"],
            2,
            "--set takes path=value, e.g. generator.width=96; got 'generator.width'",
        ),
        (
            ["train", "game.toml", "--set", "regularizers.7.gamma=1"],
            2,
            "the list has 1 entries; give an index from 0 to 0",
        ),
        (["train", "game.toml", "--set", "regularizers.0.gamma=-1"], 2, "regularizers.0: "),
        (["train", "game.toml", "--set", "loss=hinqe"], 2, "there is no loss 'hinqe'; did you mean 'hinge'"),
        (["train", "game.toml", "--data", "nowhere"], 2, "nowhere"),
        (["train", "game.toml", "--data", "empty"], 2, "empty"),
        (
            ["train", "game.toml", "--data", "a", "--data", "b", "--data", "c"],
            2,
            "3 data sources given; give one, or two domains",
        ),
        (["train", "game.toml", "--data", "IMAGES", "--labels", "no.json"], 2, "no.json"),
        (["train", "game.toml", "--data", "IMAGES", "--size", "big"], 2, "size is 'big'"),
        (
            ["train", "game.toml", "--data", "IMAGES", "--fit", "squeeze"],
            2,
            "fit must be one of crop, pad, stretch, random; got 'squeeze'",
        ),
        (["train", "game.toml", "--data", "IMAGES", "--images", "0"], 2, "images"),
        (["train", "game.toml", "--data", "IMAGES", "--images", "many"], 2, "Invalid value for '--images'"),
        (["train", "game.toml", "--data", "IMAGES", "--batch", "-1"], 2, "batch"),
        (["train", "game.toml", "--data", "IMAGES", "--seed", "-1"], 2, "seed"),
        (["train", "game.toml", "--data", "IMAGES", "--precision", "fp8"], 2, "precision"),
        (["train", "game.toml", "--data", "IMAGES", "--hold-out", "20"], 2, "hold"),
        (
            ["train", "game.toml", "--data", "IMAGES", "--device", "warp"],
            2,
            "device is 'warp'; give auto, cpu, cuda, cuda:1 or mps",
        ),
        (
            ["train", "game.toml", "--data", "IMAGES", "--output", "game.toml"],
            1,
            "game.toml is no folder; name one",
        ),
        (
            ["train", "game.toml", "--data", "IMAGES", "--output", "game.toml/run"],
            1,
            "cannot create the run folder game.toml/run: ",
        ),
        (["train", "game.toml", "--set", "image=[3,4,4]", "--data", "IMAGES", "--size", "8"], 2, "image is "),
        (["train", "--resume", "nowhere"], 1, "nowhere is not a run"),
        (
            ["train", "game.toml", "--resume", "nowhere"],
            2,
            "a recipe cannot change in a run that has begun: --resume continues",
        ),
        (["train", "--resume", "nowhere", "--seed", "3"], 2, "--seed cannot change in a run that has begun"),
        (
            ["train", "--resume", "nowhere", "--paired"],
            2,
            "what may change: --data, --first-stage, --set, --images, --batch",
        ),
        (["sample", "nowhere"], 1, "nowhere is missing; give a run folder"),
        (["sample", "RUN", "--count", "0"], 2, "Invalid value for '--count'"),
        (["sample", "RUN", "--label", "3"], 2, "reads no labels, but a label was given; omit it"),
        (["sample", "RUN", "--output", "x.txt"], 2, "no picture format is called '.txt'"),
        (
            ["sample", "RUN", "--data", "IMAGES"],
            2,
            "has no encoder, so it cannot encode or reconstruct images",
        ),
        (["sample", "RUN", "--output", "game.toml/x.png"], 2, "game.toml"),
        (["report", "nowhere"], 1, "nowhere"),
        (["list", "losses"], 2, "there is no kind 'losses'; did you mean 'loss'? known: "),
        (["show", "loss/hinqe"], 2, "there is no loss 'hinqe'; did you mean 'hinge'"),
        (["show", "nothing"], 2, "no part of any kind is called 'nothing'"),
        (
            ["sample", "RUN", "--data", "emoji", "--truncation", "0.5"],
            2,
            "--truncation and --label have no effect with --data; omit them",
        ),
        (
            ["sample", "RUN", "--data", "emoji", "--count", "3"],
            2,
            "--count, --seeds and --threshold have no effect with --data; omit them",
        ),
        (["train", "EMPTY.TOML", "--data", "IMAGES"], 2, "needs the key part, the name of its recipe"),
        (["tarin"], 2, "No such command 'tarin'"),
        (["train", "game.toml", "--bacth", "3"], 2, "--bacth"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_words_get_one_clear_error_and_leave_nothing(place, images, trained, capsys, words, code, text):
    (place / "torn.toml").write_text("part = ")
    (place / "empty").mkdir()
    before = files(place)
    words = [{"IMAGES": images, "RUN": str(trained)}.get(word, word) for word in words]
    assert run(words) == code
    captured = capsys.readouterr()
    said = " ".join(captured.err.replace("│", " ").split())
    assert text in said and "Traceback" not in said and captured.out == ""
    assert files(place) == before


def test_a_checkpoint_that_is_damaged_is_refused_by_sample(place, images, capsys):
    assert run(["train", "game.toml", "--data", images, *OFTEN, "--output", "run"]) == 0
    file = place / "run" / "pipeline" / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    capsys.readouterr()
    assert run(["sample", "run"]) == 1
    assert "is damaged: weights.safetensors is not what was written" in capsys.readouterr().err
    assert not (place / "run-samples.png").exists()


def test_a_term_that_becomes_nan_is_named_and_the_run_goes_on_from_its_checkpoint(place, images, capsys):
    explosive = ["--set", "generator_optimizer.lr=1e30", "--set", "discriminator_optimizer.lr=1e30"]
    assert run(["train", "game.toml", "--data", images, *OFTEN, *explosive, "--output", "run"]) == 1
    said = capsys.readouterr().err
    assert re.search(
        r"gancore: step \d+, player (discriminator|generator): the (term|gradient of) \S+ became (nan|-?inf)",
        said,
    ), said
    assert "Traceback" not in said
    assert json.loads((place / "run" / "log.jsonl").read_text().splitlines()[-1])["event"] == "stopped"


class Greets:
    @hookimpl
    def gancore_commands(self, app):
        app.command("greet")(lambda: print("hello"))


class Breaks:
    @hookimpl
    def gancore_commands(self, app):
        raise ValueError("boom")


def test_verbs_of_plugins_are_found_beside_a_broken_one(capsys):
    plugins = {"greets": Greets(), "breaks": Breaks()}
    for name, plugin in plugins.items():
        host().manager.register(plugin, name=name)
    try:
        assert run(["greet"]) == 0
        assert run(["nothing"]) == 2
    finally:
        for plugin in plugins.values():
            host().manager.unregister(plugin)
    captured = capsys.readouterr()
    assert captured.out == "hello\n"
    assert (
        "gancore: the plugin breaks failed in gancore_commands: ValueError: boom" in captured.err
        and "No such command 'nothing'" in captured.err
    )


# in a process of its own


def fresh(*words, code=None, **settings):
    command = [sys.executable, "-m", "gancore", *words] if code is None else [sys.executable, "-c", code]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        **settings,
    )


def test_help_is_quick_and_imports_neither_torch_nor_a_plugin():
    code = (
        "import sys\nfrom gancore.cli import run\nassert run(['--help']) == 0 and run(['train', "
        "'--help']) == 0\n"
        "print(sorted(m for m in sys.modules if m.split('.')[0] in ('torch', "
        "'numpy') or m.startswith('gancore_')))"
    )
    done = fresh(code=code)
    assert done.stdout.rstrip().endswith("[]"), done.stdout + done.stderr
    assert "Train, sample and mix generative image models" in done.stdout


@pytest.mark.slow
def test_help_takes_under_half_a_second():
    def seconds():
        before = time.perf_counter()
        assert fresh("--help").returncode == 0
        return time.perf_counter() - before

    assert min(seconds() for _ in range(10)) < 0.5


def test_import_gancore_imports_neither_torch_nor_a_plugin():
    code = (
        "import sys, gancore\nprint(sorted(m for m in sys.modules if m == 'torch' or "
        "m.startswith('gancore_')))"
    )
    assert fresh(code=code).stdout.strip() == "[]"


def test_a_process_ends_with_the_code_and_without_a_traceback(tmp_path):
    done = fresh("train", "dcgam", cwd=tmp_path)
    assert (
        done.returncode == 2
        and "there is no recipe 'dcgam'" in done.stderr
        and "Traceback" not in done.stderr
    )
    assert files(tmp_path) == []


def test_weights_of_a_run_by_seed(place, images):
    for name, seed in (("one", "1"), ("same", "1"), ("other", "2")):
        assert run(["train", "game.toml", "--data", images, *OFTEN, "--seed", seed, "--output", name]) == 0
    one, same, other = (
        read_weights(place / name / "checkpoints/00000064/weights.safetensors")
        for name in ("one", "same", "other")
    )
    assert all((one[key] == same[key]).all() for key in one)
    assert not (one["generator.linear.weight"] == other["generator.linear.weight"]).all()


@pytest.mark.slow
def test_another_number_of_threads_is_said(tmp_path, capsys):
    words = [
        "gan",
        "--size",
        "8",
        "--images",
        "64",
        "--batch",
        "8",
        "--threads",
        "1",
        "--output",
        str(tmp_path / "run"),
    ]
    assert run(["train", *words]) == 0
    file = tmp_path / "run" / "run.toml"
    file.write_text(file.read_text().replace("threads = 1\nprocesses", "threads = 7\nprocesses"))
    assert run(["train", "--resume", str(tmp_path / "run"), "--images", "96"]) == 0
    assert (
        "warning: threads is 1, and was 7; the resumed run may not be bit-identical"
        in capsys.readouterr().err
    )


@pytest.mark.slow
def test_a_run_on_a_relative_path_is_resumed_from_another_folder(tmp_path, monkeypatch):
    np.save(tmp_path / "images.npy", np.random.default_rng(0).integers(0, 256, (32, 8, 8, 3), dtype=np.uint8))
    monkeypatch.chdir(tmp_path)
    assert (
        run(
            [
                "train",
                "gan",
                "--data",
                "images.npy",
                "--images",
                "32",
                "--batch",
                "8",
                "--threads",
                "1",
                "--output",
                "run",
            ]
        )
        == 0
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert run(["train", "--resume", "../run", "--images", "64"]) == 0


def test_want_of_memory_gets_advice_for_every_verb(monkeypatch, capsys):
    monkeypatch.setattr("gancore.runs.opening.find_pipeline", full)
    assert run(["sample", "x"]) == 1
    assert "train with a smaller --batch or --micro-batch, or ask for fewer images" in capsys.readouterr().err


def full(*_):
    raise MemoryError("full")
