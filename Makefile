# Each of these works as the first command on a machine with only CPython (3.11 or later) and make.
#
#   make demo      a checkout, the API and the back office on http://127.0.0.1:8000/
#   make test      the tests
#   make lint      format, style, types, layers and the format of templates
#   make bench     what it costs, against what it would cost without; a quarter of an hour
#   make soak      MINUTES=10 of reads and publishes, with a database that stops in the middle
#   make catalog   compile fixtures/ into the catalog that the package ships
#   make clean     remove the environment and everything generated; demo.sqlite3 stays, because it holds your edits

PYTHON ?= python3
ADDRESS ?= 127.0.0.1:8000
MINUTES ?= 10

python := .venv/bin/python
constraints := $(wildcard requirements/constraints.txt)
install := $(python) -m pip install $(addprefix --constraint ,$(constraints))
# Two of them stand inside of a line, so they end without a line end, which djade would add.
templates := pts_errors example_project -name '*.html' ! -name diff.html ! -name state.html

.PHONY: demo test lint bench soak catalog clean

demo: .venv/installed
	$(python) manage.py demo $(ADDRESS)

test: .venv/installed
	$(python) -m pytest -n auto

lint: .venv/installed-lint
	$(python) -m ruff format --check .
	$(python) -m ruff check .
	.venv/bin/lint-imports
	$(python) -m mypy
	find $(templates) -exec .venv/bin/djade --target-version 5.2 --check {} +

bench: .venv/installed-bench
	$(python) -m benchmarks

soak: .venv/installed-bench
	$(python) -m benchmarks.soak $(MINUTES)

catalog: .venv/installed
	$(python) manage.py pts_compile fixtures pts_errors/fixtures/catalog.json

clean:
	rm -rf .venv build dist htmlcov docs/_build .coverage .coverage.*
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps make every later run quick; a change of what is to be installed makes them old.
.venv/installed: pyproject.toml $(constraints)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.13")'
	@echo 'Installing into .venv: a minute, once.'
	$(PYTHON) -m venv .venv
	$(python) -m pip install --quiet --upgrade "pip>=25.1"
	$(install) --quiet --editable . --group test
	@touch $@

.venv/installed-lint: .venv/installed
	$(install) --quiet --group lint
	@touch $@

.venv/installed-bench: .venv/installed
	$(install) --quiet --group bench
	@touch $@
