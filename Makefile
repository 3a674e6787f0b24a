# `make demo` sets everything up and runs the whole product. `make help` lists the rest.

PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))) python3)
UV := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
PIN := $(BIN)/uv pip compile -q pyproject.toml --no-header --no-annotate

# Everything is pinned, so what uv's cache holds needs no question to an index: seconds instead of half a minute.
install = $(BIN)/uv pip install -q --offline --python $(BIN)/python -r $(1) 2>/dev/null \
	|| $(BIN)/uv pip install -q --python $(BIN)/python -r $(1)

.DEFAULT_GOAL := help
.PHONY: help demo up down status test lint soak bench setup setup-dev pins machine

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: setup ## run the whole product here, until Ctrl-C
	@exec $(BIN)/python -m services demo

up: setup ## start the whole product detached, return when it is ready
	@exec $(BIN)/python -m services up

down: setup ## stop it
	@exec $(BIN)/python -m services down

status: setup ## tell each part's state
	@exec $(MANAGE) status

test: setup-dev ## run all tests against real servers
	$(BIN)/python -m tests

soak: setup-dev ## the long fault and load runs
	$(BIN)/python -m pytest -m soak

bench: setup-dev ## print the benchmarks and write bench/results.json
	$(BIN)/python -m bench

lint: setup-dev ## everything that is checked besides the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(MANAGE) makemigrations --check --dry-run

setup: machine $(VENV)/installed ## make the virtual environment and the secrets
	@$(BIN)/python -m services configure

setup-dev: setup $(VENV)/installed-dev ## the same with what tests and checks need

machine:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: install the package python3 \
	(Debian, Ubuntu: with python3-venv)." >&2; exit 1; }
	@$(PYTHON) services/machine.py

$(BIN)/uv:
	@echo "Making $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV)
	@touch $@

$(VENV)/installed: requirements.txt | $(BIN)/uv
	@echo "Installing what the product needs ..."
	@$(call install,requirements.txt)
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	@echo "Installing what the tests and checks need ..."
	@$(call install,requirements-dev.txt)
	@touch $@

pins: $(BIN)/uv ## pin every version anew from pyproject.toml
	@echo "# Every version that the product runs on, pinned once; \`make pins\` writes it anew from pyproject.toml." \
		> requirements.txt
	@$(PIN) --upgrade >> requirements.txt
	@printf '%s\n' "# What the tests and the checks need besides; \`make pins\` writes it anew." \
		"-r requirements.txt" > requirements-dev.txt
	@$(PIN) --upgrade --extra dev --constraint requirements.txt \
		| grep -vxFf requirements.txt >> requirements-dev.txt
