# What people run, and what CI runs: the same targets.

PORT ?= 8000
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NODE_MODULES := benchmarks/peers/node/node_modules
PROOF_MODULES := tests/proof/node_modules
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Of the tests. More than there are cores, since most tests wait for something.
PROCESSES ?= 5

# As in `make stress SECONDS=600 READERS=40 SEED=7 DATABASE=postgres`.
STRESS = $(foreach name,SECONDS READERS WRITERS WORKERS SEED DATABASE,$(if $($(name)),--$(call lower,$(name)) $($(name))))
# Not needed where REDIS_URL names another one.
own_redis = $(if $(REDIS_URL),,$(shell grep -qs '^ *\(export \)\? *REDIS_URL=.' .env || echo yes))
lower = $(shell echo $(1) | tr A-Z a-z)

.DEFAULT_GOAL := help
.PHONY: help setup run serve status reload test proof stress cost bench lint format clean

help: ## Say what there is
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

setup: $(VENV)/.installed ## Make .venv with what the site needs

run: setup ## Serve the site on 127.0.0.1:8000 (PORT= changes it), with something to look at
	@$(BIN)/python manage.py migrate -v0
	@$(BIN)/python manage.py demo
	@$(BIN)/python manage.py runserver 127.0.0.1:$(PORT)

serve: programs setup ## Host the whole site on 127.0.0.1:8080: WORKERS=2 behind nginx, with Redis (PORT= changes it)
	@$(BIN)/python -m deploy.serve

status: setup ## Say what of `make serve` runs, and whether each worker takes connections
	@$(BIN)/python -m deploy.status

reload: setup ## Bring a new version to what `make serve` runs, one worker after the other
	@$(BIN)/python -m deploy.reload

test: packages $(VENV)/.installed-dev ## Install what the tests need, and run them all
	$(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist loadgroup --no-loadscope-reorder --ignore=tests/proof $(TESTS)

proof: packages proof-packages $(VENV)/.installed-proof $(PROOF_MODULES)/.installed ## Test the site by others' rulers: Autobahn, axe, promtool
	$(BIN)/python -m pytest tests/proof

stress: packages $(VENV)/.installed-dev ## Break a site under load, and see that no message is lost
	@$(BIN)/python -m tests.stress $(STRESS)

cost: packages $(VENV)/.installed-dev ## Measure what the parts of the site cost here, in about ten minutes
	@$(BIN)/python -m benchmarks.cost $(COST)

ifdef BEFORE
bench: packages $(VENV)/.installed-dev
	@$(BIN)/python -m benchmarks.compare --before "$(BEFORE)" $(BENCH)
	@$(BIN)/python -m benchmarks.report before
else
bench: rivals $(VENV)/.installed-bench $(NODE_MODULES)/.installed ## Compare the site with other servers; BEFORE=CHECKOUT BENCH="--size small": with another checkout
	@$(BIN)/python -m benchmarks.compare.check
	@$(BIN)/python -m benchmarks.compare $(BENCH)
	@$(BIN)/python -m benchmarks.report bench pictures
endif

lint: $(VENV)/.installed-dev node_modules/.installed ## Check the form and the types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	node_modules/.bin/biome ci --error-on-warnings
	node_modules/.bin/tsc
	node_modules/.bin/tsc -p tsconfig.strict.json

format: $(VENV)/.installed-dev node_modules/.installed ## Put the form right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	node_modules/.bin/biome check --write

clean: ## Remove .venv, node_modules and the caches; the database stays
	rm -rf $(VENV) node_modules $(NODE_MODULES) $(PROOF_MODULES) .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: programs packages node proof-packages rivals
programs:
	@PYTHON="$(PYTHON)" sh deploy/packages.sh python3-venv nginx $(if $(own_redis),redis-server)

packages:
	@PYTHON="$(PYTHON)" sh deploy/packages.sh python3-venv nginx redis-server postgresql curl chromium chromium-driver nodejs gcc libc6-dev || true

node:
	@sh deploy/packages.sh nodejs npm

# Prometheus for promtool.
proof-packages:
	@PYTHON="$(PYTHON)" sh deploy/packages.sh nodejs npm prometheus

rivals:
	@PYTHON="$(PYTHON)" sh deploy/packages.sh python3-venv nginx libnginx-mod-nchan redis-server nodejs npm gcc libc6-dev

# A stamp is newer than what it was made of, so that a second run has nothing to do.
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
