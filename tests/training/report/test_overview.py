from typing import Any

import numpy as np
import pytest

from app.bundle.preprocessor import fit
from app.bundle.transforms.category import CategoryFeature
from app.bundle.transforms.number import NumberFeature
from app.bundle.transforms.text import TextFeature
from training.data.kinds.category import N_TOP_CATEGORIES
from training.report.overview import summarize_features


def test_a_number_given_as_a_list_counts_none_and_its_sentinels_as_missing() -> None:
    feature = NumberFeature(name="age", nullable=True, missing_values=(999.0,))
    columns = {"age": [20.0, 30.0, None, 999.0]}
    ((_, summary),) = summarize_features([feature], fit([feature], columns), columns)
    assert summary.missing_share == 0.5
    assert summary.histogram is not None
    assert sum(summary.histogram.counts) == 2
    assert ("range", "20 to 30") in summary.facts


def test_a_category_shows_its_most_frequent_strings_and_the_others_as_one() -> None:
    feature = CategoryFeature(name="city", nullable=True)
    columns = {"city": [*"aaaabbbccd", "e", "f", None, None]}
    ((_, summary),) = summarize_features([feature], fit([feature], columns), columns)
    assert [bar.name for bar in summary.bars] == [*"abcd", "2 more"]
    assert sum(bar.share for bar in summary.bars) == 1.0
    assert [bar.rest for bar in summary.bars] == [False] * N_TOP_CATEGORIES + [True]
    assert summary.missing_share == pytest.approx(2 / 14)


def test_a_category_with_no_cell_at_all_has_no_bars() -> None:
    feature = CategoryFeature(name="city", nullable=True)
    columns = {"city": [None, None]}
    ((_, summary),) = summarize_features([feature], fit([feature], columns), columns)
    assert (summary.bars, summary.missing_share) == ((), 1.0)


def test_the_histogram_of_the_train_split_leaves_no_number_out() -> None:
    feature = NumberFeature(name="x", nullable=False)
    columns: dict[str, Any] = {"x": np.random.default_rng(1).standard_cauchy(1000)}
    ((_, summary),) = summarize_features([feature], fit([feature], columns), columns)
    assert summary.histogram is not None
    assert sum(summary.histogram.counts) == 1000


def test_a_text_tells_its_lengths_and_what_is_known_of_it() -> None:
    feature = TextFeature(name="review", nullable=True)
    columns = {"review": ["好好", "好房间很大", None, "不好"]}
    ((_, summary),) = summarize_features([feature], fit([feature], columns), columns)
    assert dict(summary.facts)["characters, median"] == "2"
    assert dict(summary.facts)["characters, longest"] == "5"
    assert summary.missing_share == 0.25
