"""What counts as the data: the decoded images and their labels, wherever and beside whatever they lie."""

import io
import json
import shutil
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from gancore.data import Loader, open_data
from gancore.errors import DataError


@pytest.fixture
def photos(picture, folder):
    return folder({f"{kind}/{n}.png": picture(n) for kind in ("cat", "dog") for n in range(3)})


def rows(data):
    return data.rows(np.arange(len(data)))["image"]


def test_a_note_beside_the_pictures_changes_nothing(photos):
    before = open_data(photos).fingerprint
    (photos / "notes.txt").write_text("mine")
    (photos / "cat" / "Thumbs.db").write_bytes(b"odd")
    after = open_data(photos)
    assert after.fingerprint == before and "2 other files ignored" in after.description


def test_the_same_images_elsewhere_or_in_another_form_are_the_same_data(photos, tmp_path):
    known = open_data(photos)
    assert open_data(shutil.copytree(photos, tmp_path / "moved")).fingerprint == known.fingerprint
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", photos)
    assert open_data(archive).fingerprint == known.fingerprint
    assert open_data(photos, cache="off").fingerprint == known.fingerprint
    array = np.stack([np.asarray(Image.open(photos / name)) for name in known.names])
    plain = open_data(photos, labels="none")
    assert open_data(array).fingerprint == plain.fingerprint  # (N, H, W, C), not copied
    assert open_data(np.ascontiguousarray(array.transpose(0, 3, 1, 2))).fingerprint == plain.fingerprint


def test_other_images_labels_or_order_are_other_data(photos, picture):
    prints = [open_data(photos).fingerprint, open_data(photos, labels="none").fingerprint]
    (photos / "cat" / "0.png").rename(photos / "cat" / "9.png")
    prints.append(open_data(photos).fingerprint)
    (photos / "cat" / "9.png").write_bytes(picture(77))
    prints.append(open_data(photos).fingerprint)
    prints.append(open_data(photos, mirror=True).fingerprint)
    assert len(set(prints)) == len(prints)


def test_runs_and_pipelines_among_the_pictures_are_no_data(photos, picture):
    before = open_data(photos)
    for files in (("run.toml", "recipe.toml", "samples/00000008.png"), ("pipeline.json", "grid.png")):
        for file in files:
            target = photos / "runs" / files[0] / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(picture(9) if file.endswith("png") else b"")
    after = open_data(photos)
    assert after.names == before.names and after.fingerprint == before.fingerprint
    assert "runs in it left out" in after.description
    samples = photos / "runs" / "run.toml" / "samples"
    assert len(open_data(samples)) == 1  # asked for, they are read
    for whole in samples.parent, photos / "runs" / "pipeline.json":
        with pytest.raises(DataError, match="is a run or a saved pipeline, whose pictures are no data; give"):
            open_data(whole)


def test_folders_called_as_splits_are_no_classes(folder, picture):
    files = {f"{s}/{c}/{n}.png": picture(n) for s in ("Train", "val") for c in ("cat", "dog") for n in (1, 2)}
    data = open_data(folder(files))
    assert data.class_names == ("cat", "dog") and len(data) == 8
    assert "the images of Train and val together" in data.description


def test_splits_without_classes_have_no_labels_unless_asked(folder, picture):
    place = folder({f"{split}/{n}.png": picture(n) for split in ("train", "test") for n in range(2)})
    assert open_data(place).classes == 0
    assert open_data(place, labels="folders").class_names == ("test", "train")


def test_a_folder_that_only_begins_like_a_split_is_a_class(folder, picture):
    place = folder({f"{name}/1.png": picture(1) for name in ("train", "tram")})
    assert open_data(place).class_names == ("train", "tram")


def test_pictures_beside_class_folders_are_named_with_the_labels_that_are_lost(photos, picture):
    (photos / "preview.png").write_bytes(picture(5))
    data = open_data(photos)
    assert data.classes == 0
    assert "no labels, since preview.png lies in no class folder" in data.description
    with pytest.raises(DataError, match=r"not so: preview.png.; sort them"):
        open_data(photos, labels="folders")


def test_classes_without_an_image_are_said(photos):
    (photos / "bird").mkdir()
    data = open_data(photos)
    assert data.class_names == ("cat", "dog") and "no image in bird" in data.description


def test_labels_from_one_leave_a_class_without_an_image(folder, picture):
    place = folder({f"{n}.png": picture(n) for n in range(4)})
    table = {"labels": [[f"{n}.png", 1 + n % 2] for n in range(4)]}
    (place / "dataset.json").write_text(json.dumps(table))
    assert "3 classes (no image of class 0)" in open_data(place).description


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_labels_of_other_editors_and_in_another_order(folder, picture, encoding):
    place = folder({f"{n}.png": picture(n) for n in range(3)})
    text = json.dumps({"labels": [[f"{n}.png", n] for n in (2, 0, 1)]})
    (place / "dataset.json").write_bytes(text.encode(encoding))
    assert open_data(place).labels.tolist() == [0, 1, 2]


@pytest.mark.parametrize("size", ["few", "one"])
def test_a_batch_may_be_larger_than_the_data(folder, picture, size):
    data = open_data(folder({f"{n}.png": picture(n) for n in range({"few": 3, "one": 1}[size])}))
    with Loader(data, seed=0, batch=8) as loader:
        batch = loader.next()["image"]
    known = rows(data)
    assert len(batch) == 8 and all(any(torch.equal(one, other) for other in known) for one in batch)


@pytest.mark.parametrize("suffix", [".jfif", ".JPE", ".jif", ".pjpeg", ".dib", ".apng"])
def test_rare_suffixes_of_formats_that_are_read(folder, picture, suffix):
    form = "BMP" if suffix == ".dib" else "PNG" if suffix == ".apng" else "JPEG"
    assert len(open_data(folder({f"a{suffix}": picture(1, format=form), "b.png": picture(2)}))) == 2


def test_suffixes_in_capitals_are_read_and_what_is_cut_or_of_another_format_is_named(folder, picture):
    cut = picture(3, height=32, width=32, format="JPEG")[:-60]
    files = {"A.JPG": picture(1, format="JPEG"), "B.PNG": picture(2), "cut.jpg": cut, "x.gif": b"GIF89a"}
    with pytest.raises(DataError, match=r"cut\.jpg") as refused:
        open_data(folder(files), size=8)
    assert "x.gif" in str(refused.value)
    kept = open_data(folder(files), size=8, unreadable="skip")
    assert kept.names == ["A.JPG", "B.PNG"] and [name for name, _ in kept.skipped] == ["cut.jpg", "x.gif"]


def test_formats_that_are_not_read_are_refused_by_name(folder, picture):
    with pytest.raises(DataError, match=r"\.dng files are not read"):
        open_data(folder({"a.dng": b"raw", "b.png": picture(2)}))


def test_backslashes_in_a_zip_separate_folders(tmp_path, picture):
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as archive:
        for kind in ("cat", "dog"):
            archive.writestr(f"all\\{kind}\\1.png", picture(1))
    assert open_data(tmp_path / "w.zip").class_names == ("cat", "dog")


@pytest.mark.parametrize("name", ["\\abs.png", "C:\\abs.png", "..\\out.png"])
def test_backslashes_that_lead_out_of_a_zip_are_refused(tmp_path, picture, name):
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as archive:
        archive.writestr(name, picture(1))
    with pytest.raises(DataError, match=r"is refused: its name (is absolute|leads out)"):
        open_data(tmp_path / "w.zip")


@pytest.mark.parametrize("shape", [(16, 16, 3), (16, 12, 4), (3, 16, 16), (16, 16, 1)])
def test_one_image_is_not_taken_for_several(shape, tmp_path):
    image = np.zeros(shape, np.uint8)
    np.save(tmp_path / "one.npy", image)
    for source in (image, torch.from_numpy(image), tmp_path / "one.npy"):
        with pytest.raises(
            DataError, match=r"could be one image of . channels or .* gray images; give image"
        ):
            open_data(source)
    assert len(open_data(image[None])) == 1 and len(open_data(image[:, None], layout="NCHW")) == shape[0]


def test_a_single_file_is_data_of_one_image(tmp_path):
    content = io.BytesIO()
    Image.new("RGB", (8, 8)).save(content, "JPEG")
    (tmp_path / "photo.jpg").write_bytes(content.getvalue())
    (tmp_path / "other.png").write_bytes(b"not read")
    assert rows(open_data(tmp_path / "photo.jpg")).shape == (1, 3, 8, 8)


@pytest.mark.parametrize("name", ["a.JPG_large", "a.jpg:orig", "a.jpeg?width=640", "a.jpg ", "a.mpo"])
def test_what_browsers_and_cameras_make_of_suffixes(folder, picture, name):
    data = open_data(folder({name: picture(1, format="JPEG"), "b.png": picture(2)}))
    assert len(data) == 2


@pytest.mark.parametrize("name", ["b.png:Zone.Identifier", "b.png@SynoEAStream", "b.png~"])
def test_what_lies_beside_a_picture_under_its_name_is_none_and_is_named(folder, picture, name):
    data = open_data(folder({name: b"odd", "b.png": picture(2)}))
    assert data.names == ["b.png"] and f"1 other files ignored: {name}" in data.description


@pytest.mark.parametrize(
    "left",
    [
        "@eaDir/1.png/SYNOPHOTO_THUMB_XL.jpg",
        "#recycle/1.png",
        "$RECYCLE.BIN/1.png",
        "@Recently-Snapshot/1.png",
        "lost+found/1.png",
        ".ipynb_checkpoints/1-checkpoint.png",
        "__MACOSX/1.png",
    ],
)
@pytest.mark.parametrize("where", ["", "cat/"])
def test_folders_that_systems_leave_behind_are_neither_classes_nor_images(photos, picture, left, where):
    before = open_data(photos)
    target = photos / f"{where}{left}"
    target.parent.mkdir(parents=True)
    target.write_bytes(picture(9))
    after = open_data(photos)
    assert after.class_names == ("cat", "dog") and after.description == before.description
    packed = shutil.make_archive(str(photos) + "-packed", "zip", photos)
    assert open_data(packed).fingerprint == after.fingerprint == before.fingerprint


def test_names_in_a_zip_may_begin_with_the_folder_itself(tmp_path, picture):
    with zipfile.ZipFile(tmp_path / "dot.zip", "w") as archive:
        for kind in ("cat", "dog"):
            archive.writestr(f"./{kind}/1.png", picture(1))
    assert open_data(tmp_path / "dot.zip").class_names == ("cat", "dog")


@pytest.mark.parametrize(
    ("name", "advice"), [("a.tar.gz", "unpack it"), ("a.7z", "unpack it"), ("a.npz", "numpy.save")]
)
def test_other_archives_are_refused_with_what_to_do(tmp_path, name, advice):
    (tmp_path / name).write_bytes(b"odd")
    with pytest.raises(DataError, match=rf"is of no known kind; .*{advice}"):
        open_data(tmp_path / name)


@pytest.mark.parametrize(
    "names",
    [
        ("train_set", "test_set"),
        ("train2017", "val2017"),
        ("seg_train", "seg_test"),
        ("Training Data", "Testing Data"),
        ("trn", "tst"),
        ("hold-out", "train-images"),
    ],
)
def test_splits_are_spelled_in_many_ways(folder, picture, names):
    files = {f"{split}/{kind}/1.png": picture(1) for split in names for kind in ("cat", "dog")}
    assert open_data(folder(files)).class_names == ("cat", "dog")


def test_words_that_end_like_a_split_are_classes(folder, picture):
    names = ("blood_test", "stress_test")
    assert open_data(folder({f"{name}/1.png": picture(1) for name in names})).class_names == names


def test_composed_and_decomposed_characters_are_the_same_name(folder, picture):
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    place = folder({f"train/{composed}/1.png": picture(1), f"val/{decomposed}/1.png": picture(2)})
    (place / "train" / "tea").mkdir()
    (place / "train" / "tea" / "1.png").write_bytes(picture(3))
    assert open_data(place).class_names == (composed, "tea")
    table = {"labels": [[f"train/{decomposed}/1.png", 0], ["train/tea/1.png", 1]]}
    table["labels"].append([f"val/{composed}/1.png", 1])
    (place / "dataset.json").write_text(json.dumps(table))
    assert open_data(place).labels.tolist() == [0, 1, 1]


@pytest.mark.parametrize("written", [".\\{}", "./{}"])
def test_names_of_labels_as_other_systems_write_them(folder, picture, written):
    place = folder({f"{n}.png": picture(n) for n in range(3)})
    table = {written.format(f"{n}.png"): n % 2 for n in range(3)}
    (place / "dataset.json").write_text(json.dumps({"labels": table}))
    assert open_data(place).labels.tolist() == [0, 1, 0]


def test_names_of_rows_in_a_text_of_windows(folder, picture):
    place = folder({f"{n}.png": picture(n) for n in range(3)})
    np.save(place / "labels.npy", np.array([0, 1, 1]))
    (place / "labels.txt").write_bytes("2.png\r\n1.png\r\n0.png\r\n".encode("utf-16"))
    assert open_data(place).labels.tolist() == [1, 1, 0]
