# Everything is installed into .venv beside this file, and nothing outside it.
# PYTHON names the interpreter to begin with: make setup PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TESTS ?= tests
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-real test-crashes check proofs faults bench lock clean

help: ## list these commands
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1 - /'

setup: ## install the pinned libraries and Concord itself into .venv
	@bash tools/setup.sh $(VENV) requirements.lock

demo: setup ## setup, then show the whole way on an invented company
	@$(BIN)/concord demo

test: setup ## setup, then run every test (TESTS=tests/sync for some)
	@$(BIN)/python -m pytest -n 2 $(TESTS)

test-real: setup ## setup, then hold connectors to real shops that npm installs, and write down what it proves
	@$(BIN)/python -m pytest -n 0 -m real --timeout=1800 --write-proofs tests/connectors

test-crashes: setup ## setup, then kill a hub at every place where it writes, one place after the other (about an hour)
	@$(BIN)/python -m pytest -n 2 -m crashes tests/crashes

check: setup ## setup, then lint, types, import rules and docs held to code
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest tests/test_docs.py tests/test_style.py

proofs: setup ## setup, then run the connectors' tests and write what they prove into docs/connectors
	@$(BIN)/python -m pytest -n 2 --write-proofs tests/connectors

faults: setup ## setup, then write docs/faults.md from the marks of the tests
	@$(BIN)/python -m tests.faults

bench: ## setup with the bench libraries too (dlt), then run every measure of bench/
	@bash tools/setup.sh $(VENV) requirements.lock requirements-bench.lock
	@bash tools/bench.sh $(BIN)/python

lock: ## pin anew what pyproject.toml asks for; needs uv (UPGRADE=1 for newer releases)
	@bash tools/lock.sh $(BIN) $(if $(UPGRADE),--upgrade)

clean: ## remove .venv and everything that is made anew
	rm -rf $(VENV) .cache .demo build dist .mypy_cache .ruff_cache .pytest_cache
	rm -rf .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
