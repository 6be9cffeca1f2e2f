# Every target makes what it needs: .venv, packages, services. `make` alone lists them.

PORT ?= 8000
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo frontend test coverage mutants starts bench lint format type docs base oldest gdal wheel dist clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Start the example project with sample images (PORT=8000)
	@PORT=$(PORT) scripts/demo.sh

frontend: ## Build the viewers (Node.js 20.19 or newer), and check and test their sources
	@python3 scripts/frontend.py
	@python3 scripts/frontend.py --check

test: ## Run the tests (PYTEST_ARGS='-k tiles'; REQUIRE_SERVICES=1 skips nothing)
	@scripts/venv.sh all,test
	@$(BIN)/python scripts/frontend.py
	@$(BIN)/python scripts/test.py

# Not of tests/hostile and the starts of servers: what they hold is time, and being counted takes some.
coverage: ## Run the tests and print which lines and branches they do not run
	@scripts/venv.sh all,test
	@$(BIN)/python scripts/frontend.py
	@$(BIN)/coverage erase
	@PYTEST_ARGS="--cov --cov-report= --ignore tests/hostile --ignore tests/e2e/test_starts.py $$PYTEST_ARGS" \
		$(BIN)/python scripts/test.py
	@$(BIN)/coverage report

mutants: ## Change the package here and there, and see whether a test notices (SAMPLE=200 SEED=1 ONLY=rest)
	@scripts/venv.sh all,test,dev
	@SAMPLE=$(SAMPLE) SEED=$(SEED) ONLY=$(ONLY) CONTROL=$(CONTROL) $(BIN)/python scripts/mutants.py

starts: ## Start README's server ten times on every Python, with the first requests at once
	@scripts/venv.sh all,test
	@$(BIN)/python scripts/frontend.py
	@STARTS=10 $(BIN)/python -m pytest -q tests/e2e/test_starts.py

bench: ## Measure beside 0.10.5 and TiTiler (QUICK=1 for three minutes; ONLY=tiles,s3)
	@scripts/venv.sh all,test
	@$(BIN)/python scripts/frontend.py
	@QUICK=$(QUICK) ONLY=$(ONLY) $(BIN)/python -m benchmarks

lint: ## Check style and formatting
	@scripts/venv.sh dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: ## Mend style and formatting
	@scripts/venv.sh dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

type: ## Check types
	@scripts/venv.sh all,test,dev
	$(BIN)/mypy

docs: ## Build the documentation into site/
	@scripts/venv.sh docs
	$(BIN)/mkdocs build --strict

base: ## Check the package without any optional dependency
	@scripts/venv.sh dev
	$(BIN)/tox -e base

oldest: ## Run the quick tests with the lowest versions that setup.py allows (needs Python 3.11)
	@scripts/venv.sh dev
	$(BIN)/tox -e oldest

gdal: ## Run the osgeo tests in an environment of their own
	@scripts/venv.sh dev
	@scripts/osgeo.sh
	$(BIN)/tox -e gdal

wheel: ## Build the wheel, install it in a clean environment and check it
	@scripts/venv.sh dev
	@scripts/wheel.sh

dist: ## Build the wheel and the source distribution into dist/ and check them (TAG=v1.2.3 checks the version)
	@scripts/venv.sh dev
	@scripts/dist.sh "$$TAG"

clean: ## Remove what was built and installed; the example project's data stays
	rm -rf benchmarks/.envs benchmarks/.data
	rm -rf frontend/node_modules
	cd django_large_image/static/django_large_image && rm -rf .built cesium globe.js land.json proj4.js viewer.js
	rm -rf .venv .tox .mutants .mypy_cache .pytest_cache .ruff_cache .coverage* htmlcov build dist site *.egg-info
	find . -name __pycache__ -type d -not -path './node_modules/*' -prune -exec rm -rf {} +
