"""An explorer of a small pipeline, served on a free port."""

import threading
from contextlib import contextmanager

import pytest
import walks

from gancore.explorer.server import open_server
from gancore.explorer.session import Session
from gancore.latent.walk import Walk

READY = "() => document.getElementById('image').dataset.view"


def serving(pipeline, folder, host="127.0.0.1", directions=None):
    return serving_of(Session(Walk(pipeline, directions), folder), host)


@contextmanager
def serving_of(session, host="127.0.0.1"):
    server = open_server(session, host, 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        session.close()
        thread.join()


@pytest.fixture(scope="session")
def serve():
    return serving


@pytest.fixture(scope="session", name="serving_of")
def serve_of():
    return serving_of


@pytest.fixture(scope="session")
def layered_run(tmp_path_factory):
    walks.know_walk_parts()
    folder = tmp_path_factory.mktemp("runs") / "0003-layers" / "pipeline"
    walks.layered().save(folder)
    return folder


@pytest.fixture(scope="session")
def server(layered_run):
    with serving(walks.layered(), layered_run) as running:
        yield running


@pytest.fixture
def visit(browser):
    """Opens the page, and at the end finds nothing logged and nothing asked of other machines."""
    opened = []

    def visiting(server, scheme="light", size=(1280, 1000), path="", ready=READY):
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, accept_downloads=True
        )
        page = context.new_page()
        page.complaints, page.asked, page.under_way = [], [], set()
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                page.asked.append(request.url),
                request.method == "POST" and page.under_way.add(request),
            ),
        )
        for ended in ("requestfinished", "requestfailed"):
            page.on(ended, lambda request: page.under_way.discard(request))
        opened.append((page, server))
        page.goto(server.url + path)
        page.wait_for_function(ready)
        return page

    yield visiting
    for page, server in opened:
        elsewhere = [url for url in page.asked if not url.startswith((server.url, "blob:", "data:"))]
        assert page.complaints == [] and elsewhere == []
        page.context.close()
