"""Names of files."""

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gancore.component.interfaces import Generator
from gancore.component.part import part
from gancore.pipeline import Pipeline
from gancore.standard.conditioners import Identity
from gancore.storage.files import distinct
from gancore.verbs.sample import _through

NAME = st.sampled_from(["x", "y", "x-0", "x-1", "x-0-0", "sheet", ""])


@given(st.lists(NAME, max_size=8), st.sets(NAME, max_size=3))
def test_no_name_is_given_twice_or_taken_and_those_that_need_no_number_stay(names, taken):
    found = distinct(names, taken)
    assert len(found) == len(names) == len(set(found)) and not set(found) & taken
    for name, new in zip(names, found, strict=True):
        assert new == name if names.count(name) == 1 and name not in taken else new.startswith(f"{name}-")


def test_numbers_count_upwards_over_those_that_are_there():
    assert distinct(["x", "y", "x", "x-1", "x"]) == ["x-0", "y", "x-2", "x-1", "x-3"]
    assert distinct(["sheet", "x"], taken=["sheet"]) == ["sheet-0", "x"]
    assert len(set(distinct(["x"] * 20_000))) == 20_000


@part("unchanged", tags=["translator"])
class Unchanged(Generator):
    @property
    def code_shape(self):
        return self.image

    def forward(self, code):
        return code


def test_images_of_a_folder_that_are_translated_keep_names_of_their_own(tmp_path):
    for name in ("a/x", "b/x", "x-1"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (8, 8)).save(tmp_path / f"{name}.png")
    reads = Pipeline(conditioner=Identity(code=(3, 8, 8)), generator=Unchanged(image=(3, 8, 8)))
    found = _through(reads, str(tmp_path), 0, None)
    assert sorted(found.names) == ["x-0", "x-1", "x-2"]
