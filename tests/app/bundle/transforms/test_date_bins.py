import numpy as np

from app.bundle.texts.dates import read_date
from app.bundle.transforms.date import DateBins, DateFeature, DateTransform

FEATURE = DateFeature(name="since", nullable=True)
DAYS = [f"2024-01-{day:02d}" for day in range(1, 31)]


def test_dates_are_counted_between_quantiles_that_people_can_read() -> None:
    statistics = DateTransform.fit(FEATURE, DAYS)
    column = np.array([*(read_date(day, "ymd") for day in DAYS), np.nan])
    bins = DateBins(DateBins.fit(column, statistics), statistics)
    assert [one.label for one in bins.bins[:3]] == [
        "below 2023-12-17T12:00:00Z",
        "less than 2024-01-04",
        "2024-01-04 to 2024-01-07",
    ]
    assert bins.count(column).tolist() == [one.expected for one in bins.bins]


def test_a_range_as_wide_as_the_calendar_has_bins() -> None:
    statistics = DateTransform.fit(FEATURE, ["0001-01-01", "9999-12-31"])
    bins = DateBins(DateBins.fit(np.array([statistics.minimum, statistics.maximum]), statistics), statistics)
    assert bins.bins[0].label == "below 0001-01-01"
    assert bins.bins[-2].label == "above 9999-12-31"
