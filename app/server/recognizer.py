"""Requests for a prediction that are plain enough to be answered ahead of FastAPI's routes, which take the others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.codecs.base import Codec
from app.codecs.negotiation import CODECS
from app.models.served import ServedModel
from app.prediction import LARGE_BYTES
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
    """What a head says: the model and the route's template, both codecs, the body's length, the id that was sent."""

    route: str
    served: ServedModel
    request_codec: Codec
    response_codec: Codec
    length: int
    sent_id: str | None

    def request_id(self) -> str:
        """The id that was sent where it can be kept, a new one elsewhere."""
        return request_id(self.sent_id)


class Recognizer:
    """Tells plain requests from others. Lives as long as the application, on its event loop.

    `remembered` holds heads that were parsed before, byte for byte, with what they say: a client sends the same one
    again and again, and to look it up costs a fifth of parsing it. It is bounded, and never holds one with an id.
    """

    def __init__(self, routes: Mapping[bytes, tuple[str, ServedModel]], settings: Settings) -> None:
        self._routes = routes
        self._max_bytes = min(settings.max_body_bytes, LARGE_BYTES)
        self.remembered: dict[bytes, PlainRequest] = {}

    def recognize(self, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> PlainRequest | None:
        """The plain request of a POST's target and headers (names in lower case), or None."""
        route = self._routes.get(target)
        if route is None or route[1].model.reads_files:
            return None
        length = form = sent_id = None
        answer = _JSON
        for name, value in headers:
            if name == b"content-length":
                if length is not None:
                    return None
                length = value
            elif name == b"content-type":
                if form is not None or value not in _CODECS:
                    return None
                form = _CODECS[value]
            elif name == b"x-request-id":
                sent_id = sent_id or value
            elif name == b"accept":
                if value not in _ACCEPTED:
                    return None
                answer = _ACCEPTED[value]
            elif name in _UNUSUAL:
                return None
        if form is None or length is None or not length.isdigit() or int(length) > self._max_bytes:
            return None
        if not (form.ready() and answer.ready()):
            return None
        named = None if sent_id is None else sent_id.decode("latin-1")
        return PlainRequest(*route, form, answer, int(length), named)

    def remember(self, head: bytes, request: PlainRequest) -> None:
        """Know the head from now on."""
        if request.sent_id is None and len(head) <= _MAX_REMEMBERED_BYTES:
            if len(self.remembered) >= _MAX_REMEMBERED:
                self.remembered.clear()
            self.remembered[head] = request
