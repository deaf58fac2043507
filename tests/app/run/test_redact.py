from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.app.run.redact import MASK, Redactor, texts_to_hide

M = MASK.decode()


def redact(text: str, *secrets: str) -> str:
    """Redact *text* in one chunk."""
    redactor = Redactor([secret.encode() for secret in secrets])
    return (redactor.feed(text.encode()) + redactor.close()).decode()


def in_pieces(text: bytes, cuts: list[int], secrets: list[bytes]) -> list[bytes]:
    """Return the redactor's output after each chunk of *text*."""
    redactor = Redactor(secrets)
    ends = sorted({min(cut, len(text)) for cut in cuts} | {len(text)})
    starts = [0, *ends]
    shown = [redactor.feed(text[start:end]) for start, end in zip(starts, ends, strict=False)]
    return [*shown, redactor.close()]


def test_a_secret_is_replaced_and_nothing_else() -> None:
    assert redact("password=hunter22;", "hunter22") == f"password={M};"
    assert redact("hunter2", "hunter22") == "hunter2"
    assert redact("a hunter22 and a hunter22", "hunter22") == f"a {M} and a {M}"
    assert redact("hunter22hunter22", "hunter22") == M + M


@pytest.mark.parametrize("order", [("abcd", "abcdefgh"), ("abcdefgh", "abcd")])
def test_of_two_secrets_that_begin_alike_the_longer_one_counts(order: tuple[str, str]) -> None:
    assert redact("abcdefgh abcd abcdef", *order) == f"{M} {M} {M}ef"


def test_of_secrets_that_overlap_no_byte_is_shown() -> None:
    assert redact("xabcdefghix", "abcdef", "defghi") == f"x{M}x"
    assert redact("xabcdefghx", "abcdefgh", "cdef") == f"x{M}x"
    assert redact("aaaaaaaaab", "aaaa") == f"{M}b"


def test_bytes_that_are_no_text_pass_and_are_matched() -> None:
    redactor = Redactor([b"\xff\xfe\x00\xff"])
    assert redactor.feed(b"\x00\xff\xff\xfe\x00\xff\n\r\x80") == b"\x00\xff" + MASK + b"\n\r\x80"


def test_signs_of_patterns_are_taken_as_they_are() -> None:
    secret = r"a.*[b]\(c|$^"
    assert redact(f"axxx[b] {secret}", secret) == f"axxx[b] {M}"


def test_without_secrets_everything_passes_at_once() -> None:
    redactor = Redactor([])
    assert redactor.feed(b"anything") == b"anything"
    assert redactor.close() == b""


def test_only_what_may_still_become_a_secret_is_held_back() -> None:
    redactor = Redactor([b"hunter22", b"line one\nline two"])
    assert redactor.feed(b"password: ") == b"password: "
    assert redactor.feed(b"say hunt") == b"say "
    assert redactor.feed(b"ing\n") == b"hunting\n"
    assert redactor.feed(b"line one\n") == b""
    assert redactor.feed(b"line 2\n") == b"line one\nline 2\n"
    assert redactor.feed(b"hunter") == b""
    assert redactor.close() == b"hunter"


def test_a_secret_that_arrives_byte_by_byte_is_never_shown() -> None:
    shown = in_pieces(b"a hunter22!", list(range(11)), [b"hunter22"])
    assert b"".join(shown) == b"a " + MASK + b"!"
    assert all(b"h" not in piece for piece in shown)


def test_a_secret_that_is_the_beginning_of_a_longer_one_waits_for_it() -> None:
    redactor = Redactor([b"abcd", b"abcdefgh"])
    assert redactor.feed(b"abcdef") == b""
    assert redactor.feed(b"!") == MASK + b"ef!"
    assert redactor.feed(b"abcd") == b""
    assert redactor.close() == MASK


# Few letters, so that beginnings, overlaps and cuts within a secret are the rule.
secrets_of_few_letters = st.lists(st.text("ab\n", min_size=4, max_size=9), max_size=5)
text_of_few_letters = st.text("ab\nc", max_size=60)


@given(secrets_of_few_letters, text_of_few_letters, st.lists(st.integers(0, 60), max_size=12))
def test_however_a_stream_is_cut_the_same_comes_out(
    secrets: list[str], text: str, cuts: list[int]
) -> None:
    encoded = [secret.encode() for secret in secrets]
    assert b"".join(in_pieces(text.encode(), cuts, encoded)).decode() == redact(text, *secrets)


@given(secrets_of_few_letters, text_of_few_letters)
def test_exactly_the_bytes_of_secrets_are_hidden(secrets: list[str], text: str) -> None:
    hidden = [False] * len(text)
    for secret in secrets:
        for at in range(len(text)):
            if text.startswith(secret, at):
                hidden[at : at + len(secret)] = [True] * len(secret)
    rest = "".join(char for char, hide in zip(text, hidden, strict=True) if not hide)
    shown = redact(text, *secrets)
    assert shown.replace(M, "") == rest
    assert (M in shown) == any(hidden)


@given(
    st.lists(st.binary(min_size=4, max_size=12), min_size=1, max_size=40),
    st.lists(st.binary(max_size=10) | st.integers(0, 39), max_size=12),
    st.integers(1, 7),
)
def test_any_bytes_may_be_secrets(
    secrets: list[bytes], parts: list[bytes | int], size: int
) -> None:
    text = b"".join(
        part if isinstance(part, bytes) else secrets[part % len(secrets)] for part in parts
    )
    shown = b"".join(in_pieces(text, list(range(0, len(text), size)), secrets))
    assert shown == b"".join(in_pieces(text, [], secrets))
    for secret in secrets:
        assert text.count(secret) == 0 or MASK in shown


def test_each_line_of_a_value_is_looked_for_and_the_whole() -> None:
    key = "-----BEGIN KEY-----\r\n  MIGHAgEAMBMG\n\nab\n-----END KEY-----\n"
    assert texts_to_hide([key]) == {
        key.strip(),
        "-----BEGIN KEY-----",
        "MIGHAgEAMBMG",
        "-----END KEY-----",
    }


def test_what_is_short_or_in_every_output_is_no_secret() -> None:
    assert texts_to_hide(["", "abc", "  abc \n", "true", "False", "NULL", "none"]) == set()
    assert texts_to_hide(["abcd", "truest"]) == {"abcd", "truest"}


@given(st.lists(st.text(), max_size=5))
def test_everything_that_is_looked_for_has_the_four_bytes_that_it_is_found_by(
    values: list[str],
) -> None:
    for text in texts_to_hide(values):
        assert len(text.encode("utf-8", "surrogatepass")) >= 4
        assert text == text.strip()
        assert any(text in value for value in values)


def test_line_endings_are_those_of_files_and_not_those_of_unicode() -> None:
    assert texts_to_hide(["abcd\u2028efgh"]) == {"abcd\u2028efgh"}
