"""A local page for exploring the latent space of a run."""

import os
from collections.abc import Callable
from pathlib import Path

from gancore.errors import UserError
from gancore.explorer.server import Server, open_server
from gancore.explorer.session import Session
from gancore.explorer.shelf import shelves_of
from gancore.explorer.translator import Translators
from gancore.latent.direction_file import DirectionSet
from gancore.latent.walk import Walk
from gancore.progress import tell
from gancore.runs.folder import RunFolder
from gancore.runs.opening import find_pipeline, load_pipeline
from gancore.verbs.browser import open_page


def explore(
    run: str | os.PathLike[str],
    *,
    port: int = 8765,
    host: str = "127.0.0.1",
    browser: bool = True,
    directions: Path | str | None = None,
    pipeline: str | None = None,
    device: str | None = None,
    started: Callable[[Server], None] = lambda server: None,
) -> None:
    """Serves a page for exploring latent space in the browser, or pictures before and after a translator,
    until it is interrupted (Ctrl-C).

    Args:
        run: folder of a run, saved pipeline or import.
        port: port to listen on; 0 for any free one.
        host: address to listen on; any but loopback is open to other machines.
        browser: whether to open the page.
        directions: file written by `directions`, for the sliders; default: principal components.
        pipeline: which one, if the run has several, e.g. `backward`; default: the first, or all translators.
        device: auto, cpu, cuda, cuda:1 or mps; default: cpu.
        started: called with the server (which has `url` and `local`) once it listens.

    Raises:
        UserError: directions are given for a translator, or the port cannot be used. RunError: the folder
        holds no pipeline.
        KeyboardInterrupt: it was interrupted; the server is closed.
    """
    tell(f"opening {run}")
    found = None if directions is None else Path(directions)
    session = explored(Path(run), directions=found, name=pipeline, device=device)
    try:
        with open_server(session, host, port) as server:
            started(server)
            if browser:
                open_page(server.url)
            server.serve_forever()
    finally:
        session.close()


def explored(
    run: Path, *, directions: Path | None = None, name: str | None = None, device: str | None = None
) -> Session | Translators:
    """What there is to explore in a folder: the latent space of its pipeline, or its translators. Raises as
    `explore`.
    """
    folder = find_pipeline(run, name)
    opened = load_pipeline(folder, device=device)
    if opened.sampler is not None:
        found = None if directions is None else DirectionSet.load(directions)
        return Session(Walk(opened, found), folder.resolve(), directions and directions.resolve())
    if directions is not None:
        raise UserError(
            f"{opened.generator.qualified_name} {opened.product} images, so it has no latent space to move "
            "directions in; omit --directions"
        )
    whole = RunFolder(run)
    others = [other for other in whole.pipeline_names if name is None]
    several = {other: load_pipeline(run, other, device) for other in others}
    made = {other: found for other, found in several.items() if found.sampler is None}
    where = (whole.path if made else folder).resolve()
    return Translators(made or {name or opened.product: opened}, where, shelves_of(whole))
