from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gancore.data import Images, Paired, Unpaired, open_data
from gancore.errors import DataError

Make = Callable[..., Any]


def domain(length: int, channels: int = 1, mirror: bool = False) -> Images:
    images = np.zeros((length, channels, 6, 8), dtype=np.uint8)
    images[..., :4], images[..., 4:] = np.arange(length)[:, None, None, None], 100
    return open_data(images, mirror=mirror)


def number(image: torch.Tensor) -> list[int]:
    """Which image it is, the mirrored ones too."""
    return ((image[:, 0, 0].amin(1) + 1) * 127.5).round().int().tolist()


def test_pairs_are_matched_by_name(picture: Make, folder: Make) -> None:
    source = folder({f"{name}.png": picture(seed, 8, 8, "L") for seed, name in enumerate("abc")}, "source")
    target = folder(
        {f"{name}.jpg": picture(seed, 4, 6, "RGB", "JPEG") for seed, name in enumerate("cab")}, "target"
    )
    pairs = Paired(open_data(source), open_data(target))
    assert len(pairs) == 3 and pairs.facts() == {
        "image": (3, 4, 6),
        "classes": 0,
        "label_shape": (),
        "source": (1, 8, 8),
    }
    rows = pairs.rows(np.array([2]))
    assert torch.equal(rows["source"], open_data(source).rows(np.array([2]))["image"])
    assert torch.equal(rows["target"], open_data(target).rows(np.array([2]))["image"])
    assert pairs.target.names == ["a.jpg", "b.jpg", "c.jpg"] and set(rows) == {"source", "target"}


def test_pairs_are_mirrored_together() -> None:
    pairs = Paired(domain(5, mirror=True), domain(5, 3, mirror=True))
    rows = pairs.rows(pairs.order(0).at(np.arange(40)))
    assert number(rows["source"]) == number(rows["target"])
    left = [rows[side][:, 0, 0, 0] == rows[side][:, 0, 0].amin(1) for side in ("source", "target")]
    assert torch.equal(left[0], left[1]) and 5 < int(left[0].sum()) < 35


def test_a_skipped_partner_takes_its_pair_along(picture: Make, folder: Make) -> None:
    source = folder({"a.png": picture(), "b.png": b"bad", "c.png": picture()}, "source")
    target = folder({"a.png": picture(), "b.png": picture(), "c.png": picture()}, "target")
    pairs = Paired(open_data(source, unreadable="skip"), open_data(target))
    assert len(pairs) == 2 and [name for name, _ in pairs.skipped] == ["source: b.png", "target: b.png"]
    assert pairs.skipped[1][1] == "its partner was skipped"


def test_zips_with_folders_labels_and_other_suffixes_pair(picture: Make, archive: Make) -> None:
    source = archive({f"in/{i}.png": picture(i) for i in range(4)}, {"labels": None}, "source.zip")
    labels = [[f"in/{i}.jpg", i % 2] for i in range(4)]
    pictures = {f"in/{i}.jpg": picture(i, format="JPEG") for i in range(4)}
    pairs = Paired(open_data(source), open_data(archive(pictures, {"labels": labels}, "target.zip")))
    assert pairs.source.names == [f"in/{i}.png" for i in range(4)] and len(pairs) == 4
    assert pairs.facts()["classes"] == 0 and set(pairs.rows(np.arange(4))) == {"source", "target"}


def test_names_that_do_not_pair_are_refused(picture: Make, folder: Make) -> None:
    one = open_data(folder({"a.png": picture(), "b.png": picture()}, "one"))
    other = open_data(folder({"b.png": picture(), "c.png": picture()}, "other"))
    twice = open_data(folder({"a.png": picture(), "a.jpg": picture(format="JPEG")}, "twice"))
    with pytest.raises(
        DataError,
        match=r"1 source \(a\) without a target, 1 target \(c\) without a source, 1 match; "
        r"name partners alike, or use them unpaired",
    ):
        Paired(one, other)
    with pytest.raises(
        DataError,
        match="source has several images named a; pairs are matched by name without suffix; rename them",
    ):
        Paired(twice, other)
    with pytest.raises(
        DataError, match="mirror is False for the source and True for the target; expected the same for both"
    ):
        Unpaired(domain(3), domain(3, mirror=True))


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("img_1", "IMG_1", "; some differ in upper and lower case alone"),
        ("sub/1", "1", "; some differ in their folders alone"),
        ("1_A", "1_B", "; some differ in their last word alone"),
        ("img_1", "img_2", ""),
    ],
)
def test_the_usual_differences_of_names_are_named(
    picture: Make, folder: Make, source: str, target: str, said: str
) -> None:
    sides = [
        open_data(folder({f"{name}.png": picture()}, place)) for name, place in ((source, "a"), (target, "b"))
    ]
    with pytest.raises(DataError, match=rf"\) without a source, 0 match{said}; name partners alike"):
        Paired(*sides)


def test_a_name_without_a_partner_is_told_alone(picture: Make, folder: Make) -> None:
    one = open_data(folder({"a.png": picture(), "b.png": picture()}, "one"))
    other = open_data(folder({"b.png": picture()}, "other"))
    with pytest.raises(
        DataError, match=r"1 source \(a\) without a target, no targets without a source, 1 match;"
    ):
        Paired(one, other)


def test_unpaired_domains_have_their_own_permutations() -> None:
    data = Unpaired(domain(4), domain(7, 3))
    assert len(data) == 7 and data.facts() == {
        "image": (3, 6, 8),
        "classes": 0,
        "label_shape": (),
        "source": (1, 6, 8),
    }
    rows = data.rows(data.order(3).at(np.arange(28)))
    source, target = number(rows["source"]), number(rows["target"])
    assert all(sorted(source[at : at + 4]) == list(range(4)) for at in range(0, 28, 4))
    assert all(sorted(target[at : at + 7]) == list(range(7)) for at in range(0, 28, 7))
    same = Unpaired(domain(9), domain(9))
    rows = same.rows(same.order(0).at(np.arange(9)))
    assert number(rows["source"]) != number(rows["target"])


def test_unpaired_rows_by_plain_indices_count_through_both() -> None:
    rows = Unpaired(domain(4), domain(7)).rows(np.arange(7))
    assert number(rows["source"]) == [0, 1, 2, 3, 0, 1, 2] and number(rows["target"]) == list(range(7))


def test_descriptions_and_fingerprints_tell_the_kinds_apart() -> None:
    paired, unpaired = Paired(domain(4), domain(4)), Unpaired(domain(4), domain(4))
    assert paired.description.startswith("paired: source array: 4 images 1×6×8, 8 bit; target array")
    assert unpaired.description.startswith("unpaired: ")
    assert len({paired.fingerprint, unpaired.fingerprint, Paired(domain(4), domain(4, 3)).fingerprint}) == 3


def test_split_holds_out_by_name(picture: Make, folder: Make) -> None:
    data = open_data(folder({f"{seed}.png": picture(seed) for seed in range(20)}), labels=list(range(20)))
    rest, out = data.split(5)
    assert len(rest) == 15 and len(out) == 5 and set(rest.names) | set(out.names) == set(data.names)
    for part in (rest, out):
        rows = part.rows(np.arange(len(part)))
        assert torch.equal(rows["image"], data.rows(rows["label"].numpy())["image"])
    fewer = open_data(folder({f"{seed}.png": picture(seed) for seed in range(10)}, "fewer")).split(3)[1].names
    ranked = [name for name in data.split(19)[1].names if name in fewer]
    assert ranked == fewer
    assert data.split(5, seed=1)[1].names != out.names and data.split(5)[1].names == out.names
    assert len({data.fingerprint, rest.fingerprint, out.fingerprint}) == 3
    again = rest.split(4)[1]
    assert torch.equal(
        again.rows(np.arange(4))["image"], data.rows(again.rows(np.arange(4))["label"].numpy())["image"]
    )
    for count in (0, 20):
        with pytest.raises(DataError, match=f"{count} images to hold out of 20; expected from 1 to 19"):
            data.split(count)


def test_both_domains_hold_out_the_same_names(picture: Make, folder: Make) -> None:
    make = {f"{seed}.png": picture(seed) for seed in range(12)}
    source, target = open_data(folder(make, "source")), open_data(folder(make, "target"))
    for data in (Paired(source, target), Unpaired(source, target)):
        rest, out = data.split(4)
        assert (
            type(rest) is type(data)
            and out.source.names == out.target.names
            and len(out) == 4
            and len(rest) == 8
        )


def test_indices_out_of_range_are_refused() -> None:
    data = domain(4)
    for indices in ([-1], [8], [[0]]):
        with pytest.raises(DataError, match="do not fit data of 4; expected a row of numbers from 0 to 3"):
            data.rows(np.array(indices))


def test_one_domain_described(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((4, 3, 8, 8), dtype=np.uint16))
    data = open_data(tmp_path / "x.npy", labels=[0, 1, 2, 1], mirror=True)
    assert data.description == f"{tmp_path / 'x.npy'}: 4 images 3×8×8, 16 bit, 3 classes, mirrored at random"
