# Every command of the project.  `make demo` and `make test` set up what they need by themselves.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CORPUS ?= ../shared/corpus
SOURCES := polyflow services shared topics

.DEFAULT_GOAL := help
.PHONY: help setup compiled demo kafka-demo test test-simulator test-kafka test-kubernetes test-faults test-cluster deploy-check test-compose lint format schemas errors kubernetes-objects conformance fuzz simulate bench bench-cluster lock clean

help:  ## This list
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

setup: $(READY) compiled  ## A virtual environment in .venv with everything that the lock names

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "polyflow needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null || true  # some packages ship files for other Pythons
	touch $@

# A cold start counts, and an environment may forbid writing bytecode along the way.
compiled: $(READY)
	@$(BIN)/python -m compileall -q $(SOURCES)

demo: setup  ## A real pipeline on this machine: scikit-learn's digits
	$(BIN)/polyflow run examples/digits/pipeline.yaml

kafka-demo: setup  ## The same services as processes of their own on a real Apache Kafka (needs Java 17 and Maven)
	$(BIN)/python -m examples.kafka.demo

test: setup  ## All tests that need nothing but Python
	$(BIN)/pytest --numprocesses 3 --dist worksteal -m "not campaign and not kafka and not kubernetes and not faults and not deploy and not compose" tests

test-simulator: setup  ## Many worlds of the simulator: 200 keep all promises, and every planted bug is found
	$(BIN)/pytest -m campaign tests/simulator

test-kafka: setup  ## The tests on a real Apache Kafka (needs Java 17 and Maven)
	$(BIN)/python -m tests.cluster kafka

test-kubernetes: setup  ## The tests on a real Kubernetes API server with fake nodes and a real one (needs root, Debian, and Go, which builds it once; Java and Maven)
	$(BIN)/python -m tests.cluster kubernetes

test-faults: setup  ## Faults of every kind while runs go on, judged by the verifier (KILLS=200 kills each service so often)
	$(BIN)/python -m tests.cluster faults

test-cluster: setup  ## All tests that need real servers, with a table at the end: PARTS="kafka kubernetes faults deploy compose" KILLS=2
	KILLS=$(or $(KILLS),2) $(BIN)/python -m tests.cluster $(PARTS)

deploy-check: setup  ## The Helm chart against a real Kubernetes API server (needs Go, which builds Helm and it once; Java and Maven)
	$(BIN)/python -m tests.cluster deploy

test-compose: setup  ## docker-compose.yml, started for real with stand-ins for the base images (needs Docker, and root)
	$(BIN)/python -m tests.cluster compose

lint: setup  ## Style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup  ## Put the code into shape
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

schemas: setup  ## Write the JSON Schemas of the messages
	$(BIN)/python -m tests.contract.schemas --write

errors: setup  ## Write docs/errors.md and docs/settings.md, the pages of all codes and settings, and the tables of docs/kafka.md anew
	$(BIN)/python -m tests.contract.errors --write
	$(BIN)/python -m tests.contract.kafka_page
	$(BIN)/python -m tests.contract.settings_page

kubernetes-objects: setup  ## Make the table of Kubernetes' objects anew from its Python client
	$(BIN)/python -m tests.contract.kubernetes_models --write

conformance: setup  ## Compare with a released reader over a corpus of specifications: CORPUS=DIR
	$(BIN)/python -m tests.conformance --corpus $(CORPUS)
	$(BIN)/python -m tests.conformance.compiled --corpus $(CORPUS)

fuzz: setup  ## Inputs that nobody would write: INPUTS=100000 SEED=1 MINUTES=30
	$(BIN)/python -m tests.fuzz --inputs $(or $(INPUTS),100000) --seed $(or $(SEED),1) --minutes $(or $(MINUTES),30)

simulate: setup  ## The services in worlds where everything goes wrong: SEEDS=1-1000
	$(BIN)/python -m tests.simulator $(or $(SEEDS),1-1000)

bench: setup  ## One table of figures; with a real Apache Kafka unless KAFKA=no
	$(BIN)/python -m tests.benchmarks $(if $(filter no,$(KAFKA)),--no-kafka)

bench-cluster: setup  ## The figures on a real Apache Kafka and a real Kubernetes API server, beside a bare loop
	$(BIN)/python -m tests.testbed kafka get
	$(BIN)/python -m tests.testbed kubernetes get
	$(BIN)/python -m tests.benchmarks.cluster

lock:  ## Resolve the dependencies anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --all-extras --upgrade --no-emit-index-url --no-annotate --no-header \
		pyproject.toml -o requirements.lock
	sed -i '1i # The exact version of every package, resolved from pyproject.toml by `make lock`; `make setup` installs from it.' \
		requirements.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
