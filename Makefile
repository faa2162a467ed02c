.DEFAULT_GOAL := help
.PHONY: help run test serve train install lint format types openapi test-container bench bench-stages bench-gpu loadtest lock clean

PYTHON ?= python3
PORT ?= 8000
MODELS ?= models
# One of the two runtimes: CUDA where an NVIDIA driver is found, the CPU elsewhere.
RUNTIME ?= $(if $(shell command -v nvidia-smi 2>/dev/null),gpu,cpu)

# Starts a container engine where none runs (CI has this script beside the checkout).
CONTAINER_ENGINE ?= ../shared/tools/container-engine.sh

VENV := .venv
BIN := $(VENV)/bin
UV_INSTALL := $(BIN)/uv pip install --python $(BIN)/python --constraint constraints/$(RUNTIME).txt
# Without bytecode on disk each process compiles what it imports anew: 15 s where that is TensorFlow.
unexport PYTHONDONTWRITEBYTECODE
INPUTS := pyproject.toml constraints/$(RUNTIME).txt
# There are wheels of onnxruntime-gpu for this platform alone.
GPU_WHEEL := $(if $(filter Linux-x86_64,$(shell uname -sm | tr ' ' -)),$(VENV)/.gpu-wheel)

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

run: $(VENV)/.train ## install, train on the embedded data, prove, publish and serve it (PORT=8000)
	$(BIN)/slipway fit data/credit_scoring/data.csv --target status --positive bad --name credit_scoring --models $(MODELS)
	$(BIN)/slipway serve --port $(PORT) --models $(MODELS)

serve: $(VENV)/.serve ## serve the bundles under models/ (PORT=8000); needs no TensorFlow
	$(BIN)/slipway serve --port $(PORT) --models $(MODELS)

train: $(VENV)/.train ## train on the embedded data and publish
	$(BIN)/slipway fit data/credit_scoring/data.csv --target status --positive bad --name credit_scoring --models $(MODELS)

# A file a process at a time, so that what its tests share is made once.
test: lint types $(VENV)/.browser $(GPU_WHEEL) ## every check that CI runs
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-container: $(VENV)/.dev ## build the image, bring the compose file up, predict, stop it
	docker info >/dev/null 2>&1 || $(CONTAINER_ENGINE)
	$(BIN)/python -m pytest -m container tests/container

install: $(VENV)/.dev ## make the environment .venv, with all that development needs

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

format: $(VENV)/.dev ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

openapi: $(VENV)/.serve ## write openapi/openapi.json from the shipped bundle
	$(BIN)/python -m openapi.generate

bench: $(VENV)/.bench ## requests/s, latency and CPU beside the limit and the peers (ARGS=--quick; needs wrk)
	$(BIN)/python -m benchmarks.serving $(ARGS)

bench-stages: $(VENV)/.dev ## what each stage of a row's road costs
	$(BIN)/python -m pytest benchmarks/test_stages.py --benchmark-columns=median,iqr,rounds $(ARGS)

bench-gpu: $(VENV)/.dev ## the session and the service on a GPU; says so where there is none
	$(BIN)/python -m benchmarks.gpu $(ARGS)

loadtest: $(VENV)/.bench ## the load that a running service holds, and the replicas to plan (PORT=8000)
	$(BIN)/python -m loadtest.capacity --host http://127.0.0.1:$(PORT) $(ARGS)

lock: $(VENV)/.uv ## resolve the pins anew
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

clean: ## remove the environment and what training left
	rm -rf $(VENV) runs

$(VENV)/.uv: constraints/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Slipway needs Python 3.11 or newer, found " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement constraints/uv.txt
	@touch $@

# The browser tests want Chromium; where it is not there and apt cannot bring it, they are skipped.
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

# onnxruntime-gpu without CUDA's libraries, for the test of a machine that has no GPU.
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
