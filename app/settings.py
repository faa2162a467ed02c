"""The settings of the service, read from environment variables with the prefix SLIPWAY_."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.bundle.manifest import Name, Precision
from app.cpus import available_cpus


def _split_names(value: object) -> object:
    """Split comma-separated text into names, or None if it holds none; leave other values as they are."""
    return tuple(filter(None, map(str.strip, value.split(",")))) or None if isinstance(value, str) else value


class Settings(BaseSettings):
    """The settings, read once at start. Each field's description is its row in the README."""

    model_config = SettingsConfigDict(env_prefix="SLIPWAY_", frozen=True)

    models_dir: Annotated[Path, Field(description="Folder with the bundles, one in each `<name>/<version>/`.")] = Path(
        "models"
    )
    default_model: Annotated[
        Name | None,
        Field(description="Model that `/predict` uses when several are loaded; a single model needs no default."),
    ] = None
    require_gpu: Annotated[bool, Field(description="Refuse to become ready unless the graph runs on a GPU.")] = False
    providers: Annotated[
        tuple[str, ...] | None,
        NoDecode,
        BeforeValidator(_split_names),
        Field(
            description="onnxruntime providers by preference, comma-separated, the CPU always last; "
            "unset: CUDA if it works."
        ),
    ] = None
    precision: Annotated[
        Precision,
        Field(description="Graph to serve: `fp32`, or the `fp16` or `int8` variant; a bundle without it is refused."),
    ] = "fp32"
    unseen: Annotated[
        Literal["accept", "reject"],
        Field(
            description="Categories never seen in training and numbers far outside its range: "
            "`accept` with a warning, or `reject` (422)."
        ),
    ] = "accept"
    max_body_bytes: Annotated[
        int,
        Field(
            ge=1, description="Largest request body, or record batch of an Arrow stream; larger ones are refused (413)."
        ),
    ] = 10 * 2**20
    max_stream_rows: Annotated[
        int, Field(ge=1, description="Most rows in one Arrow stream; longer ones are refused (413).")
    ] = 10_000_000
    max_batch_rows: Annotated[int, Field(ge=1, description="Most rows in one run of the graph.")] = 1024
    max_queue_rows: Annotated[
        int, Field(ge=1, description="Most rows waiting to be run; requests beyond that are refused (503).")
    ] = 100_000
    max_inline_ms: Annotated[
        float,
        Field(ge=0, description="Longest run, by its measured cost, allowed on the event loop instead of in a thread."),
    ] = 1.0
    max_wait_ms: Annotated[
        float, Field(ge=0, description="How long a batch waits for more rows; 0 answers a lone request at once.")
    ] = 0.0
    max_explained_rows: Annotated[
        int,
        Field(
            ge=1,
            description="Most rows to explain in one request (413), and most rows waiting to be explained (503).",
        ),
    ] = 256
    fast_lane: Annotated[
        bool, Field(description="Answer predictions in the server's protocol class, bypassing FastAPI.")
    ] = True
    max_header_bytes: Annotated[
        int, Field(ge=1024, description="Largest request head; larger ones are refused (431).")
    ] = 64 * 1024
    header_timeout_seconds: Annotated[
        float, Field(gt=0, description="Time allowed for a request's head to arrive (408).")
    ] = 10.0
    body_timeout_seconds: Annotated[
        float, Field(gt=0, description="Time allowed for a whole request to arrive (408).")
    ] = 60.0
    drift: Annotated[
        bool,
        Field(
            description="Compare served rows with the bundle's reference, for `/models/{name}/drift` and `/metrics`."
        ),
    ] = True
    access_log: Annotated[bool, Field(description="Log one line per request.")] = True
    workers: Annotated[
        int, Field(ge=1, description="Processes that share this machine's cores; `serve --workers` takes precedence.")
    ] = 1
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(description="Lowest level that is logged.")
    ] = "INFO"

    @property
    def threads(self) -> int:
        """Return the number of threads of a session: this worker's share of the granted cores, at least 1."""
        return max(1, available_cpus() // self.workers)
