"""A plugin package to start from: a renamed copy of the small template package next to this file.

The template is a real package, so it is linted, type-checked and tested as it is.
"""

import re
from pathlib import Path

from gancore.component.discovery import host
from gancore.errors import UserError
from gancore.storage.files import whole_folder

TEMPLATE = Path(__file__).parent / "gancore-sprout"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def write_package(name: str, output: Path) -> Path:
    """Writes the folder `output/gancore-NAME`, whole or not at all; returns it.

    Raises:
        UserError: the name is invalid or taken, or the folder exists already.
    """
    _check_name(name)
    folder = output / f"gancore-{name}"
    _check_place(folder)
    with whole_folder(folder) as aside:
        for file in _files():
            target = aside / renamed(str(file.relative_to(TEMPLATE)), name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(renamed(file.read_text(encoding="utf-8"), name), encoding="utf-8")
    return folder


def renamed(text: str, name: str) -> str:
    """The template's text (or path) with its name replaced."""
    module, words = name.replace("-", "_"), "".join(word.capitalize() for word in name.split("-"))
    return (
        text.replace("gancore_sprout", f"gancore_{module}").replace("Sprout", words).replace("sprout", name)
    )


def _files() -> list[Path]:
    return sorted(f for f in TEMPLATE.rglob("*") if f.is_file() and "__pycache__" not in f.parts)


def _check_name(name: str) -> None:
    if name.startswith(("gancore-", "gancore_")):
        raise UserError(f"the name {name!r} gets the prefix gancore- automatically; write {name[8:]!r}")
    if not _NAME.fullmatch(name):
        raise UserError(
            f"{name!r} is no name for a plugin; take small letters, digits and single hyphens, "
            "a letter first, as my-model"
        )
    registry = host().registry
    for offer in registry.registrations():
        if offer.cls.name == name:
            raise UserError(
                f"the name {name!r} is taken: {offer.distribution} offers {offer.cls.kind}/{name}; "
                "choose another"
            )
    if f"gancore-{name}" in {*host().versions, *(failure.distribution for failure in registry.failures)}:
        raise UserError(
            f"the name {name!r} is taken: gancore-{name} is installed already; "
            "choose another, or uninstall it"
        )


def _check_place(folder: Path) -> None:
    if folder.exists():
        raise UserError(
            f"{folder} exists already, and nothing is overwritten; "
            "choose another name or --output, or remove it"
        )
    above = next(parent for parent in folder.absolute().parents if parent.exists())
    if not above.is_dir():
        raise UserError(f"cannot write into {folder.parent}: {above} is a file; give a folder as --output")


def next_steps(name: str, folder: Path) -> str:
    """A summary of what was written, with the next steps."""
    lines = [
        f"wrote {folder}: a generator, a discriminator, a regularizer and a recipe, all named {name!r}, "
        "with tests. Next:",
        f"  pip install -e '{folder}[test]'",
        f"  pytest {folder}",
        f"  gancore train {name}",
    ]
    return "\n".join(lines)
