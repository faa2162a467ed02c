"""The catalogue: what depends on the item alone, as the rows of the file show."""

from typing import Any

import numpy as np
import pytest

from app.bundle.catalogue import Catalogue
from app.bundle.transforms.category import CategoryFeature
from app.bundle.transforms.ids import ItemFeature, UserFeature
from app.bundle.transforms.number import NumberFeature
from training.data.table import Table
from training.publishing.catalogue import build_catalogue

N = 60


def table(**changed: Any) -> Table:
    items = [f"i{row % 20}" for row in range(N)]
    columns: dict[str, Any] = {
        "who": [f"u{row % 7}" for row in range(N)],
        "what": items,
        "genre": [["drama", None][int(one[1:]) % 2] for one in items],
        "price": np.array([np.nan if one == "i3" else float(one[1:]) for one in items]),
        "hour": np.arange(N, dtype=np.float64),
        "shop": ["one"] * N,
        **changed,
    }
    features = (
        UserFeature(name="who", nullable=False),
        ItemFeature(name="what", nullable=True),
        CategoryFeature(name="genre", nullable=True),
        NumberFeature(name="price", nullable=True),
        NumberFeature(name="hour", nullable=False),
        CategoryFeature(name="shop", nullable=False),
    )
    return Table(features, columns, "stars", np.arange(N) / N, "regression", None, np.arange(N), ())


def make(**changed: Any) -> Catalogue:
    made = build_catalogue(table(**changed))
    assert made is not None
    return made


def test_an_item_is_told_once_with_what_is_the_same_in_all_its_rows() -> None:
    made = make()
    assert made.item == "what"
    assert list(made.columns) == ["what", "genre", "price"]
    assert made.columns["what"] == tuple(f"i{index}" for index in range(20))
    assert made.columns["genre"][:2] == ("drama", None)
    assert made.columns["price"][2:5] == (2.0, None, 4.0)


def test_one_row_that_differs_makes_a_feature_of_the_occasion() -> None:
    price = np.array(table().columns["price"])
    price[-1] += 1
    assert list(make(price=price).columns) == ["what", "genre"]


def test_a_user_is_no_feature_of_an_item() -> None:
    assert "who" not in make(who=[f"u{row % 20}" for row in range(N)]).columns


def test_few_items_that_repeat_prove_nothing() -> None:
    what = [f"i{max(row, 1)}" for row in range(N)]
    assert list(make(what=what, price=np.arange(N, dtype=np.float64)).columns) == ["what"]


def test_rows_without_an_item_are_left_out() -> None:
    what = [None if row % 20 == 5 else f"i{row % 20}" for row in range(N)]
    assert "i5" not in make(what=what).columns["what"]


def test_a_table_without_items_has_no_catalogue() -> None:
    plain = table()
    features = tuple(one for one in plain.features if one.kind != "item")
    without = Table(features, plain.columns, "stars", plain.target, "regression", None, plain.row_ids, ())
    assert build_catalogue(without) is None


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"genre": ("a",)}, "must have the column 'what'"),
        ({"what": ("a", "b"), "genre": ("a",)}, "the same length"),
        ({"what": ("a", "a")}, "a unique text"),
        ({"what": (None,)}, "a unique text"),
    ],
)
def test_a_catalogue_that_does_not_hold_is_refused(columns: Any, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        Catalogue(item="what", columns=columns)
