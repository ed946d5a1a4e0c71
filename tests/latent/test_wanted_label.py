import json

import numpy as np
import pytest
import torch
from walks import know_walk_parts, labeled, plain

from gancore.errors import UserError
from gancore.latent.spaces import code_space, mean_code
from gancore.latent.wanted_label import wanted_label
from gancore.measure.sets import PipelineSamples
from gancore.pipeline import Pipeline
from gancore.verbs.interpolate import interpolate
from gancore.verbs.sample import sample

NAMES = ("cat", "dog", "3")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (1, [1]),
        ("1", [1]),
        ("dog", [1]),
        (" cat ", [0]),
        ("3", [2]),
        ("0.5,0.5,0", [[0.5, 0.5, 0.0]]),
        ([0.5, 0.25, 0.25], [[0.5, 0.25, 0.25]]),
        (None, None),
    ],
)
def test_a_class_its_name_or_a_mixture(wanted, found):
    made = wanted_label(labeled(names=NAMES), wanted)
    assert made is None if found is None else torch.equal(made, torch.tensor(found))


def test_a_name_may_have_its_accents_apart():
    names = ("cat", "caf\u00e9", "dog")
    assert wanted_label(labeled(names=names), "cafe\u0301").tolist() == [1]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("1,0,1", [1, 0, 1]), ("cat,dog", [1, 1, 0]), ("dog", [0, 1, 0]), ((-0.5, 2, 0), [-0.5, 2, 0])],
)
def test_a_row_or_the_names_of_its_ones(wanted, found):
    made = wanted_label(labeled(names=NAMES, rows=True), wanted)
    assert made.dtype == torch.float32 and made.tolist() == [found]


def test_a_row_in_a_file(tmp_path):
    np.save(tmp_path / "row.npy", np.array([0.5, -1, 2]))
    assert wanted_label(labeled(rows=True), str(tmp_path / "row.npy")).tolist() == [[0.5, -1, 2]]
    np.save(tmp_path / "two.npy", np.zeros((2, 3)))
    with pytest.raises(UserError, match=r"two.npy holds an array \(2, 3\); a label is one row of numbers"):
        wanted_label(labeled(rows=True), str(tmp_path / "two.npy"))
    with pytest.raises(UserError, match="missing.npy cannot be read"):
        wanted_label(labeled(rows=True), str(tmp_path / "missing.npy"))


@pytest.mark.parametrize(
    ("pipeline", "wanted", "said"),
    [
        (labeled(names=NAMES), "dig", "no label is called 'dig'; did you mean 'dog'? known: cat, dog, 3"),
        (labeled(names=NAMES), "CAT", "no label is called 'CAT'; did you mean 'cat'? known: cat, dog, 3"),
        (labeled(), "dog", "the labels here have no names, so 'dog' means nothing; give 0 to 2"),
        (labeled(rows=True), "dog", "the labels here have no names, so 'dog' means nothing; give 3 numbers"),
        (labeled(names=NAMES), "cat,dog", "an image has one class here; got 'cat,dog': give one name"),
        (labeled(names=NAMES), "0.5", "a class is a whole number or a name; got '0.5'"),
        (labeled(names=NAMES), "nan,0,1", "no label is called 'nan'"),
        (plain(), "cat", "reads no labels, but a label was given; omit it"),
        (labeled(), 7, "label 7 is out of range; give a number from 0 to 2"),
        (labeled(rows=True), 1, "a label is a row of 3 numbers here, not a class; give such a row"),
        (labeled(rows=True), "1,0", "a label has 3 numbers here, but got 2; give 3 numbers"),
    ],
)
def test_what_is_no_label_is_refused(pipeline, wanted, said):
    with pytest.raises(UserError, match=said.replace("?", r"\?")):
        sample(pipeline, count=2, label=wanted)


@pytest.mark.parametrize("label", [None, "dog"])
@pytest.mark.parametrize("count", [10**10, 10**20])
def test_more_images_than_can_be_drawn_are_refused(count, label):
    with pytest.raises(UserError, match="images at once are none that can be drawn; give 0 to 1,000,000,000"):
        sample(labeled(names=NAMES), count=count, label=label)


def test_every_verb_takes_names_and_rows():
    pipeline = labeled(names=NAMES)
    made = sample(pipeline, count=3, seed=1, label="dog").images
    assert torch.equal(made, sample(pipeline, count=3, seed=1, label=1).images)
    assert PipelineSamples(pipeline, 3, label="dog").labels.tolist() == [1, 1, 1]
    assert sample(pipeline, seeds="4-5", label="dog").images.shape[0] == 2
    assert interpolate(pipeline, count=2, label="dog", frames=3).route.label.tolist() == [1, 1]
    row = labeled(names=NAMES, rows=True)
    assert interpolate(row, seeds="1-2", label="1,0,1", frames=3).route.label.tolist() == [[1, 0, 1]] * 2
    assert code_space(row, "z", label="cat").label.tolist() == [[1, 0, 0]]
    assert mean_code(row, label=[0.0, 1.0, 0.0]).shape == (1, 9)


def test_names_and_rows_are_saved_with_the_pipeline(tmp_path):
    know_walk_parts()
    pipeline = labeled(names=NAMES, rows=True)
    pipeline.labels.learn(torch.tensor([[0.0, 1.0, 0.5], [1.0, 0.0, 0.25]]))
    pipeline.save(tmp_path / "saved")
    table = json.loads((tmp_path / "saved" / "pipeline.json").read_text())["parts"]["labels"]
    assert table["class_names"] == list(NAMES) and table["label_shape"] == [3]
    again = Pipeline.load(tmp_path / "saved")
    assert again.labels.class_names == NAMES
    assert torch.equal(again.sample(5, seed=3), pipeline.sample(5, seed=3))
