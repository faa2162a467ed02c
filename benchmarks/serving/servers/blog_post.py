"""The usual blog post: FastAPI, pydantic in and out, a synchronous handler, onnxruntime as it comes."""

from typing import Any

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel, create_model

from benchmarks.serving import contract
from benchmarks.serving.contract import FEATURES
from benchmarks.serving.servers.common import run, session

_session = session(threads=0)
# Written out in a blog post: thirty lines of `feature_00: float`.
_FIELDS: dict[str, Any] = dict.fromkeys(FEATURES, (float, ...))
Instance: Any = create_model("Instance", **_FIELDS)


class Request(BaseModel):
    """What is sent."""

    instances: list[Instance]


class Prediction(BaseModel):
    """A row's answer."""

    label: str
    probability: float
    probabilities: dict[str, float]


class Model(BaseModel):
    """Who answered."""

    name: str
    version: int


class Answer(BaseModel):
    """What is answered."""

    predictions: list[Prediction]
    model: Model


app = FastAPI()


@app.post("/predict")
def predict(request: Request) -> Answer:
    """FastAPI runs this in a thread."""
    rows = np.array([list(row.model_dump().values()) for row in request.instances], dtype=np.float32)
    return Answer.model_validate(contract.answer(run(_session, rows)))
