"""The explorer over HTTP: access control, requests and responses."""

import errno
import ipaddress
import json
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import unquote, urlsplit

from gancore.errors import GancoreError, UserError
from gancore.explorer.answer import LARGEST_PICTURE, Answer, as_json, broken

__all__ = ["Handler", "Refused", "Server", "open_server"]

LONGEST = 2**20
"""Bytes of a request in JSON."""
CONNECTIONS, IDLE_SECONDS = 64, 20.0
"""Connections that are served at a time, and how long one may say nothing; further ones wait for a place."""
SILENT_SECONDS = 2.0
"""How long one may say nothing while others wait."""
TRIES = 100
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SHARED = {"base.css": "gancore.pictures", "theme.js": "gancore.pictures"}
"""Files of other pages, with the package that has them."""
FILES = (
    *SHARED,
    "explore.css",
    "explore.js",
    "talk.js",
    "small.js",
    "directions.js",
    "gallery.js",
    "pad.js",
    "pins.js",
    "drop.js",
    "own.js",
    "translate.css",
    "translate.js",
)
KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript"}


class Refused(Exception):
    """A refused request, with the status and the reason."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


class Server(ThreadingHTTPServer):
    """Serves what is explored; `host` is the address to bind to."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(
        self, session: Any, host: str, port: int, handler: type[BaseHTTPRequestHandler] | None = None
    ) -> None:
        self.session, self.host = session, host
        self.places = threading.BoundedSemaphore(CONNECTIONS)
        self.silent: dict[socket.socket, float] = {}
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), handler or Handler)

    def server_bind(self) -> None:
        """Binds without resolving the host name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Waits for a place, then serves the connection in a thread of its own."""
        until = time.monotonic() + IDLE_SECONDS
        while not self.places.acquire(timeout=SILENT_SECONDS / 4):
            self._dismiss()
            if time.monotonic() > until:
                return self.shutdown_request(request)
        return super().process_request(request, client_address)

    def _dismiss(self) -> None:
        """Ends the connections that hold a place without asking anything."""
        now = time.monotonic()
        for connection, since in list(self.silent.items()):
            if now - since > SILENT_SECONDS:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serves a connection, and gives its place to the next."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.silent.pop(request, None)
            self.places.release()

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(str(self.server_address[0])).is_loopback

    @property
    def url(self) -> str:
        """The page's URL."""
        host = "127.0.0.1" if self.host == "0.0.0.0" else "::1" if self.host == "::" else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that disconnects is not an error; anything else is reported in one line."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            broken(error)


def open_server(
    session: Any,
    host: str = "127.0.0.1",
    port: int = 8765,
    handler: type[BaseHTTPRequestHandler] | None = None,
) -> Server:
    """A server that is bound and ready for `serve_forever`; port 0 selects any free one. `handler` answers
    for the session: by default the explorer's, for an `Explored`.

    Raises:
        UserError: the port is in use (a free one is named) or may not be used, or the address does not belong
        to this machine.
    """
    try:
        return Server(session, host, port, handler)
    except (OSError, OverflowError) as error:
        code = getattr(error, "errno", None)
        if code == errno.EADDRINUSE:
            free = _free_port(host, port)
            raise UserError(
                f"port {port} is in use on {host}; "
                + (f"try --port {free}" if free else "give another --port")
            ) from None
        if code in (errno.EACCES, errno.EPERM):
            raise UserError(f"port {port} may not be used by you; give a --port of at least 1024") from None
        raise UserError(
            f"cannot listen on {host} port {port}: {error}; give an address of this machine as --host"
        ) from None


def _free_port(host: str, port: int) -> int | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port + 1, min(port + 1 + TRIES, 65536)):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((host, candidate))
            except OSError:
                continue
            return candidate
    return None


class Handler(BaseHTTPRequestHandler):
    """Checks the origin, reads JSON, and responds with JSON, PNG or an array. Errors are `{"error": …}`,
    never a traceback.
    """

    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "gancore", ""
    # small responses would wait for the other side's acknowledgment
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = IDLE_SECONDS
    policy = POLICY

    def handle_one_request(self) -> None:
        """Waits for a request, during which the connection counts as silent, and answers it."""
        self.server.silent[self.connection] = time.monotonic()
        super().handle_one_request()

    def parse_request(self) -> bool:
        """Reads the headers, once the first line has arrived."""
        self.server.silent.pop(self.connection, None)
        return super().parse_request()

    def do_GET(self) -> None:
        """Serves the page, its files, and the properties of the pipeline that it needs."""
        self._answer(self._get)

    def do_HEAD(self) -> None:
        """Like GET, without the content."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Answers the page's requests."""
        self._answer(self._post)

    def _answer(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Refused as refused:
            self._give(as_json({"error": str(refused)}), refused.status)
        except GancoreError as error:
            self._give(as_json({"error": str(error)}), HTTPStatus.BAD_REQUEST)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception as error:  # the page must survive any error in a plugin's network
            answer = as_json({"error": broken(error)})
            self._give(answer, HTTPStatus.INTERNAL_SERVER_ERROR)

    def _get(self) -> None:
        self._check_get()
        path = urlsplit(self.path).path
        if path == "/about":
            return self._give(as_json(self.server.session.about()))
        name = self.server.session.page if path == "/" else path[1:]
        if path != "/" and name not in FILES:
            raise Refused(HTTPStatus.NOT_FOUND, f"there is nothing at {path[:80]}; the page is at /")
        package = SHARED.get(name, "gancore.explorer")
        kind = KINDS[name.rpartition(".")[2]]
        content = files(package).joinpath("templates", name).read_bytes()
        return self._give(Answer(content, f"{kind}; charset=utf-8"))

    def _check_get(self) -> None:
        if "Transfer-Encoding" in self.headers or any(
            length.strip() != "0" for length in self.headers.get_all("Content-Length") or []
        ):
            self.close_connection = True  # a body that is not read would be taken for the next request
            raise Refused(HTTPStatus.BAD_REQUEST, "this request has no body; send it without one")
        self._check_host()

    def _post(self) -> None:
        url, session = urlsplit(self.path), self.server.session
        takes = url.path in session.takes
        body = self._body(LARGEST_PICTURE if takes else LONGEST)
        self._check_host()
        self._check_origin("application/octet-stream" if takes else "application/json")
        if takes:
            return self._give(session.takes[url.path](body, _parsed(unquote(url.query).encode() or b"{}")))
        if url.path in session.asks:
            return self._give(session.asks[url.path](_parsed(body)))
        raise Refused(HTTPStatus.NOT_FOUND, f"there is no endpoint at {url.path[:80]}")

    def _body(self, most: int) -> bytes:
        """Reads the whole body, so that a refused request leaves nothing unread in the connection."""
        lengths = self.headers.get_all("Content-Length") or [""]
        length = lengths[0] if len(lengths) == 1 else ""
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self.close_connection = True
            raise Refused(
                HTTPStatus.LENGTH_REQUIRED, "a request must state its length once: send Content-Length"
            )
        if len(length) > 9 or int(length) > most:
            self.close_connection = True
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"this may have at most {most} bytes")
        return self.rfile.read(int(length))

    def _check_host(self) -> None:
        """Allows only host names of this machine: other names that resolve here belong to other sites."""
        given = self.headers.get_all("Host") or []
        if len(given) != 1 or not _ours(given[0], self.server):
            self.close_connection = True
            raise Refused(
                HTTPStatus.FORBIDDEN,
                f"this page is at {self.server.url} and answers no other host name; to allow "
                "others, start it with --host",
            )

    def _check_origin(self, kind: str) -> None:
        origin = self.headers.get("Origin")
        if origin is not None and origin.lower() != f"http://{self.headers['Host'].lower()}":
            raise Refused(HTTPStatus.FORBIDDEN, "requests from other sites are refused")
        if self.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise Refused(HTTPStatus.FORBIDDEN, "requests from other sites are refused")
        # a page of another site cannot send these without asking first
        if self.headers.get_content_type() != kind:
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send this with Content-Type: {kind}")

    def _give(self, answer: Answer, status: HTTPStatus = HTTPStatus.OK) -> None:
        named = {"Content-Disposition": f'attachment; filename="{answer.name}"'} if answer.name else {}
        self.send_response(status)
        headers = {
            "Content-Type": answer.kind,
            "Content-Length": str(len(answer.content)),
            "Content-Security-Policy": self.policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cache-Control": "no-store",
            **named,
            **({"Connection": "close"} if self.close_connection else {}),
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.content)
        self.wfile.flush()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Errors of the HTTP parser, in the same format."""
        self.close_connection = True
        self._give(as_json({"error": message or HTTPStatus(code).phrase}), HTTPStatus(code))

    def log_message(self, format: str, *arguments: Any) -> None:
        """Logs nothing: dragging over the pad sends hundreds of requests."""


def _ours(host: str, server: Server) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name in ("localhost", server.host.lower()):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return not server.local and name == socket.gethostname().lower()
    # an IP address cannot be rebound
    return address.is_loopback or not server.local


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(HTTPStatus.BAD_REQUEST, f"the request is not JSON: {str(error)[:120]}") from None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a valid JSON number")
