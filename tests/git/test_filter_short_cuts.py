"""What is decided at once for a usual file is decided as for any other file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.git import plaintext, retired_files

HEAD = b"sealed:v1:default:"
PIECES = [
    HEAD,
    b"sealed:v1:",
    b"a" * 16,
    b"b" * 16,
    b"abc",
    b":",
    b"\n",
    b"#",
    b"/",
    b"*",
    b" key: x",
]
texts = st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join)
tokens = st.lists(st.sampled_from([HEAD + b"a" * 16, HEAD + b"b" * 16]), max_size=4).map(b"\n".join)


@given(st.one_of(texts, tokens))
def test_the_key_ids_of_a_group(data: bytes) -> None:
    expected = {part[:16] for part in data.split(HEAD)[1:]}
    assert retired_files._key_ids(data, HEAD) == expected


@given(texts)
def test_whether_there_is_an_entry_in_a_comment(data: bytes) -> None:
    expected = plaintext._COMMENTED.search(data) is not None
    assert plaintext._has_commented(data) == expected


def test_prose_in_comments_is_none_and_a_sealed_comment_neither() -> None:
    token = HEAD + b"a" * 16 + b":" + b"b" * 8 + b":" + b"c" * 64
    for text in (b"# see the handbook", b"#  " + token, b"! " + token, b"/* " + token + b" */"):
        assert not plaintext._has_commented(b"a: b\n" + text + b"\n")
    for text in (
        b"# a: b",
        b"# one two three: b",
        b"# - b",
        b"/*\n b",
        b"# <<: {a: b}",
        b"/** a",
    ):
        assert plaintext._has_commented(b"a: b\n" + text + b"\n")


def test_any_plaintext_comment_of_xml_may_be_an_entry() -> None:
    token = HEAD + b"a" * 16 + b":" + b"b" * 8 + b":" + b"c" * 64
    assert plaintext._has_commented(b"<a><!-- " + token + b" --><!--x--></a>")
    assert not plaintext._has_commented(b"<a><!-- " + token + b" --></a>")
