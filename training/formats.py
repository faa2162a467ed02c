"""How numbers are written for a reader."""

import math
import re
from html import escape
from typing import Any

from markupsafe import Markup

from app.bundle.display import truncate

NONE = "—"


def compact(value: float | None, digits: int = 4) -> str:
    """The number to so many significant digits: 0.0123, 12.3, 12,300; 1.2e-07 where it is tiny or huge."""
    if value is None:
        return NONE
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if not -4 <= magnitude < 12:
        return f"{value:.{digits - 1}g}"
    text = f"{value:,.{max(0, digits - 1 - magnitude)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")


def fixed(value: float | None) -> str:
    """A metric between 0 and 1, or of that scale, to three decimals; others compact."""
    if value is None or abs(value) >= 10:
        return compact(value)
    return f"{value:z.3f}".replace("-", "−")


def rounded(value: float) -> str:
    """An interval's end, to fewer digits than the metric between: two decimals, or compact where that tells little."""
    if abs(value) >= 10:
        return compact(value, 3)
    return compact(value, 1) if 0 < abs(value) < 0.01 else f"{value:.2f}".replace("-", "−")


def percent(share: float | None) -> str:
    """A share as a percentage that is 0 % or 100 % only where it is exactly so."""
    if share is None:
        return NONE
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.0f} %" if share in (0, 1) or 0.1 <= share < 0.995 else f"{100 * share:.1f} %"


def shown(value: Any) -> str:
    """A cell of a table, whatever its kind, cut to a line; a dash where it is missing."""
    if value is None:
        return NONE
    if isinstance(value, float):
        return NONE if math.isnan(value) else compact(value)
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    return truncate(" ".join(str(value).split()))


def cell(text: str) -> str:
    """Text for a cell of a Markdown table: on one line, and nothing in it taken for markup."""
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", " ".join(text.split()))


def prose(text: str) -> Markup:
    """Paragraphs of plain text as paragraphs of Markdown, nothing in them taken for markup."""
    paragraphs = (cell(escape(one, quote=False)) for one in re.split(r"\n\s*\n", text.strip()))
    plain = "\n\n".join(re.sub(r"^(\d*)([#+~=.)-])", r"\1\\\2", one) for one in paragraphs)
    return Markup(plain)  # noqa: S704 escaped above, but for quotes, which a reader of the Markdown is to see
