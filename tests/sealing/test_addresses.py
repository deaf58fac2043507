"""Commands find each value at the key path that it is sealed for, in every format with one meaning."""

from __future__ import annotations

import pytest
from documents import ENV, EVERY, YAML, described, soups, texts
from hypothesis import assume, given

from sealedfiles.app.files.environment import scalars
from sealedfiles.errors import FormatError
from sealedfiles.formats import load_editor
from sealedfiles.formats.base import MASK, splice
from sealedfiles.model.paths import ROOT


@pytest.mark.many_variants
@pytest.mark.parametrize("path", [path for path in EVERY if path != ENV])
def test_what_is_loaded_at_an_address_is_the_value_of_its_key_path(path: str) -> None:
    """In a .env file, dialects differ.  In YAML, aliases and merge keys have tests of their own."""

    @given(texts(path) | soups(path).map(lambda data: data.decode("utf-8", "replace")))
    def holds(drawn: str) -> None:
        form = described(path)[0].format
        assert form is not None
        text = drawn.removeprefix("\ufeff")
        assume(path != YAML or not any(sign in text for sign in ("*", "<<")))
        editor = load_editor(form.name)
        try:
            values = form.scan(text).values
            before = editor.load(text)
        except FormatError:
            return
        marks = {f"{MASK}{number}": span for number, span in enumerate(values)}
        edits = (
            (start, end, form.write_token(text[start:end], mark))
            for mark, (start, end, _) in marks.items()
        )
        after = editor.load(splice(text, edits))
        addresses = [address for address, value in scalars(before) if value not in (None, "")]
        found = {address: marks[str(value).strip()] for address, value in scalars(after) if value}
        assert {*addresses} <= {*found}
        is_stream = isinstance(after, list) and after and editor.locate(text, (0,)).path == ROOT
        for address, span in found.items():
            assert form.path_of(address[1:] if is_stream else address) == span.path
            assert editor.locate(text, address).start == span.start

    holds()
