"""The tables of docs/shelf.md are those of the registry; each part has its paper and its test in them."""

import sys
from pathlib import Path

import pytest

from gancore.builtin import gancore_parts
from gancore.component.part import seats
from gancore.recipes.gan import TwoPlayerGAN

ROOT = Path(__file__).parents[2]
OF_NO_PAPER = {
    "label-sampler/empirical",
    "label-sampler/uniform",
    "conditioner/identity",
    "augment/no-augment",
    "augment/chain",
    "average/no-average",
    "optimizer/sgd",
}
"""What does nothing, or only joins others, or is older than arXiv."""


@pytest.fixture
def shelf(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import shelf

    yield shelf
    del sys.modules["shelf"]


def rows(page, name):
    """The cells of the rows between the marks of a table, without those of its heads."""
    between = page.partition(f"<!-- {name}: ")[2].partition(f"<!-- end of {name} ")[0]
    lines = [line.replace("\\|", "") for line in between.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_page_is_what_the_tool_writes(shelf):
    page = shelf.PAGE.read_text(encoding="utf-8")
    assert shelf.written(page) == page, "python tools/shelf.py writes the tables of docs/shelf.md anew"


def test_every_part_with_a_seat_has_a_row_with_paper_and_test(shelf):
    kinds = {one.interface.kind for one in seats(TwoPlayerGAN)}
    expected = {f"`{cls.kind}/{cls.name}`" for cls in gancore_parts() if cls.kind in kinds}
    found = {row[0]: row for row in rows(shelf.written(shelf.PAGE.read_text(encoding="utf-8")), "parts")}
    assert set(found) == expected and len(expected) > 50
    assert not [name for name, row in found.items() if not row[-1].startswith("[")], "without a test"
    assert {name for name, row in found.items() if "arXiv:" not in row[-2]} == {f"`{n}`" for n in OF_NO_PAPER}
    computing = [row for row in found.values() if row[0].strip("`").partition("/")[0] in shelf.COMPUTING]
    assert len(computing) > 20 and all(len(row) == 5 and row[2] for row in computing), "without an equation"


def test_every_quantizer_has_a_row_with_paper_and_test(shelf):
    found = {row[0]: row for row in rows(shelf.written(shelf.PAGE.read_text(encoding="utf-8")), "quantizers")}
    assert set(found) == {f"`quantizer/{cls.name}`" for cls in gancore_parts() if cls.kind == "quantizer"}
    assert all("arXiv:" in row[2] and row[3].startswith("[") for row in found.values())


def test_a_citation_is_read_with_its_places(shelf):
    def documented():
        """Some words.

        Paper: van den Oord et al. 2017 (VQ-VAE), arXiv:1711.00937, section 3.1 and eq. 2; as in
        Lim & Ye 2017, arXiv:1705.02894, tables 4 to 6 and eqs. 3 and 4. The rest, arXiv:0000.00000, has
        no author.
        """

    expected = (
        "van den Oord et al. 2017, arXiv:1711.00937, section 3.1 and eq. 2; "
        "Lim & Ye 2017, arXiv:1705.02894, tables 4 to 6 and eqs. 3 and 4"
    )
    assert shelf.papers(documented) == expected
    assert shelf.first_sentence(documented) == "Some words"
