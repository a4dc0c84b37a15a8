# The commands of the README. CI runs the same targets.

PORT ?= 8000
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NODE_MODULES := benchmarks/peers/node/node_modules
PROOF_MODULES := tests/proof/node_modules
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Test processes. More than cores, because most tests wait for something.
PROCESSES ?= 5

# For example: make stress SECONDS=600 READERS=40 SEED=7 DATABASE=postgres
STRESS = $(foreach name,SECONDS READERS WRITERS WORKERS SEED DATABASE,$(if $($(name)),--$(call lower,$(name)) $($(name))))
# `make serve` needs a redis-server unless REDIS_URL names another Redis.
own_redis = $(if $(REDIS_URL),,$(shell grep -qs '^ *\(export \)\? *REDIS_URL=.' .env || echo yes))
lower = $(shell echo $(1) | tr A-Z a-z)

.DEFAULT_GOAL := help
.PHONY: help setup run serve status reload test proof stress cost bench lint format clean

help: ## List the commands
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

setup: $(VENV)/.installed ## Create .venv with the packages of the site

run: setup ## Start the development server with demo data on 127.0.0.1:8000 (PORT=)
	@$(BIN)/python manage.py migrate -v0
	@$(BIN)/python manage.py demo
	@$(BIN)/python manage.py runserver 127.0.0.1:$(PORT)

serve: programs setup ## Host the site on 127.0.0.1:8080 (PORT=): nginx, two workers (WORKERS=), Redis
	@$(BIN)/python -m deploy.serve

status: setup ## Show the processes of `make serve`, and whether each worker is ready
	@$(BIN)/python -m deploy.status

reload: setup ## Deploy a new version to a running `make serve`, one worker after the other
	@$(BIN)/python -m deploy.reload

test: packages $(VENV)/.installed-dev ## Install what the tests need, and run all tests (TESTS=tests/chat: a part)
	$(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist loadscope --no-loadscope-reorder --ignore=tests/proof $(TESTS)

proof: packages proof-packages $(VENV)/.installed-proof $(PROOF_MODULES)/.installed ## Run external checks: Autobahn (WebSocket), axe (accessibility), promtool (metrics)
	$(BIN)/python -m pytest tests/proof

stress: packages $(VENV)/.installed-dev ## Restart Redis and kill workers under load; no message may be lost
	@$(BIN)/python -m tests.stress $(STRESS)

cost: packages $(VENV)/.installed-dev ## Measure what the parts of the site cost on this machine, in about ten minutes
	@$(BIN)/python -m benchmarks.cost $(COST)

ifdef BEFORE
bench: packages $(VENV)/.installed-dev
	@$(BIN)/python -m benchmarks.compare --before "$(BEFORE)" $(BENCH)
	@$(BIN)/python -m benchmarks.report before
else
bench: bench-packages $(VENV)/.installed-bench $(NODE_MODULES)/.installed ## Compare the site with other servers (BEFORE=FOLDER: with another checkout of itself)
	@$(BIN)/python -m benchmarks.compare.check
	@$(BIN)/python -m benchmarks.compare $(BENCH)
	@$(BIN)/python -m benchmarks.report bench pictures
endif

lint: $(VENV)/.installed-dev node_modules/.installed ## Check style and types of Python, JavaScript and CSS
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	node_modules/.bin/biome ci --error-on-warnings
	node_modules/.bin/tsc
	node_modules/.bin/tsc -p tsconfig.strict.json

format: $(VENV)/.installed-dev node_modules/.installed ## Correct the style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	node_modules/.bin/biome check --write

clean: ## Delete .venv, node_modules and the caches; the database stays
	rm -rf $(VENV) node_modules $(NODE_MODULES) $(PROOF_MODULES) .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: programs packages node proof-packages bench-packages
programs:
	@PYTHON="$(PYTHON)" sh deploy/packages.sh python3-venv nginx $(if $(own_redis),redis-server)

packages:
	@PYTHON="$(PYTHON)" sh deploy/packages.sh python3-venv nginx redis-server redis-sentinel postgresql pgbouncer openssl curl chromium chromium-driver nodejs gcc libc6-dev || true
# Not every system that is like Debian has this package. The browser tests are slower without it.
	@sh deploy/packages.sh chromium-headless-shell || true

node:
	@sh deploy/packages.sh nodejs npm

# Debian's prometheus contains promtool.
proof-packages:
	@PYTHON="$(PYTHON)" sh deploy/packages.sh nodejs npm prometheus

bench-packages:
	@PYTHON="$(PYTHON)" sh deploy/packages.sh python3-venv nginx libnginx-mod-nchan redis-server nodejs npm gcc libc6-dev

# The file .installed is newer than the requirements, so that a second run installs nothing.
$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; PYTHON= names another one.")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(PIP_INSTALL) -r requirements-dev.txt
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed-dev requirements-bench.txt
	$(PIP_INSTALL) -r requirements-bench.txt
	@touch $@

node_modules/.installed: package.json package-lock.json | node
	npm ci --silent
	@touch $@

$(VENV)/.installed-proof: $(VENV)/.installed-dev requirements-proof.txt
	$(PIP_INSTALL) -r requirements-proof.txt
	@touch $@

$(PROOF_MODULES)/.installed: tests/proof/package.json tests/proof/package-lock.json
	cd tests/proof && npm ci --silent
	@touch $@

$(NODE_MODULES)/.installed: benchmarks/peers/node/package.json benchmarks/peers/node/package-lock.json
	cd benchmarks/peers/node && npm ci --silent
	@touch $@
