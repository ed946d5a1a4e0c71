"""Pages that say whether anything went wrong in them."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def visit(browser):
    """Opens a file; at the end nothing may have been asked of the network, logged as an error or thrown."""
    contexts, troubles = [], []

    def visit(path, *, scheme="light", width=1280, height=900, **options):
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": height}, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda message: troubles.append(message.text) if message.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith(("file:", "data:")) else troubles.append(asked.url),
        )
        page.goto(path.as_uri())
        return page

    yield visit
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def keep(tmp_path):
    """Takes a screenshot of a whole page into the test's folder, or into the one that GANCORE_SCREENSHOTS
    names.
    """
    folder = Path(os.environ.get("GANCORE_SCREENSHOTS", tmp_path / "screenshots"))

    def keep(page, name):
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", full_page=True)
        assert (folder / f"{name}.png").stat().st_size > 10_000

    return keep
