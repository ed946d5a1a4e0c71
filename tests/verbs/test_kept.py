"""What a folder of translations holds is never taken for what it is not."""

import os
import zipfile
from contextlib import closing

import numpy as np
import pytest
from PIL import Image
from translators import AnyNegative, between_images, know_translators

import gancore
from gancore.errors import UserError
from gancore.verbs.translating.kept import SOURCES, Kept

NEGATIVE = between_images(AnyNegative(image=(3, 8, 8)))


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, shade in {"a": 10, "b": 20}.items():
        picture(folder / f"{name}.png", shade)
    return folder


def picture(path, shade):
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", (5, 6), (shade,) * 3).save(path)


def shade(path):
    return np.asarray(Image.open(path)).flat[0]


def test_a_source_that_has_changed_is_made_again(photos, tmp_path):
    gancore.translate(NEGATIVE, photos, output=tmp_path / "out")
    picture(photos / "a.png", 50)
    done = gancore.translate(NEGATIVE, photos, output=tmp_path / "out")
    assert done.written == ("a.png",) and done.present == ("b.png",)
    assert shade(tmp_path / "out" / "a.png") == 205
    assert not gancore.translate(NEGATIVE, photos, output=tmp_path / "out").written


def test_an_image_of_the_same_name_elsewhere_is_not_taken_for_it(photos, tmp_path):
    picture(tmp_path / "other" / "a.png", 99)
    picture(tmp_path / "other" / "c.png", 98)
    gancore.translate(NEGATIVE, photos, output=tmp_path / "out")
    done = gancore.translate(NEGATIVE, tmp_path / "other", output=tmp_path / "out")
    assert done.written == ("c.png",) and not done.present
    whose = photos.resolve() / "a.png"
    assert dict(done.refused)["a.png"].endswith(
        f"is there already, made of {whose}; give another folder for this one"
    )
    assert shade(tmp_path / "out" / "a.png") == 245
    alone = gancore.translate(NEGATIVE, tmp_path / "other" / "c.png", output=tmp_path / "out")
    assert alone.present == ("c.png",)


def test_images_that_have_moved_are_known(photos, tmp_path):
    gancore.translate(NEGATIVE, photos, output=tmp_path / "out")
    photos.rename(tmp_path / "elsewhere")
    assert len(gancore.translate(NEGATIVE, tmp_path / "elsewhere", output=tmp_path / "out").present) == 2


def test_members_of_a_zip_are_known_by_their_checksum(photos, tmp_path):
    for name in ("a", "b"):
        with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
            archive.write(photos / f"{name}.png", "a.png")
        made = gancore.translate(NEGATIVE, tmp_path / "photos.zip", output=tmp_path / "out")
        assert made.written == ("a.png",)
    again = gancore.translate(NEGATIVE, tmp_path / "photos.zip", output=tmp_path / "out")
    assert again.present == ("a.png",)


def test_another_network_does_not_add_to_them(photos, tmp_path):
    know_translators()
    gancore.translate(NEGATIVE, photos, output=tmp_path / "out")
    for name in ("here", "there"):
        NEGATIVE.save(tmp_path / name)
        assert len(gancore.translate(tmp_path / name, photos, output=tmp_path / "out").present) == 2
    other = between_images(AnyNegative(image=(3, 8, 8)))
    other.generator.factor.data.fill_(-0.5)
    with pytest.raises(UserError, match=r"\(those of another network\); give a new folder"):
        gancore.translate(other, photos, output=tmp_path / "out")
    with pytest.raises(UserError, match=r"\(fit by default, now pad\)"):
        gancore.translate(NEGATIVE, photos, fit="pad", output=tmp_path / "out")


def test_a_folder_without_translations_may_be_filled_otherwise(photos, tmp_path):
    for file in photos.iterdir():
        file.write_bytes(b"broken")
    assert len(gancore.translate(NEGATIVE, photos, fit="pad", output=tmp_path / "out").refused) == 2
    gancore.translate(NEGATIVE, photos, output=tmp_path / "out")


def test_files_of_others_are_not_taken_for_translations(photos, tmp_path):
    gancore.translate(NEGATIVE, photos / "a.png", output=tmp_path / "out")
    picture(tmp_path / "out" / "b.png", 1)
    done = gancore.translate(NEGATIVE, photos, output=tmp_path / "out")
    assert done.present == ("a.png",)
    assert dict(done.refused)["b.png"].endswith(
        "b.png is there already, and not by this command; move it, or give another folder"
    )
    assert shade(tmp_path / "out" / "b.png") == 1


def test_what_a_killed_process_left_is_removed(photos, tmp_path):
    out = tmp_path / "out"
    gancore.translate(NEGATIVE, photos, output=out)
    (out / "b.png").unlink()
    (out / ".b.png.12345678.tmp").write_bytes(b"half")
    cut = (out / SOURCES).read_text().splitlines()
    (out / SOURCES).write_text(f"{cut[0]}\n{cut[1][:20]}")
    done = gancore.translate(NEGATIVE, photos, output=out)
    assert done.present == ("a.png",) and done.written == ("b.png",)
    assert not list(out.glob(".*"))
    assert len(gancore.translate(NEGATIVE, photos, output=out).present) == 2


def test_a_folder_is_filled_by_one_process_at_a_time(photos, tmp_path):
    with (
        closing(Kept.begin(tmp_path / "out", photos, {})),
        pytest.raises(UserError, match="another process fills .*out; wait for it, or give another folder"),
    ):
        Kept.begin(tmp_path / "out", photos, {})
    Kept.begin(tmp_path / "out", photos, {}).close()


def test_notes_are_not_written_through_a_link(photos, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "precious").write_text("text")
    os.symlink(tmp_path / "precious", tmp_path / "out" / SOURCES)
    with pytest.raises(OSError, match="is a symbolic link"):
        gancore.translate(NEGATIVE, photos, output=tmp_path / "out")
    assert (tmp_path / "precious").read_text() == "text"
