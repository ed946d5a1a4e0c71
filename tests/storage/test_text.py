"""Text from elsewhere in the files that are written: it shows what it says."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gancore import build
from gancore.component.specs import to_toml
from gancore.storage.text import visible
from gancore.storage.toml import as_toml

PLAIN = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


@given(PLAIN, PLAIN, st.lists(PLAIN, max_size=3))
def test_toml_holds_any_text_and_only_what_can_be_printed(key, value, several):
    table = {"text": {key: value, "several": several}}
    text = as_toml(table)
    assert tomllib.loads(text) == table
    assert all(c.isprintable() or c == "\n" for c in text)


def test_a_saved_spec_is_printable():
    text = to_toml({"part": "x\u202e\x9b31m"})
    assert build(tomllib.loads("part = 'dcgan'")) and "\\U0000009b31m" in text and text.isascii()


@pytest.mark.parametrize(
    "text", ["Käse", "猫 🐈", "a\tb\nc", "x\u00a0y", "👩\u200d🚀", "می\u200cخواهم", "<b>"]
)
def test_what_is_harmless_on_a_page_stays(text):
    assert visible(text) == text


@pytest.mark.parametrize("code", [0, 7, 0x1B, 0x7F, 0x9B, 0x200B, 0x200F, 0x2028, 0x202E, 0x2066, 0xFEFF])
def test_what_hides_or_reorders_is_written_as_its_code(code):
    assert visible(f"a{chr(code)}b") == f"a\\u{code:04x}b"
