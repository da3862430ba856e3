# `make run` and `make test` need only Python >= 3.11 and make: both set up everything else first (config/bootstrap.py).
# Settings are in config/env.example; PORT=8001 make run uses another port; PYTHON=… names the Python to build .venv with.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
export PORT ?= 8000
# one more than most cores: browser tests wait more than they work
JOBS ?= 3
T ?=
M ?=

# 3.11 and 3.12 first: the wheel that carries a Redis server exists for these. Each is tried, not looked up, for version
# managers put names on PATH that answer "not installed"; one that can make virtual environments is preferred.
PYTHON ?= $(shell for needs in "sys, ensurepip, venv" "sys"; do \
	for name in python3.12 python3.11 python3 python3.13 python3.14 python; do \
	if $$name -c "import $$needs; sys.exit(sys.version_info < (3, 11))" 2>/dev/null; then echo $$name; exit; fi; \
	done; done; echo python3)
BIN := .venv/bin

.PHONY: help run test test-debian check nightly bench setup browser reset shell migrate demo fix

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: setup ## start everything on http://127.0.0.1:8000 (PORT=… for another port), Ctrl-C stops it
	@$(BIN)/duban up --with-parent

test: setup browser ## every test, browser tests included (T="tests/unit -k name" for some)
	@$(BIN)/python -m pytest -m "not nightly" -n $(JOBS) --dist loadfile --no-loadscope-reorder $(T)

DEBIAN_POSTGRES ?= /usr/lib/postgresql/15/bin
DEBIAN_TESTS := tests/architecture/test_catalogue.py tests/attack/isolation tests/integration/test_ground.py tests/integration/backup \
	tests/integration/access

test-debian: setup ## migrations, isolation, access, backup on Debian's PostgreSQL 15 and Redis 7 (T=tests for the whole suite)
	@$(DEBIAN_POSTGRES)/postgres --version && redis-server --version
	@DUBAN_POSTGRES_BIN=$(DEBIAN_POSTGRES) $(BIN)/python -m pytest -m "not nightly" -n $(JOBS) --dist loadfile --no-loadscope-reorder $(or $(T),$(DEBIAN_TESTS))

check: setup ## format, lint, types, layers, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=platform $(BIN)/lint-imports
	$(BIN)/duban db check

fix: setup ## repair format and what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

nightly: setup browser ## the slow tests: 500 kills and the like
	@$(BIN)/python -m pytest -m nightly -s --timeout 3600 $(T)
	@$(if $(T),,FUZZ_PAGES=60 $(BIN)/python -m pytest -s --timeout 3600 tests/fuzz/test_forms.py)

bench: setup ## the benchmarks and one table of their ratios and verdicts (B="importing workbench" for some)
	@PYTHONPATH=platform $(BIN)/python bench/parts/whole.py $(B)

setup: ## only install: .venv with the console script duban, front-end assets
	@$(PYTHON) config/bootstrap.py

browser: setup
	@$(PYTHON) config/bootstrap.py --browser

reset: setup ## delete the local data (.data): the next run starts over
	@$(BIN)/duban reset --yes

shell: setup ## a Python shell with the app and its database
	@$(BIN)/duban shell

migrate: setup ## bring the local database to the newest migration
	@$(BIN)/duban migrate

demo: setup ## create the demo tenants if they are not there
	@$(BIN)/duban demo
