"""Requests to a running explorer, and what its answers hold."""

import contextlib
import http.client
import io
import json
import time
from urllib.parse import quote

import numpy as np
from PIL import Image

JSON = {"Content-Type": "application/json"}
PICTURE = {"Content-Type": "application/octet-stream"}


def talk(server, method, path, body=None, headers=JSON):
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=20)
    content = body if isinstance(body, bytes | None) else json.dumps(body)
    connection.request(method, path, content, headers)
    answer = connection.getresponse()
    with contextlib.closing(connection):
        return answer, answer.read()


def post(server, path, body, **more):
    return talk(server, "POST", path, body, {**JSON, **more})


def told(server, path, body):
    """The JSON that is answered."""
    answer, content = post(server, path, body)
    assert answer.status == 200, content
    return json.loads(content)


def send(server, path, content, request, **more):
    """Sends a picture."""
    return talk(server, "POST", f"{path}?{quote(json.dumps(request))}", content, {**PICTURE, **more})


def ended(server, job):
    """The last word on a projection."""
    for _ in range(1000):
        found = told(server, "/progress", {"job": job})
        if found["ended"]:
            return found
        time.sleep(0.01)
    raise AssertionError(found)


def file_of(picture, kind="PNG"):
    content = io.BytesIO()
    picture.save(content, kind)
    return content.getvalue()


def picture(content):
    return np.asarray(Image.open(io.BytesIO(content)))


def error(content):
    found = json.loads(content)
    assert list(found) == ["error"] and "Traceback" not in found["error"]
    return found["error"]
