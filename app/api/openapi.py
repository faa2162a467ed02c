"""The OpenAPI document: FastAPI's, with the features of the loaded models written into it."""

import copy
from dataclasses import replace
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api.openapi_recommend import WARNINGS, answer_schema, identity_schema, request_schema
from app.api.problems import PROBLEM_SCHEMA
from app.bundle.manifest import Band
from app.codecs.arrow_codec import ArrowCodec
from app.errors import SlipwayError
from app.models.model import Model
from app.models.ranker import Ranker
from app.models.registry import Registry
from app.problems import MEDIA_TYPE

_PREDICT_ERRORS = {
    "400": "The body does not parse as its Content-Type, or no model was chosen.",
    "404": "No such model or version is loaded.",
    "406": "No format that Accept names can be written.",
    "413": "The body is too large.",
    "415": "The Content-Type is not supported, or the body has a Content-Encoding.",
    "422": "An instance breaks a rule of the model.",
    "500": "The graph failed.",
    "503": "Not ready, or overloaded.",
}
_EXPLAIN = {
    "name": "explain",
    "in": "query",
    "required": False,
    "description": "Also return what each feature adds to each score, in JSON only. Refused (422) by"
    " versions that were published without an explanation.",
    "schema": {"type": "boolean", "default": False},
}
_MODEL_PATH = "/models/{name}/predict"
_VERSION_PATH = "/models/{name}/versions/{version}/predict"
_RECOMMEND_PATH = "/models/{name}/recommend"


def document(app: FastAPI, registry: Registry) -> dict[str, Any]:
    """Return the document for the models loaded now: paths that take rows are written out for each model."""
    content = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    paths = content["paths"]
    content["components"] = {"schemas": {"Problem": PROBLEM_SCHEMA}}
    templates = {path: paths.pop(path)["post"] for path in (_MODEL_PATH, _VERSION_PATH, _RECOMMEND_PATH)}
    for name, served in registry.models.items():
        model = served.model
        version = model.manifest.version
        paths[f"/models/{name}/predict"] = {"post": _predict_operation(templates[_MODEL_PATH], model)}
        paths[f"/models/{name}/versions/{version}/predict"] = {
            "post": _predict_operation(templates[_VERSION_PATH], model)
        }
        if model.ranker is not None:
            paths[f"/models/{name}/recommend"] = {
                "post": _rank_operation(templates[_RECOMMEND_PATH], model, model.ranker)
            }
    try:
        default = registry.get().model
    except SlipwayError as error:
        paths["/predict"]["post"]["description"] += f"\n\nNot available now: {error}."
    else:
        paths["/predict"]["post"] = _predict_operation(paths["/predict"]["post"], default)
    return content


def _predict_operation(template: dict[str, Any], model: Model) -> dict[str, Any]:
    """Return the operation of a prediction, with the model's request and answer."""
    answer = {"description": "One prediction per instance, in order.", "content": _answer_content(model)}
    operation = _operation(template, model, _request_content(model), answer)
    return {**operation, "parameters": [*operation.get("parameters", ()), _EXPLAIN]}


def _rank_operation(template: dict[str, Any], model: Model, ranker: Ranker) -> dict[str, Any]:
    """Return the operation of a ranking, with the model's request and answer."""
    request = {"application/json": {"schema": request_schema(model, ranker)}}
    content = {"application/json": {"schema": answer_schema(model)}}
    return _operation(template, model, request, {"description": "The best items, in order.", "content": content})


def _operation(
    template: dict[str, Any], model: Model, request: dict[str, Any], answer: dict[str, Any]
) -> dict[str, Any]:
    operation = copy.deepcopy(template)
    identity = f"{model.manifest.name}_{model.manifest.version}"
    operation["operationId"] = f"{operation['operationId']}_{identity}"
    operation["requestBody"] = {"required": True, "content": request}
    operation["responses"] = {
        "200": answer,
        **{
            status: {
                "description": description,
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
            for status, description in _PREDICT_ERRORS.items()
        },
    }
    return operation


def _request_content(model: Model) -> dict[str, Any]:
    either = {"oneOf": [model.schema.json_schema(), model.schema.columns_schema()]}
    return {"application/json": {"schema": either}, **_tables("A column per feature")}


def _answer_content(model: Model) -> dict[str, Any]:
    columns = ", ".join(model.response_schema.columns)
    return {"application/json": {"schema": _answer_schema(model)}, **_tables(f"The columns {columns}")}


def _tables(columns: str) -> dict[str, Any]:
    return {
        "text/csv": {"schema": {"type": "string", "description": f"{columns}, below a header line."}},
        ArrowCodec.media_type: {
            "schema": {"type": "string", "format": "binary", "description": f"{columns}, as an Arrow IPC stream."}
        },
    }


def _answer_schema(model: Model) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["predictions", "model"],
        "properties": {
            "predictions": {"type": "array", "items": _prediction_schema(model)},
            "model": identity_schema(model),
        },
        "example": _answer_example(model),
    }


def _answer_example(model: Model) -> dict[str, Any]:
    """Return the answer to the example request, rounded to two digits because processors differ in the last ones."""
    predictions = model.predict(model.schema.check([model.schema.example()]))
    rounded = replace(predictions, decoded=predictions.decoded.round(2))
    return {"predictions": model.response_schema.json_encoder.builtins(rounded), "model": model.identity}


def _prediction_schema(model: Model) -> dict[str, Any]:
    labels = model.manifest.labels
    probability = {"type": "number", "minimum": 0, "maximum": 1}
    properties: dict[str, Any]
    if labels is None:
        properties = {"value": {"type": "number", "description": f"Predicted {model.manifest.target}."}}
    else:
        properties = {
            "label": {"enum": list(labels), "description": f"Predicted {model.manifest.target}.{_rule(model)}"},
            "probability": {**probability, "description": "Probability of `label`."},
            "probabilities": {
                "type": "object",
                "required": list(labels),
                "properties": dict.fromkeys(labels, probability),
            },
        }
    required = list(properties)
    if model.manifest.review:
        properties["review"] = {"const": True, "description": _review(model.manifest.review)}
    properties |= {"warnings": WARNINGS, "explanation": _explanation_schema(model)}
    return {"type": "object", "required": required, "properties": properties}


def _explanation_schema(model: Model) -> dict[str, Any]:
    number = {"type": "number"}
    names = [feature.name for feature in model.manifest.features]
    labels = model.manifest.labels
    unit = f"the unit of {model.manifest.target}" if labels is None else "log-odds of `label`, before calibration"
    contributions = {"type": "object", "required": names, "properties": dict.fromkeys(names, number)}
    properties: dict[str, Any] = {
        "score": {**number, "description": f"The score that is explained, in {unit}."},
        "baseline": {**number, "description": "The score of the average of the train split."},
        "contributions": {**contributions, "description": "What each feature adds to the baseline."},
        "gap": {**number, "description": "The part of `score` that `baseline` and contributions leave open."},
    }
    if labels is not None:
        properties = {"label": {"enum": list(labels)}, **properties}
    return {
        "type": "object",
        "description": "Present with `explain=true`.",
        "required": list(properties),
        "properties": properties,
    }


def _rule(model: Model) -> str:
    """Return a sentence on the threshold of the second label, empty where the more probable label is answered."""
    if model.manifest.labels is None or model.manifest.threshold == 0.5:
        return ""
    return f" It is {model.manifest.labels[1]} where that has a probability of {model.manifest.threshold:g} or more."


def _review(band: Band) -> str:
    low, high = band
    return f"A person should decide: the second label's probability is from {low:g} to {high:g}. Otherwise absent."
