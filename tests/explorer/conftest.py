"""An explorer of a small pipeline, served on a free port."""

import threading
from contextlib import contextmanager

import pytest
import walks

from gancore.explorer.server import open_server
from gancore.explorer.session import Session
from gancore.latent.walk import Walk


@contextmanager
def serving(pipeline, folder, host="127.0.0.1", directions=None):
    session = Session(Walk(pipeline, directions), folder)
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
