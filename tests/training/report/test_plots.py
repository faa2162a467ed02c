"""The plots that a test can read; a browser renders the others in `test_report`."""

from training.data.histogram import ValueHistogram
from training.report.plots import histogram_path


def test_the_path_of_a_histogram_leaves_empty_bins_out_and_fills_the_tallest() -> None:
    assert histogram_path(ValueHistogram((0.0, 1.0, 2.0), (0, 4), (0.0, 2.0))) == "M50.30 100V0.0h49.40V100z"
