"""The preview of a pipeline: one picture of what it makes."""

from io import BytesIO

from PIL import Image

from gancore.errors import UserError
from gancore.pictures.grid import to_grid
from gancore.pictures.timeline import whole_grids
from gancore.pipeline import Pipeline
from gancore.runs.folder import RunFolder
from gancore.storage.inside import read_file

SEED, FEWEST, MOST, PIXELS = 0, 4, 32, 2**21
"""The samples of the preview: as many as have so many pixels, within these bounds."""
COLUMNS = 8


def preview_of(pipeline: Pipeline, run: RunFolder | None, name: str = "") -> Image.Image | None:
    """Samples of a fixed seed; where images are needed the newest sample grid of the run, if there is one."""
    _, height, width = pipeline.generator.image
    count = max(FEWEST, min(MOST, PIXELS // (height * width)))
    try:
        return to_grid(pipeline.sample(count, seed=SEED), columns=COLUMNS)
    except UserError:  # it needs images, or labels that it cannot draw
        return None if run is None else _newest_grid(run, name)


def _newest_grid(run: RunFolder, name: str) -> Image.Image | None:
    wanted = "" if name in run.pipeline_names[:1] else name  # the grids of the first one bear no name
    grids = [grid for grid in whole_grids(run)[0] if grid.pipeline == wanted]
    if not grids:
        return None
    newest = max(grids, key=lambda grid: grid.images)
    try:
        return Image.open(BytesIO(read_file(newest.path))).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # it is damaged
        return None
