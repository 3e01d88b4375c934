# Chores. A bare `make` lists them; everything installs into .venv and target/ in this folder and nowhere else.
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
export CARGO_TARGET_DIR ?= $(CURDIR)/target

# Under a HOME of its own (a clean room, another user) rustup's cargo knows no toolchain: use the one installed beside it.
ifeq ($(RUSTUP_HOME)$(wildcard $(HOME)/.rustup/toolchains/*),)
  RUSTUP_BESIDE := $(wildcard $(dir $(shell command -v cargo))../../.rustup)
  ifneq ($(RUSTUP_BESIDE),)
    export RUSTUP_HOME := $(abspath $(RUSTUP_BESIDE))
  endif
endif

RUST_SOURCES := $(shell find native -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock
CYTHON_SOURCES := $(shell find pbx -name '*.pyx' -o -name '*.pxd')

# Compiled modules stand beside their sources, where `git clean` takes them and leaves the stamps: the modules count too.
NATIVE_MODULE := mediacore/src/mediacore/_native.abi3.so
CYTHON_MODULES := $(wildcard $(addsuffix .cpython-*.so,$(basename $(filter %.pyx,$(CYTHON_SOURCES)))))
UNBUILT := $(foreach source,$(basename $(filter %.pyx,$(CYTHON_SOURCES))),$(if $(wildcard $(source).cpython-*.so),,$(source)))
# A module whose .pyx is gone would still be imported.
ORPHANED := $(filter-out $(CYTHON_MODULES),$(shell find pbx -name '*.so'))

.PHONY: help
help: ## list these chores
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# What npm installs and builds stands beside the portal's sources; folders count, for a file that was taken away.
PORTAL := pbx/web/portal
PORTAL_MODULES := $(PORTAL)/node_modules/.package-lock.json
PORTAL_PAGE := $(PORTAL)/static/index.html
PORTAL_SOURCES := $(shell find $(PORTAL)/src) $(wildcard $(PORTAL)/*.html $(PORTAL)/*.json $(PORTAL)/*.ts)

.PHONY: run
run: dev ## set everything up, then start the demo PBX with its self-test (ARGS="--json" …)
	@$(BIN)/pbx demo $(ARGS)

.PHONY: test
test: dev ## set everything up, then run every test (a missing peer is named and its tests skipped)
	@scripts/test

.PHONY: dev
dev: $(VENV)/.python $(VENV)/.native $(VENV)/.cython portal ## set everything up and stop
	@:

.PHONY: portal
portal: $(PORTAL_PAGE) ## build the portal, which `pbx serve` then shows
	@:

.PHONY: lint
lint: dev ## formatting, lint and types, Python, Rust and TypeScript
	@scripts/lint

.PHONY: bench
bench: dev ## CPU per unit of work, ours beside every peer found
	@$(BIN)/python -m bench $(ARGS)

.PHONY: wheels
wheels: $(VENV)/.python ## both wheels and both sdists into dist/
	@$(BIN)/python scripts/wheels

.PHONY: peers
peers: ## set up the newest Asterisk, rtpengine, Kamailio, SIPp and baresip to measure against (root, 1 GB)
	@bench/peers/peers.sh setup

.PHONY: prompts
prompts: $(VENV)/.python ## make the prompts whose texts changed (flite, espeak-ng, sox, flac; ARGS=--all: every one)
	@$(BIN)/python scripts/prompts $(ARGS)

.PHONY: pictures
pictures: dev ## take the docs' pictures of the portal anew (chromium)
	@PYTHONPATH=. $(BIN)/python scripts/pictures

.PHONY: lock
lock: $(VENV)/.python ## pin the Python dependencies anew (ARGS=--upgrade: the newest of each)
	@scripts/lock $(ARGS)

# What is going on is told on standard error: `make run ARGS=--json` leaves standard output to the program.
.PHONY: FORCE
FORCE:

$(VENV)/.python: requirements.lock scripts/check-tools
	@PYTHON=$(PYTHON) scripts/check-tools
	@$(BIN)/python -c pass 2>/dev/null || { rm -rf $(VENV) && $(PYTHON) -m venv $(VENV); }
	@echo "installing the pinned Python packages into $(VENV) (the first time takes a minute)" >&2
	@$(PIP_INSTALL) --require-hashes --requirement requirements.lock
	@touch $@

$(VENV)/.native: $(VENV)/.python $(RUST_SOURCES) mediacore/pyproject.toml $(if $(wildcard $(NATIVE_MODULE)),,FORCE)
	@echo "building mediacore (Rust; the first time takes a minute or two)" >&2
	@cd mediacore && export VIRTUAL_ENV=$(CURDIR)/$(VENV) && \
	  ../$(BIN)/maturin develop --release --locked &>../$(VENV)/native.log || { cat ../$(VENV)/native.log; exit 1; }
	@touch $@

$(VENV)/.cython: $(VENV)/.python $(CYTHON_SOURCES) setup.py pyproject.toml $(if $(strip $(UNBUILT)$(ORPHANED)),FORCE)
	@echo "building mediacore-pbx (Cython)" >&2
	@rm -f $(ORPHANED)
	@PYTHONWARNINGS="ignore:Editable installation" $(PIP_INSTALL) --no-build-isolation --no-deps --editable .
	@touch $@

$(PORTAL_MODULES): $(VENV)/.python $(PORTAL)/package.json $(PORTAL)/package-lock.json $(PORTAL)/.npmrc
	@echo "installing the portal's pinned npm packages" >&2
	@(cd $(PORTAL) && npm ci) &>$(VENV)/npm.log || { cat $(VENV)/npm.log; exit 1; }
	@touch $@

$(PORTAL_PAGE): $(PORTAL_MODULES) $(PORTAL_SOURCES)
	@echo "building the portal" >&2
	@(cd $(PORTAL) && npm run build) &>$(VENV)/portal.log || { cat $(VENV)/portal.log; exit 1; }
	@touch $@
