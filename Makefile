# `make demo` shows what Varve does, `make test` that it works. Both set up what they need; see HACKING.md.
SHELL := /bin/bash
PYTHON_SOURCES := $(shell find python -type f -not -path '*/__pycache__/*' -not -path '*/_skbuild/*' 2>/dev/null)

.PHONY: demo test test-stores bench build python setup lint fuzz clean help

demo: python
	@tools/demo.sh

test: python
	@[ ! -e build/src/storage/varve_object_stores_test ] || tools/stores.sh versitygw || true
	@ctest --test-dir build --output-on-failure $(CTEST_FLAGS)

# Every server of object stores that can be had on this machine; one that is missing fails.
test-stores: setup
	-@tools/setup.sh stores
	@cmake --preset release -DVARVE_WITH_OPENDAL=ON > build-configure.log || { cat build-configure.log; exit 1; }
	@rm -f build-configure.log
	@ninja -C build --quiet
	@VARVE_REQUIRE_SERVERS=1 ctest --test-dir build --output-on-failure -L stores --no-tests=error $(CTEST_FLAGS)

bench: build python
	@tools/setup.sh bench go
	@tools/bench.sh $(BENCH_FLAGS)

setup:
	@tools/setup.sh build

build: setup
	@[ -f build/build.ninja ] || cmake --preset release > build-configure.log || { cat build-configure.log; exit 1; }
	@rm -f build-configure.log
	@ninja -C build --quiet

# Installed again only when the library or the package's sources changed.
python: build .venv/.varve-python
.venv/.varve-python: build/libvarve.a $(PYTHON_SOURCES)
	@echo "installing the Python package into .venv" >&2
	@.venv/bin/python -m pip install -q --disable-pip-version-check --no-build-isolation --no-deps --force-reinstall \
	  -C build-dir=build/python -C cmake.define.varve_DIR=$(CURDIR)/build ./python
	@touch $@
build/libvarve.a: build

lint:
	@tools/setup.sh checks
	@tools/lint.sh

fuzz:
	@tools/setup.sh build checks
	@tools/fuzz.sh $(or $(SECONDS_EACH),600)

clean:
	@rm -rf build build-*

help:
	@echo "make demo | test | test-stores | bench | build | lint | fuzz [SECONDS_EACH=600] | clean"
