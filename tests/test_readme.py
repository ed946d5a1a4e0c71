"""What the README tells a newcomer to type works, in the order in which it stands there."""

import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from functools import partial
from pathlib import Path

import pytest
from documents import ROOT, blocks

from gancore.cli import run

README = ROOT / "README.md"
FEWER = {"--images": 4, "--count": 8, "--steps": 2}
"""Counts that the test makes smaller, so that it takes a minute."""
NARROW = {
    **dict.fromkeys(("dcgan", "mine.toml"), ("generator.width=8", "discriminator.width=8")),
    "cyclegan": ("target_discriminator.width=8", "source_discriminator.width=8"),
}
"""Options that a training gets besides, for the same reason; all else is typed as it is read."""


def section(title):
    """The shell blocks under a heading, each a list of command lines."""
    text = README.read_text(encoding="utf-8")
    first = text[: text.index(f"\n## {title}\n")].count("\n")
    last = first + text[text.index(f"\n## {title}\n") + 4 :].partition("\n## ")[0].count("\n") + 1
    found = [b.text for b in blocks(README) if b.language == "sh" and first < b.line <= last]
    return [[line for line in text.replace("\\\n", " ").splitlines() if line.strip()] for text in found]


def words_of(line):
    """The words of a command line, with smaller counts and networks."""
    words = shlex.split(line, comments=True)
    for i, word in enumerate(words[:-1]):
        if word in FEWER:
            words[i + 1] = str(min(FEWER[word], int(words[i + 1])))
    if "train" in words:
        for option in NARROW.get(words[words.index("train") + 1], ()):
            words += ["--set", option]
    return words


def test_the_commands_of_ci_are_those_of_the_readme():
    (told,) = section("Tests")
    done = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert [line for line in done if not line.startswith(("#", "set ", "cd "))] == told
    (install,) = section("Install")
    assert told[:2] == install[:2] and told[2] == install[2].replace("requirements", "requirements-test")


def test_lines_are_short_enough_to_read():
    for title in ("Install", "Train a first model", "Use", "Tests"):
        for text in (block.text for block in blocks(README) if block.language == "sh"):
            assert max(map(len, text.splitlines())) <= 105, title


def test_it_shows_before_it_tells():
    """Samples, report and explorer come before the first heading, install and use before the tests."""
    top, *sections = re.split(r"^## ", README.read_text(encoding="utf-8"), flags=re.MULTILINE)
    pictures = re.findall(r"docs/pictures/(\w+)\.webp", top)
    assert pictures == ["walk", "report", "explorer"]
    assert all((ROOT / f"docs/pictures/{name}.webp").stat().st_size < 1_000_000 for name in pictures)
    titles = [text.partition("\n")[0] for text in sections]
    assert titles[:3] == ["Install", "Train a first model", "Use"] and "Tests" in titles[3:]


@pytest.mark.timeout(900)
def test_the_commands_work_in_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (first,) = section("Train a first model")
    use = section("Use")[0]
    for line in [*first, *use]:
        words = words_of(line)
        if words:
            typed(words, line, capsys)
    assert (tmp_path / "runs/0001-dcgan-relativistic-labels/report.html").is_file()
    for made in ("grid.png", "compare.html", "walk.gif", "mixed.png", "edited.png", "codes.html"):
        assert (tmp_path / made).is_file(), made
    assert len(list(Path("painted").glob("*.png"))) == len(list(Path("drawn").iterdir())) == 8


def typed(words, line, capsys):
    """Types one command; `gancore` commands run in this process, which has loaded torch already."""
    output = words[words.index(">") + 1] if ">" in words else None
    if words[0] != "gancore":
        done = subprocess.run(
            [str(Path(sys.executable).with_name(words[0])), *words[1:]], capture_output=True
        )
        assert done.returncode == 0, f"{line}\n{done.stderr.decode()}"
    elif words[1] == "explore":
        explored([sys.executable, "-m", *words, "--no-browser", "--port", "0"])
    else:
        capsys.readouterr()
        code = run(words[1 : words.index(">")] if output else words[1:])
        said = capsys.readouterr()
        assert code == 0, f"{line}\n{said.err}"
        if output:
            Path(output).write_text(said.out, encoding="utf-8")


def explored(words):
    """Opens the page that a server offers, then presses Ctrl-C."""
    # where tests run in the background, processes are born ignoring Ctrl-C
    heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=heeding
    ) as server:
        said = ""
        for said in server.stdout:
            if found := re.search(r"http://\S+", said):
                with urllib.request.urlopen(found[0].rstrip(".,;"), timeout=60) as page:
                    assert b"<html" in page.read()
                server.send_signal(signal.SIGINT)
                break
        server.stdout.read()
        assert server.wait(60) == 0, said
