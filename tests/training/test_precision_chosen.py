"""Where bf16 is chosen, and what a training says that runs in bf16 without instructions for it."""

import pytest
import torch
from runs import begin, sources
from small import know_small_parts

from gancore.component.precision import computes_bfloat16
from gancore.runs.folder import RunFolder
from gancore.runs.settings import Settings
from gancore.training.start import resume


def capabilities(**found):
    return {"architecture": "x86_64", "avx512_bf16": False, "amx_tile": False, **found}


@pytest.mark.parametrize(
    "found, computed, precision",
    [
        ({}, False, "float32"),
        ({"avx512_bf16": True}, True, "bf16"),
        ({"amx_tile": True}, True, "bf16"),
        ({"architecture": "aarch64"}, None, "float32"),
    ],
)
def test_an_x86_processor_tells_and_auto_is_bf16_only_where_it_is_computed(
    monkeypatch, found, computed, precision
):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities(**found), raising=False)
    assert computes_bfloat16(torch.device("cpu")) is computed
    assert computes_bfloat16(torch.device("meta")) is None
    assert Settings.of(precision="auto", device="cpu").precision == precision
    assert Settings.of(precision="bf16", device="cpu").precision == "bf16"


def test_a_torch_that_does_not_tell_is_not_asked(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert computes_bfloat16(torch.device("cpu")) is None


def test_a_run_keeps_what_was_chosen_and_goes_on_with_it(tmp_path, monkeypatch):
    know_small_parts()
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities(amx_tile=True), raising=False)
    data = sources(tmp_path)
    begin(data, tmp_path / "run", precision="auto", device="cpu")
    assert RunFolder(tmp_path / "run").settings.precision == "bf16"
    monkeypatch.setattr(torch.cpu, "get_capabilities", capabilities, raising=False)
    assert RunFolder(tmp_path / "run").settings.precision == "bf16"
    assert resume(tmp_path / "run", images=96, precision="auto", device="cpu").settings.precision == "float32"
    assert RunFolder(tmp_path / "run").settings.precision == "float32"


@pytest.mark.parametrize("precision, warned", [("bf16", 1), ("float32", 0)])
def test_the_training_says_how_to_go_on_faster(tmp_path, monkeypatch, precision, warned):
    know_small_parts()
    monkeypatch.setattr(torch.cpu, "get_capabilities", capabilities, raising=False)
    training = begin(sources(tmp_path), tmp_path / "run", precision=precision)
    said = [line["text"] for line in training.run_folder.log.of("warning")]
    assert len(said) == warned
    assert all(f"--resume {tmp_path / 'run'} --precision float32" in text for text in said)
