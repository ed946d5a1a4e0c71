"""A training in bf16 on a processor without instructions for it says that float32 is faster."""

import pytest
import torch
from runs import begin, sources
from small import know_small_parts

from gancore.component.precision import emulates_bfloat16


def capabilities(**found):
    return {"architecture": "x86_64", "avx512_bf16": False, "amx_tile": False, **found}


@pytest.mark.parametrize(
    "found, emulated",
    [
        ({}, True),
        ({"avx512_bf16": True}, False),
        ({"amx_tile": True}, False),
        ({"architecture": "aarch64"}, False),
    ],
)
def test_only_an_x86_processor_without_the_instructions_emulates(monkeypatch, found, emulated):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities(**found), raising=False)
    assert emulates_bfloat16(torch.device("cpu")) is emulated
    assert not emulates_bfloat16(torch.device("meta"))


def test_a_torch_that_does_not_tell_is_not_asked(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not emulates_bfloat16(torch.device("cpu"))


@pytest.mark.parametrize("precision, warned", [("bf16", 1), ("float32", 0)])
def test_the_training_says_how_to_go_on_faster(tmp_path, monkeypatch, precision, warned):
    know_small_parts()
    monkeypatch.setattr(torch.cpu, "get_capabilities", capabilities, raising=False)
    training = begin(sources(tmp_path), tmp_path / "run", precision=precision)
    said = [line["text"] for line in training.run_folder.log.of("warning")]
    assert len(said) == warned
    assert all(f"--resume {tmp_path / 'run'} --precision float32" in text for text in said)
