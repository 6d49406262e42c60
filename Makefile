# What people type. `make run` and `make test` need nothing but Python >= 3.11 and make.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Without cached bytecode every command would compile some thousand modules first.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
ROUNDS ?= 5
FUZZ ?= 60
RESPOSTAS ?= ../shared/data/respostas_dev.jsonl

DISTRIBUTIONS := fibonacci_bus platform/sdk platform/integrations platform/core $(sort $(wildcard plugins/nigredo_*))
TYPED := $(addsuffix /src,$(DISTRIBUTIONS)) $(wildcard $(addsuffix /tests,$(DISTRIBUTIONS))) tests
LOCKED := requirements/dev.txt requirements/local.txt $(addsuffix /pyproject.toml,$(DISTRIBUTIONS))
# A new lock or a new distribution changes the stamp's name, and only then is anything installed.
STAMP := $(VENV)/installed-$(shell cat $(LOCKED) | cksum | tr -d ' ')
COMPILE := $(BIN)/uv pip compile --python-version 3.11 --universal --generate-hashes --no-emit-index-url --quiet

POSTGRES ?= /usr/lib/postgresql/15/bin
.PHONY: help install run demo test test-postgres fuzz-api check docs bench-api bench-import bench-respostas bench-matcher bench-bus chaos modelo modelo-venv infra-synth infra-test infra-venv mcp-conformance lock clean

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-16s %s\n", $$1, $$2}'

install: $(STAMP) ## Make the virtual environment with locked packages; instant when nothing changed

$(STAMP):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements/dev.txt > $(VENV)/uv.txt
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements/dev.txt
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -r requirements/local.txt
	@rm -f $(VENV)/installed-*
	@touch $@

run: install ## Start everything: database, API, workers, timers; Ctrl-C stops it
	$(BIN)/alquimista up

demo: install ## A week of prospecting on business time, and what must hold after it
	$(BIN)/alquimista demo

test: install ## Every test, and at least 80 % of the lines of each distribution
	@rm -f .coverage .coverage.*
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --cov --cov-config=setup.cfg --cov-report=
	$(BIN)/python .ci/coverage

test-postgres: install ## The database's own tests on another version (POSTGRES=/usr/lib/postgresql/15/bin)
	ALQUIMISTA_POSTGRES=$(POSTGRES) $(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not faults" tests/architecture tests/integration/bus tests/integration/test_main_way.py

fuzz-api: install ## Every operation of the API with FUZZ generated inputs for each role
	FUZZ_EXAMPLES=$(FUZZ) $(BIN)/pytest -n0 tests/security/test_schemathesis.py

mcp-conformance: install ## The Model Context Protocol's own conformance suite (Node 20 or later)
	@command -v npm >/dev/null || { echo "mcp-conformance: npm is missing; install Node 20 or later"; exit 1; }
	@mkdir -p .mcp-conformance
	@cmp -s requirements/mcp-conformance/package-lock.json .mcp-conformance/installed || { \
		cp requirements/mcp-conformance/* .mcp-conformance/; \
		(cd .mcp-conformance && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error); \
		cp requirements/mcp-conformance/package-lock.json .mcp-conformance/installed; }
	MCP_CONFORMANCE=1 $(BIN)/pytest -n0 tests/integration/mcp/test_conformance.py

check: install ## Style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(TYPED)
	$(BIN)/lint-imports

docs: install ## Generate docs/events.md, permissions.md, openapi.json and fibonacci_bus/API.md
	$(BIN)/python -m alquimista.runtime.events_manual > docs/events.md.new
	mv docs/events.md.new docs/events.md
	$(BIN)/python -m alquimista.manuals permissions > docs/permissions.md.new
	mv docs/permissions.md.new docs/permissions.md
	$(BIN)/python -m alquimista.manuals openapi > docs/openapi.json.new
	mv docs/openapi.json.new docs/openapi.json
	$(BIN)/python .ci/api-reference

bench-import: install ## 100,000 rows through the API, beside openpyxl + ORM
	$(BIN)/python -m benchmarks.importacao

bench-api: install ## The API beside a bare Flask + flask-smorest endpoint, and under row security
	$(BIN)/python -m benchmarks.api

bench-bus: install ## The bus beside procrastinate, pgqueuer, Celery, dramatiq and SQS
	@command -v redis-server >/dev/null || { \
		test "$$(id -u)" = 0 || { echo "bench-bus: redis-server is missing; as root: apt-get install -y redis-server"; exit 1; }; \
		apt-get update -qq && apt-get install -y -qq redis-server; }
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	VIRTUAL_ENV=$(CURDIR)/.venv-bench $(BIN)/uv pip sync --quiet --require-hashes requirements/bench.txt
	$(BIN)/python -m benchmarks.barramento --rounds $(ROUNDS)

bench-respostas: modelo-venv ## The model on labelled answers, beside keywords and LeIA (RESPOSTAS=file.jsonl)
	.venv-modelo/bin/python -m benchmarks.respostas.dados $(wildcard $(RESPOSTAS))
	.venv-modelo/bin/python -m benchmarks.respostas.avaliar $(wildcard $(RESPOSTAS))

modelo: modelo-venv ## Train the embedded model that reads answers; the same data gives the same bytes
	.venv-modelo/bin/python -m benchmarks.respostas.treino
	.venv-modelo/bin/python -m benchmarks.respostas.dobras

modelo-venv: install
	test -x .venv-modelo/bin/python || $(PYTHON) -m venv .venv-modelo
	VIRTUAL_ENV=$(CURDIR)/.venv-modelo $(BIN)/uv pip sync --quiet --require-hashes requirements/modelo.txt
	VIRTUAL_ENV=$(CURDIR)/.venv-modelo $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -r requirements/local.txt

bench-matcher: install ## 1,000 rules of every operator, beside moto's loop and a plain one
	$(BIN)/python -m benchmarks.padroes

chaos: install ## kill -9, cut wires, moved clocks, a full disk: every event counted (SEED=1)
	$(BIN)/python -m tests.faults

infra-synth: infra-venv ## The AWS stacks as CloudFormation, from the declaration of the bus (needs Node)
	mkdir -p .alquimista
	$(BIN)/alquimista bus declaration > .alquimista/declaration.json
	cd infra && JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1 ../.venv-infra/bin/python app.py ../.alquimista/declaration.json

infra-test: infra-venv ## Every queue, rule and limit of the stacks beside the declaration (needs Node)
	mkdir -p .alquimista
	$(BIN)/alquimista bus declaration > .alquimista/declaration.json
	cd infra && JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1 DECLARATION=$(CURDIR)/.alquimista/declaration.json \
		../.venv-infra/bin/python -m pytest -q

infra-venv: install
	@command -v node >/dev/null || { echo "infra: Node (20 or later) is missing; CDK runs on it"; exit 1; }
	test -x .venv-infra/bin/python || $(PYTHON) -m venv .venv-infra
	VIRTUAL_ENV=$(CURDIR)/.venv-infra $(BIN)/uv pip sync --quiet --require-hashes requirements/infra.txt
	VIRTUAL_ENV=$(CURDIR)/.venv-infra $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e ./fibonacci_bus

lock: install ## Compile requirements/*.in into *.txt with hashes and no index address
	$(COMPILE) requirements/prod.in -o requirements/prod.txt
	$(COMPILE) requirements/dev.in -o requirements/dev.txt
	$(COMPILE) requirements/bench.in -o requirements/bench.txt
	$(COMPILE) requirements/modelo.in -o requirements/modelo.txt
	$(COMPILE) requirements/infra.in -o requirements/infra.txt

clean: ## Remove caches and the environment; data in .alquimista stays
	rm -rf $(VENV) .venv-bench .venv-modelo .venv-infra infra/cdk.out .mcp-conformance .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -f .coverage .coverage.* coverage.xml
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
