# make book   builds the website          make serve  opens it on this machine
# make test   runs every test             make bench  measures builds, pages, grading
# make zip    packs the website into one archive, for a memory stick
# make classroom  installs the command `classroom` for teachers (see the book's page "Assignments for a class")
# With PYODIDE_WHEELS=FOLDER the site serves numpy and matplotlib for the browser itself (`python website/lite.py FOLDER` fetches them).
# Each does its own set-up. README.md says how to do the same without make.

PYTHON ?= $(firstword $(shell command -v python3.11 python3.12 python3.13 python3))
BIN := .venv/bin

.PHONY: book serve test zip classroom assignments store bench lock clean

book: .venv/installed
	$(BIN)/python website/build.py

serve: book
	$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory _build/html

test: book
	PYTHONPATH=website $(BIN)/python tests/prepare.py
	$(BIN)/python -m pytest

zip: book
	$(BIN)/python website/pack.py

classroom: .venv/installed
	@echo "Ready: source .venv/bin/activate, then classroom --help"

# Make the students' versions of the assignments from the masters; for authors.
assignments: .venv/installed
	$(BIN)/python assignments/make_release.py

# Execute the notebooks and store in them the text that they promise and still pictures; for authors.
store: .venv/installed
	$(BIN)/python website/store_outputs.py

bench: book
	PYTHONPATH=website $(BIN)/python tests/prepare.py
	PYTHONPATH=website $(BIN)/python tests/bench.py
	$(BIN)/python tests/bench_grading.py

# Asked for by packages in the browser, and never imported there.
UNUSED := jedi parso jupyterlab-widgets widgetsnbextension tzdata

# Pin anew everything below the versions in requirements.txt; for maintainers.
lock: .venv/installed
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet requirements.txt -o requirements.lock
	$(BIN)/uv pip compile --python-platform wasm32-pyodide2024 --python-version 3.13 --generate-hashes --no-header --quiet $(UNUSED:%=--no-emit-package %) \
		website/lite/requirements.txt -o website/lite/requirements.lock

clean:
	rm -rf _build

.venv/installed: requirements.lock pyproject.toml assignments/pyproject.toml
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python's venv module is missing; installing Debian's python3-venv"; \
		$(if $(filter-out 0,$(shell id -u)),sudo) apt-get update -qq && \
		$(if $(filter-out 0,$(shell id -u)),sudo) apt-get install -y -qq python3-venv; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/pip install --disable-pip-version-check --no-deps --no-build-isolation --editable . --editable assignments
	touch $@
