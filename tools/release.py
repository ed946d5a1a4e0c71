"""Versions, builds and checks the distributions of this repository, all together: the core and the plugins.

    python tools/release.py version 0.2.0
    python tools/release.py build --home https://ADDRESS/OF/gancore --output dist

`version` writes one version into every distribution, and the range of versions that they accept of each
other. `build` makes a wheel and a source distribution of each and checks them. The address of the project is
given here and nowhere else: it becomes the project's addresses, and the relative links of each README, which
lead nowhere on a package index, become links to files of the tag `v0.2.0` there.
"""

import argparse
import posixpath
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSION = re.compile(r'^(__version__|version) = "(?P<version>[^"]+)"$', re.MULTILINE)
RANGE = re.compile(r'"(?P<name>gancore(?:-\w+)?)>=[\d.]+,<[\d.]+"')
LINK = re.compile(
    r'(?P<before>(?P<shown>!?)\[[^\]]*\]\(|<(?P<tag>\w+)[^>]*\s(?:src|srcset|href)=")(?P<to>[^)"\s]+)'
)
OUTSIDE = re.compile(r"[a-z]+:|#")
EMBEDDED = ("gancore/data/embedded/", "gancore/measure/weights/")
"""Where the core keeps its images and the weights of its extractors."""
LARGEST = 2_000_000
"""Bytes of a source distribution, beside what is embedded."""


def projects(root: Path = ROOT) -> list[Path]:
    """The folders of the distributions, the core first."""
    return [root, *sorted(root.glob("plugins/gancore-*"))]


def written_for(root: Path = ROOT) -> list[Path]:
    """The settings of every package here that asks for a version of gancore: the distributions, what `gancore
    new` writes, and the tutorial's.
    """
    others = ("gancore/scaffold/*/pyproject.toml", "docs/tutorial/*/pyproject.toml")
    return [project / "pyproject.toml" for project in projects(root)] + [
        file for pattern in others for file in sorted(root.glob(pattern))
    ]


def version_file(project: Path) -> Path:
    """Where the version of a distribution is written, once."""
    module = project / "gancore/__init__.py"
    return module if module.exists() else project / "pyproject.toml"


def version_of(project: Path) -> str:
    """The version of a distribution."""
    found = VERSION.search(version_file(project).read_text(encoding="utf-8"))
    if found is None:
        raise SystemExit(f"{version_file(project)} has no version")
    return found["version"]


def accepted(version: str) -> str:
    """The versions that go together with one: its minor series before 1.0, its major series from then on."""
    major, minor = (int(number) for number in version.split(".")[:2])
    return f">={major}.{minor},<{major + 1}.0" if major else f">=0.{minor},<0.{minor + 1}"


def set_version(version: str, root: Path = ROOT) -> None:
    """Writes the version into every distribution, and what they accept of each other."""
    if not re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", version):
        raise SystemExit(f"{version!r} is no version; give one such as 0.2.0 or 1.0.0rc1")
    for project in projects(root):
        _edit(version_file(project), VERSION, rf'\1 = "{version}"')
    for file in written_for(root):
        _edit(file, RANGE, rf'"\g<name>{accepted(version)}"')


def _edit(file: Path, what: re.Pattern[str], to: str) -> None:
    file.write_text(what.sub(to, file.read_text(encoding="utf-8")), encoding="utf-8")


def one_version(root: Path = ROOT) -> str:
    """The version of all distributions.

    Raises:
        SystemExit: they differ, or do not accept each other.
    """
    found = {project.name: version_of(project) for project in projects(root)}
    if len(set(found.values())) > 1:
        raise SystemExit(f"the versions differ: {found}; run `python tools/release.py version VERSION`")
    (version,) = set(found.values())
    for file in written_for(root):
        for asked in RANGE.finditer(file.read_text(encoding="utf-8")):
            if asked[0] != f'"{asked["name"]}{accepted(version)}"':
                raise SystemExit(f"{file} asks for {asked[0]}, but this is {version}")
    return version


def absolute(text: str, folder: str, home: str, tag: str) -> str:
    """The text of a README in this folder of the repository, with every relative link a link to `home`."""

    def moved(link: re.Match[str]) -> str:
        if OUTSIDE.match(link["to"]):
            return link[0]
        kind = "raw" if link["shown"] or link["tag"] in ("img", "source") else "blob"
        return f"{link['before']}{home}/{kind}/{tag}/{posixpath.normpath(posixpath.join(folder, link['to']))}"

    return LINK.sub(moved, text)


def addresses(home: str, tag: str) -> str:
    """The addresses of the project, as a table of `pyproject.toml`."""
    return (
        f'\n[project.urls]\nHomepage = "{home}"\nDocumentation = "{home}/tree/{tag}/docs"\n'
        f'Changelog = "{home}/blob/{tag}/CHANGELOG.md"\nIssues = "{home}/issues"\n'
    )


def build(project: Path, output: Path, home: str, tag: str, root: Path = ROOT) -> None:
    """Builds the wheel and the source distribution of one project from a copy of it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        _copy(project, copy)
        readme, settings = copy / "README.md", copy / "pyproject.toml"
        place = project.relative_to(root).as_posix()
        readme.write_text(absolute(readme.read_text(encoding="utf-8"), place, home, tag), encoding="utf-8")
        settings.write_text(settings.read_text(encoding="utf-8") + addresses(home, tag), encoding="utf-8")
        words = [sys.executable, "-m", "hatchling", "build", "-d", str(output.resolve())]
        done = subprocess.run(words, cwd=copy, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{project.name} does not build:\n{done.stdout}{done.stderr}")


def _copy(project: Path, to: Path) -> None:
    """Copies what a distribution is made from: the files of a project, and its package."""
    to.mkdir()
    for file in project.iterdir():
        if file.is_file() and not file.name.startswith("."):
            shutil.copy(file, to)
    package = next(init.parent for init in project.glob("gancore*/__init__.py"))
    shutil.copytree(package, to / package.name, ignore=shutil.ignore_patterns("__pycache__"))


def faults(output: Path, root: Path = ROOT) -> list[str]:
    """What is wrong with the distributions in a folder."""
    version, found = one_version(root), []
    for project in projects(root):
        settings = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        stem = f"{settings['name'].replace('-', '_')}-{version}"
        wheel, source = output / f"{stem}-py3-none-any.whl", output / f"{stem}.tar.gz"
        missing = [file.name for file in (wheel, source) if not file.exists()]
        found += [f"{name} is missing" for name in missing]
        if not missing:
            found += [f"{wheel.name}: {fault}" for fault in _wheel_faults(wheel, settings)]
            found += [f"{source.name}: {fault}" for fault in _source_faults(source)]
    return found


def _wheel_faults(wheel: Path, settings: dict[str, object]) -> Iterator[str]:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (described,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = BytesParser().parsebytes(archive.read(described))
    package = str(settings["name"]).replace("-", "_")
    information = described.rpartition("/")[0]
    if odd := {name.split("/")[0] for name in names} - {package, information}:
        yield f"holds {', '.join(sorted(odd))} beside {package}"
    if f"{information}/entry_points.txt" not in names:
        yield "has no entry points"
    for licensed in metadata.get_all("License-File") or ["LICENSE"]:
        if f"{information}/licenses/{licensed}" not in names:
            yield f"has no {licensed}"
    yield from _description_faults(metadata)


def _description_faults(metadata: Message) -> Iterator[str]:
    for wanted in ("Project-URL", "Classifier", "Requires-Python", "License-Expression", "Summary"):
        if wanted not in metadata:
            yield f"has no {wanted}"
    text = str(metadata.get_payload())
    for link in LINK.finditer(text):
        if not OUTSIDE.match(link["to"]):
            yield f"its description links to {link['to']}, which is relative"


def _source_faults(source: Path) -> Iterator[str]:
    with tarfile.open(source) as archive:
        names = {member.name.partition("/")[2] for member in archive}
        embedded = sum(m.size for m in archive if m.name.partition("/")[2].startswith(EMBEDDED))
    for wanted in ("pyproject.toml", "README.md", "LICENSE"):
        if wanted not in names:
            yield f"has no {wanted}"
    if (size := source.stat().st_size - embedded) > LARGEST:
        yield f"has {size} bytes beside what is embedded, more than {LARGEST}"


def release(home: str, output: Path) -> None:
    """Builds everything and checks it.

    Raises:
        SystemExit: something does not build, or is wrong.
    """
    tag = f"v{one_version()}"
    output.mkdir(parents=True, exist_ok=True)
    for project in projects():
        build(project, output, home.rstrip("/"), tag)
    if wrong := faults(output):
        raise SystemExit("\n".join(wrong))
    print("\n".join(f"{file.stat().st_size:>9,} bytes  {file}" for file in sorted(output.iterdir())))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("version").add_argument("version")
    builder = verbs.add_parser("build")
    builder.add_argument("--home", required=True, help="address of the project: https://…")
    builder.add_argument("--output", type=Path, default=Path("dist"))
    given = parser.parse_args()
    set_version(given.version) if given.verb == "version" else release(given.home, given.output)


if __name__ == "__main__":
    main()
