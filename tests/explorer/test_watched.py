"""The report of a run over a real socket, while the run goes on."""

import contextlib
import http.client
import json
import threading

import pytest
from faked_runs import fake_run

import gancore
from gancore.cli import run
from gancore.errors import RunError
from gancore.explorer.server import open_server
from gancore.explorer.watched import ReportHandler, WatchedRun
from gancore.runs.folder import RunFolder
from gancore.runs.log import Log


@pytest.fixture
def folder(tmp_path):
    return fake_run(tmp_path / "0001-dcgan")


@pytest.fixture
def server(folder):
    with open_server(WatchedRun(RunFolder(folder)), "127.0.0.1", 0, ReportHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def talk(server, method="GET", path="/", headers=None):
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=20)
    connection.request(method, path, headers=headers or {})
    answer = connection.getresponse()
    with contextlib.closing(connection):
        return answer, answer.read().decode()


def files(folder):
    return sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*"))


def test_the_report_is_served_as_new_as_the_run_and_nothing_is_written(server, folder):
    answer, page = talk(server)
    assert answer.status == 200 and answer.headers.get_content_type() == "text/html"
    assert ">done</span>" in page and '<body class="report">' in page
    with Log(folder / "log.jsonl") as log:
        log.event("resumed", images=1000)
    before = files(folder)
    assert ">dead</span>" in talk(server)[1] and files(folder) == before
    with RunFolder(folder).lock():
        page = talk(server)[1]
        assert ">running</span>" in page and '<body class="report live">' in page
        assert talk(server)[1] == page, "nothing changed, so it is not made again"


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        ({"path": "/log.jsonl"}, 404, "there is nothing at /log.jsonl; the report is at /"),
        ({"method": "POST"}, 405, "the report can only be read"),
        ({"headers": {"Host": "elsewhere.example"}}, 403, "answers no other host name"),
    ],
)
def test_nothing_else_is_answered(server, request_, status, words):
    answer, content = talk(server, **request_)
    assert answer.status == status and words in json.loads(content)["error"]


def test_the_verb_serves_until_it_is_interrupted(folder, capsys, monkeypatch):
    asked = []

    def forever(server, *rest):
        asked.append((server.local, server.url))
        raise KeyboardInterrupt

    monkeypatch.setattr("gancore.explorer.server.Server.serve_forever", forever)
    assert run(["watch", str(folder), "--port", "0", "--no-browser"]) == 0
    ((local, url),) = asked
    said = capsys.readouterr()
    assert local and f"is at {url}  (Ctrl-C to stop)" in said.out and "stopped" in said.err
    with pytest.raises(RunError, match="is not a folder; expected the folder of a run"):
        gancore.watch(folder / "nowhere")
