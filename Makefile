# Each target makes its own environment; nothing but Python 3.11+ and make is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

PEERS := .venv-peers

.PHONY: demo test fuzz check examples bench bench-million bench-fusion bench-fusion-curve docs clean

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

$(PEERS)/.installed: pyproject.toml benchmarks/requirements-peers.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --editable . \
		--requirement benchmarks/requirements-peers.txt
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

# One benchmark: target (or TARGET) is million, fusion or fusion-curve. BENCH holds options of its own: BENCH='--seeds 3'.
TARGET ?= million
target ?= $(TARGET)
bench: bench-$(target)

bench-million: $(VENV)/.installed
	$(BIN)/python benchmarks/million.py $(BENCH)

# The peers' harness is the folder that SERVANDA_BENCH names; see docs/benchmarks.md.
bench-fusion: $(PEERS)/.installed
	$(PEERS)/bin/python benchmarks/fusion.py $(BENCH)

bench-fusion-curve: $(PEERS)/.installed
	$(PEERS)/bin/python benchmarks/fusion_curve.py $(BENCH)

docs: $(VENV)/.installed
	$(BIN)/python -m servanda.docs docs/reference

clean:
	rm -rf $(VENV) $(PEERS) demo build dist
