# Everything is installed once into .venv, and everything else is written below build/. Nothing is written to
# your home directory.
.DEFAULT_GOAL := help
.PHONY: help demo first-run test check test-python test-typescript test-browser test-wheel test-cost matrix newest fuzz upstream bench \
    scale peers faults soak findings build dist docs install-check pictures clean

CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python3.10 /usr/local/bin/python3 /usr/bin/python3
PYTHON ?= $(firstword $(foreach p,$(CANDIDATES),$(shell $(p) -c \
    'import sys; sys.version_info >= (3, 10) and print("$(p)")' 2>/dev/null)))
BIN := $(CURDIR)/.venv/bin
STATE := $(CURDIR)/build/state
LABEXTENSION := $(wildcard labextension/*.json labextension/yarn.lock labextension/s*/*.* labextension/s*/*/*.*)

export IPYTHONDIR := $(STATE)/ipython
export JUPYTER_CONFIG_DIR := $(STATE)/jupyter/config
export JUPYTER_DATA_DIR := $(STATE)/jupyter/data
export JUPYTER_RUNTIME_DIR := $(STATE)/jupyter/runtime
export JUPYTER_CONFIG_PATH := $(CURDIR)/tools/jupyter
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_CACHE_DIR ?= $(STATE)/pip
export MPLCONFIGDIR ?= $(STATE)/matplotlib
export npm_config_cache ?= $(STATE)/npm
# jlpm, JupyterLab's copy of Yarn
export YARN_GLOBAL_FOLDER ?= $(STATE)/yarn
export YARN_ENABLE_TELEMETRY := 0
# Node does not read the system's certificates by default, and needs them behind a proxy.
export NODE_EXTRA_CA_CERTS ?= $(firstword $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem))

help:
	@echo "make demo              open a copy of the tour in JupyterLab; it starts four local engines"
	@echo "HEADLESS=1 make demo   run the tour without a browser, and save it as build/headless/tour.html"
	@echo "make test              run all checks and tests"
	@echo "make check             lint and type-check Python and TypeScript, and check the direction of imports"
	@echo "make first-run         run make demo in a fresh clone with an empty home, and check that it leaves no trace"
	@echo "make matrix            test other versions, front ends, launchers and networks; update README's table"
	@echo "make newest            upgrade all packages, run the tests that need a cluster, and say what broke"
	@echo "make upstream          run ipyparallel's own tests with ipar_results enabled"
	@echo "make findings          check that other tools still behave as findings/ says"
	@echo "make bench             measure the cost of following a result"
	@echo "make scale             measure it for a million tasks, a thousand engines and ten thousand results"
	@echo "make peers             compare with ipyparallel's own bar, tqdm.notebook and dask, in a browser"
	@echo "make faults            kill each part of a cluster, with 50 seeds (SEEDS=n for fewer); about 12 minutes"
	@echo "make fuzz              send 100,000 malformed and hostile messages to every interface"
	@echo "make soak              make faults, then a 30-minute endurance test in a browser (SOAK_MINUTES=2 for less)"
	@echo "make pictures          take the pictures in docs/ from a real run"
	@echo "make docs              build the documentation in build/docs; warnings are errors"
	@echo "make build             build the sdist and the wheel in dist/"
	@echo "make dist              build both and check their metadata and the conda recipe, as registries do"
	@echo "make install-check     install both into empty environments and use them there"
	@echo "make clean             remove all generated files: .venv, build/ with your copies of the notebooks, ..."

.venv/bin/python:
	@PYTHON="$(PYTHON)" sh tools/venv.sh

# Parso, Jedi, fontconfig and others cache here. It is not set for browser tests, which may need Playwright's browsers.
demo .venv/demo.stamp .venv/test.stamp test-python: export XDG_CACHE_HOME := $(STATE)/cache

# An old labextension/dist is removed first, because the installation would not rebuild it.
.venv/demo.stamp: pyproject.toml $(LABEXTENSION) | .venv/bin/python
	@rm -rf labextension/dist
	@$(BIN)/python tools/install.py demo
	@touch $@

.venv/test.stamp: pyproject.toml $(LABEXTENSION) | .venv/bin/python
	@rm -rf labextension/dist
	@$(BIN)/python tools/install.py test
	@touch $@ .venv/demo.stamp

demo: .venv/demo.stamp
ifeq ($(HEADLESS),1)
	@$(BIN)/python tools/demo.py
else
	@$(BIN)/python tools/open_tour.py
endif

first-run:
	$(PYTHON) tools/first_run.py

# Most tests wait for engines, kernels and pages, so three targets run at a time. Each target's output is printed
# when it ends; make before 4.0 has no --output-sync. ipyparallel's own tests limit wall times, so they run alone.
PARALLEL := --jobs=3 --keep-going --no-print-directory $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
test: .venv/test.stamp
	@echo "Three parts of five run at a time, and each prints its output when it ends: the longest takes minutes."
	@$(MAKE) $(PARALLEL) test-python test-browser check test-typescript test-wheel
	@$(MAKE) --no-print-directory upstream test-cost

check: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	cd labextension && PATH="$(BIN):$$PATH" jlpm check

# Tests of one file share kernels and clusters, and stay in one process until another has none left.
test-python: .venv/test.stamp
	$(BIN)/python -m pytest -m "not browser" -n 3 --dist worksteal

# The installation created node_modules; Node itself is a wheel in .venv.
test-typescript: .venv/test.stamp
	cd labextension && PATH="$(BIN):$$PATH" jlpm test

# Browser tests have processes of their own, because Playwright keeps an event loop running in the main thread.
# Those in JupyterLab come before those in Notebook, so each of the two processes starts one of the servers.
test-browser: .venv/test.stamp
	$(BIN)/python -m pytest tests/browser -m browser -n 2 --dist worksteal

# The wheel is built with no Node on PATH, and only when its sources have changed.
test-wheel: .venv/test.stamp
	wheel=$$($(BIN)/python tools/wheel.py) && $(BIN)/python -m pytest tests/test_wheel.py --wheel "$$wheel"

test-cost: .venv/test.stamp
	$(BIN)/python tests/bench/observe.py 1000

# Runs the browser tests marked `matrix` on kernels of other versions, whose environments are in build/matrix.
matrix: .venv/test.stamp
	$(BIN)/python tools/matrix.py; scenes=$$?; $(BIN)/python tools/everywhere.py && exit $$scenes

# To be run on a schedule, such as each night by cron: `cd CHECKOUT && nice make newest`.
newest: .venv/test.stamp
	$(BIN)/python tools/newest.py $(PYTHONS)

# `make test` runs a few hundred of these cases: malformed and hostile messages, and hostile texts in every view.
fuzz: .venv/test.stamp
	$(BIN)/python tests/fuzz/fuzz.py 60000
	FUZZ_EXAMPLES=2000 $(BIN)/python -m pytest tests/fuzz
	$(BIN)/python -m pytest -m browser tests/browser/test_xss.py
	cd labextension && FUZZ_CASES=12000 PATH="$(BIN):$$PATH" jlpm vitest run test/protocol/fuzz.test.ts test/card/fuzz.test.ts

# Surprising behaviour of other tools; each script installs what it needs into a temporary folder.
findings:
	@for script in $(filter-out findings/common.sh,$(wildcard findings/*.sh)); do echo "$$script"; bash $$script || exit 1; done

# Runs in a folder without conftest.py, so that the settings of our own tests do not apply.
upstream: .venv/test.stamp
	@mkdir -p build/upstream
	cd build/upstream && PYTHONPATH=$(CURDIR)/tests $(BIN)/python -m pytest -c $(CURDIR)/tests/upstream.ini \
	    -p upstream_layer --pyargs ipyparallel.tests.test_asyncresult ipyparallel.tests.test_magics

bench: .venv/test.stamp
	$(BIN)/python tests/bench/observe.py
	$(BIN)/python tests/bench/overhead.py
	$(BIN)/python tests/bench/follow.py
	$(BIN)/python tests/bench/eta.py
	$(BIN)/python tests/bench/advice.py
	$(BIN)/python tests/bench/export.py

# A million tasks and ten thousand results take minutes, the real run of 100,000 tasks about ten.
scale: .venv/test.stamp
	$(BIN)/python tests/bench/scale.py
	$(BIN)/python tests/bench/many.py
	$(BIN)/python tests/bench/scale.py --real

# dask is installed outside .venv, because only this comparison uses it.
peers: .venv/test.stamp
	$(BIN)/python -m pip install --quiet --target build/peers "dask>=2024.8" "distributed>=2024.8"
	PYTHONPATH=$(CURDIR)/build/peers $(BIN)/python tests/bench/peers.py
	PYTHONPATH=$(CURDIR)/build/peers $(BIN)/python tests/bench/frontend.py

SEEDS ?= $(if $(CI),1,50)
faults: .venv/test.stamp
	$(BIN)/python tests/faults/fault_run.py $(SEEDS)

SOAK_MINUTES ?= $(if $(CI),2,30)
soak: faults
	$(BIN)/python tests/soak/soak.py $(SOAK_MINUTES)

pictures: .venv/test.stamp
	$(BIN)/python tools/pictures.py

# -E rebuilds every page: Sphinx does not repeat the warnings of a page that it takes from its cache.
docs: .venv/test.stamp
	$(BIN)/python -m sphinx -q -E -W --keep-going -b html docs build/docs

build: .venv/test.stamp
	rm -rf dist
	$(BIN)/python -m build --outdir dist

# The checkers are installed outside .venv, because only a release uses them. Conda's own linter is not on PyPI.
build/release/stamp: Makefile
	rm -rf build/release
	$(PYTHON) -m venv build/release
	build/release/bin/python -m pip install --quiet "check-wheel-contents>=0.6" "py-rattler-build>=0.60" "pyroma>=5" \
	    "readme_renderer[md]>=44" "twine>=6.1" "validate-pyproject[all]>=0.23"
	@touch $@

dist: build build/release/stamp
	$(BIN)/python tools/release.py --check
	build/release/bin/validate-pyproject pyproject.toml
	build/release/bin/twine check --strict dist/*
	build/release/bin/check-wheel-contents dist/*.whl
	build/release/bin/pyroma --min=8 dist/*.tar.gz  # two points are for the e-mail address of an author
	build/release/bin/python tools/check_dist.py

install-check: build
	$(BIN)/python tools/install_check.py

clean:
	rm -rf .venv build dist labextension/dist labextension/lib labextension/node_modules labextension/.yarn \
	    .mypy_cache .pytest_cache .ruff_cache .hypothesis test-results
	find ipar_results tests tools -name __pycache__ -prune -exec rm -rf {} +
