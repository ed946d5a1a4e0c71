import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset, TensorDataset

from gancore.data import ImageOptions, Images, open_data
from gancore.errors import DataError

rng = np.random.default_rng(0)


def all_rows(data: Images) -> Tensor:
    return data.rows(np.arange(len(data)))["image"]


def scaled(array: Any, most: float) -> Tensor:
    return torch.from_numpy(np.asarray(array, dtype=np.float64) / most * 2 - 1).float()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", ">u2"])
@pytest.mark.parametrize(
    ("shape", "axes", "image"),
    [
        ((5, 9, 7), None, (1, 9, 7)),
        ((5, 3, 9, 7), (0, 1, 2, 3), (3, 9, 7)),
        ((5, 9, 7, 3), (0, 3, 1, 2), (3, 9, 7)),
        ((5, 9, 7, 2), (0, 3, 1, 2), (2, 9, 7)),
    ],
)
def test_whole_numbers_in_every_layout(shape: Any, axes: Any, image: Any, dtype: str, tmp_path: Path) -> None:
    most = np.iinfo(dtype).max
    array = rng.integers(0, most + 1, shape).astype(dtype)
    expected = scaled(array[:, None] if axes is None else array.transpose(axes), most)
    np.save(tmp_path / "x.npy", array)
    for source in (
        array,
        tmp_path / "x.npy",
        str(tmp_path / "x.npy"),
        np.concatenate([array, array], 0)[::-1][::-1][:5],
    ):
        data = open_data(source)
        assert data.image == image and len(data) == 5
        assert torch.allclose(all_rows(data), expected, atol=1e-6) and all_rows(data).is_contiguous()


def test_many_channels_and_mirroring_in_both_layouts() -> None:
    array = rng.integers(0, 256, (4, 8, 16, 20), dtype=np.uint8)
    with pytest.raises(
        DataError,
        match=r"array has shape \(4, 8, 16, 12\), whose channels could be axis 1 or axis 3; "
        r"give layout='NCHW' or layout='NHWC'",
    ):
        open_data(array[..., :12])
    for data in (
        open_data(array),
        open_data(np.ascontiguousarray(array.transpose(0, 2, 3, 1)), layout="NHWC"),
    ):
        assert data.image == (8, 16, 20)
        assert torch.equal(
            data.rows(np.array([1, 5]))["image"], torch.stack([all_rows(data)[1], all_rows(data)[1].flip(-1)])
        )


def test_a_ready_array_is_not_copied_and_not_changed() -> None:
    for array in (np.zeros((4, 3, 8, 8), dtype=np.uint8), np.zeros((4, 3, 8, 8), dtype=np.float32)):
        data = open_data(array)
        data.rows(np.array([0, 4, 5]))["image"].fill_(3)
        assert data.pixels.array is array and not array.any()


def test_tensors_are_channels_first() -> None:
    images = torch.rand(4, 3, 4, 4)
    assert torch.allclose(all_rows(open_data(images)), images * 2 - 1)
    assert open_data(images.to(torch.bfloat16)).image == (3, 4, 4)
    assert open_data((images * 255).to(torch.uint8)).image == (3, 4, 4)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_float_ranges_are_told_apart_checked_and_stated(dtype: Any) -> None:
    unit = rng.random((4, 8, 8)).astype(dtype)
    signed = (unit * 2 - 1).astype(dtype)
    for data in (
        open_data(unit),
        open_data(unit, values="unit"),
        open_data(signed),
        open_data(signed, values="signed"),
    ):
        assert torch.allclose(
            all_rows(data)[:, 0], torch.from_numpy(unit.astype(np.float32) * 2 - 1), atol=2e-3
        )
    assert torch.allclose(
        all_rows(open_data(unit, values="signed"))[:, 0], torch.from_numpy(unit.astype(np.float32))
    )
    assert "float values taken as [0, 1]" in open_data(unit).description
    assert "float values taken as [-1, 1]" in open_data(signed).description


@pytest.mark.parametrize(
    ("value", "options", "said"),
    [
        (
            255.0,
            {},
            r"holds float values from 0 to 255; expected finite values in \[0, 1\] or \[-1, 1\]; "
            r"rescale them first",
        ),
        (-0.5, {"values": "unit"}, r"from -0.5 to 0; expected finite values in \[0, 1\]"),
        (float("nan"), {}, "from nan to nan; expected finite"),
        (float("inf"), {"values": "signed"}, r"from 0 to inf; expected finite values in \[-1, 1\]"),
    ],
)
def test_floats_out_of_range_are_refused(value: float, options: dict[str, Any], said: str) -> None:
    array = np.zeros((4, 8, 8), dtype=np.float32)
    array[2, 3, 4] = value
    with pytest.raises(DataError, match=said):
        open_data(array, **options)


def test_arrays_are_resized_and_converted() -> None:
    array = rng.integers(0, 256, (3, 12, 12, 3), dtype=np.uint8)
    data = open_data(array, size=6, channels=1)
    expected = [
        np.asarray(Image.fromarray(image).convert("L").resize((6, 6), Image.Resampling.LANCZOS))
        for image in array
    ]
    assert torch.allclose(all_rows(data)[:, 0], scaled(np.stack(expected), 255), atol=1e-6)
    for low in (0.0, -1.0):
        floats = rng.uniform(low, 1, (3, 1, 12, 12)).astype(np.float32)
        small = all_rows(open_data(floats, size=6))
        assert small.abs().max() <= 1
        flat = np.full((2, 1, 9, 9), 0.25 if low == 0 else -0.25, dtype=np.float32)
        assert torch.allclose(
            all_rows(open_data(flat, size=4)), torch.tensor(-0.5 if low == 0 else -0.25), atol=1e-6
        )
    padded = all_rows(
        open_data(np.full((1, 1, 4, 8), -0.5, dtype=np.float32), size=8, fit="pad", alpha="black")
    )
    assert (padded[0, 0, 0] == -1).all() and (padded[0, 0, 3] == -0.5).all()


def test_four_channels_become_three_over_white() -> None:
    array = np.zeros((1, 8, 8, 4), dtype=np.uint8)
    array[:, :, 4:, 3] = 255
    image = all_rows(open_data(array, channels=3))
    assert (image[0, :, :, 0] == 1).all() and (image[0, :, :, 7] == -1).all()
    assert open_data(array).image == (4, 8, 8)
    with pytest.raises(DataError, match="is a float image with alpha; only whole numbers are composited"):
        open_data(array.astype(np.float32) / 255, channels=3)


def test_float_color_becomes_gray() -> None:
    array = rng.random((2, 3, 8, 8)).astype(np.float32)
    gray = 0.299 * array[:, 0] + 0.587 * array[:, 1] + 0.114 * array[:, 2]
    assert torch.allclose(
        all_rows(open_data(array, channels=1))[:, 0], torch.from_numpy(gray * 2 - 1), atol=1e-4
    )


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (
            np.zeros((4, 8)),
            r"array has shape \(4, 8\); expected images \(N, H, W\), \(N, C, H, W\) or \(N, H, W, C\), "
            r"none of them empty",
        ),
        (np.zeros((0, 8, 8)), r"shape \(0, 8, 8\)"),
        (
            np.zeros((4, 8, 8), dtype=np.int64),
            "array is int64; expected uint8, uint16 or float; convert it first",
        ),
        (np.zeros((4, 8, 8), dtype=bool), "array is bool"),
        pytest.param(
            np.zeros((4, 8, 8), dtype=np.longdouble),
            "array is float128; expected uint8, uint16 or float; convert it first",
            marks=pytest.mark.skipif(np.dtype(np.longdouble).itemsize != 16, reason="no such floats here"),
        ),
        (np.array([["a"]]), r"array has shape \(1, 1\)"),
    ],
)
def test_other_arrays_are_refused(array: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        open_data(array)


def test_other_things_are_refused() -> None:
    for thing in (3, None, {"a": 1}, b"x"):
        with pytest.raises(
            DataError, match=f"data are a {type(thing).__name__}; expected a folder or zip of images"
        ):
            open_data(thing)


def test_npy_files_that_are_damaged_or_hold_objects_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "whole.npy", np.zeros((4, 8, 8), dtype=np.uint8))
    whole = (tmp_path / "whole.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:-9])
    (tmp_path / "header.npy").write_bytes(whole[:10] + b"(((" + whole[13:])
    (tmp_path / "none.npy").write_bytes(b"")
    for name in ("objects", "cut", "header", "none"):
        with pytest.raises(
            DataError, match=f"{name}.npy cannot be read .*; expected a whole .npy file of numbers"
        ):
            open_data(tmp_path / f"{name}.npy")


def test_given_labels(tmp_path: Path) -> None:
    array = np.zeros((3, 8, 8), dtype=np.uint8)
    soft = np.array([[0, 1], [0.5, 0.5], [1, 0]])
    np.save(tmp_path / "soft.npy", soft)
    for labels in (
        soft,
        torch.from_numpy(soft),
        soft.tolist(),
        tmp_path / "soft.npy",
        str(tmp_path / "soft.npy"),
    ):
        label = open_data(array, labels=labels).rows(np.array([1]))["label"]
        assert label.dtype == torch.float32 and label.tolist() == [[0.5, 0.5]]
    data = open_data(array, labels=[2, 0, 1])
    assert (
        data.classes == 3
        and data.class_names == ("0", "1", "2")
        and data.rows(np.array([0]))["label"].tolist() == [2]
    )


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([0, 1], "labels has 2 labels for 3 images; expected one label an image"),
        (
            [0, -1, 2],
            "labels has labels 0, -1, 2; expected whole numbers from 0 to 999999, or a row of K numbers an "
            "image",
        ),
        ([0.0, 1.0, 2.0], "expected whole numbers from 0"),
        (["a", "b", "c"], "labels that are not numbers of one kind"),
        (np.zeros((3, 2, 2)), "labels that are not numbers of one kind"),
        (np.full((3, 2), np.nan), "NaN or infinite"),
        ("folders", "labels='folders' with array; expected a folder or zip of images in class folders"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        open_data(np.zeros((3, 8, 8), dtype=np.uint8), labels=labels)


def idx(array: np.ndarray, kind: int = 0x08) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape) + array.tobytes()


def mnist(folder: Path, zipped: bool) -> dict[str, np.ndarray]:
    end = ".gz" if zipped else ""
    arrays = {}
    for prefix, count in (("train", 6), ("t10k", 4)):
        arrays[prefix] = rng.integers(0, 256, (count, 8, 8), dtype=np.uint8)
        for name, content in (
            (f"{prefix}-images-idx3-ubyte", idx(arrays[prefix])),
            (f"{prefix}-labels-idx1-ubyte", idx(np.arange(count, dtype=np.uint8))),
        ):
            (folder / (name + end)).write_bytes(gzip.compress(content) if zipped else content)
    return arrays


@pytest.mark.parametrize("zipped", [True, False])
def test_idx_folders_and_files(tmp_path: Path, zipped: bool) -> None:
    arrays = mnist(tmp_path, zipped)
    end = ".gz" if zipped else ""
    file = tmp_path / ("t10k-images-idx3-ubyte" + end)
    train, test = ImageOptions(subset="train"), ImageOptions(subset="test")
    for source, options, name in (
        (tmp_path, None, "train"),
        (tmp_path, train, "train"),
        (tmp_path, test, "t10k"),
        (file, None, "t10k"),
    ):
        data = open_data(source, options)
        assert torch.allclose(all_rows(data)[:, 0], scaled(arrays[name], 255), atol=1e-6) and data.image == (
            1,
            8,
            8,
        )
        assert data.rows(np.arange(len(data)))["label"].tolist() == list(range(len(data)))
    assert open_data(tmp_path, size=16).image == (1, 16, 16)
    assert open_data(tmp_path, labels="none").classes == 0
    named = open_data(tmp_path, labels=tmp_path / ("train-labels-idx1-ubyte" + end))
    assert named.classes == 6


def test_idx_of_floats_and_without_labels(tmp_path: Path) -> None:
    array = rng.random((3, 8, 8)).astype(">f4")
    (tmp_path / "my-images.idx").write_bytes(idx(array, 0x0D))
    assert torch.allclose(all_rows(open_data(tmp_path / "my-images.idx"))[:, 0], scaled(array, 1), atol=1e-6)
    assert open_data(tmp_path).classes == 0


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_the_ends_of_whole_numbers_are_exact(dtype: Any) -> None:
    array = np.array([[[0, np.iinfo(dtype).max]]], dtype=dtype)
    assert all_rows(open_data(array)).flatten().tolist() == [-1.0, 1.0]


def test_damaged_idx_is_refused(tmp_path: Path) -> None:
    content = idx(np.zeros((3, 8, 8), dtype=np.uint8))
    path = tmp_path / "train-images-idx3-ubyte"
    for damaged, said in (
        (b"", "begins with nothing; expected an IDX file"),
        (b"\x89PNG" + content[4:], "begins with 89504e47; expected an IDX file"),
        (content[:9], "ends inside its header; get it again"),
        (content[:-5], r"holds 187 bytes, its header says 192; get it again"),
        (content + b"x", r"holds more bytes, its header says 192; get it again"),
        (
            struct.pack(">BBBB3I", 0, 0, 8, 3, 2**31, 2**20, 2**20),
            "expected at most 17179869184; give a smaller file",
        ),
    ):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=said):
            open_data(path)
    gz = tmp_path / "gz" / "train-images-idx3-ubyte.gz"
    gz.parent.mkdir()
    for damaged in (content, gzip.compress(content)[:-12], gzip.compress(content)[:10] + b"\xff" * 20):
        gz.write_bytes(damaged)
        with pytest.raises(DataError, match=r"cannot be read .*; give a whole IDX file, plain or .gz"):
            open_data(gz)


def test_unclear_idx_folders_and_labels_are_refused(tmp_path: Path) -> None:
    mnist(tmp_path, False)
    (tmp_path / "t10k-images-idx3-ubyte").unlink()
    with pytest.raises(
        DataError, match="holds train-images-idx3-ubyte; expected one test images file; give the file"
    ):
        open_data(tmp_path, subset="test")
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(np.arange(5, dtype=np.uint8)))
    with pytest.raises(
        DataError, match="has 6 images but 5 labels beside it; expected one label an image, or labels='none'"
    ):
        open_data(tmp_path)


class Pairs(Dataset[Any]):
    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        item = self.items[index]
        if isinstance(item, Exception):
            raise item
        return item


def test_torch_datasets() -> None:
    images = torch.rand(5, 3, 8, 8)
    expected = images * 2 - 1
    labels = torch.arange(5)
    assert torch.allclose(all_rows(open_data(TensorDataset(images))), expected)
    labeled = open_data(TensorDataset(images, labels))
    assert labeled.classes == 5 and labeled.rows(np.array([3]))["label"].tolist() == [3]
    assert open_data(TensorDataset(images, labels), labels="none").classes == 0
    soft = open_data(Pairs([{"image": image, "label": [0.0, 1.0]} for image in images]))
    assert soft.rows(np.array([0]))["label"].tolist() == [[0.0, 1.0]]
    pillow = open_data(
        Pairs([(Image.fromarray(np.full((8, 8, 3), index, dtype=np.uint8)), index) for index in range(3)]),
        size=4,
    )
    assert pillow.image == (3, 4, 4) and pillow.labels is not None and pillow.labels.tolist() == [0, 1, 2]
    assert open_data([np.zeros((8, 8, 3), dtype=np.uint8), np.zeros((8, 8, 3), dtype=np.uint8)]).image == (
        3,
        8,
        8,
    )
    assert open_data(Pairs(list((images * 2 - 1).numpy()))).pixels.low == -1


def test_torch_datasets_that_fail() -> None:
    image = torch.zeros(3, 8, 8)
    with pytest.raises(
        DataError, match=r"1 of 2 images cannot be read .1: the dataset failed with OSError: gone."
    ):
        open_data(Pairs([image, OSError("gone")]))
    data = open_data(Pairs([(image, 0), OSError("gone"), (image, 1)]), unreadable="skip")
    assert data.labels is not None and data.labels.tolist() == [0, 1] and data.skipped[0][0] == "1"
    with pytest.raises(DataError, match="dataset Pairs is empty; expected at least one image"):
        open_data(Pairs([]))
    with pytest.raises(
        DataError, match="item 0 of dataset Pairs is a str; expected a tensor, an array or a Pillow image"
    ):
        open_data(Pairs(["x"]))
    with pytest.raises(
        DataError, match="items 1 have no label and others have; expected a label for all or for none"
    ):
        open_data(Pairs([(image, 0), image]))
    with pytest.raises(DataError, match="has labels of different lengths"):
        open_data(Pairs([(image, [0.0]), (image, [0.0, 1.0])]))
    with pytest.raises(DataError, match=r"holds float values from 0 to 200; expected finite values"):
        open_data(Pairs([image, image + 200]))
    with pytest.raises(
        DataError,
        match="padding float images with black needs their range; give values='unit' or values='signed'",
    ):
        open_data(Pairs([torch.zeros(3, 4, 8)]), size=8, fit="pad", alpha="black")


class Endless:
    def __getitem__(self, index: int) -> Tensor:
        return torch.zeros(3, 8, 8)


def test_a_dataset_needs_a_length() -> None:
    with pytest.raises(
        DataError, match="dataset Endless has no length; expected a dataset with __len__ and __getitem__"
    ):
        open_data(Endless())
