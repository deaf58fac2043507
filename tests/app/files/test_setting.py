"""The values that `sealedfiles set` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.app.files.setting import written_paths
from sealedfiles.formats import load, load_editor
from sealedfiles.model.paths import key_step, show

if TYPE_CHECKING:
    from sealedfiles.formats.base import Data

KEYS = st.sampled_from(["a", "b", "c.d", "Größe", "1"])
VALUES: st.SearchStrategy[Data] = st.recursive(
    st.sampled_from(["x", 7, True, "two words"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.dictionaries(KEYS, inner, min_size=1, max_size=3),
    ),
    max_leaves=8,
)
OTHERS = {
    "yaml": "top: 1\nother:\n  last: 2\n",
    "json": '{"top": 1, "other": {"last": 2}}',
    "toml": "top = 1\n[other]\nlast = 2\n",
    "tfvars": "top = 1\nother = { last = 2 }\n",
}


@pytest.mark.parametrize("name", OTHERS)
@given(value=VALUES)
def test_the_paths_of_written_values_are_all_that_the_format_finds_there(
    name: str, value: Data
) -> None:
    form, editor = load(name), load_editor(name)
    assert form
    for address in (("top",), ("new",), ("other", "last")):
        text = editor.assign(OTHERS[name], address, value)
        written = written_paths(form, editor.locate(text, address), text)
        here = b"".join(map(key_step, address))
        found = [span.path for span in form.scan(text).values]
        assert sorted(written) == sorted(path for path in found if path.startswith(here))
        assert written


def test_an_xml_list_of_one_is_an_element() -> None:
    form, editor = load("xml"), load_editor("xml")
    assert form
    text = editor.assign("<c><a>1</a></c>", ("c", "top"), {"l": ["1"]})
    written = written_paths(form, editor.locate(text, ("c", "top")), text)
    assert [show(path) for path in written] == ["c.top.l"]
