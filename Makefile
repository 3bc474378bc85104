# Every target makes its own environment when there is none: .venv, or .venv-3.13 for
# PYTHON=python3.13. EXTRA=cuda12 (cuda13, tpu) adds what JAX needs for such a device.
PYTHON ?= python3
EXTRA ?=
VENV ?= .venv$(patsubst python%,-%,$(filter-out python python3,$(notdir $(PYTHON))))
BIN := $(VENV)/bin
READY := $(VENV)/.ready$(addprefix -,$(EXTRA))
CORE := nets losses methods train adapt
RUN := runs/demo

.PHONY: help demo results test test-core test-all package docs check format requirements clean

help:            ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(READY): pyproject.toml setup.py requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
ifneq ($(EXTRA),)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.txt --editable ".[$(EXTRA)]"
endif
	touch $@

demo: $(READY)   ## Train on the built-in toy city, adapt held-out scenes, show picture and table
	$(BIN)/python -m launch.train --config configs/sggan.py:toycity --workdir $(RUN)
	$(BIN)/python -m launch.demo --run $(RUN)

results: $(READY) ## Draw up the tables of README.md and docs/results.md from their files
	$(BIN)/python docs/results/fill_tables.py

test: $(READY)   ## Run the tests that take seconds
	$(BIN)/python -m pytest -n auto -m "not slow"

test-core: $(READY) ## Run those of networks, losses, methods, training and adapting
	$(BIN)/python -m pytest -n auto -m "not slow" $(foreach x,$(CORE),tests/$(x) sggan_jax/$(x))

test-all: $(READY) ## Run every test, slow ones too
	$(BIN)/python -m pytest -n auto

package: $(READY) ## Build the wheel, install it into a new environment and use it
	$(BIN)/python -m pytest tests/test_package.py

docs: $(READY)   ## Build the documentation in build/site; a broken link fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

check: $(READY)  ## Format, lint, types, tests, doctests, wheel, documentation: what continuous integration runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test
	$(MAKE) package
	$(MAKE) docs

format: $(READY) ## Format and sort imports
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

requirements:    ## Pin every dependency anew in requirements.txt (needs uv)
	uv export --quiet --no-hashes --no-emit-project --no-annotate --extra dev --extra docs --no-header --output-file requirements.txt
	rm -f uv.lock

clean:           ## Remove the environment and caches; data and runs stay
	rm -rf .venv .venv-* build .pytest_cache .mypy_cache .ruff_cache *.egg-info
