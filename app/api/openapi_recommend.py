"""The OpenAPI schemas of requests for a ranking and of their answers.

Tests: tests/app/api/test_recommend.py (the document of models that rank)
"""

from typing import Any

from app.models.model import Model
from app.models.ranker import DEFAULT_TOP, MAX_TOP, Ranker

WARNINGS: dict[str, Any] = {
    "type": "array",
    "description": "Accepted values that training never saw; absent where there are none.",
    "items": {
        "type": "object",
        "required": ["feature", "rule", "message"],
        "properties": {key: {"type": "string"} for key in ("feature", "rule", "message")},
    },
}


def request_schema(model: Model, ranker: Ranker) -> dict[str, Any]:
    """Return the schema of a request, with the user's features apart from the items', and an example."""
    instance = model.schema.json_schema()["properties"]["instances"]["items"]
    features = {name: schema for name, schema in instance["properties"].items() if name != ranker.item}
    required = [name for name in instance.get("required", ()) if name in features and name not in ranker.features]
    example = {name: value for name, value in model.schema.example().items() if name not in ranker.features}
    identity = {"type": "string", "description": "An item's id."}
    item = {**instance, "title": "Item", "required": [ranker.item]}
    user = {
        "type": "object",
        "title": "User",
        "description": "Features of the user and the occasion; features of items replace the catalogue's.",
        "required": required,
        "additionalProperties": False,
        "properties": features,
    }
    return {
        "type": "object",
        "title": "RankingRequest",
        "additionalProperties": False,
        "required": ["user"] if required else [],
        "properties": {
            "user": user,
            "top": {"type": "integer", "minimum": 1, "maximum": MAX_TOP, "default": DEFAULT_TOP},
            "items": {
                "type": "array",
                "minItems": 1,
                "description": "The items to rank, as ids or with their own features; by default the catalogue's.",
                "items": {"oneOf": [identity, item]},
            },
            "exclude": {"type": "array", "description": "Items to leave out.", "items": identity},
        },
        "example": {"user": example, "top": DEFAULT_TOP},
    }


def answer_schema(model: Model) -> dict[str, Any]:
    """Return the schema of an answer: the items in order, with the score that orders them."""
    name = "value"
    score: dict[str, Any] = {"type": "number", "description": f"Predicted {model.manifest.target}."}
    if model.manifest.labels is not None:
        name = "probability"
        score = {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "description": f"Probability of {model.manifest.labels[1]}.",
        }
    properties = {"item": {"type": "string"}, "rank": {"type": "integer", "minimum": 1}, name: score}
    entry = {"type": "object", "required": list(properties), "properties": {**properties, "warnings": WARNINGS}}
    return {
        "type": "object",
        "required": ["recommendations", "model"],
        "properties": {
            "recommendations": {"type": "array", "items": entry},
            "warnings": WARNINGS,
            "model": identity_schema(model),
        },
    }


def identity_schema(model: Model) -> dict[str, Any]:
    """Return the schema of the name and version that answered."""
    return {
        "type": "object",
        "required": ["name", "version"],
        "properties": {"name": {"const": model.manifest.name}, "version": {"const": model.manifest.version}},
    }
