# Each target makes its own environment; nothing but Python 3.11+ and make is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check examples bench docs clean

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: $(VENV)/.installed
	$(BIN)/servanda demo --out demo

test: $(VENV)/.installed
	$(BIN)/python -m pytest

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

examples: $(VENV)/.installed
	for folder in examples/*/; do $(BIN)/servanda run $$folder || exit 1; done

bench: $(VENV)/.installed
	$(BIN)/python benchmarks/million.py

docs: $(VENV)/.installed
	$(BIN)/python -m servanda.docs docs/reference

clean:
	rm -rf $(VENV) demo build dist
