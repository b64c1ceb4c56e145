# Giao ban. `make run` starts the appliance, `make test` tests it, `make help` lists the rest. Each target installs
# what it needs. Python 3.11 or newer is taken from the PATH; to choose another: make run PYTHON=/usr/bin/python3.13

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := run
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CODE := sfu signaling recorder deploy tests
PARTICIPANTS ?= 5
JOBS ?= 2
ARGS ?=

.NOTPARALLEL:
.PHONY: help run simulate test check unit world wire arch web bench bench-briefing bench-orders bench-links \
  bench-door bench-sync record-sync crash-matrix pictures lock browsers

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

run: $(VENV)/.warm ## start the appliance (make run ARGS="--https-port 443")
	@exec $(BIN)/giaoban serve $(ARGS)

simulate: $(VENV)/.warm ## bring simulated bridge points to the lobby (make simulate PARTICIPANTS=8)
	@exec $(BIN)/giaoban simulate --participants $(PARTICIPANTS) $(ARGS)

test: browsers check $(VENV)/.warm ## everything: check, then all tests, browsers included
	@bash deploy/make/test.sh $(ARGS)

check: $(VENV)/.dev ## format, lint, types, the web client's own tests: seconds
	@$(BIN)/ruff format --check --quiet $(CODE)
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/mypy --no-error-summary
	@bash deploy/make/check_web.sh

# These take no browser and no check before them: make unit ARGS="-k lobby"
unit: $(VENV)/.dev $(VENV)/.warm ## functions and rules without network and clock, within a minute
	@$(BIN)/pytest -q -n $(JOBS) --dist worksteal tests/unit $(ARGS)

world: $(VENV)/.dev $(VENV)/.warm ## whole media planes on virtual clocks and links
	@$(BIN)/pytest -q tests/world $(ARGS)

wire: $(VENV)/.dev $(VENV)/.warm ## packets against the examples of their RFCs
	@$(BIN)/pytest -q tests/wire $(ARGS)

arch: $(VENV)/.dev ## layout, names, language, documents
	@$(BIN)/pytest -q tests/arch $(ARGS)

web: $(VENV)/.dev ## the web client's types, its own tests under Node, its colours
	@bash deploy/make/check_web.sh
	@$(BIN)/pytest -q tests/web $(ARGS)

bench: $(VENV)/.dev $(VENV)/.warm ## what one forwarded copy and one packet heard cost; also in build/bench.json
	@$(BIN)/python -m tests.bench $(ARGS)

bench-briefing: $(VENV)/.dev $(VENV)/.warm ## a whole briefing of 10 to 150 points (12 minutes); also in build/briefing.json
	@$(BIN)/python -m tests.briefing $(ARGS)

bench-orders: $(VENV)/.dev $(VENV)/.warm ## from a press to its effect among fifty; also in build/orders.json
	@$(BIN)/python -m tests.bench.latency $(ARGS)

bench-links: $(VENV)/.dev $(VENV)/.warm browsers ## voice and picture on bad links (25 minutes); also in build/links.json
	@$(BIN)/python -m tests.links $(ARGS)

bench-door: $(VENV)/.dev $(VENV)/.warm ## what a meeting notices of attacks at its doors; also in build/door.json
	@$(BIN)/python -m tests.door $(ARGS)

bench-sync: $(VENV)/.dev $(VENV)/.warm browsers ## voice and lips at a viewer's page (12 minutes); also in build/browser-sync.json
	@$(BIN)/python -m tests.lips $(ARGS)

record-sync: $(VENV)/.dev $(VENV)/.warm browsers ## lip sync of a recording of 30 minutes; also in build/sync.json
	@$(BIN)/python -m tests.sync $(ARGS)

crash-matrix: $(VENV)/.dev $(VENV)/.warm browsers ## 200 kills during a recording (25 minutes); also in build/crash.json
	@$(BIN)/python -m tests.crash $(ARGS)

pictures: $(VENV)/.dev $(VENV)/.warm browsers ## take the documents' pictures again (ten minutes); look at them
	@GIAOBAN_PICTURES=1 $(BIN)/pytest -q tests/browser/test_screens.py tests/browser/test_ordered_briefing.py

lock: $(VENV)/.dev ## renew the lock files from pyproject.toml
	@echo "giaoban: resolving, about two minutes" >&2
	@$(BIN)/pip-compile $(LOCK_OPTIONS) -o requirements.lock pyproject.toml
	@$(BIN)/pip-compile $(LOCK_OPTIONS) --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

LOCK_OPTIONS := --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-header \
  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --build-deps-for=editable

browsers: ## install what the tests need from Debian: browsers, a database, a relay, a voice, Node
	@bash deploy/make/browsers.sh

# --- stamps: newer than the files they depend on when nothing has to be installed or compiled ---

$(VENV)/.python:
	@bash deploy/make/venv.sh "$(PYTHON)" $(VENV)
	@touch $@

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/.python
	@bash deploy/make/install.sh $(BIN) requirements.lock $@

# The runtime's packages are among these, in the same versions.
$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/.python
	@bash deploy/make/install.sh $(BIN) requirements-dev.lock $@
	@rm -f $(VENV)/.runtime && cat requirements.lock pyproject.toml | sha256sum >$(VENV)/.runtime

$(VENV)/.warm: $(shell find sfu/fastpath -name "*.py") | $(VENV)/.runtime
	@$(BIN)/giaoban warm
	@rm -f $@ && touch $@
