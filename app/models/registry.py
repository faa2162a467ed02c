"""The loaded models: found on disk, verified, and looked up by name and version."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field

from app.bundle import store
from app.bundle.errors import BundleError
from app.errors import ModelNotChosen, NotReady, SlipwayError, UnknownModel
from app.models.served import ServedModel
from app.session import GPU_PROVIDERS, cuda_status
from app.settings import Settings
from app.telemetry.metrics import Metrics

log = logging.getLogger("slipway")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A version in the models folder that was refused, and why."""

    name: str
    version: int
    reason: str


@dataclass(slots=True)
class Registry:
    """The models of one application. Filled by `load`, in the background of a start; emptied by `close`."""

    settings: Settings
    metrics: Metrics
    models: dict[str, ServedModel] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    routes: dict[bytes, tuple[str, ServedModel]] = field(default_factory=dict)
    """Paths of predictions, as sent, each with the route template that metrics count it under, and its model."""

    loaded: asyncio.Event = field(default_factory=asyncio.Event)

    async def load(self) -> None:
        """Load the newest valid version of each model, and keep the reason for each that is refused."""
        try:
            for name in store.model_names(self.settings.models_dir):
                await self._load_newest(name)
        finally:
            self.loaded.set()
        self._warn_of_copies()
        with suppress(SlipwayError):
            self.routes[b"/predict"] = ("/predict", self._default())

    async def _load_newest(self, name: str) -> None:
        for version in store.versions(self.settings.models_dir, name):
            try:
                served = await asyncio.to_thread(self._load_version, name, version)
            except BundleError as error:
                self._reject(name, version, str(error))
                continue
            except Exception as error:  # a bundle that fails unexpectedly must not keep the others from loading
                log.exception("bundle failed to load", extra={"model": name, "version": version})
                self._reject(name, version, f"it failed to load with {type(error).__name__}, see the log")
                continue
            self.models[name] = served
            self.routes[f"/models/{name}/predict".encode()] = ("/models/{name}/predict", served)
            template = "/models/{name}/versions/{version}/predict"
            self.routes[template.format(name=name, version=version).encode()] = (template, served)
            provider = served.model.session.provider
            self.metrics.set_model_info(name, version, provider)
            log.info(
                "model loaded",
                extra={"model": name, "version": version, "provider": provider, "precision": served.model.precision},
            )
            return

    def _warn_of_copies(self) -> None:
        on_gpu = [name for name, served in self.models.items() if served.model.session.on_gpu]
        if on_gpu and self.settings.workers > 1:
            reason = "each worker has a CUDA context and a copy of each model in GPU memory: one worker is enough"
            log.warning(
                "workers share a GPU", extra={"workers": self.settings.workers, "models": on_gpu, "reason": reason}
            )

    def _reject(self, name: str, version: int, reason: str) -> None:
        self.rejected.append(Rejected(name, version, reason))
        log.error("bundle rejected", extra={"model": name, "version": version, "reason": reason})

    def _load_version(self, name: str, version: int) -> ServedModel:
        bundle = store.read(self.settings.models_dir, name, version, self.settings.precision)
        served = ServedModel(bundle, self.settings, self.metrics)
        if self.settings.require_gpu and served.model.session.provider not in GPU_PROVIDERS:
            raise BundleError(f"SLIPWAY_REQUIRE_GPU is set, but the graph runs on the CPU: {cuda_status().reason}")
        return served

    def get(self, name: str | None = None, version: str | None = None) -> ServedModel:
        """Return the model for the name and version in a URL; without a name, the default model or the only one.

        Raises UnknownModel, ModelNotChosen, and NotReady if the name is known but no version can answer.
        """
        served = self._default() if name is None else self.models.get(name)
        if served is None:
            if self._loading or any(rejected.name == name for rejected in self.rejected):
                raise NotReady("; ".join(self.obstacles()))
            raise UnknownModel(f"no model of this name is loaded; loaded: {', '.join(self.models) or 'none'}")
        manifest = served.model.manifest
        if version is not None and version != str(manifest.version):
            raise UnknownModel(f"{manifest.name} is only loaded in version {manifest.version}")
        return served

    def _default(self) -> ServedModel:
        if len(self.models) == 1 and self.settings.default_model is None and not self._loading:
            return next(iter(self.models.values()))
        if self.settings.default_model in self.models:
            return self.models[self.settings.default_model]
        if self._loading or not self.models or self.settings.default_model is not None:
            raise NotReady("; ".join(self.obstacles()))
        loaded = ", ".join(self.models)
        raise ModelNotChosen(f"choose a model with /models/{{name}}/predict or SLIPWAY_DEFAULT_MODEL; loaded: {loaded}")

    def obstacles(self) -> list[str]:
        """Return the reasons why the service is not ready; there are none if a version of every model is loaded."""
        if self._loading:
            return ["models are being loaded"]
        missing = {rejected.name for rejected in self.rejected} - self.models.keys()
        reasons = [
            f"{rejected.name}:{rejected.version} was refused: {rejected.reason}"
            for rejected in self.rejected
            if rejected.name in missing
        ]
        default = self.settings.default_model
        if default is not None and default not in self.models and default not in missing:
            reasons.append(f"the default model {default!r} (SLIPWAY_DEFAULT_MODEL) was not found")
        if not self.models and not reasons:
            reasons.append("no bundle was found in the models folder")
        return reasons

    @property
    def _loading(self) -> bool:
        return not self.loaded.is_set()

    async def readiness(self) -> list[str]:
        """Return the obstacles, and the failure of each model that cannot answer a golden row now."""
        reasons = self.obstacles()
        for name, served in list(self.models.items()):  # a model may be loaded while another is probed
            failure = await served.probe()
            if failure is not None:
                reasons.append(f"{name}:{served.model.manifest.version} cannot answer: {failure}")
        return reasons

    def close(self) -> None:
        """Close every model, whose waiting requests fail."""
        for served in self.models.values():
            served.close()
