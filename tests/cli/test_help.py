"""What help, completion and the error about a mistyped option say."""

import inspect
import os
import re
import subprocess
import sys
from importlib.metadata import EntryPoint

import attrs
import pytest
import typer

import gancore
from gancore.cli import app, plugin_verbs, run, suggesting
from gancore.cli.completing import recipes, run_folders
from gancore.component.specs import build
from gancore.data import ImageOptions
from gancore.errors import GancoreError, UserError
from gancore.latent import PivotalTuning, Projection, finding
from gancore.runs import Settings
from gancore.training.evaluating import COUNT
from gancore.verbs.interpolate import GRID_LEG, LEG
from gancore.verbs.sample import ROW, SHEET


def verbs():
    """Every command of the core and of the installed plugins, by name."""
    return {**typer.main.get_group(app).commands, **plugin_verbs.added()}


def test_help_names_the_verbs_of_plugins_and_imports_none():
    code = (
        "import sys\nfrom gancore.cli import run\nassert run(['-h']) == 0\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('torch', 'numpy') or m.startswith('gancore_')])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "import " in said and "likelihood " in said and "gancore-vae" in said and said.endswith("[]\n")


def test_the_source_of_a_plugin_says_what_its_hook_adds():
    named, added = plugin_verbs.named(), plugin_verbs.added()
    assert set(named) == set(added) >= {"likelihood"}
    for name, command in added.items():
        assert named[name].help.startswith(command.help) and len(command.help) > 20


PLUGIN = """
import nothing_of_that_name
def gancore_commands(app):
    app.command("greet", help="Say hello.")(print)
    app.command(nothing_of_that_name.made)(print)
"""


def entry(monkeypatch, module):
    found = [EntryPoint(name="greets", value=module, group="gancore")]
    monkeypatch.setattr(plugin_verbs, "entry_points", lambda group: found)


def test_a_verb_whose_plugin_cannot_be_loaded_is_refused(tmp_path, monkeypatch, capsys):
    (tmp_path / "gancore_greets").mkdir()
    (tmp_path / "gancore_greets" / "__init__.py").write_text("raise RuntimeError")
    (tmp_path / "gancore_greets" / "hooks.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    entry(monkeypatch, "gancore_greets.hooks")
    assert run(["-h"]) == 0 and "Say hello." in capsys.readouterr().out
    assert run(["greet"]) == 2
    assert "gancore_greets.hooks, which adds the command greet, could not be" in capsys.readouterr().err


@pytest.mark.parametrize("source", [None, "def (", b"\xff\xfe\x00"])
def test_a_plugin_whose_source_cannot_be_read_has_no_verb_in_help(tmp_path, monkeypatch, source):
    if source is not None:
        content = source if isinstance(source, bytes) else source.encode()
        (tmp_path / "gancore_odd.py").write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    entry(monkeypatch, "gancore_odd")
    assert plugin_verbs.named() == {}


# defaults


def test_help_says_the_default_of_every_option():
    silent = [
        (verb, param.opts[0])
        for verb, command in verbs().items()
        for param in command.params
        if param.param_type_name == "option" and not param.required and not param.is_flag
        if param.default is None and "default: " not in param.help
    ]
    assert silent == []


def said(verb, option):
    return next(param.help for param in verbs()[verb].params if option in param.opts)


@pytest.mark.parametrize("cls", [Settings, ImageOptions])
def test_train_says_the_defaults_of_the_settings_and_of_the_image_options(cls):
    for field in attrs.fields(cls):
        if field.name != "cache":
            help = said("train", f"--{field.name.replace('_', '-')}")
            assert help.startswith(field.metadata["help"])
            default = "no" if field.default is False else field.default
            assert default is None or help.endswith(f"; default: {default}")


@pytest.mark.parametrize(
    ("verb", "option", "default"),
    [
        ("evaluate", "--count", f"{COUNT:,}"),
        ("evaluate", "--reference", f"{COUNT:,}"),
        ("sample", "--count", f"{SHEET}, or {ROW} for several truncations"),
        ("interpolate", "--frames", f"{LEG} per leg, {GRID_LEG} on a grid"),
        ("directions", "--count", inspect.signature(finding.sefa).parameters["count"].default),
        ("directions", "--count", inspect.signature(finding.ganspace).parameters["count"].default),
        ("invert", "--steps", Projection.steps),
        ("invert", "--pixels", f"{Projection.pixels:g}"),
        ("invert", "--tune-steps", PivotalTuning.steps),
    ],
)
def test_help_says_the_default_that_the_code_has(verb, option, default):
    assert said(verb, option).endswith(f"default: {default}")


# typos


def typos(word):
    """One for each way to mistype a letter: left out, doubled, replaced, exchanged with the next."""
    at = len(word) // 2
    yield word[:at] + word[at + 1 :]
    yield word[:at] + word[at] + word[at:]
    yield word[:at] + ("x" if word[at] != "x" else "y") + word[at + 1 :]
    yield word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]
    yield word[:-1]


def test_every_mistyped_option_is_answered_with_the_right_one():
    silent, tried = [], 0
    for verb, command in verbs().items():
        flags = {flag for param in command.params for flag in (*param.opts, *param.secondary_opts)}
        for flag in sorted(flag for flag in flags if flag.startswith("--")):
            for typo in {f"--{word}" for word in typos(flag[2:])} - flags:
                tried += 1
                with pytest.raises(UserError) as error, suggesting():
                    command.make_context(verb, [typo, "1"])
                if flag not in re.findall("--[a-z-]+", str(error.value).partition("?")[0].partition(";")[2]):
                    silent.append((verb, flag, typo))
    assert tried > 500 and silent == []


@pytest.mark.parametrize("verb", ["train", "mix", "import"])
def test_a_mistyped_option_is_one_line(verb, capsys):
    assert run([verb, "--otput", "1"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "no option --otput; did you mean --output?" in said
    assert said.endswith(f"`gancore {verb} --help` lists all\n")


def test_an_option_before_the_verb_is_answered_too(capsys):
    assert run(["--versoin"]) == 2
    assert "no option --versoin; did you mean --version? `gancore --help`" in capsys.readouterr().err


def test_every_mistyped_field_is_answered_with_the_right_one():
    silent, tried = [], 0
    for part in gancore.list_parts():
        fields = {field.name for field in gancore.describe(part.cls).fields}
        for field in (name for name in fields if len(name) > 2):
            as_near = {typo for other in fields - {field} for typo in typos(other)}  # top_k and top_p
            for typo in set(typos(field)) - fields - as_near:
                tried += 1
                with pytest.raises(GancoreError) as error:
                    build({"part": f"{part.distribution}:{part.name}", typo: 1}, part.kind)
                if f"did you mean {field!r}?" not in str(error.value):
                    silent.append((part.qualified_name, field, typo))
    assert tried > 1000 and silent == []


# completion


def completed(line, folder):
    done = subprocess.run(
        [sys.executable, "-m", "gancore"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "_GANCORE_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(line.count(" ")),
        },
    )
    return done.stdout.split()


def test_verbs_and_options_are_completed(tmp_path):
    assert completed("gancore li", tmp_path) == ["list", "likelihood"]
    assert completed("gancore export x --format p", tmp_path) == ["pipeline"]
    assert completed("gancore train --ch", tmp_path) == ["--channels", "--checkpoint-every"]


def test_runs_and_recipes_are_completed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("runs/0001-a", "runs/0002-b", "mine", "other"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("runs/0001-a/run.toml", "runs/0002-b/run.toml", "mine/pipeline.json", "dc.toml"):
        (tmp_path / name).touch()
    assert run_folders("") == ["mine", "runs/0001-a", "runs/0002-b"]
    assert run_folders("runs/0002") == ["runs/0002-b"] and run_folders("o") == []
    assert run_folders(f"{tmp_path}/mi") == [f"{tmp_path}/mine"]
    assert {"dc.toml", "dcgan"} <= set(recipes("dc"))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_a_shell_is_told_how_to_complete(shell):
    done = subprocess.run(
        [sys.executable, "-m", "gancore", "--show-completion", shell], capture_output=True, text=True
    )
    assert done.returncode == 0 and "_GANCORE_COMPLETE" in done.stdout
