"""The codecs of a request and of its answer, by Content-Type and Accept."""

from collections.abc import Sequence

from app.codecs import arrow_codec
from app.codecs.arrow_codec import ArrowCodec
from app.codecs.base import Codec
from app.codecs.csv_codec import CsvCodec
from app.codecs.json_codec import JsonCodec
from app.errors import NotAcceptable, UnsupportedMediaType

CODECS: Sequence[Codec] = (JsonCodec(), CsvCodec(), ArrowCodec())
"""Every codec, the preferred one first."""

_MISSING = "pyarrow is not installed (the extra `arrow` brings it)"


def request_codec(content_type: str) -> Codec:
    """Return the codec of a body by its Content-Type; raises UnsupportedMediaType."""
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [part.partition("=")[2].strip("\"'") for part in parameters if part.startswith("charset=")]
    codec = next((codec for codec in CODECS if codec.media_type == media_type), None)
    if codec is None or any(charset not in ("utf-8", "utf8") for charset in charsets):
        known = ", ".join(codec.media_type for codec in CODECS)
        received = content_type[:80] or "no type"
        raise UnsupportedMediaType(f"a body must be one of {known}, text in UTF-8, received {received}")
    if codec.media_type == ArrowCodec.media_type and not arrow_codec.installed():
        raise UnsupportedMediaType(f"{codec.media_type} cannot be read: {_MISSING}")
    return codec


def response_codec(accept: str) -> Codec:
    """Return the codec that an Accept header prefers, JSON where it says nothing; raises NotAcceptable.

    Of two with the same quality the one that is named more exactly comes first, then the order of CODECS decides.
    """
    ranges = [_range(text) for text in accept.split(",") if text.strip()] or [("*/*", 1.0)]
    ranked = [(*_preference(codec, ranges), -order, codec) for order, codec in enumerate(CODECS)]
    acceptable = sorted((entry for entry in ranked if entry[0] > 0), key=lambda entry: entry[:3], reverse=True)
    for *_, codec in acceptable:
        if codec.media_type != ArrowCodec.media_type or arrow_codec.installed():
            return codec
    known = ", ".join(codec.media_type for codec in CODECS)
    missing = f"; {_MISSING}" if acceptable else ""
    raise NotAcceptable(f"answers are one of {known}, Accept asks for {accept[:80]}{missing}")


def _range(text: str) -> tuple[str, float]:
    """Return a media range and its quality, 0 where the quality cannot be read."""
    media_range, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    try:
        return media_range, min(max(float(quality), 0.0), 1.0)
    except ValueError:
        return media_range, 0.0


def _preference(codec: Codec, ranges: Sequence[tuple[str, float]]) -> tuple[float, int]:
    """Return the quality by the most exact range that fits, and how exact that range is."""
    names = ("*/*", f"{codec.media_type.partition('/')[0]}/*", codec.media_type)
    fitting = [(names.index(name), quality) for name, quality in ranges if name in names]
    exactness, quality = max(fitting, default=(0, 0.0))
    return quality, exactness
