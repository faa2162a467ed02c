"""Settings of the service: environment variables with the prefix SLIPWAY_."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.bundle.manifest import Name, Precision
from app.cpus import available_cpus


def _comma_separated(value: object) -> object:
    """The names in a text, None where it holds none; what is no text stays as it is."""
    return tuple(filter(None, map(str.strip, value.split(",")))) or None if isinstance(value, str) else value


class Settings(BaseSettings):
    """Read once at start; each field's description is its line in the documentation."""

    model_config = SettingsConfigDict(env_prefix="SLIPWAY_", frozen=True)

    models_dir: Annotated[Path, Field(description="Folder that holds `<name>/<version>/`, a bundle each.")] = Path(
        "models"
    )
    default_model: Annotated[
        Name | None,
        Field(description="Model that `/predict` answers with where several are loaded; one alone needs no default."),
    ] = None
    require_gpu: Annotated[bool, Field(description="Refuse to become ready where the graph does not run on CUDA.")] = (
        False
    )
    providers: Annotated[
        tuple[str, ...] | None,
        NoDecode,
        BeforeValidator(_comma_separated),
        Field(
            description="Providers of onnxruntime, in order, comma-separated, the CPU last; unset: CUDA where it works."
        ),
    ] = None
    precision: Annotated[
        Precision,
        Field(
            description="Graph that answers: `fp32`, or the variant `fp16` or `int8`; a bundle without it is refused."
        ),
    ] = "fp32"
    unseen: Annotated[
        Literal["accept", "reject"],
        Field(
            description="Categories never seen in training and numbers far outside its range: warn, or refuse (422)."
        ),
    ] = "accept"
    max_body_bytes: Annotated[
        int, Field(ge=1, description="Largest request body, or record batch of an Arrow stream; more is refused (413).")
    ] = 10 * 2**20
    max_stream_rows: Annotated[
        int, Field(ge=1, description="Most rows in one Arrow stream; more is refused (413).")
    ] = 10_000_000
    max_batch_rows: Annotated[int, Field(ge=1, description="Most rows in one run of the graph.")] = 1024
    max_queue_rows: Annotated[
        int, Field(ge=1, description="Most rows waiting for a run; a request beyond that is refused (503).")
    ] = 100_000
    max_inline_ms: Annotated[
        float,
        Field(
            ge=0, description="Longest batch, by the measured cost, that may run on the event loop and not in a thread."
        ),
    ] = 1.0
    max_wait_ms: Annotated[
        float, Field(ge=0, description="How long a batch waits for company; 0 answers a lone request at once.")
    ] = 0.0
    max_explained_rows: Annotated[
        int,
        Field(ge=1, description="Most rows of a request that are explained (413), and that wait to be (503)."),
    ] = 256
    fast_lane: Annotated[
        bool, Field(description="Answer predictions in the server's protocol class, ahead of FastAPI.")
    ] = True
    max_header_bytes: Annotated[int, Field(ge=1024, description="Largest request head; more is refused (431).")] = (
        64 * 1024
    )
    header_timeout_seconds: Annotated[float, Field(gt=0, description="Time for a request's head to arrive (408).")] = (
        10.0
    )
    body_timeout_seconds: Annotated[float, Field(gt=0, description="Time for a request to arrive whole (408).")] = 60.0
    drift: Annotated[
        bool,
        Field(description="Compare what is served with the bundle's reference: `/models/{name}/drift`, `/metrics`."),
    ] = True
    access_log: Annotated[bool, Field(description="Log a line for each request.")] = True
    workers: Annotated[
        int, Field(ge=1, description="Processes that share this machine's cores; `serve --workers` goes before it.")
    ] = 1
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(description="Least level that is logged.")
    ] = "INFO"

    @property
    def threads(self) -> int:
        """Threads of a session: this worker's share of the cores that the container grants."""
        return max(1, available_cpus() // self.workers)
