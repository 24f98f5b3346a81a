# The tasks of Remit. Every target makes the environment it needs: Python >= 3.11 and gcc are enough on a new machine.

PYTHON ?= python3
SUITE ?=
TESTS ?=
PIP := .venv/bin/pip --disable-pip-version-check --quiet
UV := uv>=0.9,<1
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help setup run test test-slow check bench docs lock clean

help: ## Show every target with a sentence
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/dev.stamp ## Make .venv with everything that development needs; nothing happens where it is up to date

run: .venv/run.stamp ## Serve the API with a demo network on an embedded PostgreSQL, until Ctrl-C
	@exec .venv/bin/remit run --demo

test: .venv/dev.stamp ## Run the tests but for the slow ones; TESTS=tests/policies runs a part
	.venv/bin/pytest -m "not slow" $(TESTS)

test-slow: .venv/dev.stamp ## Run the tests that take minutes; TESTS=tests/demo runs a part
	.venv/bin/pytest -m slow $(TESTS)

check: .venv/dev.stamp ## Check format, lint, types, layers, dependencies, house rules and documentation; changes nothing
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy --strict .
	.venv/bin/lint-imports
	.venv/bin/deptry .
	.venv/bin/pytest --quiet tests/house tests/docs

bench: .venv/dev.stamp ## Compare speeds, print ratios and write benchmarks/latest.json; SUITE=reads runs one suite
	.venv/bin/python -m benchmarks $(SUITE)

docs: .venv/dev.stamp ## Write the pages that the code knows: docs/*.md of tables, CHANGELOG.md and schema/schema.graphql
	.venv/bin/python -m docs.generate

lock: ## Resolve pyproject.toml into the two locks, keeping the pins that still fit; UPGRADE=1 takes the newest
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && $(PYTHON) -m venv "$$tools" && \
	"$$tools/bin/pip" --disable-pip-version-check --quiet install '$(UV)' && PATH="$$tools/bin:$$PATH" && \
	$(COMPILE) --extra build --output-file requirements.lock && \
	$(COMPILE) --all-extras --constraint requirements.lock --output-file requirements-dev.lock

clean: ## Remove what the tools and builds leave behind; .venv and the database in .remit stay
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Remit needs Python 3.11 or later. Name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv .venv

# The development lock holds the other one's pins, so whoever has its environment can run, too.
.venv/dev.stamp: requirements-dev.lock pyproject.toml | .venv/bin/python
	@echo "Installing what development needs into .venv; this is done once." >&2
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch .venv/run.stamp .venv/dev.stamp

.venv/run.stamp: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing what Remit needs into .venv; this is done once." >&2
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch .venv/run.stamp
