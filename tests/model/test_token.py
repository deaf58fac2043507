from __future__ import annotations

import re
import subprocess
import sys
from base64 import b64encode, urlsafe_b64encode
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.errors import TamperedError
from sealedfiles.model import token as token_module
from sealedfiles.model.token import (
    COMMENT,
    TOKEN,
    UNKNOWN_TOKEN,
    VALUE,
    WHOLE,
    FileKey,
    base32,
    base64url,
    base64url_decode,
    file_id,
    key_id,
    split,
)

SECRET = bytes(range(32))
FILE = file_id(b"config/app.yaml")
KEY = FileKey("default", SECRET, FILE)
TAG = KEY.path_tag(b"k\x00\x00\x00\x01a")

secrets = st.binary(min_size=32, max_size=32)
groups = st.from_regex("[a-z0-9][a-z0-9._-]{0,12}", fullmatch=True)
contents = st.tuples(
    st.sampled_from([VALUE, COMMENT, WHOLE]),
    st.integers(0, 2**32 - 1),
    st.binary(min_size=8, max_size=8),
    st.binary(max_size=200),
)


def body_of(token: str) -> str:
    return split(token).body


@given(secret=secrets, group=groups, content=contents)
def test_what_was_sealed_opens_to_the_same(
    secret: bytes, group: str, content: tuple[int, int, bytes, bytes]
) -> None:
    key = FileKey(group, secret, FILE)
    token = key.seal(*content)
    assert TOKEN.fullmatch(token)
    assert key.open(body_of(token)) == content


@given(content=contents)
def test_the_same_input_gives_the_same_token_on_every_machine(
    content: tuple[int, int, bytes, bytes],
) -> None:
    assert FileKey("default", SECRET, FILE).seal(*content) == KEY.seal(*content)


@given(many=st.lists(contents, max_size=6))
def test_many_at_once_are_what_each_is_by_itself(
    many: list[tuple[int, int, bytes, bytes]],
) -> None:
    tokens = KEY.seal_all(many)
    assert tokens == [KEY.seal(*content) for content in many]
    assert KEY.open_all([body_of(token) for token in tokens]) == many


def test_one_damaged_token_among_many_is_the_only_one_that_does_not_open() -> None:
    bodies = [body_of(KEY.seal(VALUE, n, TAG, b"x" * n)) for n in range(60)]
    bodies[7] = bodies[8][:-1] + ("A" if bodies[8][-1] != "A" else "B")
    bodies[20] = ""
    bodies[21] = "A"
    opened = KEY.open_all(bodies)
    assert [n for n, content in enumerate(opened) if content is None] == [7, 20, 21]
    assert [c[3] for c in opened if c] == [b"x" * n for n in range(60) if n not in (7, 20, 21)]


@given(one=contents, other=contents)
def test_different_contents_never_share_a_token(
    one: tuple[int, int, bytes, bytes], other: tuple[int, int, bytes, bytes]
) -> None:
    assert (KEY.seal(*one) == KEY.seal(*other)) == (one == other)


def opens_anywhere(token: str) -> bool:
    """Tell whether a token opens with the secret, taken for what its own text says that it is."""
    match = TOKEN.fullmatch(token)
    if match is None:
        return False
    parts = split(token)
    try:
        key = FileKey(parts.group, SECRET, parts.file_id)
        key.open(parts.body)
    except TamperedError:
        return False
    return parts.prefix == key.prefix


def test_a_token_with_any_one_character_exchanged_never_opens() -> None:
    # Lengths for which base64url has 0, 2 and 4 bits to spare in its last character.
    for literal in (b"hunter2", b"x" * 40, b"x" * 70):
        token = KEY.seal(VALUE, 0, TAG, literal)
        assert opens_anywhere(token)
        for at, char in enumerate(token):
            for other in "AZaz09-_:.+/=b7 ":
                if other != char:
                    assert not opens_anywhere(token[:at] + other + token[at + 1 :])


@given(data=st.data())
def test_a_token_with_characters_taken_out_put_in_or_moved_never_opens(data: st.DataObject) -> None:
    token = KEY.seal(VALUE, 0, TAG, b"x" * data.draw(st.integers(0, 50)))
    start = data.draw(st.integers(0, len(token)))
    end = data.draw(st.integers(start, len(token)))
    alphabet = "abcXYZ019:-_."
    changed = token[:start] + data.draw(st.text(alphabet, max_size=6)) + token[end:]
    assert opens_anywhere(changed) == (changed == token)


@given(group=groups, other=secrets)
def test_a_token_does_not_open_with_another_key_group_or_file(group: str, other: bytes) -> None:
    body = body_of(KEY.seal(VALUE, 0, TAG, b"hunter2"))
    for key in (
        FileKey("default", other, FILE),
        FileKey(group, SECRET, FILE),
        FileKey("default", SECRET, file_id(b"config/other.yaml")),
    ):
        if key.prefix != KEY.prefix:
            with pytest.raises(TamperedError):
                key.open(body)


def test_the_text_of_a_token_is_its_parts() -> None:
    token = FileKey("team.a_b-0", SECRET, FILE).seal(VALUE, 0, TAG, b"x")
    parts = split(token)
    assert parts.prefix + parts.body == token
    assert parts.prefix == f"sealed:v1:team.a_b-0:{key_id(SECRET)}:{FILE}:"
    assert parts[1:4] == ("team.a_b-0", key_id(SECRET), FILE)


def test_true_and_false_look_alike() -> None:
    assert len(KEY.seal(VALUE, 0, TAG, b"true")) == len(KEY.seal(VALUE, 0, TAG, b"false"))


@pytest.mark.parametrize("length", [*range(70), 1000])
def test_a_token_shows_the_length_in_steps_of_32_bytes_only(length: int) -> None:
    body = body_of(KEY.seal(VALUE, 0, TAG, b"x" * length))
    sealed = base64url_decode(body)
    assert len(sealed) == 16 + -(-(13 + length + 1) // 32) * 32
    assert len(body) >= 64


def test_the_path_tag_depends_on_the_path_the_key_and_the_file_but_not_on_the_group() -> None:
    path, other = b"k\x00\x00\x00\x01a", b"k\x00\x00\x00\x01b"
    tags = [
        KEY.path_tag(path),
        KEY.path_tag(other),
        FileKey("default", bytes(32), FILE).path_tag(path),
        FileKey("default", SECRET, file_id(b"x")).path_tag(path),
    ]
    assert len(set(tags)) == 4
    assert {len(tag) for tag in tags} == {8}
    assert KEY.path_tag(path) == tags[0]
    assert FileKey("production", SECRET, FILE).path_tag(path) == tags[0]


@given(st.text("sealed:v1.-_ABCabc0123456789\"' \n", max_size=40))
def test_the_longest_match_is_the_token(text: str) -> None:
    token = KEY.seal(VALUE, 0, TAG, b"x")
    behind = re.match("[A-Za-z0-9_-]*", text)
    assert behind is not None
    match = TOKEN.search(f"- {token}{text}")
    assert match is not None
    assert match[0] == token + behind[0]


def test_tokens_are_safe_in_every_format() -> None:
    token = FileKey("a.b_c-d", SECRET, FILE).seal(WHOLE, 0, TAG, b"\x00" * 3000)
    assert re.fullmatch("[A-Za-z0-9_.:-]+", token)


def test_tokens_of_other_versions_are_known_as_such() -> None:
    token = KEY.seal(VALUE, 0, TAG, b"x")
    for version in ("v2", "v10", "v0", "v11"):
        other = token.replace("v1", version, 1)
        assert UNKNOWN_TOKEN.fullmatch(other)
        assert not TOKEN.search(other)
    assert not UNKNOWN_TOKEN.search(token)


@pytest.mark.parametrize(
    "text", ["sealed:v2:hunter2", "sealed:v2:default:hunter2", "sealed:v2:a:b:c:d", "sealed:v02:{}"]
)
def test_what_only_begins_like_a_token_of_another_version_is_none(text: str) -> None:
    assert not UNKNOWN_TOKEN.search(text.format(KEY.seal(VALUE, 0, TAG, b"x").split(":", 2)[2]))


@given(st.binary(max_size=80))
def test_base64url_is_that_of_the_standard_library_without_padding(data: bytes) -> None:
    text = urlsafe_b64encode(data).decode().rstrip("=")
    assert base64url(data) == text
    assert base64url_decode(text) == data


@given(st.text("ABCXYZabcxyz0189-_", max_size=12))
def test_bytes_have_one_spelling_in_base64url(text: str) -> None:
    try:
        data = base64url_decode(text)
    except TamperedError:
        return
    assert base64url(data) == text


@pytest.mark.parametrize(
    "text", ["A", "AAAAA", "AB", "AAB", "AA==", "AA=", "A A", "AA\n", "+A", "/A", "AÄ", "AA\u0661A"]
)
def test_other_spellings_of_base64url_are_refused(text: str) -> None:
    with pytest.raises(TamperedError):
        base64url_decode(text)


@given(secrets)
def test_key_ids_are_16_characters_of_base32(secret: bytes) -> None:
    assert re.fullmatch("[a-z2-7]{16}", key_id(secret))


def test_base32_is_in_lower_case_without_padding() -> None:
    assert base32(b"foob") == "mzxw6yq"


def test_file_ids_are_8_characters_and_differ_by_path() -> None:
    ids = {file_id(path) for path in (b"a", b"b", b"a/b", b"", b"\xff")}
    assert len(ids) == 5
    assert all(re.fullmatch("[A-Za-z0-9_-]{8}", one) for one in ids)


def test_no_secret_shows_in_what_is_printed_of_a_key() -> None:
    shown = repr(KEY) + str(KEY)
    assert "default" in shown
    for secret in (SECRET.hex(), b64encode(SECRET).decode(), repr(SECRET)[2:-1]):
        assert secret not in shown


def test_the_error_for_a_damaged_token_says_nothing_of_what_is_in_it() -> None:
    body = body_of(KEY.seal(VALUE, 0, TAG, b"hunter2"))
    with pytest.raises(TamperedError) as caught:
        KEY.open("B" + body[1:] if body[0] == "A" else "A" + body[1:])
    assert caught.value.exit_code == 4
    assert body[1:] not in str(caught.value)


def test_importing_tokens_imports_no_cipher() -> None:
    """A clone of somebody without a key never pays for it."""
    code = "import sys, sealedfiles.model.token; print('cryptography' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert run.stdout.strip() == b"False"


def test_the_cipher_is_the_public_one_of_cryptography() -> None:
    assert token_module._aes_siv() is AESSIV


@pytest.mark.parametrize("internal", [None, SimpleNamespace(), SimpleNamespace(openssl=object())])
def test_where_the_inside_of_cryptography_is_another_its_public_name_is_used(
    monkeypatch: pytest.MonkeyPatch, internal: object
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.bindings._rust", internal)
    assert token_module._aes_siv() is AESSIV
    key = FileKey("default", SECRET, FILE)
    assert key.open(split(key.seal(VALUE, 0, TAG, b"x")).body) == (VALUE, 0, TAG, b"x")
