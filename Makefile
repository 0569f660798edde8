# From a fresh checkout, with Python 3.11 or newer and make:
#   make run     the bridge with its embedded models      (more flags: make run ARGS="--osc-port 9000")
#   make demo    plays a phrase in, writes out/demo.*
#   make test    the tests, and what they need from the system
# Each sets up .venv by itself, and again when pyproject.toml or constraints.txt has changed.
# Needs GNU make 3.81 or newer, on Windows in Git Bash or MSYS2. README.md has the commands without make.

ifeq ($(OS),Windows_NT)
  PYTHON ?= python
  BIN := .venv/Scripts
else
  # The first that is new enough; python3 on macOS may be older than 3.11. Another one: make PYTHON=python3.12
  PYTHON ?= $(shell for name in python3 python3.12 python3.11 python3.13 python3.14 python; do \
    $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$name; exit; }; \
  done; echo python3)
  BIN := .venv/bin
endif

VENV_PYTHON := $(BIN)/python
INSTALL := $(VENV_PYTHON) -m pip install --disable-pip-version-check --constraint constraints.txt
# Processes that run tests side by side, since most tests wait, for a beat or a process; those with JACK come afterwards.
WORKERS ?= 3
TOUCH := $(VENV_PYTHON) -c "import pathlib, sys; [pathlib.Path(name).touch() for name in sys.argv[1:]]"

.PHONY: run demo test lint types format generate setup setup-test constraints clean

run: .venv/installed
	$(BIN)/antiphon serve $(ARGS)

demo: .venv/installed
	$(BIN)/antiphon demo $(ARGS)

test: .venv/installed-test
	$(VENV_PYTHON) tests/programs.py
	$(VENV_PYTHON) -m pytest -n $(WORKERS) --dist loadfile -m "not alone" $(ARGS) || test $$? -eq 5
	$(VENV_PYTHON) -m pytest -m alone $(ARGS) || test $$? -eq 5  # 5: ARGS names none of these

lint: .venv/installed-test
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .

format: .venv/installed-test
	$(VENV_PYTHON) -m ruff check --fix .
	$(VENV_PYTHON) -m ruff format .

types: .venv/installed-test
	$(VENV_PYTHON) -m mypy

# What is written from the table of addresses, and committed; a test fails where it is out of date.
generate: .venv/installed
	$(VENV_PYTHON) -m bridge.reference docs/addresses.md
	$(BIN)/antiphon patches

setup: .venv/installed

setup-test: .venv/installed-test

.venv/created:
	$(PYTHON) -c "import sys; sys.version_info >= (3, 11) or sys.exit('Antiphon needs Python 3.11 or newer, this is ' + sys.version.split()[0] + '; name another: make PYTHON=python3.12')"
	$(PYTHON) -m venv .venv
	$(TOUCH) $@

.venv/installed: .venv/created pyproject.toml constraints.txt
	$(INSTALL) --editable .
	$(TOUCH) $@

.venv/installed-test: .venv/created pyproject.toml constraints.txt
	$(INSTALL) --editable ".[dev]"
	$(TOUCH) $@ .venv/installed

# What the tests were green with, to be run in a .venv that holds nothing else: make clean constraints
constraints:
	$(PYTHON) -m venv .venv
	$(VENV_PYTHON) -m pip install --disable-pip-version-check --editable ".[dev]" torch==2.13.0
	$(VENV_PYTHON) -m pip list --disable-pip-version-check --format=freeze --exclude-editable --exclude pip \
	  | sed 's/+[a-z0-9.]*$$//' > constraints.txt

clean:
	$(PYTHON) -c "import shutil; [shutil.rmtree(name, True) for name in ('.venv', 'build', 'dist')]"
