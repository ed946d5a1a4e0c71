"""`gancore new`: a package whose tests pass as written, or a clear word about what was wrong with the
request.
"""

import re
import subprocess
import sys
import tomllib

import pytest
from documents import blocks

from gancore.cli import run
from gancore.scaffold import TEMPLATE


def test_a_new_package_passes_its_own_tests_and_trains(environment):
    assert run(["new", "mine", "--output", str(environment.work)]) == 0
    folder = environment.work / "gancore-mine"
    environment.install("gancore-mine", package=folder)
    train = ["train", "mine", "--set", "generator.width=4", "--set", "discriminator.width=4"]
    train += ["--images", "64", "--output", "run"]
    (readme,) = (block.text for block in blocks(folder / "README.md") if block.language == "python")
    # what starts processes of its own takes long; the slow test below runs all
    done = environment.python(
        "-c",
        f"import pytest\nassert pytest.main(['-q', {str(folder)!r}, '-k', 'not two_processes']) == 0\n"
        f"from gancore.cli import run\nassert run({train}) == 0\n{readme}",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 40
    assert (environment.work / "run/report.html").stat().st_size > 0


def test_it_says_what_was_written_and_what_comes_next(tmp_path, capsys):
    assert run(["new", "my-model", "--output", str(tmp_path)]) == 0
    folder = tmp_path / "gancore-my-model"
    first, *commands = capsys.readouterr().out.splitlines()
    assert first.startswith(
        f"wrote {folder}: a generator, a discriminator, a regularizer and a recipe, all named 'my-model'"
    )
    assert commands == [
        f"  pip install -e '{folder}[test]'",
        f"  pytest {folder}",
        "  gancore train my-model",
    ]


def test_the_package_is_complete_and_bears_its_own_name(tmp_path, capsys):
    run(["new", "my-model", "--output", str(tmp_path)])
    folder = tmp_path / "gancore-my-model"
    files = {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()}
    modules = {
        f"gancore_my_model/{n}"
        for n in (
            "__init__.py",
            "generator.py",
            "discriminator.py",
            "regularizer.py",
            "recipe.py",
            "py.typed",
        )
    }
    assert (
        files
        == {"pyproject.toml", "README.md", "tests/test_contracts.py", "tests/test_equations.py"} | modules
    )
    for file in files:
        assert "sprout" not in (folder / file).read_text().lower(), file
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == "gancore-my-model"
    assert project["entry-points"] == {"gancore": {"my-model": "gancore_my_model"}}
    assert (
        '@part("my-model")\nclass MyModelGenerator(Generator)'
        in (folder / "gancore_my_model/generator.py").read_text()
    )


WRONG = {
    "Mine": "'Mine' is no name for a plugin; take small letters, digits and single hyphens, a letter first, "
    "as my-model",
    "3d": "'3d' is no name for a plugin",
    "my--model": "'my--model' is no name for a plugin",
    "../mine": "'../mine' is no name for a plugin",
    "": "'' is no name for a plugin",
    "gancore-mine": "the name 'gancore-mine' gets the prefix gancore- automatically; write 'mine'",
    "r1": "the name 'r1' is taken: gancore offers discriminator-regularizer/r1; choose another",
    "two-player": "the name 'two-player' is taken: gancore offers recipe/two-player; choose another",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_name_is_explained_and_nothing_is_written(name, tmp_path, capsys):
    assert run(["new", name, "--output", str(tmp_path / "out")]) == 2
    assert WRONG[name] in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path, capsys):
    (tmp_path / "gancore-mine").mkdir()
    assert run(["new", "mine", "--output", str(tmp_path)]) == 2
    assert (
        "exists already, and nothing is overwritten; choose another name or --output, or remove it"
        in capsys.readouterr().err
    )
    assert [p.name for p in tmp_path.rglob("*")] == ["gancore-mine"]


def test_a_file_in_the_way(tmp_path, capsys):
    (tmp_path / "out").write_text("x")
    assert run(["new", "mine", "--output", str(tmp_path / "out" / "deeper")]) == 2
    assert f"{tmp_path / 'out'} is a file; give a folder as --output" in capsys.readouterr().err


def test_what_fails_on_the_way_leaves_nothing(tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device", "x")

    monkeypatch.setattr("gancore.scaffold.renamed", full)
    assert run(["new", "mine", "--output", str(tmp_path)]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_new_package_builds_and_installs(environment):
    run(["new", "mine", "--output", str(environment.work)])
    words = [
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--target",
        str(environment.site),
        str(environment.work / "gancore-mine"),
    ]
    subprocess.run([sys.executable, "-m", "pip", "install", *words], check=True)
    assert "gancore-mine 0.1.0: 4 parts" in environment.gancore("plugins").stdout
    done = environment.gancore("check", "gancore-mine")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_template_is_shipped_with_the_library():
    assert (TEMPLATE / "pyproject.toml").is_file() and "gancore" in TEMPLATE.parts
