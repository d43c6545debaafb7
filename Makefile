# Everything is installed once into .venv and written below build/; nothing goes to your home directory.
.DEFAULT_GOAL := help
.PHONY: help demo test check test-python test-typescript test-browser test-wheel matrix fuzz upstream bench scale peers faults soak \
    build docs install-check pictures clean

CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python3.10 /usr/local/bin/python3 /usr/bin/python3
PYTHON ?= $(firstword $(foreach p,$(CANDIDATES),$(shell $(p) -c \
    'import sys; sys.version_info >= (3, 10) and print("$(p)")' 2>/dev/null)))
BIN := $(CURDIR)/.venv/bin
STATE := $(CURDIR)/build/state
LABEXTENSION := $(wildcard labextension/*.json labextension/yarn.lock labextension/s*/*.*)

export IPYTHONDIR := $(STATE)/ipython
export JUPYTER_CONFIG_DIR := $(STATE)/jupyter/config
export JUPYTER_DATA_DIR := $(STATE)/jupyter/data
export JUPYTER_RUNTIME_DIR := $(STATE)/jupyter/runtime
export JUPYTER_CONFIG_PATH := $(CURDIR)/tools/jupyter
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_CACHE_DIR ?= $(STATE)/pip
# jlpm, which comes with JupyterLab, must not use the home directory or a package.json above this one
export YARN_GLOBAL_FOLDER ?= $(STATE)/yarn
export YARN_ENABLE_TELEMETRY := 0
# Node brings certificates of its own: behind a proxy those of the system are needed, as pip is given them
export NODE_EXTRA_CA_CERTS ?= $(firstword $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem))

help:
	@echo "make demo              open the tour in JupyterLab, with four local engines"
	@echo "HEADLESS=1 make demo   run the tour without a browser; see build/tour.html"
	@echo "make test              every check and test"
	@echo "make check             ruff and mypy, ESLint and tsc"
	@echo "make matrix            other versions, front ends, launchers and networks; writes README's table"
	@echo "make upstream          ipyparallel's own tests, with ipar_results enabled"
	@echo "make bench             what watching a result costs"
	@echo "make scale             the same for a million tasks, a thousand engines, ten thousand results"
	@echo "make peers             the same work beside upstream's bar, tqdm.notebook and dask, in a browser; frames"
	@echo "make faults            kills of every part of a cluster, 50 seeds (SEEDS=n for fewer), about 12 minutes"
	@echo "make fuzz              100,000 broken and hostile messages at every edge"
	@echo "make soak              make faults, then 30 minutes of everything over and over, in a page (SOAK_MINUTES=2)"
	@echo "make pictures          the pictures in docs/, from a real run"
	@echo "make docs              the pages, in build/docs; any warning is an error"
	@echo "make build             sdist and wheel, in dist/"
	@echo "make install-check     both installed and used in empty environments"
	@echo "make clean             remove what the other targets made, .venv too"

.venv/bin/python:
	@PYTHON="$(PYTHON)" sh tools/venv.sh

# What was built before is removed, or the installation would take it as it is.
.venv/demo.stamp: pyproject.toml $(LABEXTENSION) | .venv/bin/python
	@rm -rf labextension/dist
	$(BIN)/python -m pip install --quiet --editable ".[demo]"
	@touch $@

.venv/test.stamp: pyproject.toml $(LABEXTENSION) | .venv/bin/python
	@rm -rf labextension/dist
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	@touch $@ .venv/demo.stamp

demo: .venv/demo.stamp
	@mkdir -p $(STATE)
ifeq ($(HEADLESS),1)
	$(BIN)/python tools/demo.py
else
	$(BIN)/jupyter lab --ServerApp.root_dir=notebooks --LabApp.default_url=/lab/tree/tour.ipynb --log-level=ERROR \
	    $(if $(filter 0,$(shell id -u)),--allow-root)
endif

test: check test-python test-typescript test-browser test-wheel upstream
	$(BIN)/python tests/bench/observe.py 1000

check: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd labextension && PATH="$(BIN):$$PATH" jlpm check

# Real engines on a busy machine can be late: what failed beside others is tried once more, alone, and stays in the
# log as failed once. One that fails alone fails the whole.
AGAIN = { echo "== failed; now alone, and to be mended all the same ==" >&2; \
    $(BIN)/python -m pytest -m $(1) --last-failed --last-failed-no-failures none; }

# The browser's tests have a process of their own: Playwright keeps an event loop running in the main thread.
test-python: .venv/test.stamp
	$(BIN)/python -m pytest -m "not browser" -n 2 --dist loadfile || $(call AGAIN,"not browser")

# The installation has left node_modules behind; node itself is a wheel in .venv.
test-typescript: .venv/test.stamp
	cd labextension && PATH="$(BIN):$$PATH" jlpm test

test-browser: .venv/test.stamp
	$(BIN)/python -m pytest -m browser || $(call AGAIN,browser)

# It is built once for each state of the sources, with no Node on PATH.
test-wheel: .venv/test.stamp
	wheel=$$($(BIN)/python tools/wheel.py) && $(BIN)/python -m pytest tests/test_wheel.py --wheel "$$wheel"

# What the browser's tests call scenes of a busy kernel, on kernels of other versions below build/matrix.
matrix: .venv/test.stamp
	$(BIN)/python tools/matrix.py; scenes=$$?; $(BIN)/python tools/everywhere.py && exit $$scenes

# What make test plays a few hundred of: broken and hostile messages at every edge; and hostile texts in every view.
fuzz: .venv/test.stamp
	$(BIN)/python tests/fuzz/fuzz.py 60000
	FUZZ_EXAMPLES=2000 $(BIN)/python -m pytest tests/fuzz
	$(BIN)/python -m pytest -m browser tests/browser/test_xss.py
	cd labextension && FUZZ_CASES=12000 PATH="$(BIN):$$PATH" jlpm vitest run test/fuzz.test.ts test/fuzz-drawn.test.ts

# Run from a directory without a conftest.py, so that nothing of our own tests' settings applies.
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

# A million tasks and ten thousand results take minutes; a real run of 100,000 takes ten.
scale: .venv/test.stamp
	$(BIN)/python tests/bench/scale.py
	$(BIN)/python tests/bench/many.py
	$(BIN)/python tests/bench/scale.py --real

# dask is only measured: it goes beside the environment, not into it
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

# Every page anew (-E): a page that is kept would keep its warnings to itself.
docs: .venv/test.stamp
	$(BIN)/python -m sphinx -q -E -W --keep-going -b html docs build/docs

build: .venv/test.stamp
	rm -rf dist
	$(BIN)/python -m build --outdir dist

install-check: build
	$(BIN)/python tools/install_check.py

clean:
	rm -rf .venv build dist labextension/dist labextension/lib labextension/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis test-results
