import json
from typing import Any

import httpx
import pytest

from loadtest.rows import Requests, describe

FEATURES: list[dict[str, Any]] = [
    {
        "name": "age",
        "kind": "number",
        "nullable": False,
        "minimum": 18,
        "maximum": None,
        "example": 30.0,
        "description": "Years. Training range: 10 to 70.",
    },
    {
        "name": "home",
        "kind": "category",
        "nullable": True,
        "example": "rent",
        "description": "Known categories: rent, owner. Read as missing: -. May be null or absent.",
    },
]


@pytest.mark.parametrize("name", ["credit", "colour", "price"])
def test_good_rows_are_accepted_without_warnings(many: httpx.Client, name: str) -> None:
    requests = Requests(describe(str(many.base_url), name), seed=1)
    answer = many.post(requests.path, content=requests.good(200), headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert [one for one in answer.json()["predictions"] if "warnings" in one] == []


def test_bad_bodies_are_refused(client: httpx.Client) -> None:
    requests = Requests(describe(str(client.base_url)), seed=1)
    statuses = {
        client.post(requests.path, content=requests.bad(), headers={"Content-Type": "application/json"}).status_code
        for _ in range(30)
    }
    assert statuses == {400, 422}


def test_values_keep_the_rules_and_vary() -> None:
    requests = Requests({"name": "credit", "features": FEATURES}, seed=1)
    rows = [requests.row() for _ in range(300)]
    ages = [row["age"] for row in rows]
    assert all(isinstance(age, float | int) and 18 <= age <= 70 for age in ages)
    assert len(set(ages)) > 200
    assert {row["home"] for row in rows} == {"rent", "owner", None}


def test_a_seed_makes_the_same_bodies_again() -> None:
    first, second = (Requests({"name": "credit", "features": FEATURES}, seed=1) for _ in range(2))
    assert json.loads(first.good(3)) == json.loads(second.good(3))
