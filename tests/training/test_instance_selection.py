"""Trainings on the most typical images: which these are, where they are listed, how such a run goes on."""

import shutil

import numpy as np
import pytest
import torch
from runs import OFTEN, assert_same_end, begin
from small import know_small_parts

from gancore.data import Paired, open_data
from gancore.errors import RunError, UserError
from gancore.measure import Pixels, most_typical
from gancore.measure.instances import likelihood
from gancore.runs.folder import RunFolder
from gancore.training.start import resume


@pytest.fixture(autouse=True, scope="module")
def known():
    know_small_parts()


def test_likelihood_is_that_of_a_gaussian_with_full_covariance():
    x = torch.randn(50, 3, dtype=torch.float64) @ torch.randn(3, 3, dtype=torch.float64) + 2
    gaussian = torch.distributions.MultivariateNormal(
        x.mean(0), torch.cov(x.T, correction=0) + 1e-5 * torch.eye(3, dtype=torch.float64)
    )
    expected = gaussian.log_prob(x)
    found = likelihood(x)
    assert torch.allclose(found - found[0], expected - expected[0], atol=1e-8)
    assert likelihood(x[:1]).tolist() == [0]


def noise(n, odd=()):
    """Gray noise; odd ones are bright."""
    images = np.random.default_rng(0).integers(100, 120, (n, 1, 8, 8), dtype=np.uint8)
    images[list(odd)] += 100
    return images


def test_odd_images_are_left_out():
    data = open_data(noise(40, odd=(3, 17)))
    kept = most_typical(data, 0.9, Pixels(size=2))
    assert len(kept) == 36 and not {3, 17} & set(kept.tolist()) and (np.diff(kept) > 0).all()


def test_each_class_is_chosen_from_by_itself():
    """All images of the second class are bright, which is odd in the first alone."""
    data = open_data(noise(40, odd=(3, *range(20, 40))), labels=[0] * 20 + [1] * 20)
    kept = most_typical(data, 0.5, Pixels(size=2))
    assert (kept < 20).sum() == (kept >= 20).sum() == 10 and 3 not in kept
    rows = open_data(noise(40), labels=np.eye(2)[[0, 1] * 20])
    assert len(most_typical(rows, 0.25, Pixels(size=2))) == 10


@pytest.fixture(scope="module")
def selected(images, tmp_path_factory):
    folder = tmp_path_factory.mktemp("selected") / "run"
    begin(images, folder, report_every=16, instance_selection=0.5)
    return folder


def test_the_run_lists_what_it_is_trained_on(images, selected):
    lines = [line.split("\t") for line in (selected / "instances.tsv").read_text().splitlines()]
    data, expected = images.open(), most_typical(images.open(), 0.5)
    assert [int(number) for number, _ in lines] == expected.tolist() and len(expected) == 10
    assert [name for _, name in lines] == [data.names[number] for number in expected]
    trained = RunFolder(selected).data().training
    assert trained.fingerprint == data.select(expected).fingerprint == RunFolder(selected).fingerprint


def test_it_goes_on_with_the_same_images_and_bits(images, selected, tmp_path):
    run = tmp_path / "run"
    begin(images, run, images=32, report_every=16, instance_selection=0.5)
    resume(run, images=64)
    assert_same_end(selected, run)
    with pytest.raises(UserError, match="instance_selection cannot change in a run that has begun"):
        resume(run, instance_selection=1.0)


@pytest.mark.parametrize("text", ["7\n99\tx\n", "seven\n", ""])
def test_a_damaged_list_is_refused(selected, tmp_path, text):
    run = shutil.copytree(selected, tmp_path / "run")
    (run / "instances.tsv").write_text(text)
    with pytest.raises(RunError, match=r"instances.tsv does not fit the data .*restore it"):
        resume(run, images=72)


def test_a_list_that_is_gone_is_seen(selected, tmp_path):
    run = shutil.copytree(selected, tmp_path / "run")
    (run / "instances.tsv").unlink()
    with pytest.raises(RunError, match="the data of .* has changed"):
        resume(run, images=72)


def test_a_whole_training_has_no_list_and_two_domains_are_refused(images, whole, tmp_path):
    assert not (whole / "instances.tsv").exists()
    both = Paired(images.open(), images.open())
    with pytest.raises(UserError, match="chooses images of one source, not of"):
        begin(both, tmp_path / "run", **OFTEN | {"instance_selection": 0.5})
    with pytest.raises(UserError, match="instance_selection must be a number above 0"):
        begin(images, tmp_path / "run", instance_selection=0.0)
