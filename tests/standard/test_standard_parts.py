import json

import pytest
import torch

from gancore.builtin import gancore_parts
from gancore.component.specs import build, from_toml, spec, to_toml
from gancore.errors import SpecError
from gancore.standard.decoded import Decoded
from gancore.standard.labels import UniformOneHot
from gancore.standard.quantizers import FiniteScalarQuantizer, LookupFreeQuantizer

PARTS = [cls for cls in gancore_parts() if cls.kind != "recipe"]
WHOLE = [cls for cls in PARTS if cls is not Decoded]
"""Without the one whose seats hold a decoder, of which the core has none."""
CHANGED = {
    "loss/non-saturating": {"real_label": 0.9},
    "augment/diffaugment": {"policy": ["cutout"]},
    "optimizer/adam": {"betas": [0, 0.99], "max_norm": 1.0, "schedule": {"part": "linear", "warm_up": 10}},
    "average/exponential": {"half_life": 500, "ramp_up": 0.1},
    "sampler/truncated-normal": {"threshold": 0.7},
    "conditioner/embedding": {"size": 8},
    "discriminator-regularizer/r1": {"gamma": 1, "every": 16},
}
FEW = {"code": (4,)}


@pytest.mark.parametrize("cls", WHOLE, ids=lambda c: f"{c.kind}-{c.name}")
def test_spec_round_trip(cls):
    part = cls()
    table = spec(part)
    assert spec(build(table, cls.kind)) == table and type(build(cls.name, cls.kind)) is cls
    assert (
        spec(build({k: v for k, v in from_toml(to_toml(table)).items() if k != "gancore"}, cls.kind)) == table
    )
    assert json.loads(json.dumps(table)) == table


@pytest.mark.parametrize("address", CHANGED)
def test_options_survive_the_round_trip(address):
    kind, name = address.split("/")
    part = build({"part": name, **CHANGED[address]}, kind)
    assert part.qualified_name == address
    table = spec(part)
    assert table != spec(build(name, kind)) and spec(build(table, kind)) == table


@pytest.mark.parametrize(
    ("kind", "table", "text"),
    [
        (
            "discriminator-regularizer",
            {"part": "r1", "gamma": -1},
            "gamma must be a number, at least 0; got -1",
        ),
        (
            "optimizer",
            {"part": "adam", "betas": [0.5, 2]},
            "betas must be two numbers in [0, 1); got (0.5, 2.0)",
        ),
        (
            "optimizer",
            {"part": "adam", "schedule": {"part": "linear", "constant": 2}},
            "constant must be a number from 0 to 1; got 2",
        ),
        ("augment", {"part": "diffaugment", "policy": ["hue"]}, "policy takes"),
        ("augment", {"part": "diffaugment", "policy": "cutout"}, "policy"),
        ("loss", {"part": "hinge", "margin": 2}, "loss/hinge has no field 'margin'"),
    ],
)
def test_wrong_words_become_one_clear_error(kind, table, text):
    with pytest.raises(SpecError) as error:
        build(table, kind)
    assert text in str(error.value)


@pytest.mark.parametrize("cls", PARTS, ids=lambda c: f"{c.kind}-{c.name}")
def test_every_part_says_where_it_comes_from_or_what_it_does(cls):
    assert cls.__doc__ and cls.__doc__ != cls.__mro__[1].__doc__
    for a in cls.__attrs_attrs__:
        assert a.metadata.get("gancore.help"), f"{cls.__name__}.{a.name} has no line of help"


def test_names_are_taken_once():
    keys = [(cls.kind, cls.name) for cls in PARTS]
    assert len(keys) == len(set(keys))


def test_parts_make_no_noise_when_built():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    known = {"latent": (20,), "code": (80,), "classes": 3}
    for cls in WHOLE:
        own = {UniformOneHot: {"label_shape": (3,)}, FiniteScalarQuantizer: FEW, LookupFreeQuantizer: FEW}
        cls().bind(seed=3, path="somewhere", facts=known | own.get(cls, {}))
    assert torch.equal(torch.get_rng_state(), before)
