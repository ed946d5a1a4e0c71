"""Names of data sources: those of gancore, and those of plugins."""

import os
import warnings
from pathlib import Path
from typing import Any, cast

import attrs

from gancore.component.differing import differing_text
from gancore.component.discovery import host
from gancore.data import Data, ImageOptions, Paired, Unpaired, open_data
from gancore.data.data import Images
from gancore.data.one_source import made_pairs, open_pairs
from gancore.data.options import HALVES, SOURCE_FROM
from gancore.errors import GancoreError, RunError, UserError
from gancore.storage.names import RECIPE, SETTINGS

__all__ = ["Sources", "given_data", "open_source", "places_of"]


@attrs.frozen(kw_only=True, repr=False)
class Sources:
    """The sources of the data, in a form that `run.toml` can store: one source, or two domains.

    With `source_from`, one source gives pairs, as `gancore.data.open_pairs` says.
    """

    data: tuple[str, ...] = ("emoji",)
    paired: bool = False
    source_from: str | None = None
    options: ImageOptions = attrs.field(factory=ImageOptions)

    __repr__ = differing_text

    def open(self) -> Data:
        """Opens the data.

        Raises:
            DataError: as `open_data` and `open_pairs`. UserError: there are neither one nor two sources, or
            pairs are asked for of the wrong number.
        """
        if not 1 <= len(self.data) <= 2:
            raise UserError(
                f"{len(self.data)} data sources given; give one, or two domains (source, then target)"
            )
        if self.source_from is not None:
            return self._pairs(self.source_from)
        if self.paired and len(self.data) == 1:
            raise UserError(ONE_IS_NO_PAIR)
        opened = [
            open_source(source, options) for source, options in zip(self.data, self._options(), strict=True)
        ]
        if len(opened) == 1:
            return opened[0]
        return cast(
            Data, (Paired if self.paired else Unpaired)(cast(Images, opened[0]), cast(Images, opened[1]))
        )

    def _options(self) -> list[ImageOptions]:
        """Those of each source: crops of paired sources have the size that follows from the targets'."""
        if self.paired and self.options.fit == "random":
            return [attrs.evolve(self.options, size=None), self.options]
        return [self.options] * len(self.data)

    def _pairs(self, source_from: str) -> Data:
        if len(self.data) == 2:
            raise UserError(
                f"two data sources given, and --source-from {source_from} makes pairs of one; leave one out: "
                "--data that of the "
                + ("images side by side" if source_from in HALVES else "targets, of which sources are made")
            )
        if source_from in HALVES or source_from not in SOURCE_FROM:
            return open_pairs(self.data[0], source_from, self.options)
        images = open_source(self.data[0], self.options)
        if not isinstance(images, Images):
            raise UserError(f"--source-from needs images of one domain; got {images.description}")
        return made_pairs(images, source_from)

    def table(self) -> dict[str, Any]:
        """The table for `run.toml`."""
        options = {
            k: v if not isinstance(v, Path) else str(v)
            for k, v in attrs.asdict(self.options).items()
            if v is not None
        }
        made = {} if self.source_from is None else {"source_from": self.source_from}
        return {
            "sources": [absolute(source) for source in self.data],
            "paired": self.paired,
            **made,
            "options": options,
        }

    @classmethod
    def of(cls, table: dict[str, Any]) -> "Sources":
        """Reads the table of `run.toml`. Raises RunError if it contains something else.

        A folder to keep decoded images in is not taken from there: where to write, only the user says.
        """
        try:
            options = {k: v for k, v in table["options"].items() if k != "cache" or v == "off"}
            return cls(
                data=tuple(table["sources"]),
                paired=table["paired"],
                source_from=table.get("source_from"),
                options=ImageOptions(**options),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise RunError(
                f"{SETTINGS} is damaged: its table data: {error!r}; "
                f"start a new run from the {RECIPE} next to it"
            ) from None


ONE_IS_NO_PAIR = (
    "paired images are of two domains; give both: --data SOURCE --data TARGET, or --source-from with one"
)


def given_data(
    given: Any, options: ImageOptions, *, paired: bool = False, source_from: str | None = None
) -> Data | Sources:
    """What a person gives as data: places, which a run can store, or what `open_data` opens, such as arrays.

    Raises:
        DataError: it is neither. UserError: one place is to be paired, or what is open already.
    """
    if isinstance(given, Data | Sources):
        if paired or source_from is not None:
            raise UserError(
                "paired and source_from say how data are opened, and these are open already; give their "
                "places, or pairs: gancore.data.Paired, gancore.data.open_pairs"
            )
        return given
    if (places := places_of(given)) is not None:
        if paired and len(places) < 2 and source_from is None:
            raise UserError(ONE_IS_NO_PAIR)
        return Sources(data=places, paired=paired, source_from=source_from, options=options)
    if source_from is not None:
        return open_pairs(given, source_from, options)
    if paired:
        raise UserError("paired images are of two domains; give their places, or a gancore.data.Paired")
    return open_data(given, options)


def places_of(given: Any) -> tuple[str, ...] | None:
    """The places of data, one or several; None where something else was given, such as an array."""
    places = [given] if isinstance(given, str | os.PathLike) else given
    if isinstance(places, list | tuple) and all(isinstance(place, str | os.PathLike) for place in places):
        return tuple(map(os.fspath, places))
    return None


def open_source(source: str, options: ImageOptions) -> Data:
    """Opens data by name with a plugin (hook `gancore_data`), or else with gancore. A plugin that breaks is
    warned of. Raises DataError as `open_data`.
    """
    found, broken = host().ask("gancore_data", through=(GancoreError,), source=source, options=options)
    for text in broken:
        warnings.warn(text, RuntimeWarning, stacklevel=2)
    return cast(Data, found[0] if found else open_data(source, options))


def with_whole_paths(table: Any) -> Any:
    """The spec with the folders of `from` as paths that hold wherever the spec is read."""
    if isinstance(table, list):
        return [with_whole_paths(value) for value in table]
    if not isinstance(table, dict):
        return table
    return {
        key: _whole_source(value) if key == "from" else with_whole_paths(value)
        for key, value in table.items()
    }


def _whole_source(source: Any) -> str:
    folder, colon, name = str(source).rpartition(":")
    return f"{absolute(folder)}{colon}{name}" if folder else str(source)


def absolute(source: str) -> str:
    """An absolute path, which is still valid if the run is resumed from another folder; for embedded data,
    their name.
    """
    path = Path(source).expanduser()
    return str(path.resolve()) if source != "emoji" and path.exists() else source
