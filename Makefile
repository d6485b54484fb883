# Everything that a checkout can do. `make` alone lists it. Needs Python >= 3.10 with venv, and nothing else installed.

PYTHON ?= python3
VENV   := .venv
PEERS  := .venv-bench
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# What an installation depends on: a change in any of these installs again, anything else is picked up as it is.
SOURCES := pyproject.toml $(wildcard hatch_build.py server/frontend/*.json server/frontend/src/*)

.DEFAULT_GOAL := help
.PHONY: help demo test check lint format bench clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.demo  ## train MNIST against a server on this machine and show the run (DEMO_EXIT=1: then stop)
	$(BIN)/python examples/demo.py $(if $(filter 1,$(DEMO_EXIT)),--exit)

test: $(VENV)/.test  ## run every test (ARGS="tests/client -k journal" for some)
	@sh tests/system_packages.sh
	$(BIN)/python -m pytest $(ARGS)

check: lint test  ## what CI runs: formatter, linter, types, tests

lint: $(VENV)/.test  ## formatter, linter and types, without changing a file
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.test  ## format every file and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(PEERS)/.bench  ## measure tidelog beside other trackers and this machine (minutes; ARGS="--smoke" for a taste)
	$(PEERS)/bin/python -m benchmarks $(ARGS)

clean:  ## remove what these targets made, the demo's data too
	rm -rf $(VENV) $(PEERS) .demo .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results build dist
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# pip learned dependency groups in 25.1; the one that comes with Python may be older.
$(VENV)/.pip:
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade "pip>=25.1"
	@touch $@

# torch goes first and alone: asked for together with the rest, a resolver may settle on another build of it.
$(VENV)/.torch: $(VENV)/.pip
	$(PIP) --group torch
	@touch $@

$(VENV)/.demo: $(VENV)/.torch $(SOURCES)
	$(PIP) --editable ".[server,lightning]" --group examples
	@touch $@

$(VENV)/.test: $(VENV)/.torch $(SOURCES)
	$(PIP) --editable ".[server,postgres,s3,export,tensorboard,lightning]" --group dev
	@touch $@ $(VENV)/.demo

# The trackers that benchmarks compare with bring some hundred packages; the tests are to run without those.
$(PEERS)/.bench: $(SOURCES) benchmarks/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[server]" \
		--requirement benchmarks/requirements.txt
	@touch $@
