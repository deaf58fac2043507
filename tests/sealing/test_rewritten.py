"""Tokens that another program rewrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.sealing.sealed_text import is_rewritten

TOKEN = "sealed:v1:default:abcdefghijklmnop:abcd_f-h:" + "Ab-_" * 20


@pytest.mark.parametrize("text", [f"\\{TOKEN}", TOKEN.replace(":", "\\:"), f" '{TOKEN}'\n"])
def test_layout_around_it_and_escaped_colons_are_recognized(text: str) -> None:
    assert is_rewritten(text)


@given(st.lists(st.tuples(st.integers(0, len(TOKEN) - 1), st.integers(0, 6)), max_size=8))
def test_any_spelling_is_recognized(changes: list[tuple[int, int]]) -> None:
    kept = range(TOKEN.index("v1"), TOKEN.index("v1") + 2)  # a quick search looks for these
    text = list(TOKEN)
    for at, kind in changes:
        if at not in kept:
            number = ord(TOKEN[at])
            text[at] = (
                f"\\u{number:04x}",
                f"\\U{number:08x}",
                f"\\x{number:02X}",
                f"&#{number};",
                f"&#x{number:x};",
                f"<![CDATA[{TOKEN[at]}]]>",
                f"{TOKEN[at]}\\\n  ",
            )[kind]
    assert is_rewritten("".join(text))


@pytest.mark.parametrize(
    "text",
    [
        "sealed:v1:hunter2",
        f"x{TOKEN}",
        f"{TOKEN}.",
        f"{TOKEN} x",
        f"{TOKEN}\\nx",
        f"{TOKEN}\nhunter2",
        f'{TOKEN}"x"',
        f"{TOKEN}&#10;x",
        f"{TOKEN}&#233;x",
        TOKEN[:80],
        "v1" * 60,
        "&#99999999999;v1" * 9,
    ],
)
def test_other_text_is_a_value_to_seal(text: str) -> None:
    assert not is_rewritten(text)


def test_a_token_of_another_version_is_not_rewritten() -> None:
    unknown = TOKEN.replace("v1", "v2")
    assert not is_rewritten(unknown)
    assert is_rewritten(f"{unknown}\n")
