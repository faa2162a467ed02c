"""Formatting of numbers and text for a reader of the report and the model card."""

import math
import re
from html import escape
from typing import Any

from markupsafe import Markup

from app.bundle.display import truncate

NONE = "—"


def compact(value: float | None, digits: int = 4) -> str:
    """Format a number to `digits` significant digits: 0.0123, 12.3, 12,300; 1.2e-07 where it is tiny or huge."""
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
    """Format a metric to three decimals where it is below 10 in size, else compactly."""
    if value is None or abs(value) >= 10:
        return compact(value)
    return f"{value:z.3f}".replace("-", "−")


def rounded(value: float) -> str:
    """Format an interval's end with fewer digits than its metric: to two decimals, or compactly if small or large."""
    if abs(value) >= 10:
        return compact(value, 3)
    return compact(value, 1) if 0 < abs(value) < 0.01 else f"{value:.2f}".replace("-", "−")


def percent(share: float | None) -> str:
    """Format a share as a percentage, which is 0 % or 100 % only where the share is exactly 0 or 1."""
    if share is None:
        return NONE
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.0f} %" if share in (0, 1) or 0.1 <= share < 0.995 else f"{100 * share:.1f} %"


def shown(value: Any) -> str:
    """Format a cell of any kind on one line, cut where it is long; a dash where it is missing."""
    if value is None:
        return NONE
    if isinstance(value, float):
        return NONE if math.isnan(value) else compact(value)
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    return truncate(" ".join(str(value).split()))


def cell(text: str) -> str:
    """Return text for a cell of a Markdown table: on one line, with Markdown's special characters escaped."""
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", " ".join(text.split()))


def prose(text: str) -> Markup:
    """Return paragraphs of plain text as Markdown, with its special characters escaped."""
    paragraphs = (cell(escape(paragraph, quote=False)) for paragraph in re.split(r"\n\s*\n", text.strip()))
    plain = "\n\n".join(re.sub(r"^(\d*)([#+~=.)-])", r"\1\\\2", paragraph) for paragraph in paragraphs)
    return Markup(plain)  # noqa: S704 escaped above, except quotes, which are harmless in Markdown
