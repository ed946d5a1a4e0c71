"""What a type checker sees of parts: mypy reads what a user would write, with a mark on each wrong line."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

WRITTEN = """
from typing import assert_type

import gancore
from gancore import Discriminator, Generator, Loss, Part, Seat, Seats, part, seat
from gancore.standard import R1, Adam, Cosine, Hinge, Linear, NoAugment
from gancore_dcgan import DCGAN, DCGANDiscriminator, DCGANGenerator
from gancore_stylegan import StyleGAN2

# a seat takes a name, a table, a part or its class
DCGAN(loss="hinge")
DCGAN(loss={"part": "hinge"}, regularizers=["r1", R1(gamma=2.0), R1])
DCGAN(generator=DCGANGenerator(width=32), loss=Hinge, augment=NoAugment(), image=(3, 64, 64))
StyleGAN2(generator="dcgan", batch=8)

# and holds a part
made = DCGAN()
assert_type(made.loss, Loss)
assert_type(made.generator, Generator)
made.regularizers[0].every

# a schedule stands in place of any number of an option of floats, and of whole numbers that say so
assert_type(R1(gamma=Cosine(start=2.0)).gamma, float)
Adam(lr=Linear(end=1e-5), betas=(0.5, Cosine(start=0.9, end=0.99)))
assert_type(DCGAN(discriminator_steps=Linear(start=5, end=1)).discriminator_steps, int)
R1(every=Linear())  # wrong: "every"
R1(gamma="cosine")  # wrong: "gamma"
R1(gamma=Hinge())  # wrong: "gamma"
DCGAN(discriminator_steps=0.5)  # wrong: "discriminator_steps"
DCGAN(batch=Linear())  # wrong: "batch"

DCGAN(imges=64)  # wrong: "imges"
DCGAN(loss=3)  # wrong: "loss"
DCGAN(generator=DCGANDiscriminator())  # wrong: "generator"
DCGAN(generator=Hinge)  # wrong: "generator"
DCGAN(regularizers=[Adam()])  # wrong: DiscriminatorRegularizer
DCGAN(batch="64")  # wrong: "batch"
R1(gama=1.0)  # wrong: "gama"


@part("pair")
class Pair(Part):
    first: Seat[Generator] = seat(default="dcgan")
    judge: Seat[Discriminator | None] = seat(default=None)
    others: Seats[Generator] = seat()


assert_type(Pair(others=[]).judge, Discriminator | None)
Pair(others=["dcgan"], judge=None)
Pair(first="dcgan")  # wrong: "others"
gancore.train(made, "photos/", progress=False, images=64)
gancore.train(made, "photos/", imges=64)  # wrong: "imges"
"""


@pytest.fixture(scope="module")
def complaints(tmp_path_factory):
    file = tmp_path_factory.mktemp("typed") / "written.py"
    file.write_text(WRITTEN)
    places = [ROOT, *ROOT.glob("plugins/*/")]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(file)],
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": os.pathsep.join(map(str, places))},
        capture_output=True,
        text=True,
    )
    lines = re.findall(r"written\.py:(\d+): error: (.*)", done.stdout)
    assert lines, done.stdout + done.stderr
    return [(int(line), text) for line, text in lines]


def test_what_is_right_passes(complaints):
    wrong = {i for i, line in enumerate(WRITTEN.splitlines(), 1) if "# wrong: " in line}
    assert [(line, text) for line, text in complaints if line not in wrong] == []


def test_what_is_wrong_is_named(complaints):
    for number, line in enumerate(WRITTEN.splitlines(), 1):
        _, marked, word = line.partition("# wrong: ")
        if marked:
            said = [text for where, text in complaints if where == number]
            assert said and any(word in text for text in said), (line, said)


@pytest.mark.parametrize("package", sorted(ROOT.glob("plugins/*/gancore_*")), ids=lambda path: path.name)
def test_plugins_ship_their_types(package):
    assert (package / "py.typed").is_file()
