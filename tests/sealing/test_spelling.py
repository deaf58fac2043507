"""A value whose decoded text is a token is that token, in whatever spelling a program wrote it."""

from __future__ import annotations

import json
import time

import pytest
import yaml
from documents import (
    ENV,
    JSON,
    NDJSON,
    PROPERTIES,
    TFVARS,
    TOML,
    WHOLE,
    YAML,
    at,
    described,
    mint,
    opened,
    reasons,
    seal,
    tokens,
    unseal,
)
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.model.token import WHOLE as WHOLE_KIND
from sealedfiles.sealing.file import is_whole
from sealedfiles.sealing.sealed_text import inspect_file
from sealedfiles.sealing.spelling import comparable_content


def escaped(token: str, form: str, where: int | None = None) -> str:
    """Return *token* with the character at *where*, or every character, as an escape of *form*."""
    return "".join(
        form.format(ord(char)) if where in (None, number) else char
        for number, char in enumerate(token)
    )


SPELLINGS = [
    (YAML, "\\x{:02x}"),
    (YAML, "\\u{:04X}"),
    (YAML, "\\U{:08x}"),
    (JSON, "\\u{:04x}"),
    (JSON, "\\u{:04X}"),
]


@pytest.mark.parametrize(("path", "form"), SPELLINGS)
@given(where=st.none() | st.integers(0, 107))
def test_a_token_with_escapes_is_opened_and_never_sealed_again(
    path: str, form: str, where: int | None
) -> None:
    literal = '"hunter22"' if path == JSON else "hunter22"
    source = escaped(mint(path, at("a"), literal), form, where)
    text = f'{{"x y": "", "a" :"{source}","b":1}}\n'
    result = opened(path, text)
    assert result.problems == []
    assert result.data == f'{{"x y": "", "a" :{literal},"b":1}}\n'.encode()
    sealed = seal(path, text)
    assert f'"{source}"'.encode() in sealed
    assert len(tokens(sealed)) == 2 + ("\\" not in source)
    # It goes back as it was.
    assert seal(path, unseal(path, sealed), sealed) == sealed
    plain = inspect_file(text.encode(), *described(path)).plain
    assert [text[span.start : span.end] for span in plain] == ['""', "1"]


KEPT = {
    YAML: 'a: "{}"\nb: {}\n',
    JSON: '{{"a": "{}", "b": "{}"}}\n',
    TOML: 'a = "{}"\nb = "{}"\n',
    TFVARS: 'a = "{}"\nb = "{}"\n',
    NDJSON: '{{"a": "{}"}}\n{{"b": "{}"}}\n',
}


@pytest.mark.parametrize("path", KEPT)
def test_a_token_with_escapes_is_kept_when_another_value_changes(path: str) -> None:
    sealed = seal(path, KEPT[path].format("hunter22", "old")).decode()
    spelled = sealed.replace('"sealed', '"\\u0073ealed', 1)
    result = seal(path, KEPT[path].format("hunter22", "new"), spelled).decode()
    assert result.startswith(spelled[: spelled.index(":v1:")])
    assert len(tokens(result.encode())) == 1
    assert unseal(path, result) == KEPT[path].format("hunter22", "new").encode()


def test_a_token_as_java_writes_it_is_kept_when_another_value_changes() -> None:
    """``java.util.Properties.store`` writes a backslash before each colon."""
    sealed = seal(PROPERTIES, "a=hunter22\nb=old\n").decode()
    kept, other = (line.replace(":", "\\:") for line in sealed.splitlines())
    result = seal(PROPERTIES, "a=hunter22\nb=new\n", f"{kept}\n{other}\n").decode()
    first, second = result.splitlines()
    assert first == kept
    assert second.startswith("b=sealed:v1:")
    assert unseal(PROPERTIES, result) == b"a=hunter22\nb=new\n"


def test_so_is_one_that_is_folded_over_lines_behind_an_anchor() -> None:
    token = mint(YAML, at("a"), "&x 1")
    text = f'a: &x "{token[:20]}\\\n  {token[20:]}"\nb: *x\n'
    assert yaml.safe_load(text)["a"] == token
    assert opened(YAML, text).data == b"a: &x 1\nb: *x\n"
    assert seal(YAML, text) == text.encode()
    assert seal(YAML, b"a: &x 1\nb: *x\n", text) == text.encode()


def test_one_at_another_key_stays_sealed_and_is_named() -> None:
    source = escaped(mint(JSON, at("a"), '"x"'), "\\u{:04x}", 0)
    text = f'{{"b": "{source}"}}'
    assert reasons(opened(JSON, text)) == [("moved", 1, "b")]
    assert seal(JSON, text) == text.encode()


def test_a_longer_text_with_a_token_in_it_is_sealed() -> None:
    token = mint(YAML, at("a"), "x")
    for source in (f"\\x41{token}", f"{token}\\x41\\x2f", f"{token}\\nx"):
        text = f'a: "{source}"\n'
        sealed = seal(YAML, text)
        assert token not in sealed.decode()
        assert unseal(YAML, sealed) == text.encode()


@pytest.mark.parametrize("form", ['"{}"', "'{}'", "{}"])
@pytest.mark.parametrize("path", [YAML, JSON, ENV, WHOLE])
def test_a_whole_file_may_have_other_quotes_or_escapes(path: str, form: str) -> None:
    data = b"\x00\xff" if path == WHOLE else b"[\n\xff"
    token = mint(path, b"", data, kind=WHOLE_KIND)
    spelled = [token] if form != '"{}"' else [token, escaped(token, "\\u{:04x}", 0)]
    for end in ("", "\n", "\r\n"):
        for one in spelled:
            stored = (form.format(one) + end).encode()
            assert is_whole(stored)
            assert unseal(path, stored) == data
            assert seal(path, data, stored) == stored


@pytest.mark.parametrize("frame", ['{}"\n', '"{}\n', "'{}\"\n", "{}'", '"{}"x', '\\"{}"', ' "{}"'])
@pytest.mark.parametrize("path", [YAML, JSON, ENV, WHOLE])
def test_a_whole_file_with_stray_characters_does_not_open(path: str, frame: str) -> None:
    stored = frame.format(mint(path, b"", b"secret", kind=WHOLE_KIND))
    result = opened(path, stored)
    assert result.data == stored.encode()
    assert result.problems


@pytest.mark.parametrize("path", [YAML, JSON])
def test_searching_for_escapes_takes_linear_time(path: str) -> None:
    for text in (
        '"' * 200_000 + "\\",
        '"\\u0041' * 60_000,
        "\\" * 200_000,
        '"' + "a\\u0061" * 60_000,
    ):
        start = time.process_time()
        opened(path, json.dumps(text) + text)
        assert time.process_time() - start < 5


@given(st.text(), st.sampled_from(["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]))
def test_a_content_is_the_same_in_every_encoding(text: str, encoding: str) -> None:
    text = "key: " + text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
    assert comparable_content(text.encode(encoding)) == comparable_content(text.encode("utf-8"))
