"""Requests that nobody meant, over raw sockets: words instead of tracebacks, and connections in number."""

import json
import random
import socket

import pytest
from talking import error, post, send, talk

PATHS = ("/image", "/small", "/neighbors", "/latent", "/snippet", "/principal", "/animation", "/progress")
FIELDS = (
    ("seed", "label", "truncation", "space", "shift", "draw", "principal", "start"),
    ("between", "at", "space", "kind"),
    ("mix", "layers"),
    ("view", "along", "size", "step"),
    ("through", "space", "kind", "frames"),
    ("job",),
)
VALUES = (
    0,
    1,
    -1,
    2**53,
    10**400,
    1.0,
    2.5,
    -0.0,
    1e308,
    True,
    None,
    "",
    "z",
    "w",
    "linear",
    [],
    [1.0],
    [1, 2],
)


def table(rng, depth=0):
    """A view, or something like one."""
    fields = rng.choice(FIELDS)
    names = rng.sample(fields, rng.randint(0, min(3, len(fields))))
    inner = [{"seed": 1.0}, {"seed": 2}] if depth > 2 else [table(rng, depth + 1) for _ in range(2)]
    return {name: rng.choice([*VALUES, [1.0], [1, 2], *inner, inner]) for name in names}


@pytest.mark.parametrize("path", PATHS)
def test_no_request_is_an_error_of_the_server(server, path, capsys):
    rng = random.Random(path)
    for _ in range(60):
        body = table(rng)
        answer, content = post(server, path, json.dumps(body).encode())
        assert answer.status in (200, 400), body
        if answer.status == 400:
            assert len(error(content)) < 500
    assert capsys.readouterr().err == ""


def test_a_request_about_a_picture_may_be_anything(server):
    for query in ("", "%FF", "{", "7", "%5B%5D", "{}" * 900):
        answer, content = talk(
            server, "POST", f"/project?{query}", b"x", {"Content-Type": "application/octet-stream"}
        )
        assert answer.status == 400 and error(content)


def test_two_hundred_connections_at_once_are_answered(server):
    asked = b"GET /about HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    several = []
    for _ in range(200):
        several.append(socket.create_connection(server.server_address[:2], timeout=20))
        several[-1].sendall(asked)
    answers = []
    for connection in several:
        with connection:
            answers.append(connection.recv(15))
    assert answers == [b"HTTP/1.1 200 OK"] * 200


INNER = b"GET /about HTTP/1.1\r\nHost: localhost\r\n\r\n"
LENGTHS = (
    b"Content-Length: 0\r\nContent-Length: %d" % len(INNER),
    b"Content-Length: 0, 0",
    b"Content-Length: +0",
    b"Content-Length:",
)


@pytest.mark.parametrize(
    ("method", "lengths"),
    [(method, lengths) for method in (b"GET", b"HEAD", b"POST") for lengths in LENGTHS]
    + [(method, b"Content-Length: %d" % len(INNER)) for method in (b"GET", b"HEAD")],
    ids=str,
)
def test_a_second_request_in_a_body_is_not_answered(server, method, lengths):
    text = method + b" /about HTTP/1.1\r\nHost: localhost\r\n" + lengths + b"\r\n\r\n" + INNER
    with socket.create_connection(server.server_address[:2], timeout=20) as connection:
        connection.sendall(text)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.count(b"HTTP/1.1 ") == 1 and answer.startswith(b"HTTP/1.1 4")


def test_pictures_of_another_page_are_refused_before_they_are_decoded(server, monkeypatch):
    monkeypatch.setattr("gancore.explorer.asked.decode", lambda content: 1 / 0)
    assert send(server, "/project", b"x", {}, Origin="http://evil.example")[0].status == 403
