# Every target sets up what it needs. `make help` lists them.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Spread over all cores by the book itself; see also papermill_book.workers in _config.yml.
PROFILE ?=
PARAMETERS ?=
AGENT ?=

.DEFAULT_GOAL := help
.PHONY: help book pdf test test-browser check check-crate crate bench reference update-lock verify clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "  make book PROFILE=quick              a first look, in a minute and a half"
	@echo '  make book PARAMETERS="seed=3"        the whole book with another seed'

# The environment: the locked, hashed requirements, then this package without fetching anything more.
$(VENV)/.book: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else "Python 3.11 to 3.13 is needed; this is %d.%d. Name another with: make PYTHON=python3.12 ..." % v)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.test: $(VENV)/.book requirements-test.txt
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-test.txt
	touch $@

book: $(VENV)/.book ## build the whole book into _build/html, re-running every analysis
	PAPERMILL_BOOK_PROFILE="$(PROFILE)" PAPERMILL_BOOK_PARAMETERS="$(PARAMETERS)" $(BIN)/jupyter-book build $(BOOK_OPTIONS) .
	@echo "The book: open _build/html/index.html in a browser."

pdf: $(VENV)/.book ## print the whole book into _build/book.pdf (needs Chromium); builds it first if need be
	$(BIN)/python -m papermill_book pdf --check || $(MAKE) book
	$(BIN)/python -m papermill_book pdf

# On every core; the tests of a file stay together, since they share what is costly to make.
test: $(VENV)/.test ## run the tests
	$(BIN)/python -m pytest --numprocesses logical --dist loadfile

# Chromium and Node come from the system; where they are missing and can be had, they are installed.
tests/browser/node_modules/.ready: tests/browser/package-lock.json
	tests/browser/needed
	cd tests/browser && npm ci --no-audit --no-fund --loglevel=error
	touch $@

test-browser: tests/browser/node_modules/.ready ## open every page of the built book in Chromium (SITE=folder for another)
	cd tests/browser && SITE="$(if $(SITE),$(abspath $(SITE)))" node --test --test-concurrency=2

check: $(VENV)/.test ## look for figures without words, numbers nobody computed, and faults in the code
	@$(MAKE) --no-print-directory --keep-going --jobs=2 check-types check-book check-style check-words check-sources

.PHONY: check-types check-book check-style check-words check-sources audit
# The types take longest, so they come first; the others share the second core.
check-book:
	$(BIN)/python -m papermill_book check

check-style:
	$(BIN)/ruff format --check --quiet src tests benchmarks
	$(BIN)/ruff check --quiet src tests benchmarks

check-types:
	$(BIN)/mypy

check-words:
	$(BIN)/codespell .ci benchmarks book src tests *.md *.toml *.yml Makefile

check-sources:
	$(BIN)/python -m tests.source_checks

# Not a part of check: it asks a database in the network, and what that finds may change overnight. Strict, since a
# mirror may know a package but none of its faults, and that is no "none found".
audit: ## look for known faults in the locked packages (needs the network)
	@$(PYTHON) -c 'import urllib.request as u; u.urlopen("https://pypi.org/pypi/pip/json", timeout=10)' 2>/dev/null || { echo "make audit: the database of known faults, at pypi.org, cannot be reached from here."; exit 1; }
	$(PYTHON) -m venv _build/audit
	_build/audit/bin/python -m pip install --disable-pip-version-check --quiet pip-audit
	@status=0; _build/audit/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off --requirement requirements.txt || status=$$?; \
	rm -rf _build/audit; exit $$status

bench: $(VENV)/.test ## measure speed beside the peers, as ratios
	$(BIN)/python -m benchmarks

# A build of its own, so that the reader's site stays as it is. With the recordings the numbers are compared with
# those of reference/: to the last bit on the machine and lock they come from, within tolerances elsewhere.
verify: $(VENV)/.book ## rebuild from scratch in _build/verify, and compare every number with the reference
	rm -rf _build/verify
	PAPERMILL_BOOK_PROFILE="$(PROFILE)" PAPERMILL_BOOK_PARAMETERS="$(PARAMETERS)" $(BIN)/jupyter-book build --path-output _build/verify .
	$(BIN)/python -m papermill_book verify --build _build/verify/_build

reference: book ## keep this build's results as the reference (full profile, recorded data)
	$(BIN)/python -m papermill_book reference

crate: $(VENV)/.book ## pack the last build as an RO-Crate, _build/crate.zip (AGENT="who ran it")
	$(BIN)/python -m papermill_book crate --agent "$(AGENT)"

check-crate: $(VENV)/.test crate ## hold the crate against its profile; needs no network
	$(BIN)/python -m tests.papermill_book.crate_profile _build/crate.zip

update-lock: ## resolve the requirements again; "make update-lock verify" shows which numbers move (a full build)
	$(PYTHON) -m venv _build/lock
	_build/lock/bin/python -m pip install --quiet uv
	UV_CUSTOM_COMPILE_COMMAND="make update-lock" _build/lock/bin/uv pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 requirements.in -o requirements.txt
	UV_CUSTOM_COMPILE_COMMAND="make update-lock" _build/lock/bin/uv pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 requirements-test.in -o requirements-test.txt
	rm -rf _build/lock
	@moved="$$(git diff --no-color --unified=0 -- requirements.txt requirements-test.txt | grep -E '^[-+][A-Za-z]' | cut -d' ' -f1)"; \
	echo "Versions that moved: $${moved:-none}"
	@echo "Which numbers move with them, make verify says: a full build, about ten minutes on two cores."
	@echo "If they are right, make reference keeps them."

clean: ## remove everything that was generated, but not the environment
	rm -rf _build
