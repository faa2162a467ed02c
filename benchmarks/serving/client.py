"""Single requests, to see which formats a server reads and whether its answers are right."""

from http.client import HTTPConnection
from urllib.parse import urlsplit

from benchmarks.serving.loads import Load, holds, received

_UNKNOWN_FORMAT = (415, 422)


def post(url: str, load: Load, body: bytes) -> tuple[int, str, bytes]:
    """Return status, content type and body of the answer, over a new connection; raise OSError if that fails."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("POST", parts.path, body, load.headers)
        response = connection.getresponse()
        return response.status, response.headers.get("Content-Type", ""), response.read()
    finally:
        connection.close()


def supports(url: str, load: Load) -> bool:
    """Return whether the server reads the load's format; raise RuntimeError if it fails in another way."""
    status, _, body = post(url, load, load.bodies[0])
    if status not in (200, *_UNKNOWN_FORMAT):
        raise RuntimeError(f"{url} must answer {load.name} with 200, or 415 or 422, received {status}: {body[:300]!r}")
    return status == 200


def check(url: str, load: Load, *, constant: bool) -> None:
    """Send every body of a load, and raise RuntimeError if an answer is wrong; `constant` servers only need a 200."""
    for index, (body, expected) in enumerate(zip(load.bodies, load.expected, strict=True)):
        status, content_type, content = post(url, load, body)
        if status != 200 or not (constant or holds(expected, received(content_type, content))):
            raise RuntimeError(f"{url} must answer {load.name}, body {index}, rightly, received {status}: {content!r}")
