# The commands that CONTRIBUTING.md names.  They need the environment in .venv.
BIN := .venv/bin

.PHONY: test slow interpreters lint typed-tests format man

test:
	$(BIN)/pytest -q

slow:
	$(BIN)/pytest -q -m slow

interpreters:
	folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && bash tests/tools/interpreters.sh "$$folder"

lint:
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict -p sealedfiles
	$(MAKE) -s typed-tests
	$(BIN)/lint-imports

# A second module called "conftest" needs a run of its own.
typed-tests:
	$(BIN)/mypy --strict tests
	$(BIN)/mypy --strict tests/cli/conftest.py
	$(BIN)/mypy --strict tests/git/conftest.py

format:
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

man:
	$(BIN)/python tests/tools/man_pages.py
