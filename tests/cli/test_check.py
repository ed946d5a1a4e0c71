"""`gancore check`: a plugin, one part, and a plain install."""

import pytest

import gancore
from gancore.cli import run
from gancore.errors import UnknownPart, UserError
from gancore.verbs import check as verb


def test_one_part_is_checked_by_its_name(capsys):
    assert run(["check", "loss/hinge"]) == 0
    said = capsys.readouterr().out
    assert "loss/hinge" in said and "gradcheck" in said and "constraint/" not in said
    assert {result.part for result in gancore.check("gancore:hinge")} == {"loss/hinge"}


def test_what_fails_is_said_by_the_exit_code(monkeypatch, capsys):
    from gancore.standard.losses import Hinge

    monkeypatch.setattr(Hinge, "expected_failures", {"gradcheck": "a test says so"})
    assert run(["check", "loss/hinge"]) == 1
    assert "failed   loss/hinge" in capsys.readouterr().out


def test_a_name_of_nothing_is_refused():
    with pytest.raises(UnknownPart, match="there is no loss 'hing'; did you mean 'hinge'"):
        gancore.check("loss/hing")
    with pytest.raises(UnknownPart, match="no installed distribution 'hing' offers parts"):
        gancore.check("hing")


def test_a_plain_install_says_which_extra_brings_what_it_needs(monkeypatch, capsys):
    monkeypatch.setattr(verb, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"which is not installed; run `pip install gancore\[kit"):
        gancore.check("loss/hinge")
    assert run(["check", "loss/hinge"]) == 2
    assert "pip install gancore[kit]" in capsys.readouterr().err
