# `make run` archives a folder and searches it; `make test` sets up and tests; `make dev` opens the UI.
# Everything lands in .venv and in DATAQ_HOME (./.dataq unless set): nothing else is touched.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

DATAQ_HOME ?= $(CURDIR)/.dataq
export DATAQ_HOME
SOURCE ?= examples/inbox
NAME ?=
QUERY ?=
PYTEST_ARGS ?=
BENCH_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
# The locks name every package and its hash, so pip has nothing to resolve: --no-deps.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-input --no-compile --no-deps
# Compiled once here because some environments forbid Python to do it later (a run costs seconds more).
# But for what no run imports, 15 MB: others' tests and builds, and a hub that nothing is fetched from.
UNCOMPILED := site-packages/(huggingface_hub|httpx2|httpcore2|numpy/(f2py|distutils|.*tests)|pkg_resources|pyarrow/tests|setuptools)/
COMPILE := $(BIN)/python -m compileall -q -j 0 -x '$(UNCOMPILED)'
# Google's client brings the descriptions of 500 APIs, 110 MB; one of them is used. Dagster's pages bring
# what only the debugger of a browser asks for, 22 MB.
UNNEEDED := find $(VENV)/lib '(' -path '*/discovery_cache/documents/*.json' ! -name gmail.v1.json -o \
	-path '*/dagster_webserver/webapp/*.js.map' ')'
PACKAGES := dataq_plugins dataq_analyzers dataq_lake dataq_resources dataq_assets dataq_gateway

# What the README promises, in bytes.
INSTALL_LIMIT := 1200000000

.PHONY: help setup run dev test check style types imports documents size bench docs pictures lock build clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.runtime ## make .venv with .venv/bin/dataq

$(VENV)/bin/python:
	@python=$$(.ci/find-python) && echo "setup: $$($$python --version) at $$python" && $$python -m venv $(VENV)

$(VENV)/.runtime: requirements-build.lock requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "setup: installing what dataq needs (a minute or two the first time)"
	@$(PIP) --only-binary :all: --require-hashes -r requirements-build.lock -r requirements.lock
	@$(PIP) --no-build-isolation --no-index --editable .
	@$(UNNEEDED) -delete
	@$(COMPILE) $(VENV)/lib $(PACKAGES) || true
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "setup: installing what the tests need"
	@$(PIP) --only-binary :all: --require-hashes -r requirements-dev.lock
	@$(COMPILE) $(VENV)/lib || true
	@touch $@

run: setup ## archive SOURCE (default examples/inbox) as source NAME and search it once
	@examples/first_run.sh "$(SOURCE)" "$(QUERY)" "$(NAME)"

dev: setup ## Dagster's UI with its daemon on the same lake, on loopback
	@$(BIN)/dataq dev

test: $(VENV)/.dev ## all tests, on two processes
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(PYTEST_ARGS)

check: style types imports documents size ## style, types, imports, documentation, size (-j 2: two at a time)

style: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev
	@$(BIN)/mypy

imports: $(VENV)/.dev
	@$(BIN)/lint-imports --no-logo

documents: $(VENV)/.dev
	@$(BIN)/python -m pytest -q tests/test_docs.py

size: $(VENV)/.runtime
	@$(BIN)/python .ci/install_size.py $(INSTALL_LIMIT) requirements.lock requirements-build.lock

bench: $(VENV)/.dev ## measure against references in the same run (docs/benchmarks.md)
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

docs: $(VENV)/.dev ## write the generated parts of the documentation
	@$(BIN)/python docs/generate.py

pictures: $(VENV)/.dev ## take the README's pictures from a real run (needs Chromium)
	@$(BIN)/python docs/make_pictures.py

build: $(VENV)/.dev ## a wheel in dist/
	@$(BIN)/python -m hatchling build -t wheel

# Only for maintainers; needs uv on PATH. The dev lock keeps the runtime lock's versions.
lock: ## write the three hashed locks again
	@command -v uv >/dev/null || { echo "error: uv not found: install it (pip install uv) to write the locks" >&2; exit 1; }
	@compile="uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate"; \
	$$compile pyproject.toml -o requirements.lock; \
	$$compile pyproject.toml --group dev --extra quality -c requirements.lock -o requirements-dev.lock; \
	printf 'hatchling\neditables\n' | $$compile - -c requirements-dev.lock -o requirements-build.lock

clean: ## remove .venv, caches and build results; the lake (.dataq) stays
	@rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
