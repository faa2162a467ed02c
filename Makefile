.DEFAULT_GOAL := help
.PHONY: help run test suite test-python serve train install lint format types openapi test-container bench bench-stages bench-gpu loadtest lock clean

PYTHON ?= python3
# The Python that `make test-python` uses.
VERSION ?= 3.13
PORT ?= 8000
MODELS ?= models
# The runtime to install: gpu where an NVIDIA driver is found, cpu elsewhere.
RUNTIME ?= $(if $(shell command -v nvidia-smi 2>/dev/null),gpu,cpu)

# Starts a container engine if none is running; CI has this script beside the checkout.
CONTAINER_ENGINE ?= ../shared/tools/container-engine.sh

VENV := .venv
BIN := $(VENV)/bin
UV_INSTALL := $(BIN)/uv pip install --python $(BIN)/python --constraint constraints/$(RUNTIME).txt
# Without cached bytecode, every process recompiles its imports: 15 s for TensorFlow.
unexport PYTHONDONTWRITEBYTECODE
INPUTS := pyproject.toml constraints/$(RUNTIME).txt
# onnxruntime-gpu has wheels only for this platform.
GPU_WHEEL := $(if $(filter Linux-x86_64,$(shell uname -sm | tr ' ' -)),$(VENV)/.gpu-wheel)

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

run: $(VENV)/.train ## install, train on the embedded data, publish the model and serve it (PORT=8000)
	$(BIN)/slipway fit data/credit_scoring/data.csv --target status --positive bad --name credit_scoring --models $(MODELS)
	$(BIN)/slipway serve --port $(PORT) --models $(MODELS)

serve: $(VENV)/.serve ## serve the bundles in models/ (PORT=8000); needs no TensorFlow
	$(BIN)/slipway serve --port $(PORT) --models $(MODELS)

train: $(VENV)/.train ## train on the embedded data and publish a new version
	$(BIN)/slipway fit data/credit_scoring/data.csv --target status --positive bad --name credit_scoring --models $(MODELS)

test: lint types suite ## check formatting, lint rules and types, and run the tests with coverage

# One process per test file at a time, so that fixtures shared within a file are built once.
suite: $(VENV)/.browser $(GPU_WHEEL)
	$(BIN)/python -m slipcover --out $(VENV)/coverage.txt -m pytest --numprocesses 2 --dist loadfile
	@cat $(VENV)/coverage.txt

# pyenv's own folder comes first, because its shims fail for versions that are installed but not selected.
test-python: $(VENV)/.uv ## run the tests on another supported Python (VERSION=3.13)
	@pyenv=$$(ls -d "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$(VERSION)*/bin 2>/dev/null | tail -n 1); \
	find() { PATH="$${pyenv:+$$pyenv:}$$PATH" $(BIN)/uv python find --no-project $(VERSION) 2>/dev/null; }; \
	python=$$(find) || { $(BIN)/uv python install --quiet $(VERSION) && python=$$(find); } || { \
	  echo "Python $(VERSION) was not found, and uv could not download it. Install it and run this again:" >&2; \
	  echo "with pyenv, or as a package of your system (often python$(VERSION) and python$(VERSION)-venv)." >&2; \
	  exit 1; \
	}; \
	echo "testing with $$python in .venv-$(VERSION)"; \
	$(MAKE) --no-print-directory suite VENV=.venv-$(VERSION) PYTHON="$$python"

test-container: $(VENV)/.dev ## build the image and test it with Docker Compose
	docker info >/dev/null 2>&1 || $(CONTAINER_ENGINE)
	$(BIN)/python -m pytest -m container tests/container

install: $(VENV)/.dev ## create the environment .venv with everything that development needs

lint: $(VENV)/.dev ## check formatting and lint rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev ## check types
	$(BIN)/mypy

format: $(VENV)/.dev ## format the code and fix what can be fixed automatically
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

openapi: $(VENV)/.serve ## regenerate openapi/openapi.json from the shipped bundle
	$(BIN)/python -m openapi.generate

bench: $(VENV)/.bench ## measure requests/s, latency and CPU beside peers (needs wrk; ARGS=--quick)
	$(BIN)/python -m benchmarks.serving $(ARGS)

bench-stages: $(VENV)/.dev ## time each stage of a prediction
	$(BIN)/python -m pytest benchmarks/test_stages.py --benchmark-columns=median,iqr,rounds $(ARGS)

bench-gpu: $(VENV)/.dev ## measure the session and the service on a GPU; reports where there is none
	$(BIN)/python -m benchmarks.gpu $(ARGS)

loadtest: $(VENV)/.bench ## find the load that a running service sustains, and plan replicas (PORT=8000)
	$(BIN)/python -m loadtest.capacity --host http://127.0.0.1:$(PORT) $(ARGS)

lock: $(VENV)/.uv ## update the pinned dependencies
	for runtime in cpu gpu; do \
	  $(BIN)/uv pip compile --quiet pyproject.toml --extra $$runtime --extra train --extra dev --universal \
	    --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --upgrade \
	    --custom-compile-command "make lock" --output-file constraints/$$runtime.txt; \
	done
	$(BIN)/uv pip compile --quiet pyproject.toml --extra bench --extra loadtest --constraint constraints/cpu.txt --universal \
	    --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --upgrade \
	    --custom-compile-command "make lock" --output-file constraints/bench.txt
	echo uv | $(BIN)/uv pip compile --quiet - --universal --generate-hashes --no-annotate --no-emit-index-url --upgrade \
	    --custom-compile-command "make lock" --output-file constraints/uv.txt

clean: ## remove the environments and the working files of training
	rm -rf .venv .venv-* runs

$(VENV)/.uv: constraints/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Slipway needs Python 3.11 or newer, found " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement constraints/uv.txt
	@touch $@

# The browser tests need Chromium; they are skipped where it is missing and apt cannot install it.
$(VENV)/.browser: $(VENV)/.dev
	@if ! which chromium chromium-browser google-chrome 2>/dev/null | grep -q . \
	  && [ "$$(id -u)" = 0 ] && which apt-get >/dev/null; then \
	  echo "installing chromium for the browser tests"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	fi
	@touch $@

$(VENV)/.serve: $(VENV)/.uv $(INPUTS)
	$(UV_INSTALL) --editable '.[$(RUNTIME)]'
	@touch $@

$(VENV)/.train: $(VENV)/.uv $(INPUTS)
	$(UV_INSTALL) --editable '.[$(RUNTIME),train]'
	@touch $@ $(VENV)/.serve

# onnxruntime-gpu without CUDA's libraries, for the tests of a machine without a GPU.
$(VENV)/.gpu-wheel: $(VENV)/.uv pyproject.toml constraints/gpu.txt
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)/gpu-wheel
	$(BIN)/uv pip install --python $(VENV)/gpu-wheel/bin/python --constraint constraints/gpu.txt --editable . onnxruntime-gpu
	@touch $@

$(VENV)/.dev: $(VENV)/.uv $(INPUTS)
	$(UV_INSTALL) --editable '.[$(RUNTIME),train,dev]'
	@touch $@ $(VENV)/.train $(VENV)/.serve

$(VENV)/.bench: $(VENV)/.uv $(INPUTS) constraints/bench.txt
	$(UV_INSTALL) --constraint constraints/bench.txt --editable '.[$(RUNTIME),train,dev,bench,loadtest]'
	@touch $@ $(VENV)/.dev $(VENV)/.train $(VENV)/.serve
