"""The images of a run that instance selection chose, by number and name; the run keeps the list."""

from collections.abc import Sequence
from typing import cast

import numpy as np

from gancore.data import Data
from gancore.data.data import Images
from gancore.errors import DataError, RunError, UserError, shown
from gancore.runs.layout import RunLayout
from gancore.storage.files import write_text
from gancore.storage.inside import read_utf8


def one_domain(data: Data) -> Images:
    """The data, from which images can be chosen. Raises UserError if they are not images of one domain."""
    if not isinstance(data, Images):
        raise UserError(
            f"instance selection chooses images of one source, not of {data.description}; leave it out, or "
            "give the images of one source"
        )
    return data


def note_instances(run: RunLayout, data: Images, chosen: Sequence[int]) -> None:
    """Writes the numbers and names of the chosen images; none where all are trained on."""
    if len(chosen) < len(data):
        lines = (f"{number}\t{shown(data.names[number])}\n" for number in chosen)
        write_text(run.instances_file, "".join(lines))


def selected(run: RunLayout, data: Data) -> Data:
    """Of the data of a run, the chosen images; all where the run has no list.

    Raises:
        RunError: the list does not fit the data.
    """
    if not run.instances_file.exists():
        return data
    images = one_domain(data)
    try:
        lines = read_utf8(run.instances_file).splitlines()
        chosen = np.array([int(line.partition("\t")[0]) for line in lines], dtype=np.int64)
        if not len(chosen) or np.any((chosen < 0) | (chosen >= len(images))):
            raise DataError(f"its numbers must be from 0 to {len(images) - 1}")
    except (OSError, ValueError, OverflowError, DataError) as error:
        raise RunError(
            f"{run.instances_file} does not fit the data ({error}); it lists the images that the run is "
            "trained on: restore it and the data, or start a new run"
        ) from None
    return cast(Data, images.select(chosen))
