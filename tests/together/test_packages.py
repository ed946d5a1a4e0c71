"""The distributions: one version, what is in them, and that they train where there is no checkout."""

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from documents import documents

ROOT = Path(__file__).parents[2]
HOME = "https://example.org/gancore"

SHORT = ["--size", "16", "--images", "16", "--batch", "8", "--evaluate-every", "0"]
NARROW = {
    "gan": ["--set=generator.hidden=[16]"],
    "dcgan": ["--set=generator.width=8", "--set=discriminator.width=8"],
    "vae": [],
    "pca": ["--set=components=4"],
    "stylegan2": ["--set=generator.channels_max=8", "--set=discriminator.channels_max=8"],
    "cyclegan": [
        "--size=32",
        "--data=emoji",
        "--data=emoji",
        "--set=to_target.width=4",
        "--set=to_source.width=4",
    ],
}


def imported():
    spec = importlib.util.spec_from_file_location("release", ROOT / "tools/release.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


release = imported()
PROJECTS = release.projects()


def settings(project):
    return tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def checkout(tmp_path):
    """A copy of what a version is written into."""
    files = [*release.written_for(), *(release.version_file(project) for project in PROJECTS)]
    for file in files:
        copy = tmp_path / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    return tmp_path


def test_the_distributions_have_one_version_and_accept_each_other():
    import gancore

    assert release.one_version() == gancore.__version__


@pytest.mark.parametrize(
    ("version", "asked"), [("0.2.0", ">=0.2,<0.3"), ("1.4.0rc1", ">=1.4,<2.0"), ("0.10.3", ">=0.10,<0.11")]
)
def test_a_version_is_written_everywhere(checkout, version, asked):
    release.set_version(version, checkout)
    assert release.one_version(checkout) == version
    for file in release.written_for(checkout):
        found = re.findall(r'"gancore(?:-\w+)?(>=[^"]+)"', file.read_text(encoding="utf-8"))
        assert found and set(found) == {asked}, file


def test_versions_that_differ_and_ranges_that_exclude_are_named(checkout):
    file = checkout / "plugins/gancore-vae/pyproject.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('version = "0.1.0"', 'version = "0.1.1"'), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"the versions differ: .*'gancore-vae': '0\.1\.1'"):
        release.one_version(checkout)
    file.write_text(text.replace("gancore>=0.1,<0.2", "gancore>=0.0,<0.1"), encoding="utf-8")
    with pytest.raises(
        SystemExit, match=r"gancore-vae.* asks for \"gancore>=0\.0,<0\.1\", but this is 0\.1\.0"
    ):
        release.one_version(checkout)
    with pytest.raises(SystemExit, match="'two' is no version"):
        release.set_version("two", checkout)


def test_all_brings_every_family_and_the_other_extras_what_they_are_for():
    extras = settings(ROOT)["optional-dependencies"]
    assert [re.match(r"[\w-]+", name)[0] for name in extras["all"]] == [p.name for p in PROJECTS[1:]]
    assert {"all", "clip", "kit", "onnx", "video"} <= set(extras)


@pytest.mark.parametrize("project", PROJECTS, ids=lambda p: p.name if p != ROOT else "gancore")
def test_licenses_are_the_repositorys(project):
    assert (project / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert "LICENSE" in settings(project)["license-files"]


def test_relative_links_become_addresses():
    text = 'see [a](docs/a.md#x) ![b](p/b.png) <img alt="c" src="../c.webp"> [d](https://e.org) [f](#f)'
    assert release.absolute(text, "plugins/one", HOME, "v1") == (
        f"see [a]({HOME}/blob/v1/plugins/one/docs/a.md#x) ![b]({HOME}/raw/v1/plugins/one/p/b.png) "
        f'<img alt="c" src="{HOME}/raw/v1/plugins/c.webp"> [d](https://e.org) [f](#f)'
    )


def test_a_plugin_is_built_whole_and_faults_are_found(tmp_path, monkeypatch):
    (gan,) = (project for project in PROJECTS if project.name == "gancore-gan")
    monkeypatch.setattr(release, "projects", lambda root: [gan])
    assert release.faults(tmp_path) == [
        "gancore_gan-0.1.0-py3-none-any.whl is missing",
        "gancore_gan-0.1.0.tar.gz is missing",
    ]
    release.build(gan, tmp_path, HOME, "v0.1.0")
    assert release.faults(tmp_path) == []
    (wheel,) = tmp_path.glob("*.whl")
    strip(wheel, tmp_path / "stripped.whl")
    (tmp_path / "stripped.whl").replace(wheel)
    assert [fault.partition(": ")[2] for fault in release.faults(tmp_path)] == [
        "holds tests beside gancore_gan",
        "has no LICENSE",
        "has no Project-URL",
        "its description links to ../../README.md, which is relative",
    ]


def strip(wheel, to):
    """A wheel with the mistakes that a careless build makes."""
    with zipfile.ZipFile(wheel) as archive, zipfile.ZipFile(to, "w") as worse:
        for name in archive.namelist():
            text = archive.read(name)
            if name.endswith("METADATA"):
                text = re.sub(rb"Project-URL: .*\n", b"", text).replace(
                    b"[gancore](%b/blob/v0.1.0/README.md)" % HOME.encode(), b"[gancore](../../README.md)"
                )
            if not name.endswith("LICENSE"):
                worse.writestr(name, text)
        worse.writestr("tests/test_gan.py", "")


def test_nothing_is_installed_by_a_name_that_no_index_has():
    """What lies here is installed from here: `pip install gancore` would bring somebody else's package. With
    an extra, the name is that of what is installed already.
    """
    for file in documents():
        for line in file.read_text(encoding="utf-8").splitlines():
            named = re.search(r"pip install (?!-)[^`]*?\bgancore(?!\[(?:clip|kit|onnx|video))", line)
            assert not named, f"{file}: {line}"


@pytest.mark.slow
def test_the_wheels_train_and_sample_in_an_environment_without_the_checkout(tmp_path):
    """The libraries are those of this environment, and gancore and its families the built wheels."""
    for project in PROJECTS:
        release.build(project, tmp_path / "dist", HOME, "v0.1.0")
    assert release.faults(tmp_path / "dist") == []
    venv.create(tmp_path / "clean")
    python = tmp_path / "clean/bin/python"
    (there,) = (tmp_path / "clean/lib").glob("python*/site-packages")
    (there / "libraries.pth").write_text(next(p for p in sys.path if p.endswith("site-packages")))

    def run(*words):
        done = subprocess.run(
            [str(word) for word in words], cwd=tmp_path, capture_output=True, text=True,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
        return done.stdout

    wheels = sorted((tmp_path / "dist").glob("*.whl"))
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", *wheels)
    where = run(python, "-c", "import gancore, gancore_vae; print(gancore.__file__, gancore_vae.__file__)")
    assert all(path.startswith(str(tmp_path / "clean")) for path in where.split())
    assert (tmp_path / "clean/bin/gancore").exists()
    plugins = run(tmp_path / "clean/bin/gancore", "plugins")
    assert all(project.name in plugins for project in PROJECTS[1:])
    for recipe, options in NARROW.items():
        run(python, "-m", "gancore", "train", recipe, *SHORT, *options, "--output", recipe)
        assert (tmp_path / recipe / "report.html").is_file()
        if recipe != "cyclegan":
            run(python, "-m", "gancore", "sample", recipe, "--count", "4", "--output", f"{recipe}.png")
            assert (tmp_path / f"{recipe}.png").is_file()
