"""What is decided at once for a usual file is decided as for any other file."""

from __future__ import annotations

from base64 import b64encode
from unittest.mock import patch

import pytest
from documents import (
    ALL,
    DEFAULT,
    NOBODY,
    STRUCTURED,
    YAML,
    Keyring,
    at,
    described,
    mint,
    seal,
    texts,
)
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.model.token import COMMENT, TOKEN, VALUE, prefixes_of, split
from sealedfiles.sealing import open as open_module
from sealedfiles.sealing import open_file
from sealedfiles.sealing import opened_tokens as module
from sealedfiles.sealing.opened_tokens import open_tokens

every_format = pytest.mark.parametrize("path", STRUCTURED)
KEYS = st.sampled_from([ALL, DEFAULT, NOBODY])


def sources(path: str) -> list[str]:
    """Return tokens of one file and others, in several spellings, and what only looks like a token."""
    own = [mint(path, at(key), literal) for key in "ab" for literal in ("x", "y & z")]
    production = mint(path, at("a"), "x", group="production")
    foreign = mint("conf/other.yaml", at("a"), "x")
    comment = mint(path, b"", " note", kind=COMMENT)
    damaged = own[0][:-4] + "AAAA"
    return [
        *own,
        *(f'"{one}"' for one in own),
        f"'{own[0]}'",
        f"# {comment}",
        production,
        f'"{production}"',
        f'"{foreign}"',
        f'"{damaged}"',
        own[0][:40],
        '"\\u0073' + own[0][1:] + '"',
        "sealed:v1:",
        "plain",
    ]


SOURCES = {path: sources(path) for path in STRUCTURED}


def usual(path: str) -> list[str]:
    return [one for one in SOURCES[path][:8] if one.startswith('"') == (path != "conf/.env")]


def file_texts(path: str) -> st.SearchStrategy[str]:
    """Return a strategy for texts with tokens, half of them of one key only."""
    parts = st.one_of(
        st.lists(st.sampled_from(usual(path)), max_size=5),
        st.lists(st.sampled_from(SOURCES[path]), max_size=5),
    )
    separators = st.sampled_from(["\n", " ", "", ",\n", "\nkey: "])
    return st.builds(lambda separator, found: separator.join(found), separators, parts)


@every_format
@given(data=st.data())
def test_tokens_of_one_key_are_opened_like_tokens_of_several(
    path: str, data: st.DataObject
) -> None:
    text, keys = data.draw(file_texts(path)), data.draw(KEYS)
    file, _ = described(path)
    right_id = data.draw(st.sampled_from([None, split(SOURCES[path][0]).file_id, "AAAAAAAA"]))
    found = open_tokens(text, file, keys, right_id)
    with patch.object(module, "_open_usual", return_value=None):
        assert open_tokens(text, file, keys, right_id) == found


@every_format
@given(data=st.data())
def test_a_usual_file_is_opened_like_any_other(path: str, data: st.DataObject) -> None:
    policy = data.draw(st.sampled_from(["", "{files: '*', values: a, plain: true}"]))
    documents = texts(path).map(lambda text: seal(path, text, policy=policy))
    content = data.draw(st.one_of(documents, file_texts(path).map(str.encode)))
    keys = data.draw(KEYS)
    file, _ = described(path)
    found = open_file(content, file, keys)
    with patch.object(open_module, "_open_at_once", return_value=None):
        assert open_file(content, file, keys) == found


LINES = {
    "conf/app.yaml": 'a: "{}"\nb: x\nc: "{}"\n',
    "conf/app.json": '{{"a": "{}", "b": 1, "c": "{}"}}',
    "conf/.env": "a={}\nb=x\nc={}",
}


def values(path: str) -> tuple[str, str]:
    quote = '"' if path == "conf/app.json" else ""
    return f"{quote}u&v{quote}", f"{quote}w{quote}"


@every_format
def test_usual_files_are_opened_at_once(path: str) -> None:
    tokens = [mint(path, at(key), one) for key, one in zip("ac", values(path), strict=True)]
    text = LINES[path].format(*tokens)
    file, _ = described(path)
    with patch.object(open_module, "open_text", side_effect=AssertionError):
        result = open_file(text.encode(), file, ALL)
    opened = text
    for token, value in zip(tokens, values(path), strict=True):
        opened = opened.replace(token if path == "conf/.env" else f'"{token}"', value)
    assert (result.data.decode(), result.problems, result.opened) == (opened, [], 2)
    assert result.plain is not None
    assert [opened[span.start : span.end] for span in result.plain] in (["x"], ["1"])


@every_format
@pytest.mark.parametrize("other", ["swapped", "foreign", "damaged", "comment", "several lines"])
def test_other_files_are_not(path: str, other: str) -> None:
    first, second = (mint(path, at(k), one) for k, one in zip("ac", values(path), strict=True))
    changed = {
        "swapped": (second, first),
        "foreign": (first, mint("conf/other.yaml", at("c"), "w")),
        "damaged": (first, second[:-4] + "AAAA"),
        "comment": (first, mint(path, b"", " w", kind=COMMENT)),
        "several lines": (first, mint(path, at("c"), "w\nd: 1")),
    }[other]
    file, _ = described(path)
    assert open_file(LINES[path].format(*changed).encode(), file, ALL).opened < 2


def unusual(path: str) -> list[str]:
    """Return texts that look usual at first."""

    def own(literal: str | bytes, key: str = "c", kind: int = VALUE) -> str:
        return mint(path, at(key), literal, kind=kind)

    one, value = own("w"), own(values(path)[0], "a")
    line, quote = LINES[path].format, "" if path == "conf/.env" else '"'
    comment = own("w", kind=COMMENT)
    texts = [
        line(value, comment),
        *(
            line(value, own(other))
            for other in (b"\xff", " w", "w ", "&x w", "w # w", "", "w\nd: 1")
        ),
        *(line(value, f"{one}{end}") for end in (one, f"{quote} {quote}{one}", " ", "\\", "A")),
        line(one, one),
        line(value, one[:-1]),
        line(value, one).replace("x", one[:40]).replace("1", one[:40]),
        f"{line(value, one)}\nd=",
        # The last line of base64, which is an assignment below anything else.
        line(value, own(b64encode(bytes(range(7, 55))))) + "\nQUJDREVGR0g=\n",
        f"{line(value, one)}\n# {quote}{one}{quote}",
        f"// {quote}{one}{quote}\n{line(value, one)}",
        line(value, one).replace("c", f"{quote}{one}{quote}"),
        line(value, own("&x w")).replace(f'c: "{quote}', f"c: &x {quote}"),
        line(value, own("&x w")).replace("c: ", "c: &x "),
        f"<<<<<<< ours\n{line(value, one)}\n=======\n{line(value, own('v'))}\n>>>>>>> theirs\n",
        line(own("u\\", "a"), one).replace("b=x\n", ""),
    ]
    return [text for text in texts if text.count("sealed:v1:") > 1]


@every_format
def test_a_text_that_looks_usual_is_opened_like_any_other(path: str) -> None:
    file, _ = described(path)
    others = [
        f"{first}{between}{second}"
        for first in usual(path)[:2]
        for second in SOURCES[path]
        for between in ("\n", " ", "")
    ]
    for text in (*unusual(path), *others):
        found, opened = open_file(text.encode(), file, ALL), open_tokens(text, file, ALL)
        with (
            patch.object(open_module, "_open_at_once", return_value=None),
            patch.object(module, "_open_usual", return_value=None),
        ):
            assert open_file(text.encode(), file, ALL) == found, text
            assert open_tokens(text, file, ALL) == opened, text


@given(file_texts(YAML))
def test_the_prefixes_of_a_text(text: str) -> None:
    assert prefixes_of(text) == {split(token).prefix for token in TOKEN.findall(text)}


def test_texts_of_one_key_occur() -> None:
    text = "\n".join(usual(YAML))
    assert len(prefixes_of(text)) == 1
    file, _ = described(YAML)
    with patch.object(module, "plain_matches", side_effect=AssertionError):
        assert len(open_tokens(text, file, Keyring(default=0))[0]) == 4
