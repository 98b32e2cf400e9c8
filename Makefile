# Every command of XiaoQ, for people and for CI. Each works on a fresh machine.
.PHONY: run test check fuzz bench bench-footprint bench-retrieval bench-vectors bench-ingest bench-scale bench-masking bench-words bench-languages bench-cache bench-meaning bench-gateway soak lock clean
.DEFAULT_GOAL := run

PYTHON ?= python3
BIN := .venv/bin
VLLM_PYTHON := .venv-vllm/bin/python
FAST := not browser and not service and not quality and not process

run: .venv/.run  ## the app on http://127.0.0.1:7860
	@$(BIN)/python app.py

check: .venv/.dev  ## format, lint, types, walls, fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n auto -m "$(FAST)"

test: .venv/.dev  ## everything: browser, a real vLLM, the quality of answers
	tests/install_browser.sh
	tests/services/install_services.sh
	PYTHON=$(PYTHON) tests/services/install_vllm.sh
	tests/conformance/node/install.sh
	$(BIN)/python -m pytest -q -n auto -m "$(FAST)"
	$(BIN)/python -m pytest -q -m "not ($(FAST))"

fuzz: .venv/.dev  ## the fuzz tests, fifty times as long; TIMES=500 for a night
	XIAOQ_FUZZ_TIMES=$(or $(TIMES),50) $(BIN)/python -m pytest -q --timeout 86400 -k "fuzz or schemathesis" tests

bench: bench-footprint bench-retrieval bench-vectors bench-ingest bench-scale bench-masking bench-words bench-languages bench-cache  ## every measurement

bench-footprint: .venv/.dev
	$(BIN)/python -m bench.footprint

bench-retrieval: .venv/.dev
	$(BIN)/python -m bench.retrieval

bench-vectors: .venv/.dev  ## retrieval by meaning: what a search costs, what a real model adds
	$(BIN)/python -m bench.vectors

bench-ingest: .venv/.dev  ## how long customers wait while documents are read
	$(BIN)/python -m bench.ingest

bench-scale: .venv/.dev  ## the index as it grows; a million chunks with ARGUMENTS=--million
	$(BIN)/python -m bench.scale $(ARGUMENTS)

bench-masking: .venv/.dev  ## what masking finds and misses, beside Presidio
	$(BIN)/python -m bench.masking

bench-words: .venv/.dev  ## screening for sensitive words: cost, disguises, false alarms
	$(BIN)/python -m bench.words

bench-languages: .venv/.dev  ## the language of a message: accuracy by language, cost, beside two detectors
	$(BIN)/python -m bench.languages

bench-cache: .venv/.dev  ## which questions count as the same: flips, variants, cost
	$(BIN)/python -m bench.cache

bench-meaning: .venv/.dev  ## similar questions on Banking77, by a small real model: answers that are another's, answers found
	$(BIN)/python -m bench.meaning

bench-gateway: .venv/.dev  ## XiaoQ beside other gateways, before a mock model server; --quick or --only with ARGUMENTS=
	@PYTHON=$(PYTHON) bench/install_litellm.sh || echo "LiteLLM could not be installed: it is left out."
	$(BIN)/python -m bench.gateway $(ARGUMENTS)

soak: .venv/.dev  ## half an hour of mixed load: memory and descriptors; ARGUMENTS="--minutes 5"
	$(BIN)/python -m bench.gateway_soak $(ARGUMENTS)

lock:  ## compile the hand-written inputs to hash-locked requirements
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes -o requirements-uv.txt requirements-uv.in
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes -o requirements.txt requirements.in
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes -c requirements.txt -o requirements-dev.txt requirements-dev.in
	$(BIN)/uv pip compile -q --python-platform linux --python-version 3.11 --generate-hashes -o requirements-gpu.txt requirements-gpu.in

# uv installs the same hash-locked files as pip in a fraction of the time; it is pinned by hash itself.
.venv/.uv: requirements-uv.txt
	@$(PYTHON) -c 'import sys; sys.exit("XiaoQ needs Python 3.11 or newer: make run PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@touch $@

.venv/.run: requirements.txt .venv/.uv
	@echo "Installing what XiaoQ needs (once, about a minute) ..."
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements.txt
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.uv
	@echo "Installing what the tests need (once, about a minute) ..."
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements-dev.txt
	@touch $@ .venv/.run

clean:  ## the environments and what was built; never the data folder
	rm -rf .venv .venv-vllm .venv-litellm .venv-litellm-newest build
