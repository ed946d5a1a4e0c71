"""Plugins that fail in every way, really installed side by side: the host and all others work, and each is
explained.
"""

import json

import pytest

PART = """
from gancore import Loss, hookimpl, part
gancore_api = {api}

@part("{name}")
class Made(Loss):
    "The difference of the mean scores."
    def discriminator(self, real, fake): return (fake - real).mean()
    def generator(self, fake, real=None): return -fake.mean()

@hookimpl
def gancore_parts():
    return [Made]
"""
NO_PART = "from gancore import hookimpl\ngancore_api = 1\n@hookimpl\ndef gancore_parts():\n    return [3]\n"
BROKEN = {
    "gancore-raises": ("raise ValueError('no luck today')", "ValueError: no luck today"),
    "gancore-exits": ("import sys\nsys.exit(3)", "SystemExit: 3"),
    "gancore-misses": (
        "import not_installed_anywhere",
        "ModuleNotFoundError: No module named 'not_installed_anywhere'",
    ),
    "gancore-future": (
        PART.format(api=2, name="future"),
        "it was written for gancore_api 2; this gancore accepts 1",
    ),
    "gancore-junk": (NO_PART, "gancore-junk offers 3, which is not a part"),
}
TAKEN = {"gancore-copycat": PART.format(api=1, name="hinge"), "gancore-fine": PART.format(api=1, name="fine")}
SMALL = ["--set", "generator.width=4", "--set", "discriminator.width=4", "--images", "64", "--batch", "32"]


@pytest.fixture(scope="module")
def surroundings(shared_environment):
    for name, text in {**{n: t for n, (t, _) in BROKEN.items()}, **TAKEN}.items():
        shared_environment.install(name, text)
    return shared_environment


def test_gancore_plugins_explains_each(answers):
    code, out, error = answers["plugins"]
    assert code == 0 and "Traceback" not in error
    lines = out.splitlines()
    for name, (_, cause) in BROKEN.items():
        entry = name.removeprefix("gancore-")
        assert any(line.startswith(f"{name}: NOT LOADED (entry point {entry}): {cause}") for line in lines), (
            out
        )
    assert "gancore-fine 0.1.0: 1 parts" in lines and "gancore-copycat 0.1.0: 1 parts" in lines
    assert (
        "loss 'hinge' is offered by gancore and gancore-copycat: write gancore:hinge or gancore-copycat:hinge"
        in lines
    )


@pytest.mark.slow
def test_the_host_and_the_others_train(surroundings):
    done = surroundings.gancore("train", "dcgan", "--set", "loss=fine", *SMALL, "--output", "fine")
    assert done.returncode == 0, done.stderr
    assert 'part = "gancore-fine:fine"' in (surroundings.work / "fine/recipe.toml").read_text()


ASKED = {
    "raises": "the plugin gancore-raises could not be loaded: ValueError: no luck today",
    "gancore-exits:anything": "the plugin gancore-exits could not be loaded: SystemExit: 3",
    "misses": "the plugin gancore-misses could not be loaded: ModuleNotFoundError",
    "future": "the plugin gancore-future could not be loaded: it was written for gancore_api 2; "
    "this gancore accepts 1",
    "hinge": "loss 'hinge' is offered by 2 plugins; write gancore:hinge or gancore-copycat:hinge",
    "hingee": "there is no loss 'hingee'; did you mean 'hinge'?",
}
COPIED = "gancore-copycat:hinge"
ASK = """
import contextlib, io, json, sys
from gancore.cli import run
answers = []
for words in json.loads(sys.argv[1]):
    out, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        code = run(words)
    answers.append([code, out.getvalue(), error.getvalue()])
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(surroundings):
    """What one process that sees the plugins answers to each question: its code, output and errors."""
    questions = {name: ["show", "dcgan", "--set", f"loss={name}"] for name in (*ASKED, COPIED)}
    questions["plugins"] = ["plugins"]
    done = surroundings.python("-c", ASK, json.dumps(list(questions.values())))
    assert done.returncode == 0, done.stderr
    return dict(zip(questions, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("name", ASKED)
def test_asking_for_a_part_of_theirs_gives_the_cause(answers, name):
    code, _, said = answers[name]
    assert code == 2 and "Traceback" not in said, said
    error = said.strip().splitlines()[-1]  # a slow machine says before what it waits for
    assert error.startswith("gancore: ") and ASKED[name] in error, said


def test_a_saved_recipe_names_its_plugins_so_that_nobody_else_can_take_a_name(answers):
    code, out, error = answers[COPIED]
    assert code == 0, error
    assert 'part = "gancore-copycat:hinge"' in out and 'part = "gancore:adam"' in out
