"""What a file may ask to be built: no more than its weights, or the machine, can bear."""

import json
import shutil
import time
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gancore import Pipeline, build, spec
from gancore.component.bounded import PER_TENSOR, Bounded, bounded_by_machine
from gancore.component.plain import DEEPEST
from gancore.component.specs import assign, from_toml
from gancore.errors import CheckpointError, GancoreError, SpecError
from gancore.storage.manifest import write_manifest
from gancore.verbs.recipes import recipe_of

SAVED = Path(__file__).parents[1] / "golden" / "runs" / "dcgan-labels" / "pipeline"


@pytest.fixture
def altered(tmp_path):
    folder = shutil.copytree(SAVED, tmp_path / "pipeline")

    def alter(seat, **fields):
        table = json.loads((folder / "pipeline.json").read_text())
        table["parts"][seat] |= fields
        (folder / "pipeline.json").write_text(json.dumps(table))
        write_manifest(folder)
        return folder

    return alter


def bounded(most):
    return Bounded(most, lambda asked: SpecError(f"asked for {asked}"))


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Linear(2**20, 2**20),
        lambda: torch.zeros(2**20, 2**20),
        lambda: torch.eye(2**20),
        lambda: torch.arange(2**40),
        lambda: torch.linspace(0, 1, 2**40),
        lambda: torch.zeros(2).repeat(2**20, 2**20),
        lambda: torch.zeros(2).new_empty(2**20, 2**20),
        lambda: torch.full((2**20, 2**20), 1.0),
        lambda: torch.randn(2**20, 2**20, generator=torch.Generator()),
        lambda: nn.ModuleList(nn.Linear(1, 1) for _ in range(2**40)),
        lambda: torch.empty(2**60, 2**60),
    ],
)
def test_nothing_is_made_beyond_the_bound(make):
    with pytest.raises(SpecError, match="asked for"), bounded(PER_TENSOR * 1000):
        make()


def test_what_is_made_within_the_bound_has_the_same_bits():
    free = build("dcgan")
    with bounded_by_machine():
        bound = build("dcgan")
    for part in (free, bound):
        part.bind(seed=0, by="the test", facts={"image": (3, 32, 32), "classes": 0})
    mine, theirs = free.state_dict(), bound.state_dict()
    assert mine.keys() == theirs.keys() and all(torch.equal(mine[key], theirs[key]) for key in mine)


def test_no_compiler_is_imported_for_it():
    """Torch would import `torch._dynamo` at the first operation, by a wrapper around the method of a mode."""
    assert not hasattr(Bounded.__torch_dispatch__, "__wrapped__")


def test_a_small_pipeline_gets_no_large_networks(altered):
    folder, started = altered("generator", width=100_000), time.monotonic()
    with pytest.raises(CheckpointError, match="ask for networks of more than .* nothing was built"):
        Pipeline.load(folder)
    assert time.monotonic() - started < 5


def test_a_recipe_that_no_machine_holds_is_refused():
    with pytest.raises(SpecError, match="this machine has"):
        recipe = recipe_of("dcgan", ["generator.width=1000000000", "generator.image=[3,32,32]"])
        assert recipe


@pytest.mark.parametrize("latent", [[2**64], [-1], [0], [2**31], [2**20, 2**20], ["x"], [10**400], [1.5]])
def test_latents_of_no_size_are_refused_when_loading(altered, latent):
    with pytest.raises(GancoreError):
        Pipeline.load(altered("sampler", latent=latent))


def test_a_sampler_that_does_not_fit_is_refused_when_loading(altered):
    with pytest.raises(GancoreError, match="draws"):
        Pipeline.load(altered("sampler", latent=[7]))


NUMBERS = [10**5000, -(10**400), 2**64, 2**63, -1, 0, 1e308, -1e308, float("inf"), float("nan"), 2**31]
ODD = st.sampled_from([*NUMBERS, "", "x" * 10_000, [], {}, [[]], True, None, {"part": "x"}, [10**30]])
PATHS = ("loss", "generator.width", "a.b.c", ".", "", "a." * 10_000, "regularizers.0.gamma")
FIELDS = ("width", "image", "code", "part", "gancore", "discriminator_steps", "frozen", "from")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sampled_from(["", "generator", "discriminator", "sampler", "loss"]), st.sampled_from(FIELDS), ODD)
def test_odd_settings_are_errors_of_ours(seat, field, value):
    table = {"part": "dcgan", seat: {field: value}} if seat else {"part": "dcgan", field: value}
    try:
        with bounded(2**30):
            spec(build(table))
    except GancoreError as error:
        assert len(str(error)) < 3000


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.sampled_from(["loss", "generator.width", "a.b.c", ".", "", "a." * 10_000, "regularizers.0.gamma"]), ODD
)
def test_odd_words_of_set_are_errors_of_ours(path, value):
    text = "9" * 10_000 if isinstance(value, int) and abs(value) > 10**300 else f"{value!r:.200}"
    table = {"part": "dcgan"}
    try:
        assign(table, path, text)
        with bounded(2**30):
            build(table)
    except GancoreError as error:
        assert len(str(error)) < 3000


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 5000 + "]" * 5000,
        "x = " + "{a=" * 400 + "1" + "}" * 400,
        "[" + ".".join("a" * 3000) + "]",
        "width = " + "9" * 5000,
        "width = 0x" + "f" * 5000,
        "width = 1e999999",
        "\x00",
        "x = 9999-99-99",
    ],
)
def test_odd_files_are_errors_of_ours(text):
    try:
        build({"part": "dcgan", **from_toml(text)})
    except GancoreError as error:
        assert len(str(error)) < 3000
    else:
        pytest.fail("was taken")


def test_tables_may_be_as_deep_as_recipes_are():
    table = {"part": "x"}
    for _ in range(DEEPEST + 2):
        table = {"a": table}
    with pytest.raises(SpecError, match="nested deeper"):
        build({"part": "dcgan", "a": table})
