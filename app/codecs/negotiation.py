"""Which format a request is in, and which one its answer is wanted in."""

from collections.abc import Sequence

from app.codecs import arrow_codec
from app.codecs.arrow_codec import Arrow
from app.codecs.base import Format
from app.codecs.csv_codec import Csv
from app.codecs.json_codec import Json
from app.errors import NotAcceptable, UnsupportedMediaType

FORMATS: Sequence[Format] = (Json(), Csv(), Arrow())
"""In the order of preference."""

_MISSING = "pyarrow is not installed (the extra `arrow` brings it)"


def request_format(content_type: str) -> Format:
    """The format of a body by its Content-Type; raises UnsupportedMediaType."""
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [part.partition("=")[2].strip("\"'") for part in parameters if part.startswith("charset=")]
    found = next((one for one in FORMATS if one.media_type == media_type), None)
    if found is None or any(one not in ("utf-8", "utf8") for one in charsets):
        known = ", ".join(one.media_type for one in FORMATS)
        received = content_type[:80] or "no type"
        raise UnsupportedMediaType(f"a body must be one of {known}, text in UTF-8, received {received}")
    if found.media_type == Arrow.media_type and not arrow_codec.installed():
        raise UnsupportedMediaType(f"{found.media_type} cannot be read: {_MISSING}")
    return found


def answer_format(accept: str) -> Format:
    """The format that an Accept header likes best, JSON where it says nothing; raises NotAcceptable.

    Where two are liked alike, the one that is named more exactly comes first, then FORMATS' order decides.
    """
    ranges = [_range(one) for one in accept.split(",") if one.strip()] or [("*/*", 1.0)]
    liked = [(*_liking(one, ranges), -order, one) for order, one in enumerate(FORMATS)]
    wanted = sorted((one for one in liked if one[0] > 0), key=lambda one: one[:3], reverse=True)
    for *_, found in wanted:
        if found.media_type != Arrow.media_type or arrow_codec.installed():
            return found
    known = ", ".join(one.media_type for one in FORMATS)
    missing = f"; {_MISSING}" if wanted else ""
    raise NotAcceptable(f"answers are one of {known}, Accept asks for {accept[:80]}{missing}")


def _range(text: str) -> tuple[str, float]:
    """A media range and its quality; what cannot be read is not wanted."""
    media_range, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    try:
        return media_range, min(max(float(quality), 0.0), 1.0)
    except ValueError:
        return media_range, 0.0


def _liking(one: Format, ranges: Sequence[tuple[str, float]]) -> tuple[float, int]:
    """Quality by the most exact range that fits, and how exact that is."""
    names = ("*/*", f"{one.media_type.partition('/')[0]}/*", one.media_type)
    fitting = [(names.index(name), quality) for name, quality in ranges if name in names]
    exactness, quality = max(fitting, default=(0, 0.0))
    return quality, exactness
