"""What a run trains: its recipe, settings and data, as `recipe.toml` and `run.toml` say."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from gancore.errors import RunError, UserError
from gancore.runs.checkpoints import Checkpoints
from gancore.runs.layout import run_around
from gancore.runs.reading import text_of, toml_or_why_not
from gancore.storage.files import write_text
from gancore.storage.inside import read_utf8
from gancore.storage.names import RECIPE, SETTINGS
from gancore.storage.toml import as_toml

if TYPE_CHECKING:
    from gancore.data import Data
    from gancore.recipes.base import Recipe
    from gancore.runs.settings import Settings
    from gancore.runs.sources import Sources


class RunData(NamedTuple):
    """The training images of a run, and the held-out images, if any."""

    training: "Data"
    held_out: "Data | None"


class Trained(Checkpoints):
    """A run by what it trains. Texts are read without torch; `recipe`, `data` and `settings` import it."""

    @property
    def name(self) -> str:
        """The recipe's bare name, or if it is unknown the folder's name without its number."""
        part = str(self.recipe_table.get("part", ""))
        return part.rpartition(":")[2] or re.sub(r"^\d+-", "", self.path.resolve().name)

    @property
    def recipe_text(self) -> str:
        """`recipe.toml` as written, empty if there is none."""
        return text_of(self.recipe_file)

    @property
    def recipe_table(self) -> dict[str, Any]:
        """The spec of the recipe, empty if there is none or it cannot be read."""
        return toml_or_why_not(self.recipe_file)[0]

    def recipe_spec(self) -> dict[str, Any]:
        """The spec of the recipe. Raises SpecError if there is none or it cannot be read."""
        from gancore.component.specs import read_toml

        return read_toml(self.recipe_file)

    def recipe(self) -> "Recipe":
        """The recipe, untrained and without facts from the data.

        Weights from elsewhere (`from`) are loaded only if there is no checkpoint with the run's own.

        Raises:
            SpecError: there is no recipe, or it names an unknown part or option.
        """
        from gancore.component.specs import build, without_sources

        table = self.recipe_spec()
        return cast("Recipe", build(without_sources(table) if self.checkpoints else table, "recipe"))

    @property
    def facts(self) -> dict[str, Any]:
        """`run.toml` as a table, empty if there is none or it cannot be read."""
        return toml_or_why_not(self.settings_file)[0]

    @property
    def settings_table(self) -> dict[str, Any]:
        """The settings as written, empty if there are none or they cannot be read."""
        return _table(self.facts, "settings")

    @property
    def batch(self) -> int | None:
        """Images in a batch, chosen or by default; None if the folder does not tell, as of older runs."""
        found = self.settings_table.get("batch", _table(self.facts, "effective").get("batch"))
        return found if isinstance(found, int) else None

    @property
    def processes(self) -> int:
        """How many processes train the run; 1 if unknown."""
        found = _table(self.facts, "environment").get("processes")
        return found if isinstance(found, int) and found > 0 else 1

    @property
    def settings(self) -> "Settings":
        """How the recipe was trained.

        Raises:
            RunError: the folder is not that of a run, or a setting is invalid.
        """
        from gancore.runs.settings import Settings

        try:
            return Settings.of(**self._entry("settings"))
        except UserError as error:
            raise RunError(f"{self.settings_file}: {error}") from None

    @property
    def sources(self) -> "Sources | None":
        """The sources of the data; None if they were given in Python. Raises RunError as `settings`."""
        from gancore.runs.sources import Sources

        table = self._entry("data")
        return Sources.of(table) if "sources" in table else None

    @property
    def fingerprint(self) -> str:
        """The hash of the data that the run was trained on. Raises RunError as `settings`."""
        return str(self._entry("data").get("fingerprint"))

    @property
    def first_stage(self) -> dict[str, str]:
        """The `place` and the `sha256` of the first stage whose codes the run was trained on; empty if it was
        trained on images.

        Raises:
            RunError: as `settings`.
        """
        table = _table(self._entry("data"), "first_stage")
        return {name: str(table.get(name, "")) for name in ("place", "sha256")} if table else {}

    @property
    def first_stage_words(self) -> str:
        """Where the first stage lies, and the first digits of its hash; empty if there is none."""
        table = _table(_table(self.facts, "data"), "first_stage")
        place = table.get("place") or "given in Python"
        return f"{place} ({str(table.get('sha256'))[:12]})" if table else ""

    def data(self) -> RunData | None:
        """Opens the images of the training; None if they were given in Python.

        Raises:
            RunError: the folder is not that of a run. DataError: the data no longer exist.
        """
        if (sources := self.sources) is None:
            return None
        from gancore.runs.instances import selected

        held_out, opened = self.settings.hold_out, selected(self, sources.open())
        return RunData(*opened.split(held_out)) if held_out else RunData(opened, None)

    @property
    def data_words(self) -> str:
        """A description of the data, empty if there is none."""
        table = _table(self.facts, "data")
        made = f", source from {table['source_from']}" if table.get("source_from") else ""
        return " and ".join(map(str, table.get("sources", []))) + made or str(table.get("description", ""))

    def _entry(self, name: str) -> dict[str, Any]:
        """A table of `run.toml`, which must be intact."""
        if not self.exists:
            raise RunError(
                f"{self.path} is not a run (no {SETTINGS} and {RECIPE}); "
                f"give the folder that `gancore train` made{run_around(self.path)}"
            )
        try:
            table = tomllib.loads(read_utf8(self.settings_file))[name]
            return dict(**table)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise RunError(
                f"{self.settings_file} is damaged: {error!r}; start a new run from {self.recipe_file}"
            ) from None

    def describe(
        self, recipe: "Recipe", settings: "Settings", data: Mapping[str, Any], command: Sequence[str]
    ) -> None:
        """Writes `recipe.toml` and `run.toml`; called with the folder locked.

        Raises:
            RunError: another training started there first.
        """
        from gancore.component.specs import spec, to_toml
        from gancore.runs.description import run_table
        from gancore.runs.sources import with_whole_paths

        if self.recipe_file.exists():
            raise RunError(
                f"{self.path} now contains a run; resume it with `gancore train --resume {self.path}`, "
                "or name another folder"
            )
        write_text(self.recipe_file, to_toml(with_whole_paths(spec(recipe))))
        self._write_facts(run_table(recipe, settings, data, command))

    def record_change(
        self,
        *,
        recipe: Mapping[str, Any] | None,
        settings: Mapping[str, Any],
        data: Mapping[str, Any],
        said: Mapping[str, Any],
    ) -> None:
        """Records how a training goes on: the spec of a changed recipe, and settings and entries of the table
        `data` that are new. `said` is what was asked, kept in the list `changes` with the number of images
        `after` which it holds; called with the folder locked.
        """
        from gancore.component.specs import to_toml

        table = tomllib.loads(read_utf8(self.settings_file))
        table["settings"] |= settings
        table["data"] |= data
        table.setdefault("changes", []).append({"after": self.seen, **said})
        if recipe is not None:
            write_text(self.recipe_file, to_toml(recipe))
        self._write_facts(table)

    def _write_facts(self, table: Mapping[str, Any]) -> None:
        write_text(self.settings_file, as_toml(table))

    def changed_environment(self) -> list[str]:
        """The changes in the environment, which the results depend on bit for bit, since the run began, as
        text.
        """
        from gancore.runs.description import changes

        return changes(_table(self.facts, "environment"))


def _table(facts: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = facts.get(name)
    return table if isinstance(table, dict) else {}
