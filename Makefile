# Giao ban. `make run` starts the appliance, `make test` proves it; both prepare whatever is missing.
# Python 3.11 or newer is looked for on the PATH; another one: make run PYTHON=/usr/bin/python3.13

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := run
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CODE := sfu signaling recorder deploy tests
PARTICIPANTS ?= 5
ARGS ?=

.NOTPARALLEL:
.PHONY: run simulate test check bench bench-orders bench-links record-sync crash-matrix lock browsers

run: $(VENV)/.warm ## start the appliance (make run ARGS="--https-port 443")
	@exec $(BIN)/giaoban serve $(ARGS)

simulate: $(VENV)/.warm ## bring simulated bridge points to the lobby (make simulate PARTICIPANTS=8)
	@exec $(BIN)/giaoban simulate --participants $(PARTICIPANTS) $(ARGS)

check: $(VENV)/.dev ## format, lint, types: seconds
	@$(BIN)/ruff format --check --quiet $(CODE)
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/mypy --no-error-summary
	@bash deploy/make/check_web.sh

test: check $(VENV)/.warm browsers ## everything: check, then all tests, browsers included
	@bash deploy/make/test.sh $(ARGS)

bench: $(VENV)/.dev $(VENV)/.warm ## what one forwarded copy and one packet heard cost: a table, and build/bench.json
	@$(BIN)/python -m tests.bench $(ARGS)

bench-orders: $(VENV)/.dev $(VENV)/.warm ## from a press to its effect among fifty: a table, and build/orders.json
	@$(BIN)/python -m tests.bench.latency $(ARGS)

bench-links: $(VENV)/.dev $(VENV)/.warm browsers ## voice and picture on bad links: a table, and build/links.json
	@$(BIN)/python -m tests.links $(ARGS)

record-sync: $(VENV)/.dev $(VENV)/.warm browsers ## sound and picture of a recording of 30 minutes: a table, and build/sync.json
	@$(BIN)/python -m tests.sync $(ARGS)

crash-matrix: $(VENV)/.dev $(VENV)/.warm browsers ## 200 kills while it records: a table, and build/crash.json (25 minutes)
	@$(BIN)/python -m tests.crash $(ARGS)

# --- what the targets above stand on ---

lock: $(VENV)/.dev ## renew the lock files from pyproject.toml
	@echo "giaoban: resolving, about two minutes" >&2
	@$(BIN)/pip-compile $(LOCK_OPTIONS) -o requirements.lock pyproject.toml
	@$(BIN)/pip-compile $(LOCK_OPTIONS) --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

LOCK_OPTIONS := --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-header \
  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --build-deps-for=editable

browsers:
	@bash deploy/make/browsers.sh

# Stamps: their age against the lock files says whether anything has to be installed again.
$(VENV)/.python:
	@bash deploy/make/venv.sh "$(PYTHON)" $(VENV)
	@touch $@

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/.python
	@bash deploy/make/install.sh $(BIN) requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/.python
	@bash deploy/make/install.sh $(BIN) requirements-dev.lock
	@touch $@ $(VENV)/.runtime

$(VENV)/.warm: $(shell find sfu/fastpath -name "*.py") | $(VENV)/.runtime
	@$(BIN)/giaoban warm
	@touch $@
