"""The pydantic schema of a bundle's features: validation of requests, their problems, and their JSON schema.

Tests: tests/app/codecs/test_json_decoder.py, tests/app/api/test_predict.py (rules and problems),
tests/app/api/test_openapi.py (the JSON schema)
"""

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, NotRequired

import jiter
from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from app.bundle.display import MAX_LENGTH, shorten, truncate
from app.bundle.manifest import Manifest
from app.bundle.normalization import Normalization
from app.bundle.preprocessor import CellReader
from app.bundle.transforms import TRANSFORMS, Feature
from app.codecs.json_decoder import JsonDecoder, Row
from app.errors import MAX_PROBLEMS, InvalidInstances, MalformedBody, Problem

Instance = dict[str, Any]
"""A row as it is sent: cells by feature."""

_RULES = {
    "missing": "is required",
    "float_type": "must be a number",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "finite_number": "must be a finite number",
    "list_type": "must be a list of objects",
    "dict_type": "must be an object",
    "too_short": "must hold at least one instance",
}


class RequestSchema:
    """The rules of one bundle's requests. Immutable, safe to share between threads; built when the bundle is loaded."""

    def __init__(self, manifest: Manifest, normalization: Normalization, readers: Mapping[str, CellReader]) -> None:
        self.manifest = manifest
        self._names = [feature.name for feature in manifest.features]
        fields = {
            feature.name: _field(feature, normalization.features[feature.name], readers.get(feature.name))
            for feature in manifest.features
        }
        row: Any = _typed_dict("Instance", fields)
        rows: Any = Annotated[list[row], Field(min_length=1)]
        self._decoder = JsonDecoder(manifest.features, readers)
        self._instances: TypeAdapter[list[Instance]] = TypeAdapter(rows)
        self._request: TypeAdapter[dict[str, list[Instance]]] = TypeAdapter(_typed_dict("Request", {"instances": rows}))

    def parse(self, body: bytes) -> list[Row]:
        """Return the rows of a JSON request.

        Raises MalformedBody where it is not JSON (or names a key twice), InvalidInstances where it breaks a rule.
        """
        rows = self._decoder.rows(body)
        return self._validate(body) if rows is None else rows

    def _validate(self, body: bytes) -> list[Row]:
        """Return the rows as `parse` does, but slower and with a description of all that is wrong."""
        content = parse_json(body)
        try:
            return self._rows(self._request.validate_python(content)["instances"])
        except ValidationError as error:
            raise self._invalid(error) from error

    def check(self, instances: Sequence[Instance]) -> list[Row]:
        """Return the rows of instances that did not come as JSON, under the same rules; raises InvalidInstances."""
        try:
            return self._rows(self._instances.validate_python(instances))
        except ValidationError as error:
            raise self._invalid(error) from error

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON schema of a request, without references, with an example."""
        schema = self._request.json_schema(ref_template="#/$defs/{model}")
        instance = schema.pop("$defs")["Instance"]
        schema["properties"]["instances"]["items"] = instance
        schema["example"] = {"instances": [self.example()]}
        return schema

    def columns_schema(self) -> dict[str, Any]:
        """Return the JSON schema of a request by column, with an example."""
        instance = self.json_schema()["properties"]["instances"]["items"]
        lists = {name: {"type": "array", "items": cell} for name, cell in instance["properties"].items()}
        columns = {**instance, "title": "Columns", "properties": lists}
        return {
            "type": "object",
            "title": "RequestByColumn",
            "description": "Lists of equal length.",
            "required": ["columns"],
            "additionalProperties": False,
            "properties": {"columns": columns},
            "example": {"columns": {name: [value] for name, value in self.example().items()}},
        }

    def example(self) -> Instance:
        """Return a realistic instance: each feature's example."""
        return {feature.name: feature.example for feature in self.manifest.features}

    def _rows(self, instances: Sequence[Instance]) -> list[Row]:
        return [tuple([instance.get(name) for name in self._names]) for instance in instances]

    def _invalid(self, error: ValidationError) -> InvalidInstances:
        # Most of the cost is in the list of errors, of which a hostile body may have very many.
        problems = [self._problem(details) for details in error.errors(include_url=False)[:MAX_PROBLEMS]]
        return InvalidInstances(problems, error.error_count())

    def _problem(self, error: Mapping[str, Any]) -> Problem:
        path = [step for step in error["loc"] if step != "instances"]
        instance = next((step for step in path if isinstance(step, int)), None)
        feature = next((step for step in path if isinstance(step, str)), None)
        absent = error["type"] == "missing"
        return Problem(
            instance=instance,
            feature=None if feature is None else shorten(feature).strip("'\""),
            rule=self._rule(error, feature, instance),
            value=None if absent else as_json(error["input"]),
        )

    def _rule(self, error: Mapping[str, Any], feature: str | None, instance: int | None) -> str:
        error_type = error["type"]
        if error_type == "extra_forbidden":
            if instance is None:
                return "is unknown; a request holds only `instances`"
            near = get_close_matches(feature or "", self._names, n=1)
            return f"is unknown to the model; did you mean {near[0]!r}?" if near else "is unknown to the model"
        if error_type == "missing" and feature is None:
            return "`instances` is required"
        context = error.get("ctx", {})
        if error_type == "value_error":  # raised by a cell reader
            return str(context["error"])
        if error_type == "greater_than_equal":
            return f"must be at least {context['ge']:g}"
        if error_type == "less_than_equal":
            return f"must be at most {context['le']:g}"
        return _RULES.get(error_type, str(error["msg"]))


def parse_json(body: bytes) -> Any:
    """Return the content of a body; raises MalformedBody where it is not JSON, or names a key twice."""
    try:
        return jiter.from_json(body, catch_duplicate_keys=True, cache_mode="keys")
    except ValueError as error:
        raise MalformedBody(f"the body must be one JSON object: {shorten(str(error))}") from error


def as_json(value: Any) -> str:
    """Return the value as its caller wrote it, cut to one line."""
    if isinstance(value, str):
        value = value[: MAX_LENGTH + 1]
    return truncate(json.dumps(value, ensure_ascii=False))


def _typed_dict(name: str, fields: Mapping[str, Any]) -> Any:
    """Return a closed TypedDict: unlike a model's fields, its keys may be any column name."""
    make: Any = TypedDict
    typed = make(name, dict(fields))
    typed.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)
    return typed


def _field(feature: Feature, statistics: Any, reader: CellReader | None) -> Any:
    rule: Any = TRANSFORMS[feature.kind].cell
    bounds = TRANSFORMS[feature.kind].bounds(feature)
    if bounds is not None:
        rule = Annotated[rule, Field(allow_inf_nan=False, ge=bounds.minimum, le=bounds.maximum)]
    if reader is not None:
        rule = Annotated[rule, AfterValidator(reader)]
    if feature.nullable:
        rule = rule | None
    details = Field(
        title=feature.name,
        description=_description(feature, statistics),
        examples=None if feature.example is None else [feature.example],
    )
    return NotRequired[Annotated[rule, details]] if feature.nullable else Annotated[rule, details]


def _description(feature: Feature, statistics: Any) -> str:
    parts = [feature.description] if feature.description else []
    parts.append(TRANSFORMS[feature.kind].describe(statistics))
    if feature.missing_values:
        values = feature.missing_values
        listed = ", ".join(f"{value:g}" if isinstance(value, float) else value for value in values)
        parts.append(f"Read as missing: {listed}.")
    if feature.nullable:
        parts.append("May be null or absent.")
    return " ".join(parts)
