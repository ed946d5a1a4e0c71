"""The explorer over real sockets: its answers, who is refused, and what is wrong."""

import http.client
import io
import json
import socket
import threading

import numpy as np
import pytest
import torch
import walks
from PIL import Image
from talking import JSON, error, picture, post, talk

from gancore.cli import run
from gancore.errors import UserError
from gancore.explorer import server as server_room
from gancore.explorer.server import LONGEST, open_server
from gancore.explorer.session import Session
from gancore.latent.codes import render_codes
from gancore.latent.finding import ganspace
from gancore.latent.walk import Walk
from gancore.pictures.grid import to_pil
from gancore.runs.opening import load_pipeline

VIEW = {"seed": 3, "space": "w", "shift": [1, -0.5], "draw": 2, "principal": [0.5], "truncation": 0.8}


def raw(server, text):
    with socket.create_connection(server.server_address[:2], timeout=20) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


# answers


def test_the_page_and_its_files_load_nothing_from_elsewhere(server):
    for path, kind in (
        ("/", "text/html"),
        ("/explore.css", "text/css"),
        ("/explore.js", "text/javascript"),
        ("/base.css", "text/css"),
    ):
        answer, content = talk(server, "GET", path)
        assert answer.status == 200 and answer.headers.get_content_type() == kind
        assert (
            "default-src 'none'" in answer.headers["Content-Security-Policy"]
            and "unsafe" not in answer.headers["Content-Security-Policy"]
        )
        assert (
            answer.headers["X-Content-Type-Options"] == "nosniff"
            and answer.headers["Cache-Control"] == "no-store"
        )
        assert b"https://" not in content


def test_head_sends_no_content(server):
    answer, content = talk(server, "HEAD", "/")
    assert answer.status == 200 and content == b"" and int(answer.headers["Content-Length"]) > 1000


def test_about_says_what_the_page_must_know(server, layered_run):
    about = json.loads(talk(server, "GET", "/about")[1])
    assert about["name"] == "0003-layers" and about["folder"] == str(layered_run)
    assert (
        about["image"] == [3, 8, 8]
        and about["picture"] == [8, 8]
        and about["layers"] == 4
        and about["classes"] == 0
    )
    assert about["spaces"] == ["z", "w"] and about["space"] == "w" and about["truncates"]


def test_an_image_is_that_of_its_view(server):
    answer, content = post(server, "/image", VIEW)
    assert answer.status == 200 and answer.headers["Content-Type"] == "image/png"
    assert np.array_equal(picture(content), np.asarray(to_pil(server.session.walk.image(VIEW))[0]))
    assert post(server, "/image", VIEW)[1] == content
    assert post(server, "/image", {**VIEW, "seed": 4})[1] != content


def test_a_small_picture_is_the_image_or_a_reduced_one(server, monkeypatch):
    assert post(server, "/small", VIEW)[1] == post(server, "/image", VIEW)[1]
    monkeypatch.setattr("gancore.explorer.session.SMALL", 4)
    assert picture(post(server, "/small", {"seed": 77})[1]).shape == (4, 4, 3)
    assert "a view is a table" in error(post(server, "/small", 7)[1])


def test_the_snippet_makes_the_same_image(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    views = [
        VIEW,
        {"between": [VIEW, {"seed": 1}], "at": 0.3, "space": "w"},
        {"mix": [{"seed": 1}, VIEW], "layers": [0, 2]},
    ]
    for view in views:
        exec(json.loads(post(server, "/snippet", view)[1])["python"], {})
        assert np.array_equal(np.asarray(Image.open("image.png")), picture(post(server, "/image", view)[1]))


@pytest.mark.parametrize("along", ["shift", "principal"])
@pytest.mark.parametrize("size", [1, 3, 4, 5])
def test_neighbors_lie_around_the_point(server, along, size):
    point = {"seed": 3, "space": "w", along: [0.5, -1]}
    answer, content = post(server, "/neighbors", {"view": point, "along": along, "size": size, "step": 0.75})
    sheet = picture(content).astype(int)
    assert answer.status == 200 and sheet.shape == (8 * size, 8 * size, 3)
    middle = (size - 1) / 2
    for row, column in ((0, 0), (0, size - 1), (size - 1, 0)):
        there = {**point, along: [0.5 + (column - middle) * 0.75, -1 + (middle - row) * 0.75]}
        alone = picture(post(server, "/image", there)[1])
        assert abs(sheet[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8] - alone).max() <= 1


def test_the_latent_makes_the_same_image(server):
    pipeline, untouched = server.session.walk.pipeline, {"seed": 9}
    answer, content = post(server, "/latent", untouched)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="latent.npy"'
    latent = torch.from_numpy(np.load(io.BytesIO(content), allow_pickle=False))
    assert np.array_equal(
        np.asarray(to_pil(pipeline.render(latent))[0]), picture(post(server, "/image", untouched)[1])
    )
    answer, content = post(server, "/latent", VIEW)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="code.npy"'
    code = torch.from_numpy(np.load(io.BytesIO(content), allow_pickle=False))
    assert np.array_equal(
        np.asarray(to_pil(render_codes(pipeline, code))[0]), picture(post(server, "/image", VIEW)[1])
    )


def test_principal_directions_are_told(server):
    found = json.loads(post(server, "/principal", {"space": "w"})[1])["deviation"]
    assert len(found) == 10 and found == sorted(found, reverse=True)


def test_one_connection_carries_many_requests_and_several_ask_at_once(server):
    expected = [post(server, "/image", {"seed": seed})[1] for seed in range(4)]
    seen = {}

    def ask(seed):
        connection = http.client.HTTPConnection(*server.server_address[:2], timeout=20)
        for _ in range(5):
            connection.request("POST", "/image", json.dumps({"seed": seed}), JSON)
            seen.setdefault(seed, []).append(connection.getresponse().read())
        connection.close()

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(seen[seed] == [expected[seed]] * 5 for seed in range(4))


def test_labels_and_plain_pipelines(serve, tmp_path):
    with serve(walks.labeled(), tmp_path) as running:
        about = json.loads(talk(running, "GET", "/about")[1])
        assert (
            about["classes"] == 3
            and about["layers"] == 0
            and not about["truncates"]
            and about["space"] == "z"
        )
        images = [post(running, "/image", {"seed": 1, "label": label})[1] for label in (0, 2, [0.5, 0, 0.5])]
        assert len(set(images)) == 3
    with serve(walks.labeled(names=("a", "b", "c"), rows=True), tmp_path) as running:
        about = json.loads(talk(running, "GET", "/about")[1])
        assert about["class_names"] == ["a", "b", "c"] and about["label_rows"]
        assert "a label is a row of 3 numbers here" in error(post(running, "/image", {"label": 1})[1])
    with serve(walks.plain(), tmp_path) as running:
        about = json.loads(talk(running, "GET", "/about")[1])
        assert about["spaces"] == ["z"] and about["classes"] == 0
        assert "has no field 'x'" in error(post(running, "/image", {"x": 1})[1])
        assert "each layer reads its own code" in error(
            post(running, "/image", {"mix": [{}, {"seed": 1}], "layers": [0]})[1]
        )


# who is refused


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:PORT",
        "127.0.0.1.evil.example",
        "10.0.0.1:PORT",
        "[::ffff:8.8.8.8]",
        "[",
        "",
    ],
)
def test_a_foreign_host_is_refused(server, host):
    for method, path in (("GET", "/"), ("GET", "/about"), ("POST", "/image")):
        headers = {**JSON, "Host": host.replace("PORT", str(server.server_port))}
        answer, content = talk(server, method, path, {"seed": 1} if method == "POST" else None, headers)
        assert answer.status == 403 and "answers no other host name" in error(content)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:PORT", "localhost:PORT", "localhost", "LOCALHOST:9", "[::1]:PORT", "127.0.0.2"]
)
def test_names_of_this_machine_are_served(server, host):
    host = host.replace("PORT", str(server.server_port))
    assert talk(server, "GET", "/", headers={"Host": host})[0].status == 200
    assert post(server, "/image", {"seed": 1}, Host=host, Origin=f"http://{host}")[0].status == 200


def test_two_hosts_are_refused(server):
    assert (
        b" 403 "
        in raw(server, b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n").partition(b"\r\n")[
            0
        ]
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://localhost"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_another_site_is_refused(server, headers):
    answer, content = post(server, "/image", {"seed": 1}, Host="localhost", **headers)
    assert answer.status == 403 and error(content) == "requests from other sites are refused"


def test_what_a_form_could_send_is_refused(server):
    answer, content = post(server, "/image", {"seed": 1}, **{"Content-Type": "text/plain"})
    assert answer.status == 415 and "Content-Type: application/json" in error(content)


def test_a_server_for_others_still_refuses_foreign_names(serve, tmp_path):
    with serve(walks.plain(), tmp_path, host="0.0.0.0") as running:
        assert not running.local and running.url.startswith("http://127.0.0.1:")
        assert talk(running, "GET", "/", headers={"Host": "192.168.7.7:80"})[0].status == 200
        assert talk(running, "GET", "/", headers={"Host": "evil.example"})[0].status == 403


def test_it_listens_on_loopback_alone(server):
    assert server.local and server.server_address[0] == "127.0.0.1"


# what is wrong


@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [
        ("/image", b"", 400, "the request is not JSON"),
        ("/image", b"{", 400, "the request is not JSON"),
        ("/image", b"\xff\xfe", 400, "the request is not JSON"),
        ("/image", b"[" * 60_000, 400, "the request is not JSON"),
        ("/image", b'{"seed": ' + b"9" * 60_000 + b"}", 400, "the request is not JSON"),
        ("/image", b'{"truncation": NaN}', 400, "NaN is not a valid JSON number"),
        ("/image", b'{"truncation": 1e999}', 400, "truncation is a number"),
        ("/image", b'{"seed": ' + b"9" * 4000 + b"}", 400, "seed is a whole number"),
        ("/image", b"7", 400, "a view is a table"),
        ("/image", b'{"shift": [1e308, 1e308]}', 400, "shift is a number from -100 to 100"),
        ("/image", b'{"__class__": 1}', 400, "a view has no field '__class__'"),
        ("/image", b'{"label": 1}', 400, "reads no labels"),
        ("/neighbors", b"[]", 400, "neighbors takes a table"),
        ("/neighbors", b'{"view": {}, "size": 99}', 400, "size is a whole number from 1 to 5; got 99"),
        ("/neighbors", b'{"view": {}, "size": [3]}', 400, "size is a whole number from 1 to 5"),
        ("/neighbors", b'{"view": {}, "step": "a"}', 400, "step is a number from 0 to 10"),
        ("/neighbors", b'{"view": {}, "along": ["shift"]}', 400, "along is one of shift, principal"),
        ("/neighbors", b'{"view": {"mix": [{}, {}]}}', 400, "only a point has neighbors"),
        ("/latent", b"null", 400, "a view is a table"),
        ("/snippet", b'{"seed": "1; import os"}', 400, "seed is a whole number"),
        ("/principal", b'{"space": "x"}', 400, "principal takes"),
        ("/nothing", b"{}", 404, "there is no endpoint at /nothing"),
        ("/image?x=../../etc/passwd", b"{", 400, "the request is not JSON"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_requests_get_one_sentence(server, path, body, status, text, capsys):
    answer, content = talk(server, "POST", path, body)
    assert answer.status == status and text in error(content) and len(content) < 600
    assert capsys.readouterr().err == ""
    assert post(server, "/image", {"seed": 1})[0].status == 200


@pytest.mark.parametrize(
    "path", ["/nothing", "/../../etc/passwd", "/explore.html", "/%2e%2e/server.py", "//evil.example/"]
)
def test_no_other_file_is_served(server, path):
    answer, content = talk(server, "GET", path)
    assert answer.status == 404 and "there is nothing at" in error(content)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (
            b"POST /image HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
            b"%d\r\n\r\n" % (LONGEST + 1),
            413,
        ),
        (b"POST /image HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
        (b"POST /image HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", 411),
        (b"POST /image HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1_0\r\n\r\n", 411),
        (b"POST /image HTTP/1.1\r\nHost: localhost\r\n\r\n{}", 411),
        (
            b"POST /image HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
            b"chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            411,
        ),
        (
            b"GET /about HTTP/1.1\r\nHost: localhost\r\nContent-Length: 24\r\n\r\nGET / HTTP/1.1\r\nHost: x",
            400,
        ),
        (b"GET /about HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (
            b"POST /about HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 30\r\n\r\n{}"
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            411,
        ),
        (b"PUT /image HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 501),
        (b"nonsense\r\n\r\n", None),
        (b"GET / HTTP/9.9\r\n\r\n", None),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
    ],
    ids=lambda value: str(value)[:60],
)
def test_huge_and_malformed_requests_are_refused_and_the_connection_closed(server, text, status):
    answer = raw(server, text)
    assert b"Traceback" not in answer and b"<html" not in answer.lower()
    if status is not None:  # to a version it does not know, it answers without a status line
        assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:80]
        assert answer.count(b"HTTP/1.1 ") == 1
    error(answer.rpartition(b"\r\n\r\n")[2])


def test_a_network_that_breaks_is_said_without_a_traceback(serve, tmp_path, capsys):
    pipeline = walks.plain()
    with serve(pipeline, tmp_path) as running:
        pipeline.generator.forward = lambda code: 1 / 0
        answer, content = post(running, "/image", {"seed": 1})
        assert answer.status == 500 and error(content).startswith("ZeroDivisionError on the server")
        del pipeline.generator.forward
        assert post(running, "/image", {"seed": 1})[0].status == 200
    assert capsys.readouterr().err == "gancore: ZeroDivisionError: division by zero\n"


def test_many_connections_are_answered_and_idle_ones_hold_no_place(serve, layered_run, monkeypatch):
    monkeypatch.setattr(server_room, "CONNECTIONS", 4)
    monkeypatch.setattr(server_room, "SILENT_SECONDS", 0.05)
    with serve(load_pipeline(layered_run), layered_run) as server:
        idle = [socket.create_connection(server.server_address[:2], timeout=20) for _ in range(40)]
        answers = [talk(server, "GET", "/about")[0].status for _ in range(2)]
        assert threading.active_count() < 40 and answers == [200, 200]
        for connection in idle:
            connection.close()


def test_whole_numbers_are_no_floats(server):
    for body in ({"view": VIEW, "along": "draw", "size": 3.0}, {"view": VIEW, "along": "draw", "size": True}):
        assert post(server, "/neighbors", body)[0].status == 400
    assert post(server, "/image", {"seed": 3.0})[0].status == 400


def test_who_goes_away_leaves_nothing(server, capsys):
    for text in (
        b"",
        b"POST /ima",
        b"POST /image HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
        b"50\r\n\r\n{",
    ):
        with socket.create_connection(server.server_address[:2]) as connection:
            connection.sendall(text)
    assert post(server, "/image", {"seed": 1})[0].status == 200
    assert "Traceback" not in capsys.readouterr().err


def test_a_port_in_use_names_a_free_one(tmp_path):
    session = Session(Walk(walks.plain()), tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            UserError, match=rf"port {port} is in use on 127.0.0.1; try --port \d+"
        ) as failure:
            open_server(session, "127.0.0.1", port)
        other = int(str(failure.value).rpartition(" ")[2])
        assert other > port
        open_server(session, "127.0.0.1", other).server_close()
    session.close()


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid", "a b"])
def test_an_address_of_another_machine(tmp_path, host):
    session = Session(Walk(walks.plain()), tmp_path)
    with pytest.raises(UserError, match="cannot listen on .* give an address of this machine as --host"):
        open_server(session, host, 0)
    session.close()


# the verb


def test_wrong_words_of_the_verb(tmp_path, capsys):
    walks.know_walk_parts()
    walks.translator().save(tmp_path / "translator")
    assert run(["explore", str(tmp_path / "translator"), "--directions", "found.safetensors"]) == 2
    assert "omit --directions" in walks.said(capsys)
    assert run(["explore", str(tmp_path / "nowhere")]) == 1
    assert "is missing" in capsys.readouterr().err
    assert run(["explore", str(tmp_path), "--port", "70000"]) == 2
    assert "Invalid value for '--port'" in capsys.readouterr().err


def test_ctrl_c_ends_it_quietly(layered_run, monkeypatch, capsys):
    def interrupted(self, poll_interval=0.5):
        raise KeyboardInterrupt

    monkeypatch.setattr("gancore.explorer.server.Server.serve_forever", interrupted)
    assert run(["explore", str(layered_run), "--port", "0", "--no-browser"]) == 0
    captured = capsys.readouterr()
    assert (
        "exploring" in captured.out and "http://127.0.0.1:" in captured.out and captured.err == "\nstopped\n"
    )


def test_answers_are_kept_up_to_a_size(server, monkeypatch):
    session = server.session
    monkeypatch.setattr("gancore.explorer.renderer.KEPT", 2000)
    for seed in range(50):
        session.image({"seed": seed})
    assert 0 < session.renderer.size <= 2000
    assert session.image({"seed": 0}) == session.image({"seed": 0})


def test_given_directions_stand_in_the_snippet(layered_run, tmp_path, monkeypatch):
    found = ganspace(load_pipeline(layered_run), 2)
    found.save(tmp_path / "found.safetensors")
    session = Session(
        Walk.load(layered_run, directions=tmp_path / "found.safetensors"),
        layered_run,
        tmp_path / "found.safetensors",
    )
    view = {"seed": 3, "space": "w", "principal": [1.0]}
    assert session.about()["principal"] == 2
    assert session.about()["directions"] == {"space": "w", "method": "ganspace", "names": ["0", "1"]}
    shown = session.image(view)
    monkeypatch.chdir(tmp_path)
    exec(session.snippet(view)["python"], {})
    session.close()
    assert np.array_equal(np.asarray(Image.open("image.png")), np.asarray(Image.open(io.BytesIO(shown))))
