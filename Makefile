# Pretrained Model Studio. Two commands do everything: `make run` and `make test`. `make help` lists the rest.

PYTHON ?= python3
PORT ?= 7860
# A package index to take torch from, off by default. On Linux the usual index gives a CUDA build of several GB; name the CPU
# wheel index given on PyTorch's install page to get the small one:  make run TORCH_INDEX=<its address>
TORCH_INDEX ?=
# Extra words for pytest or for the benchmark:  make e2e ARGS="-k smoke"
ARGS ?=

PY := .venv/bin/python
SETUP = $(PYTHON) -m scripts.setup $(if $(TORCH_INDEX),--torch-index "$(TORCH_INDEX)")

.DEFAULT_GOAL := help
.PHONY: help setup run test check format unit e2e screenshots bench clean python check-only

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: python ## Install what the studio needs into .venv/ (run and test do it by themselves)
	@$(SETUP) --retry

run: python ## Open the studio on http://127.0.0.1:7860 (PORT=… for another port)
	@$(SETUP)
	@PTM_PORT=$(PORT) exec $(PY) app.py

test: python ## Check the code and run every test, those in a browser too
	@$(SETUP) --dev --browser --retry
	@$(MAKE) --no-print-directory check-only
	@$(PY) -m pytest $(ARGS)

check: python ## Lint, formatting and types
	@$(SETUP) --dev
	@$(MAKE) --no-print-directory check-only

check-only:
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

format: python ## Format the code and mend what the linter can mend
	@$(SETUP) --dev
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

unit: python ## The tests without a browser
	@$(SETUP) --dev --retry
	@$(PY) -m pytest --ignore=tests/e2e $(ARGS)

e2e: python ## The tests in a browser
	@$(SETUP) --dev --browser --retry
	@$(PY) -m pytest tests/e2e $(ARGS)

screenshots: python ## Pictures of every tab into shots/: two widths, light and dark, English and Chinese
	@$(SETUP) --dev --browser --retry
	@rm -rf shots
	@$(PY) -m pytest tests/e2e -m screens $(ARGS)
	@ls shots

bench: python ## Measure speed on this machine
	@$(SETUP)
	@for name in startup train; do $(PY) -m ptm_demo bench $$name $(ARGS) || exit 1; done

clean: ## Remove what set-up and tests made (never what the studio keeps)
	rm -rf .venv .cache shots tests/e2e/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Expected Python 3.11 or newer as $(PYTHON), but found $$($(PYTHON) --version 2>/dev/null || echo none)." \
	       "Install one, or name it: make run PYTHON=python3.12" >&2; exit 1; }
