"""Folders as people have them: equal names, animations, links, other files, and names that cannot be."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from translators import AnyNegative, Larger, Looking, between_images, know_translators

import gancore
from gancore.cli import run as command
from gancore.console.pace import ending
from gancore.data import open_data
from gancore.errors import UserError
from gancore.pipeline import translated
from gancore.standard.translators import ResNet

NEGATIVE = between_images(AnyNegative(image=(3, 8, 8)))


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "photos"
    made.mkdir()
    return made


def picture(path, size=(6, 5), **more):
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", size, "teal").save(path, **more)


def made(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def test_equal_names_keep_their_suffixes(folder, tmp_path):
    for name in ("a.png", "a.jpg", "b.png", "a.jpg.png"):
        picture(folder / name)
    gancore.translate(NEGATIVE, folder, output=tmp_path / "out")
    assert made(tmp_path / "out") == ["a.jpg-0.png", "a.jpg-1.png", "a.png.png", "b.png"]


def test_animations_links_and_other_files_are_named(folder, tmp_path):
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    for suffix in ("apng", "webp"):
        frames[0].save(
            folder / f"moving.{suffix}",
            "PNG" if suffix == "apng" else None,
            save_all=True,
            append_images=frames[1:],
        )
    picture(folder / "still.webp")
    (folder / "notes.txt").write_text("notes")
    (folder / "dangling.png").symlink_to("nowhere.png")
    (tmp_path / "album").mkdir()
    (folder / "album").symlink_to(tmp_path / "album")
    done = gancore.translate(NEGATIVE, folder, output=tmp_path / "out")
    assert done.notes == (
        "of animations the first image alone was taken: moving.apng, moving.webp",
        "1 other file left out: notes.txt",
        "links to folders are not followed: album",
    )
    assert dict(done.refused) == {"dangling.png": "No such file or directory"}
    assert str(done).startswith("3 translations in ")
    described = open_data(folder, size=4, unreadable="skip")
    assert "links to folders not followed: album" in described.description
    assert described.skipped == (("dangling.png", "No such file or directory"),)


def test_a_name_that_cannot_be_is_refused_and_the_rest_is_done(folder, tmp_path):
    picture(folder / "translation.json" / "inner.png")
    picture(folder / "z.png")
    picture(folder / f"{'x' * 251}.png")  # its temporary name may not be longer
    done = gancore.translate(NEGATIVE, folder, output=tmp_path / "out")
    assert dict(done.refused) == {
        "translation.json/inner.png": "its translation cannot have its name (File exists); rename it"
    }
    assert len(done.written) == 2


def test_a_single_file_of_another_format_is_named(folder, tmp_path, capsys):
    know_translators()
    NEGATIVE.save(tmp_path / "run")
    picture(folder / "a.gif")
    words = ["translate", str(tmp_path / "run"), str(folder / "a.gif"), "--output", str(tmp_path / "out")]
    assert command(words) == 1
    said = capsys.readouterr()
    assert "0 translations in" in said.out
    assert "a.gif: .gif files are not read (PNG, JPEG, WEBP and BMP are read)" in said.err
    picture(folder / "b.png")
    assert command([*words[:2], str(folder / "b.png"), *words[3:]]) == 0
    assert capsys.readouterr().out.startswith("1 translation in ")


def test_crops_at_random_are_for_training(folder, tmp_path):
    picture(folder / "a.png")
    with pytest.raises(UserError, match="--fit is 'random'; give one of crop, pad, stretch"):
        gancore.translate(NEGATIVE, folder, fit="random", output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (3, 17)])
def test_small_images_are_continued_up_to_what_the_network_reads(folder, tmp_path, size):
    chosen = between_images(ResNet(image=(3, 16, 16), source=(3, 16, 16), width=2, blocks=1))
    picture(folder / "a.png", size)
    for tile in (0, 4):
        assert gancore.translate(chosen, folder, tile=tile, output=tmp_path / str(tile)).written == ("a.png",)
        assert Image.open(tmp_path / str(tile) / "a.png").size == size
    image = np.asarray(Image.open(folder / "a.png")).transpose(2, 0, 1)
    assert translated(chosen, torch.tensor(image[None] / 127.5 - 1).float()).shape == (1, *image.shape)


def test_tiles_of_a_continued_image_are_those_of_the_whole(folder, tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (3, 40, 3), np.uint8)).save(folder / "a.png")
    chosen = between_images(Looking(image=(3, 16, 16)))
    for tile in (0, 2):
        gancore.upscale(chosen, folder, tile=tile, overlap=16, output=tmp_path / str(tile))
    whole, tiles = (np.asarray(Image.open(tmp_path / str(tile) / "a.png")).astype(int) for tile in (0, 2))
    assert whole.shape == (6, 80, 3) and np.abs(whole - tiles).max() <= 1


def test_what_comes_next_after_a_training():
    for generator, verb in (
        (AnyNegative(image=(3, 8, 8)), "translate"),
        (Larger(image=(3, 16, 16)), "upscale"),
    ):
        recipe = SimpleNamespace(pipelines=lambda chosen=between_images(generator): {"image": chosen})
        files = SimpleNamespace(report_file="run/report.html")
        run = SimpleNamespace(recipe=recipe, images=8, seconds=1.0, run_folder=files, folder="run")
        assert ending(run).endswith(f"next: gancore {verb} run FOLDER")


def test_what_is_cut_off_is_called_damaged(folder, tmp_path):
    for name in ("a.png", "b.jpg"):
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(folder / name)
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])
    done = gancore.translate(NEGATIVE, folder, output=tmp_path / "out")
    assert all(reason.startswith("it is damaged (") for _, reason in done.refused) and len(done.refused) == 2
