# The same targets run here and in .ci/run.

VENV   ?= .venv
# The first Python on the path that is new enough; looked for only when .venv is made.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip --disable-pip-version-check --no-input --quiet install
UV     ?= $(firstword $(wildcard $(VENV)/bin/uv) uv)
AUTO   ?=
UPGRADE ?=

# Suites that need a real server, a browser, or minutes of whole stories or kills: .ci/run starts them.
HEAVY  := --ignore=tests/servers --ignore=tests/browser --ignore=tests/crash --ignore=tests/acceptance
# These two folders are pure: every branch of theirs is tested, by the suites named here. Counting
# makes tests take twice as long, so the others run without it.
GATE   := --cov=incidents --cov=runbooks/engine --cov-branch --cov-fail-under=100 \
  --cov-report=term-missing:skip-covered
GATED  := tests/incidents tests/property tests/runbooks tests/bot/intake tests/bot/delivery
# In the order of tests/conftest.py, what takes long first: by itself --dist begins with the files
# that have the most tests, and ends with one that takes a minute.
PYTEST := -m pytest -m "not server" --dist loadfile --no-loadscope-reorder
# A file for each half's report, beginning with this name.
JUNIT  ?=
REPORT  = $(if $(JUNIT),--junitxml=$(JUNIT).$(1))

# What make would pass down (its flags and job slots) is no business of the programs it starts.
unexport MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES
export VENV

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.runtime ## Make .venv with the triaged command in it
	@echo "ready: $(VENV)/bin/triaged"

demo: $(VENV)/.runtime ## Rehearse one incident, without Slack and without a cluster (AUTO=1: nobody has to click)
	@AUTO="$(AUTO)" exec $(VENV)/bin/triaged demo

test: $(VENV)/.dev ## Run the tests; no cluster, no browser, no package of the system needed
	@failed=; \
	$(PY) $(PYTEST) -n 2 $(GATED) $(GATE) $(call REPORT,gated) || failed=1; \
	$(PY) $(PYTEST) -n 3 tests $(HEAVY) $(GATED:%=--ignore=%) $(call REPORT,others) || failed=1; \
	test -z "$$failed"

check: $(VENV)/.dev ## Lint, format, types, direction of imports, spelling
	@failed=; for tool in "ruff check ." "ruff format --check ." mypy "lint-imports --no-logo" codespell; do \
	  $(VENV)/bin/$$tool || failed="$$failed $${tool%% *}"; \
	done; test -z "$$failed" || { echo "not clean:$$failed" >&2; exit 1; }

bench: $(VENV)/.dev ## Measure, as ratios inside one run
	@$(PY) tests/bench/run.py $(BENCH)

lock: ## Write the lock files again (UPGRADE=--upgrade takes newer versions); needs uv
	@UV="$(UV)" requirements/lock $(UPGRADE)

clean: ## Remove what the other targets made
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage \
	  build dist postmortems *.egg-info

$(PY):
	@python="$(PYTHON)"; test -n "$$python" && $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "triaged needs Python 3.11 or newer; name one with PYTHON=..." >&2; exit 1; }; \
	echo "making $(VENV) with $$python"; \
	$$python -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# The locks name every package with its hash, so nothing is left to resolve: --no-deps saves that time.
$(VENV)/.runtime: requirements/build.txt requirements/runtime.txt pyproject.toml | $(PY)
	@echo "installing triaged"
	@$(PIP) --require-hashes --no-deps -r requirements/build.txt -r requirements/runtime.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "installing what the tests and checks need"
	@$(PIP) --require-hashes --no-deps -r requirements/dev.txt
	@touch $@
