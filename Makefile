# The commands that CONTRIBUTING.md names.  They need the environment in .venv.
BIN := .venv/bin

.PHONY: test slow fuzz coverage interpreters lint typed-tests format man

test:
	$(BIN)/pytest -q

slow:
	$(BIN)/pytest -q -m slow

# Many examples of the properties, new ones each time.
fuzz:
	HYPOTHESIS_PROFILE=deep $(BIN)/pytest -q tests/age tests/formats tests/keys tests/model tests/sealing

# The layers below git, which every promise rests on.  For all of it: pytest --cov
coverage:
	HYPOTHESIS_PROFILE=few $(BIN)/pytest -q tests/age tests/formats tests/keys tests/model tests/sealing \
		--cov=sealedfiles.age --cov=sealedfiles.formats --cov=sealedfiles.keys --cov=sealedfiles.model \
		--cov=sealedfiles.sealing --cov-report=term --cov-fail-under=93

interpreters:
	folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && for work in install test; do \
		bash tests/tools/interpreters.sh $$work "$$folder" || exit 1; done

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
