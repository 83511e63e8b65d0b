# Each target makes its own environment; nothing but Python 3.11+ and make is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test fuzz check examples bench bench-fusion docs clean

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: $(VENV)/.installed
	$(BIN)/servanda demo --out demo

test: $(VENV)/.installed
	$(BIN)/python -m pytest

# The nightly target. FUZZ_CASES, FUZZ_SEED, FUZZ_SOURCES (a,b) and FUZZ_CASE (one case alone) can be set.
FUZZ_CASES ?= 10000
fuzz: $(VENV)/.installed
	$(BIN)/python -m tests.fuzz.nightly --cases $(FUZZ_CASES) $(if $(FUZZ_SEED),--seed $(FUZZ_SEED)) \
		$(if $(FUZZ_SOURCES),--sources $(FUZZ_SOURCES)) $(if $(FUZZ_CASE),--case $(FUZZ_CASE))

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

examples: $(VENV)/.installed
	for folder in examples/*/; do $(BIN)/servanda run $$folder || exit 1; done

bench: $(VENV)/.installed
	$(BIN)/python benchmarks/million.py

# Peers: install benchmarks/requirements-peers.txt, and name the folder of their harness in SERVANDA_BENCH.
bench-fusion: $(VENV)/.installed
	$(BIN)/python benchmarks/fusion.py $(BENCH)

docs: $(VENV)/.installed
	$(BIN)/python -m servanda.docs docs/reference

clean:
	rm -rf $(VENV) demo build dist
