"""A folder of images, translated file by file."""

import numpy as np
import pytest
import torch
from PIL import Image
from translators import Doubled, Negative, between_images, know_translators

import gancore
from gancore.cli import run as command
from gancore.errors import DataError, UserError
from gancore.pipeline import Pipeline, translated
from gancore.standard.conditioners import Identity
from gancore.standard.labels import EmpiricalLabels


@pytest.fixture(scope="module", autouse=True)
def offered():
    know_translators()


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "inner").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name, size in {"a.jpg": (9, 14), "a.png": (8, 8), "inner/b.png": (8, 8)}.items():
        Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(folder / name)
    (folder / "broken.png").write_bytes(b"not an image")
    return folder


@pytest.fixture
def saved(tmp_path):
    for name, generator in {"fixed": Negative(image=(3, 8, 8)), "any": Doubled(image=(3, 16, 16))}.items():
        between_images(generator).save(tmp_path / name)
    return tmp_path


def test_names_and_sizes_are_kept_and_unreadable_files_are_named(saved, photos, capsys):
    out = saved / "out"
    assert command(["translate", str(saved / "any"), str(photos), "--output", str(out)]) == 1
    said = capsys.readouterr()
    assert "3 translations in" in said.out and "1 could not be translated" in said.out
    assert "broken.png: not a picture of a known format" in said.err
    made = {path.relative_to(out).as_posix(): path for path in out.rglob("*.png")}
    assert set(made) == {"a.jpg.png", "a.png.png", "inner/b.png"}
    assert {Image.open(path).size for path in made.values()} == {(28, 18), (16, 16)}
    source = np.asarray(Image.open(photos / "inner/b.png")).astype(int)
    assert (
        np.abs(np.asarray(Image.open(made["inner/b.png"])).astype(int)[::2, ::2] - (255 - source)).max() <= 1
    )


def test_a_generator_of_one_size_crops_nothing_in_silence(saved, photos):
    done = gancore.translate(saved / "fixed", photos, output=saved / "out")
    assert len(done.written) == 2
    assert dict(done.refused)["a.jpg"] == (
        "it is 9×14, but generator/negative reads 8×8; give --fit crop, pad or stretch"
    )
    again = gancore.translate(saved / "fixed", photos, fit="pad", output=saved / "padded")
    assert len(again.written) == 3


def test_it_continues_where_it_was_stopped(saved, photos):
    out = saved / "out"
    gancore.translate(saved / "any", photos, output=out)
    before = (out / "inner/b.png").stat().st_mtime_ns
    next(out.glob("a*.png")).unlink()
    done = gancore.translate(saved / "any", photos, output=out)
    assert len(done.written) == 1 and len(done.present) == 2
    assert (out / "inner/b.png").stat().st_mtime_ns == before
    with pytest.raises(
        UserError, match=r"holds something else than these translations \(seed 0, now 3\); give"
    ):
        gancore.translate(saved / "any", photos, seed=3, output=out)


def test_ctrl_c_says_how_to_go_on(saved, photos, capsys, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("gancore.verbs.translating.folder.written_png", interrupted)
    words = ["translate", str(saved / "any"), str(photos), "--output", str(saved / "out")]
    assert command(words) == 130
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "what is made so far is whole, and the same command continues",
        "gancore: interrupted",
    ]
    monkeypatch.undo()
    assert command(words) == 1 and "3 translations in" in capsys.readouterr().out


def test_an_image_alone_is_translated_as_among_others():
    chosen, image = between_images(Doubled(image=(3, 16, 16))), torch.rand(1, 3, 5, 7) * 2 - 1
    assert translated(chosen, image).shape == (1, 3, 10, 14)
    assert torch.allclose(translated(chosen, image)[:, :, ::2, ::2], -image)


def test_one_file_is_enough(saved, photos):
    done = gancore.translate(saved / "any", photos / "a.jpg", output=saved / "out")
    assert done.written == ("a.jpg",) and (saved / "out" / "a.png").is_file()


def test_what_does_not_fit_is_refused_before_any_work(saved, photos):
    from small import SmallGenerator

    from gancore.standard.samplers import Normal

    draws = Pipeline(
        sampler=Normal(latent=(4,)),
        conditioner=Identity(code=(4,)),
        generator=SmallGenerator(image=(3, 8, 8)),
    )
    with pytest.raises(UserError, match="generator/small does not translate images; sample from it"):
        gancore.translate(draws, photos, output=saved / "out")
    with pytest.raises(UserError, match="conditioner/identity reads no labels; omit --label"):
        gancore.translate(saved / "any", photos, label=1, output=saved / "out")
    with pytest.raises(UserError, match="is within .*; give a folder elsewhere"):
        gancore.translate(saved / "any", photos, output=photos / "out")
    with pytest.raises(DataError, match="nowhere is not there; give a folder or zip of image files"):
        gancore.translate(saved / "any", "nowhere", output=saved / "out")
    assert not (saved / "out").exists()


class Brighter(Identity):
    """Adds an eighth of the class to the source."""

    conditional = True

    def forward(self, latent, label=None):
        return latent + label.to(latent).reshape(-1, 1, 1, 1) / 8


def test_the_label_may_be_a_name(photos, tmp_path):
    generator = Negative(image=(3, 8, 8))
    labels = EmpiricalLabels(classes=2)
    labels.class_names = ("dim", "bright")
    chosen = Pipeline(conditioner=Brighter(code=(3, 8, 8)), generator=generator, labels=labels)
    for name, label in {"named": "bright", "numbered": 1, "dim": "dim"}.items():
        gancore.translate(chosen, photos, label=label, output=tmp_path / name)
    named, numbered, dim = ((tmp_path / n / "inner" / "b.png") for n in ("named", "numbered", "dim"))
    assert named.read_bytes() == numbered.read_bytes() != dim.read_bytes()
    with pytest.raises(UserError, match="no label is called 'brigt'; did you mean 'bright'"):
        gancore.translate(chosen, photos, label="brigt", output=tmp_path / "none")
    assert not (tmp_path / "none").exists()
