"""Realistic requests to a served model, and bad ones, made from the service's description of the model."""

import json
import random
import re
from collections.abc import Mapping
from typing import Any
from urllib.request import urlopen

Value = float | str | bool | list[float] | None

_NULL_SHARE = 0.1
_RANGE = re.compile(r"Training range: (\S+) to (\S+)\.(?: |$)")
_CATEGORIES = re.compile(r"Known categories: (.*?)(?: and \d+ more)?\.(?: Read as missing| May be null|$)")


def describe(host: str, model: str | None = None) -> dict[str, Any]:
    """Return the answer to `GET /models/{name}`, for the first served model if none is named; raise OSError."""
    name = model or _get(f"{host}/models")["models"][0]["name"]
    return _get(f"{host}/models/{name}")


class Requests:
    """Request bodies for one model; equal seeds make equal bodies."""

    def __init__(self, description: Mapping[str, Any], seed: int | None = None) -> None:
        self.path = f"/models/{description['name']}/predict"
        self._features = description["features"]
        self._random = random.Random(seed)  # noqa: S311 no secret depends on it

    def good(self, n_rows: int) -> str:
        """Return a body that the service answers with 200."""
        return json.dumps({"instances": [self.row() for _ in range(n_rows)]})

    def bad(self) -> str:
        """Return a body that the service refuses with 400 or 422."""
        row = self.row()
        name = self._random.choice(self._features)["name"]
        unknown = {**row, f"{name} of nobody": 1}
        bodies: list[Any] = [{"instances": []}, {"instances": [{**row, name: [1]}]}, {"instances": [unknown]}, {}]
        whole = json.dumps(bodies[0])
        return self._random.choice([*map(json.dumps, bodies), whole[:-1]])

    def row(self) -> dict[str, Value]:
        """Return an instance: numbers within their training range, categories from their vocabulary, some nulls."""
        return {feature["name"]: self._value(feature) for feature in self._features}

    def _value(self, feature: Mapping[str, Any]) -> Value:
        if feature["nullable"] and self._random.random() < _NULL_SHARE:
            return None
        described = feature["description"]
        if feature["kind"] == "number":
            return self._number(feature, _RANGE.search(described))
        categories = _CATEGORIES.search(described)
        if feature["kind"] == "boolean":
            return self._random.random() < 0.5
        example: Value = feature["example"]
        return self._random.choice(categories[1].split(", ")) if categories else example

    def _number(self, feature: Mapping[str, Any], trained: re.Match[str] | None) -> float:
        example: float = feature["example"] or 0.0
        lowest, highest = (float(trained[1]), float(trained[2])) if trained else (example, example)
        value = self._random.triangular(lowest, highest, min(max(example, lowest), highest))
        if feature["minimum"] is not None:
            value = max(value, feature["minimum"])
        return value if feature["maximum"] is None else min(value, float(feature["maximum"]))


def _get(url: str) -> dict[str, Any]:
    with urlopen(url, timeout=10) as response:  # noqa: S310 the address comes from the person who starts the load
        content: dict[str, Any] = json.load(response)
    return content
