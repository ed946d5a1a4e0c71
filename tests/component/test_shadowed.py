"""A module that two distributions ship under one name, and errors that cannot be shown."""

import base64
import hashlib
import importlib
import sys
from importlib.metadata import distributions

import pytest

from gancore.component.discovery import Host, cause

PLUGIN = "gancore_api = 1\n"


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Installs distributions as pip does, each into a folder on the path; later ones come first."""

    def install(name, module, text, folder="site"):
        place = tmp_path / folder
        package, facts = place / module, place / f"{name.replace('-', '_')}-1.0.dist-info"
        package.mkdir(parents=True, exist_ok=True)
        facts.mkdir()
        (package / "__init__.py").write_text(text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (facts / "entry_points.txt").write_text(f"[gancore]\nx = {module}\n" if "gancore" in name else "")
        record = f"{module}/__init__.py,sha256={digest},{len(text)}\n{facts.name}/RECORD,,\n"
        (facts / "RECORD").write_text(record)
        monkeypatch.syspath_prepend(str(place))
        monkeypatch.delitem(sys.modules, module, raising=False)
        importlib.invalidate_caches()

    yield install
    sys.modules.pop("gancore_twice", None)


def failures(tmp_path):
    found = [d for folder in tmp_path.iterdir() for d in distributions(path=[str(folder)])]
    host = Host()
    host.load([entry for d in found for entry in d.entry_points if entry.group == "gancore"])
    return {failure.distribution: failure.cause for failure in host.registry.failures}, host.versions


@pytest.mark.parametrize("folder", ["site", "before"])
def test_who_shadows_the_module_of_a_plugin_is_named(site, tmp_path, folder):
    site("gancore-mine", "gancore_twice", PLUGIN)
    site("other-thing", "gancore_twice", "words = 'not a plugin'\n", folder)
    causes, loaded = failures(tmp_path)
    assert list(causes) == ["gancore-mine"] and not loaded
    assert "its module gancore_twice is shadowed by that of other-thing (" in causes["gancore-mine"]
    assert "uninstall one of them" in causes["gancore-mine"]


def test_of_two_plugins_the_one_whose_module_is_there_works(site, tmp_path):
    site("gancore-first", "gancore_twice", PLUGIN)
    site("gancore-second", "gancore_twice", PLUGIN + "# the second\n")
    causes, loaded = failures(tmp_path)
    assert list(causes) == ["gancore-first"] and list(loaded) == ["gancore-second"]
    assert "shadowed by that of gancore-second" in causes["gancore-first"]


def test_a_plugin_that_was_edited_or_stands_in_a_checkout_is_its_own(site, tmp_path, monkeypatch):
    site("gancore-mine", "gancore_twice", PLUGIN)
    (tmp_path / "site" / "gancore_twice" / "__init__.py").write_text(PLUGIN + "# edited\n")
    assert failures(tmp_path) == ({}, {"gancore-mine": "1.0"})
    checkout = tmp_path / "checkout" / "gancore_twice"
    checkout.mkdir(parents=True)
    (checkout / "__init__.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(checkout.parent))
    monkeypatch.delitem(sys.modules, "gancore_twice")
    importlib.invalidate_caches()
    assert failures(tmp_path) == ({}, {"gancore-mine": "1.0"})
    assert sys.modules["gancore_twice"].__file__.startswith(str(checkout))


def test_an_error_whose_text_ends_the_process_is_told():
    class Hostile(Exception):
        def __str__(self):
            raise SystemExit(3)

    assert cause(Hostile()) == "Hostile: its message cannot be read"
