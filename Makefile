# Everything needs only Python 3.11+, git and make; each target makes its own environment.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# A second run reuses what XLA compiled in the first.
export JAX_COMPILATION_CACHE_DIR ?= $(CURDIR)/.cache/xla

.PHONY: help env env-peers demo test test-slow style docs bench clean

help:            ## this list
	@grep -E '^[a-z-]+: .*##|^[a-z-]+: *##' Makefile | sed 's/:.*##/\t/'

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[gcm,grib,dev]'
	@touch $@

env: $(VENV)/ready  ## the environment: core, gcm, grib, dev

.venv-peers/ready: pyproject.toml
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0 dapper exponax xarray-regrid dask --editable .
	@touch $@

env-peers: .venv-peers/ready  ## an environment of their own for the peers in benchmarks/

demo: env        ## the quickstart: a simulated climate, downscaled; writes demo/report.html
	$(BIN)/synoptax run quickstart --out demo

test: env        ## quick and standard tests
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-slow: env   ## published scores, kill tests, large files
	$(BIN)/python -m pytest -m slow

style: env       ## lint, format, types, layers, style tests, docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/style
	$(BIN)/mkdocs build --strict --quiet

docs: env        ## the documentation site, in site/
	$(BIN)/mkdocs build --strict

bench: env env-peers  ## speed and memory, peers side by side; a few minutes each
	PEERS_PYTHON=.venv-peers/bin/python $(BIN)/python -m benchmarks all

clean:           ## remove environments and build products
	rm -rf .venv .venv-peers .cache site dist demo
