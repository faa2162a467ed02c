# Targets: cpu (the default), loadtest, train and gpu. An engine without BuildKit builds every stage above the target,
# needed or not. So the small stages come first, and the last stage only makes cpu the default.
FROM python:3.11-slim-bookworm AS base

FROM base AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 UV_NO_CACHE=1 UV_SYSTEM_CERTS=1 UV_PYTHON=/opt/slipway/bin/python
WORKDIR /source
COPY constraints constraints
RUN python -m venv /opt/uv \
    && /opt/uv/bin/pip install --quiet --no-cache-dir --require-hashes --requirement constraints/uv.txt \
    && python -m venv --without-pip /opt/slipway
COPY pyproject.toml README.md LICENSE ./

FROM base AS serve
LABEL org.opencontainers.image.title="Slipway" \
      org.opencontainers.image.description="Answers predictions of trained bundles over HTTP"
ENV PATH=/opt/slipway/bin:$PATH PYTHONDONTWRITEBYTECODE=1 SLIPWAY_MODELS_DIR=/models
WORKDIR /models
# A number, because an orchestrator cannot tell whether a user name belongs to root.
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-c", "\
import http.client, sys; \
service = http.client.HTTPConnection('127.0.0.1', 8000, timeout=4); \
service.request('GET', '/health/ready'); \
sys.exit(service.getresponse().status != 200)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]

FROM build AS build-cpu
RUN /opt/uv/bin/uv pip install --requirement pyproject.toml --extra cpu --constraint constraints/cpu.txt
COPY app app
COPY training training
COPY slipway slipway
# The imports write the bytecode that a start needs: a third of the size of compiling every file of every package.
RUN /opt/uv/bin/uv pip install --no-deps . \
    && cd / && $UV_PYTHON -c 'import slipway.__main__, app.__main__; \
import app.commands.check, app.commands.score, app.commands.serve, app.lazy_app, app.main, app.workers.worker'

FROM serve AS cpu
COPY --from=build-cpu /opt/slipway /opt/slipway

FROM build AS build-loadtest
RUN /opt/uv/bin/uv pip install locust orjson --constraint constraints/bench.txt

FROM base AS loadtest
LABEL org.opencontainers.image.title="Slipway load test" \
      org.opencontainers.image.description="Loads a running service with requests of its own model"
ENV PATH=/opt/slipway/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONPATH=/opt HOME=/tmp
WORKDIR /reports
USER 10001:10001
COPY --from=build-loadtest /opt/slipway /opt/slipway
COPY loadtest /opt/loadtest
ENTRYPOINT ["locust", "--locustfile", "/opt/loadtest/locustfile.py", "--headless"]

FROM build AS build-train
RUN /opt/uv/bin/uv pip install --requirement pyproject.toml --extra cpu --extra train --constraint constraints/cpu.txt
COPY app app
COPY training training
COPY slipway slipway
RUN /opt/uv/bin/uv pip install --no-deps . \
    && cd / && $UV_PYTHON -c 'import slipway.__main__, training.__main__; \
import training.tensorflow_stages, training.pipeline, training.publishing.publish'

FROM base AS train
LABEL org.opencontainers.image.title="Slipway training" \
      org.opencontainers.image.description="Trains a bundle on a data file"
ENV PATH=/opt/slipway/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp
WORKDIR /tmp
USER 10001:10001
COPY --from=build-train /opt/slipway /opt/slipway
ENTRYPOINT ["python", "-m", "training"]
CMD ["--help"]

FROM build AS build-gpu
RUN /opt/uv/bin/uv pip install --requirement pyproject.toml --extra gpu --constraint constraints/gpu.txt
COPY app app
COPY training training
COPY slipway slipway
RUN /opt/uv/bin/uv pip install --no-deps . \
    && cd / && $UV_PYTHON -c 'import slipway.__main__, app.__main__; \
import app.commands.check, app.commands.score, app.commands.serve, app.lazy_app, app.main, app.workers.worker'

FROM serve AS gpu
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=build-gpu /opt/slipway /opt/slipway

FROM cpu
