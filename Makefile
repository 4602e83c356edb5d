# Everything a person or a machine does here, one target each. GNU make 3.81 or newer, any POSIX shell.
# Every variable can be given: `make test WORKERS=4 ARGS='-k tenancy'`.

PYTHON ?= python3.13 python3.12 python3.11 python3
VENV ?= .venv
WORKERS ?= 2
ARGS ?=

BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCK := requirements.lock
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist worksteal

# Images of containers set it, and then each process compiles 1,500 modules again, which takes six seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- the environment ----

.PHONY: setup
setup: $(READY) ## Make .venv with exactly the locked dependencies
	@echo "ready: $(BIN)/basewatch --help"

# The first of PYTHON that is suitable: it runs, is new enough, and can make environments (Debian keeps that in python3-venv).
$(BIN)/python:
	@for python in $(PYTHON); do \
		"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		echo "making $(VENV) with $$("$$python" --version)"; \
		exec "$$python" -m venv "$(VENV)"; \
	done; \
	echo "No Python 3.11 or newer that can make environments was found." >&2; \
	echo "Install one (Debian: apt install python3-venv; macOS: brew install python@3.13)," >&2; \
	echo "or name yours: make setup PYTHON=/path/to/python3" >&2; \
	exit 1

# uv installs in seconds what takes pip half a minute; where it cannot, pip reads the same lock.
$(READY): $(LOCK) pyproject.toml | $(BIN)/python
	@sed -n '/^uv==/,/^    # via/p' $(LOCK) > $(VENV)/uv.lock
	@sed '/^uv==/,/^    # via/d' $(LOCK) > $(VENV)/pip.lock
	@if $(BIN)/python -m pip install -q --require-hashes -r $(VENV)/uv.lock \
		&& $(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes $(LOCK); then :; else \
		echo "uv could not install the lock; pip will" >&2; \
		$(BIN)/python -m pip install -q --require-hashes --no-deps -r $(VENV)/pip.lock; \
	fi
	@$(BIN)/python -m pip install -q --no-build-isolation --no-deps --editable .
	@touch $@

.PHONY: parts
parts: ## Install the programs the end-to-end tests drive (Debian or Ubuntu, as root or by sudo)
	.ci/parts

.PHONY: lock
lock: $(READY) ## Resolve the dependencies again into requirements.lock (ARGS=--upgrade for the newest)
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--extra demo --group dev --custom-compile-command 'make lock' $(ARGS) pyproject.toml -o $(LOCK)

.PHONY: clean
clean: ## Remove everything that was made
	rm -rf $(VENV) out dist build htmlcov .coverage .coverage.* \
		.pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- what it is for ----

.PHONY: demo
demo: $(READY) ## Start SecureBase in a box, break it, and watch Basewatch notice
	$(BIN)/basewatch demo $(ARGS)

# GitHub drops a summary above 1 MiB whole, so the report is cut below it; the artifact has all of it.
.PHONY: summary
summary:
	@head -c 1000000 out/report.md >> "$${GITHUB_STEP_SUMMARY:-/dev/stdout}"

# ---- is it right? ----

.PHONY: test
test: $(READY) ## Run the fast tests: three minutes
	$(PYTEST) -m 'not slow' --hypothesis-profile fast $(ARGS)

.PHONY: test-all
test-all: $(READY) ## Run every test
	$(PYTEST) $(ARGS)

# The exhaustive tests try many cases of what the others reach too: measuring them would cost time and show no more.
.PHONY: coverage
coverage: $(READY) ## Run every test, and measure what all but the exhaustive ones reach
	$(PYTEST) -m 'not exhaustive' --cov --cov-report=term $(ARGS)
	$(PYTEST) -m exhaustive $(ARGS)

.PHONY: nightly
nightly: export BASEWATCH_MAJORS = all
nightly: export BASEWATCH_REMEDIES = all
nightly: export BASEWATCH_FAULTS = all
nightly: export BASEWATCH_WEEKS = 20
nightly: export BASEWATCH_FUZZ = 50000
nightly: $(READY) ## Try every exploit on every PostgreSQL version, every fault, 20 weeks, and 50,000 made-up policies
	$(PYTEST) tests/checks/tenancy/corpus tests/isolation/proof/test_soundness.py \
		tests/workflows/test_monitor.py tests/workflows/test_week.py $(ARGS)

.PHONY: check
check: format lint types imports workflows docs-check ## Judge the code without running it

.PHONY: format
format: $(READY)
	$(BIN)/ruff format --check --quiet .

.PHONY: lint
lint: $(READY)
	$(BIN)/ruff check --quiet .
	$(BIN)/yamllint --strict .
	$(BIN)/shellcheck .ci/run .ci/parts

.PHONY: types
types: $(READY)
	$(BIN)/mypy
	$(BIN)/pyright

.PHONY: imports
imports: $(READY)
	$(BIN)/lint-imports --no-logo

.PHONY: workflows
workflows: $(READY)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/zizmor --offline --quiet .github

.PHONY: fix
fix: $(READY) ## Let the tools fix what they can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: docs
docs: $(READY) ## Write the pages that come from the code
	$(BIN)/basewatch generate schema
	$(BIN)/basewatch generate docs

.PHONY: deploy
deploy: $(READY) ## Write the rules, routes and dashboards that come from config.yaml
	$(BIN)/basewatch generate rules
	$(BIN)/basewatch generate alertmanager
	$(BIN)/basewatch generate dashboards

.PHONY: docs-check
docs-check: $(READY)
	$(BIN)/basewatch generate schema --check
	$(BIN)/basewatch generate docs --check
	$(BIN)/basewatch generate rules --check
	$(BIN)/basewatch generate alertmanager --check
	$(BIN)/basewatch generate dashboards --check

.PHONY: bench
bench: $(READY) ## Measure, beside what is possible
	$(BIN)/python -m benchmarks $(ARGS)
