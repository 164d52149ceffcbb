# `make` alone lists the targets. Two commands are enough: `make run` to use it, `make test` to prove it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes
LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --quiet

.DEFAULT_GOAL := help
.PHONY: help run worker setup test check beside lint types imports tests js format lock bench soak clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup  ## everything that is needed, then the program on http://127.0.0.1:5000
	@$(BIN)/python app.py

worker: setup  ## a process of its own that turns recordings into text (ASR_JOB_RUNNER=celery and ASR_REDIS_URL are set)
	@$(BIN)/celery -A web.worker worker

setup: $(VENV)/.runs static/vendor/socket.io.esm.min.js  ## the environment of the program in .venv/, and the page's one library

test: $(VENV)/.tests node_modules/.tests  ## everything that proves the project
	@deploy/find-chromium
	@$(MAKE) --no-print-directory check

check: lint  ## what `make test` does, once everything is installed; much of a test is waiting, so the rest runs beside them
	@$(MAKE) --no-print-directory -j 2 tests beside

beside: types imports js

lint:  ## style and format of Python and JavaScript
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	npm run --silent lint

types:  ## mypy, strict
	$(BIN)/mypy

imports:  ## which part may know which
	$(BIN)/lint-imports

js:  ## the page's modules
	@mkdir -p build
	@npm test --silent >build/js.txt 2>&1 || { cat build/js.txt; exit 1; }
	@grep -E '^(#|ℹ) (tests|pass|fail) ' build/js.txt

tests:  ## unit, property, contract, flow, security and browser tests, with the branch coverage they reach
	rm -f .coverage .coverage.*
	$(BIN)/python -m pytest -q -n 3 --dist loadfile --durations=15 --cov --cov-report=term:skip-covered

format:  ## put everything into its format
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .
	npm run --silent format

bench:  ## the live path beside a bare relay and a raw WebSocket echo, over the stand-in of Transcribe; 100 who watch a recording
	$(BIN)/python -m benchmarks.live --sessions 100 --seconds 15
	$(BIN)/python -m benchmarks.speech_service --sessions 100
	$(BIN)/python -m benchmarks.status

SOAK_KILLS ?= 300
SOAK_HOURS ?= 4
SOAK_OUTAGES ?= 3 20 120

soak:  ## long runs with figures, some 100 minutes; `make soak SOAK_KILLS=20 SOAK_HOURS=0.2 SOAK_OUTAGES="3 20"` some 9
	$(BIN)/python -m tests.soak --kills $(SOAK_KILLS) --hours $(SOAK_HOURS) --outages $(SOAK_OUTAGES)
	$(BIN)/python -m pytest -q tests/soak/browser
	KILLS=50 $(BIN)/python -m pytest -q -s --timeout 1800 tests/faults/test_celery.py -k killed_in_the_middle
	SPEECH_FAULT_SEEDS=200 $(BIN)/python -m pytest -q tests/faults/test_speech_service.py
	SPEECH_WAITS=life $(BIN)/python -m pytest -q -s tests/faults/test_pauses.py tests/faults/test_deaf_peers.py
	HYPOTHESIS_PROFILE=ci $(BIN)/python -m pytest -q --timeout 1800 tests/property/test_dictation_machine.py

lock: $(VENV)/.tests  ## pin the newest versions that requirements*.in allow
	$(LOCK) --upgrade -o requirements.txt requirements.in
	$(LOCK) --upgrade -o requirements-dev.txt requirements-dev.in

clean:  ## remove what was installed and built, never the instance folder
	rm -rf $(VENV) node_modules static/vendor build .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (PYTHON=... names another one)."; exit 1; }
	@command -v npm >/dev/null || { echo "Node.js 18 or newer with npm is needed."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runs: requirements.txt | $(BIN)/python
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.tests: $(VENV)/.runs requirements-dev.txt
	$(PIP) -r requirements-dev.txt
	@touch $@

static/vendor/socket.io.esm.min.js: package-lock.json
	npm ci --omit=dev --silent
	@touch $@

node_modules/.tests: package-lock.json
	npm ci --silent
	@touch $@ static/vendor/socket.io.esm.min.js
