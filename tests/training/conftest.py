"""A finished small run, and a copy of it to spoil; modules with other needs define fixtures of their own."""

import shutil

import pytest
from runs import begin, sources
from small import know_small_parts


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    know_small_parts()
    return sources(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def whole(images, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    begin(images, folder)
    return folder


@pytest.fixture
def run(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "run")
