# The two commands of the README are `make demo` and `make test`; each sets itself up.
# PYTHON names the interpreter (3.11 or newer). pip's own variables work: PIP_INDEX_URL for a mirror,
# PIP_EXTRA_INDEX_URL for an index with CPU-only builds of torch.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
PACKAGES := assay store evals trainer dashboard
# Tests run in so many processes, each with one thread for its sums: two that share two cores are quicker than one.
WORKERS ?= 2
# Compiled files are kept, whatever the environment says, and torch's compiler is not loaded, which bitsandbytes asks for at
# its import and Assay never uses: both are seconds in each process that a test starts.
PYTEST := OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= TORCHDYNAMO_DISABLE=1 $(BIN)/pytest -q -n $(WORKERS) --dist loadfile

.PHONY: demo test test-slow lint format docs bench-install clean

demo: $(VENV)/.demo
	@$(BIN)/assay demo

test: $(VENV)/.dev
	@$(PYTEST)

test-slow: $(VENV)/.dev
	@$(PYTEST) -m slow

lint: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports
	@$(BIN)/python docs/generate.py --check

format: $(VENV)/.dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(VENV)/.dev
	@$(BIN)/python docs/generate.py

bench-install: $(VENV)/.dev
	@$(PIP) -e '.[train,import,serve,bench,dev]'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Assay needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Fetching Assay's packages with pip into $(VENV): DuckDB, Streamlit, PyTorch, Transformers, PEFT (once; 1 GB with a CPU build of torch)." >&2
	@$(PIP) -e '.[train]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Fetching Assay's packages and its test tools with pip into $(VENV) (once; 1.5 GB with a CPU build of torch)." >&2
	@$(PIP) -e '.[train,import,serve,dev]'
	@touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
