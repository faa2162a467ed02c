import numpy as np

from app.bundle.transforms.boolean import BooleanBins, BooleanStatistics

STATISTICS = BooleanStatistics(true_share=0.5)


def test_true_false_and_missing_are_counted_apart() -> None:
    column = np.array([1, 0, 1, np.nan, 1], dtype=np.float32)
    bins = BooleanBins(BooleanBins.fit(column, STATISTICS), STATISTICS)
    assert [(one.label, one.role, one.expected) for one in bins.bins] == [
        ("=false", "value", 1),
        ("=true", "value", 3),
        ("missing", "missing", 1),
    ]
    assert bins.count(column[3:]).tolist() == [0, 1, 1]
