# Chores. A bare `make` lists them; everything installs into .venv in this folder and nowhere else.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export CARGO_TARGET_DIR ?= $(CURDIR)/target

RUST_SOURCES := $(shell find native -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock
CYTHON_SOURCES := $(shell find pbx -name '*.pyx' -o -name '*.pxd')

.PHONY: help
help: ## list these chores
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: dev ## set everything up, then start the demo PBX with its self-test (ARGS="--json" …)
	@$(BIN)/pbx demo $(ARGS)

.PHONY: test
test: dev ## set everything up, then run every test (a missing peer is named and its tests skipped)
	@scripts/test

.PHONY: dev
dev: $(VENV)/.python $(VENV)/.native $(VENV)/.cython ## set everything up and stop

.PHONY: lint
lint: dev ## formatting, lint and types, Python and Rust
	@scripts/lint

.PHONY: bench
bench: dev ## CPU per unit of work, ours beside every peer found
	@$(BIN)/python -m bench

.PHONY: wheels
wheels: $(VENV)/.python ## both wheels and both sdists into dist/
	@scripts/wheels

.PHONY: peers
peers: ## set up the newest Asterisk, rtpengine, Kamailio, SIPp and baresip to measure against (root, 1 GB)
	@bench/peers/peers.sh setup

.PHONY: lock
lock: $(VENV)/.python ## pin the Python dependencies anew
	@scripts/lock

$(VENV)/.python: requirements.lock scripts/check-tools
	@PYTHON=$(PYTHON) scripts/check-tools
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the pinned Python packages into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.native: $(VENV)/.python $(RUST_SOURCES) mediacore/pyproject.toml
	@echo "building mediacore (Rust; the first time takes a minute or two)"
	@cd mediacore && VIRTUAL_ENV=$(CURDIR)/$(VENV) ../$(BIN)/maturin develop --release --locked --quiet
	@touch $@

$(VENV)/.cython: $(VENV)/.python $(CYTHON_SOURCES) setup.py pyproject.toml
	@echo "building mediacore-pbx (Cython)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@
