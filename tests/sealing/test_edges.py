"""The guarantees for every file, tested with special characters and blanks at every edge of keys and
values."""

from __future__ import annotations

import pytest
from documents import (
    ANY_LATER,
    DEFAULT,
    NOBODY,
    STRUCTURED,
    YAML,
    contents,
    drawn,
    opened,
    seal,
    tokens,
    unseal,
)
from edge_texts import files, yaml_lines
from hypothesis import assume, given
from hypothesis import strategies as st

from sealedfiles.formats.yaml.format import YAML as YAML_FORMAT
from sealedfiles.sealing.file import is_whole

every_format = pytest.mark.parametrize("path", [*STRUCTURED, ANY_LATER])
POLICIES = [
    "",
    '{files: "**", values: "a", group: production}',
    '{files: "**", values: "*b*", plain: true}',
]


@every_format
@given(data=st.data())
def test_every_file_round_trips(path: str, data: st.DataObject) -> None:
    path = drawn(path, data)
    plain = data.draw(files(path))
    policy = data.draw(st.sampled_from(POLICIES))
    sealed = seal(path, plain, policy=policy)
    result = opened(path, sealed, policy)
    assert result.data == plain
    assert result.problems == []
    for keys in (DEFAULT, NOBODY):
        assert (
            seal(path, unseal(path, sealed, policy, keys), sealed, policy=policy, keys=keys)
            == sealed
        )
    assert seal(path, sealed, policy=policy) == sealed
    assert seal(path, plain, sealed, policy=policy) == sealed


@every_format
@given(data=st.data())
def test_sealed_files_have_the_same_keys_and_a_token_for_each_value(
    path: str, data: st.DataObject
) -> None:
    path = drawn(path, data)
    plain = data.draw(files(path))
    sealed = seal(path, plain)
    assume(not is_whole(sealed))
    before, after = contents(path, plain), contents(path, sealed)
    assert [key for key, _ in after] == [key for key, _ in before]
    assert all(len(tokens(source)) == 1 for _, source in after)
    if path == YAML:
        anchors = [YAML_FORMAT.anchor(source) for _, source in before]
        assert [YAML_FORMAT.anchor(source) for _, source in after] == anchors


@every_format
@given(data=st.data())
def test_an_edit_leaves_the_tokens_of_all_other_values(path: str, data: st.DataObject) -> None:
    path = drawn(path, data)
    before, after = data.draw(files(path)), data.draw(files(path))
    sealed = seal(path, before)
    again = seal(path, after, sealed)
    assert unseal(path, again) == after
    old, new = (
        set(contents(path, one)) if not is_whole(seal(path, one)) else set()
        for one in (before, after)
    )
    if not is_whole(sealed) and not is_whole(again):
        assert len(set(tokens(sealed)) & set(tokens(again))) >= len(old & new)


def test_most_of_the_made_up_yaml_parses() -> None:
    """Otherwise the tests above would prove little."""
    found: list[bool] = []

    @given(st.lists(yaml_lines(), min_size=1, max_size=2).map("".join))
    def count(text: str) -> None:
        found.append(not is_whole(seal(YAML, text)))

    count()
    assert sum(found) > len(found) / 4
