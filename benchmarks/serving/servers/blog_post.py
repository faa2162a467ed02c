"""A service as in blog posts: FastAPI, pydantic in and out, a synchronous handler, onnxruntime's defaults."""

from typing import Any

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel, create_model

from benchmarks.serving import contract
from benchmarks.serving.contract import FEATURES
from benchmarks.serving.servers.common import run, session

_session = session(threads=0)
# A blog post would write these out: thirty lines of `feature_00: float`.
_FIELDS: dict[str, Any] = dict.fromkeys(FEATURES, (float, ...))
Instance: Any = create_model("Instance", **_FIELDS)


class Request(BaseModel):
    """The body of a request."""

    instances: list[Instance]


class Prediction(BaseModel):
    """The prediction for a row."""

    label: str
    probability: float
    probabilities: dict[str, float]


class Model(BaseModel):
    """The model that answered."""

    name: str
    version: int


class Answer(BaseModel):
    """The body of an answer."""

    predictions: list[Prediction]
    model: Model


app = FastAPI()


@app.post("/predict")
def predict(request: Request) -> Answer:
    """Predict in a thread of FastAPI's pool."""
    rows = np.array([list(row.model_dump().values()) for row in request.instances], dtype=np.float32)
    return Answer.model_validate(contract.answer(run(_session, rows)))
