"""The report's plots: SVG for inclusion in HTML, coloured by the page's CSS variables and without users' text.

Users' text stays in the HTML around a plot, where it is escaped, can be searched for, and every script has glyphs.
"""

import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from training.data.histogram import ValueHistogram
from training.evaluation.evaluate import CalibrationBin, Points

N_SERIES = 10
"""The number of series colours that the style sheet defines."""

# Placeholders for CSS variables, by which an inline SVG follows the reader's light or dark scheme.
_INK, _LINE, _MUTED = "#010101", "#020202", "#030303"
_SERIES = tuple(f"#04040{index}" for index in range(N_SERIES))
_VARIABLES = {_INK: "var(--ink)", _LINE: "var(--line)", _MUTED: "var(--muted)"} | {
    colour: f"var(--series-{index})" for index, colour in enumerate(_SERIES)
}
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": 8,
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _MUTED,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": _LINE,
    "grid.linewidth": 0.5,
    "xtick.color": _LINE,
    "ytick.color": _LINE,
    "xtick.labelcolor": _MUTED,
    "ytick.labelcolor": _MUTED,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
}
_WIDTH, _HEIGHT = 4.6, 3.1
_SMALL = (3.4, 2.2)


def learning_curve(
    name: str, train: Sequence[float], validation: Sequence[float] | None, best_epoch: int | None
) -> Markup:
    """Plot one metric by epoch, train in the second colour, validation in the first, the best epoch marked."""

    def draw(axes: Axes) -> None:
        epochs = range(1, len(train) + 1)
        marker = "o" if len(train) == 1 else None
        axes.plot(epochs, train, color=_SERIES[1], marker=marker)
        if validation is not None:
            axes.plot(epochs, validation, color=_SERIES[0], marker=marker)
        if best_epoch is not None:
            axes.axvline(best_epoch, color=_MUTED, linewidth=1, linestyle="--")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))

    return _svg(f"learning {name}", f"Line chart of {name} by epoch", draw)


def roc(curves: Sequence[tuple[Points, int | None]]) -> Markup:
    """Plot ROC curves, each with the index of its series colour, or None for the muted one."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=_MUTED, linewidth=1, linestyle="--")
        _draw_curves(axes, curves)
        axes.set(xlabel="false positive rate", ylabel="true positive rate")

    return _svg("roc", "ROC curve: true positive rate by false positive rate", draw)


def precision_recall(curves: Sequence[tuple[Points, int | None]], prevalence: float | None) -> Markup:
    """Plot precision by recall; `prevalence` is the precision of guessing, None where it differs between curves."""

    def draw(axes: Axes) -> None:
        if prevalence is not None:
            axes.axhline(prevalence, color=_MUTED, linewidth=1, linestyle="--")
        _draw_curves(axes, curves)
        axes.set(xlabel="recall", ylabel="precision")

    return _svg("precision recall", "Precision by recall curve", draw)


def calibration(bins: Sequence[CalibrationBin]) -> Markup:
    """Plot the observed share by the predicted probability; a dot's area grows with its number of rows."""

    def draw(axes: Axes) -> None:
        largest = max(a_bin.count for a_bin in bins)
        predicted, observed = [a_bin.predicted for a_bin in bins], [a_bin.observed for a_bin in bins]
        axes.plot([0, 1], [0, 1], color=_MUTED, linewidth=1, linestyle="--")
        axes.plot(predicted, observed, color=_SERIES[0], linewidth=1)
        areas = [10 + 110 * a_bin.count / largest for a_bin in bins]
        axes.scatter(predicted, observed, s=areas, color=_SERIES[0])
        axes.set(xlabel="predicted probability", ylabel="observed share")
        _unit_square(axes)

    return _svg("calibration", "Reliability diagram: observed share by predicted probability", draw)


def predicted_against_actual(pairs: Points) -> Markup:
    """Plot predicted by actual, one dot for each row, and the diagonal of exact predictions."""

    def draw(axes: Axes) -> None:
        actual, predicted = zip(*pairs, strict=True)
        ends = [min(actual), max(actual)]
        axes.plot(actual, predicted, linestyle="none", marker=".", markersize=3.5, color=_SERIES[0], alpha=0.45)
        axes.plot(ends, ends, color=_INK, linewidth=1, linestyle="--")
        axes.set(xlabel="actual", ylabel="predicted")

    return _svg("predicted actual", "Scatter plot of predicted by actual value", draw)


def residuals(counts: ValueHistogram) -> Markup:
    """Plot the histogram of actual minus predicted."""

    def draw(axes: Axes) -> None:
        axes.stairs(counts.counts, counts.edges, fill=True, color=_SERIES[0], alpha=0.75)
        axes.axvline(0, color=_INK, linewidth=1, linestyle="--")
        axes.set(xlabel="actual − predicted", ylabel="rows")

    return _svg("residuals", "Histogram of actual minus predicted", draw)


def partial_dependence(
    curves: Sequence[tuple[Points, int]], missing: Sequence[float], ends: tuple[float, float]
) -> Markup:
    """Plot the mean answer by a feature's value: a curve for each output, with the index of its series colour.

    `missing` holds each output's mean answer where the value is missing, drawn dashed. `ends` are those of the vertical
    axis, the same in all of a report's plots so that slopes can be compared.
    """

    def draw(axes: Axes) -> None:
        for points, series in curves:
            x, y = zip(*points, strict=True)
            axes.plot(x, y, color=_SERIES[series], marker="o", markersize=2.5)
        for (_, series), level in zip(curves, missing, strict=bool(missing)):
            axes.axhline(level, color=_SERIES[series], linewidth=1, linestyle="--")
        margin = 0.06 * (ends[1] - ends[0]) or 1.0
        axes.set(ylabel="mean answer", ylim=(ends[0] - margin, ends[1] + margin))
        axes.xaxis.set_major_locator(MaxNLocator(6))

    return _svg("partial dependence", "Line chart of the mean answer by the feature's value", draw, _SMALL)


def histogram_path(counts: ValueHistogram) -> str:
    """Return the bars as data of an SVG path in a box of width 100 and height 100, the tallest bar full."""
    width, tallest = 100 / len(counts.counts), max(counts.counts)
    bars = (
        f"M{width * index + 0.3:.2f} 100V{100 - 100 * count / tallest:.1f}h{width - 0.6:.2f}V100z"
        for index, count in enumerate(counts.counts)
        if count
    )
    return "".join(bars)


def _draw_curves(axes: Axes, curves: Sequence[tuple[Points, int | None]]) -> None:
    width = 1.8 if len(curves) == 1 else 1.2
    for points, series in sorted(curves, key=lambda curve: curve[1] is not None):
        x, y = zip(*points, strict=True)
        muted = series is None
        axes.plot(x, y, color=_MUTED if series is None else _SERIES[series], linewidth=width, alpha=0.3 if muted else 1)
    _unit_square(axes)


def _unit_square(axes: Axes) -> None:
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))


def _svg(name: str, label: str, draw: Callable[[Axes], None], size: tuple[float, float] = (_WIDTH, _HEIGHT)) -> Markup:
    """Return an <svg> element without size, namespaced ids or metadata, the same for the same data."""
    style: Any = _STYLE | {"svg.hashsalt": name}
    with mpl.rc_context(style):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.add_subplot())
        buffer = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = buffer.getvalue()
    view_box = re.search(r'viewBox="[^"]*"', text)
    body = re.sub(r"\s+", " ", text[text.index("</style>") :]).removeprefix("</style> </defs> ")
    body = re.sub(r'<g id="[^"]*"', "<g", body).replace("> <", "><")
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, variable)
    opening = f'<svg class="plot" {view_box[0] if view_box else ""} role="img" aria-label="{escape(label)}">'
    return Markup(opening + body.strip())  # noqa: S704 matplotlib's own markup, no user's text in it
