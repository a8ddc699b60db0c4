# 码上巡: `make demo` shows it, `make test` proves it. docs/development.md explains the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo test lint check-sqlite check-postgresql prove bench pictures lock install install-test

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PYTEST := $(BIN)/pytest -q -n 2
# Where it is set, each of hundreds of processes would compile the whole project anew.
unexport PYTHONDONTWRITEBYTECODE
# What talks to the database runs on both; what does not would only be said twice.
ON_BOTH := $(wildcard tests/services tests/views tests/migrations tests/robustness tests/anonymity)

help:
	@echo "make demo       install, load the demo county, start the site   (DEMO=\"--port 8080\" adds options)"
	@echo "make test       install what the tests need, run everything"
	@echo "make lint       ruff, mypy, import-linter"
	@echo "make prove      the long proof: forty kills on both databases, thousands of examples"
	@echo "make bench      the published benchmarks"
	@echo "make pictures   the pictures of the README, taken in a browser"
	@echo "make lock       the lock files again, from pyproject.toml"

install:
	@$(PYTHON) tools/setup.py run

install-test:
	@$(PYTHON) tools/setup.py test

demo: install
	@exec $(BIN)/msx --dir var/demo demo --keep $(DEMO)

test: install-test
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory check-sqlite
	@$(MAKE) --no-print-directory check-postgresql

# mypy afresh, 20 s: its cache does not notice a module that was missing and is there now.
lint: install-test
	$(BIN)/ruff check .
	$(BIN)/mypy --no-incremental
	$(BIN)/lint-imports

check-sqlite: install-test
	MSX_TEST_DATABASE=sqlite $(PYTEST)

check-postgresql: install-test
	MSX_TEST_DATABASE=postgresql $(PYTEST) $(ON_BOTH)

prove: install-test
	HYPOTHESIS_PROFILE=prove $(BIN)/pytest -q -n 2 tests/rules
	MSX_TEST_DATABASE=sqlite $(BIN)/pytest -q -m prove
	MSX_TEST_DATABASE=postgresql $(BIN)/pytest -q -m prove

bench: install-test
	$(BIN)/python -m bench.submit
	$(BIN)/python -m bench.route
	$(BIN)/python -m bench.abuse
	$(BIN)/python -m bench.poster

pictures: install-test
	$(BIN)/python -m tools.pictures
	$(BIN)/python -m tools.poster_pictures

# Without the configuration of this machine's pip, so that no address of its own can colour the result.
lock: install-test
	PIP_CONFIG_FILE=/dev/null PYTHON=$(BIN)/python tools/lock.sh
