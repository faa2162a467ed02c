"""Recognition of requests for a prediction that are plain enough to be answered without FastAPI."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.codecs.base import Codec
from app.codecs.negotiation import CODECS
from app.models.predict import LARGE_BYTES
from app.models.served import ServedModel
from app.settings import Settings
from app.telemetry.request_id import request_id

_UNUSUAL = frozenset(
    {b"expect", b"transfer-encoding", b"content-encoding", b"upgrade", b"trailer", b"te", b"authorization"}
)
_CODECS: Mapping[bytes, Codec] = {codec.media_type.encode(): codec for codec in CODECS}
_JSON = _CODECS[b"application/json"]
_ACCEPTED: Mapping[bytes, Codec] = {b"*/*": _JSON, **_CODECS}
_MAX_REMEMBERED = 256
_MAX_REMEMBERED_BYTES = 2048


@dataclass(frozen=True, slots=True)
class PlainRequest:
    """A parsed head: the route's template and model, both codecs, the body's length, and the id that was sent."""

    route: str
    served: ServedModel
    request_codec: Codec
    response_codec: Codec
    length: int
    sent_id: str | None

    def request_id(self) -> str:
        """Return the id that was sent where it can be kept, else a new one."""
        return request_id(self.sent_id)


class Recognizer:
    """Tells plain requests from others. Lives as long as the application, on its event loop.

    `remembered` holds heads that were parsed before, byte for byte, with their meaning: a client sends the same one
    again and again, and looking it up costs a fifth of parsing it. It is bounded, and never holds a head with an id.
    """

    def __init__(self, routes: Mapping[bytes, tuple[str, ServedModel]], settings: Settings) -> None:
        self._routes = routes
        self._max_bytes = min(settings.max_body_bytes, LARGE_BYTES)
        self.remembered: dict[bytes, PlainRequest] = {}

    def recognize(self, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> PlainRequest | None:
        """Return the plain request of a POST's target and headers (names in lower case), or None."""
        route = self._routes.get(target)
        if route is None or route[1].model.reads_files:
            return None
        length = request_codec = sent_id = None
        response_codec = _JSON
        for name, value in headers:
            if name == b"content-length":
                if length is not None:
                    return None
                length = value
            elif name == b"content-type":
                if request_codec is not None or value not in _CODECS:
                    return None
                request_codec = _CODECS[value]
            elif name == b"x-request-id":
                sent_id = sent_id or value
            elif name == b"accept":
                if value not in _ACCEPTED:
                    return None
                response_codec = _ACCEPTED[value]
            elif name in _UNUSUAL:
                return None
        if request_codec is None or length is None or not length.isdigit() or int(length) > self._max_bytes:
            return None
        if not (request_codec.ready() and response_codec.ready()):
            return None
        id_text = None if sent_id is None else sent_id.decode("latin-1")
        return PlainRequest(*route, request_codec, response_codec, int(length), id_text)

    def remember(self, head: bytes, request: PlainRequest) -> None:
        """Keep the meaning of a head, unless it has an id or is long."""
        if request.sent_id is None and len(head) <= _MAX_REMEMBERED_BYTES:
            if len(self.remembered) >= _MAX_REMEMBERED:
                self.remembered.clear()
            self.remembered[head] = request
