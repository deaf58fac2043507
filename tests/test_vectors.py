"""The product, the reference implementation and the stored vectors say the same."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import comments, make, reference, reference_unauthenticated
from vectors.comment_cases import CASES, Case

from sealedfiles import age
from sealedfiles.errors import TamperedError
from sealedfiles.keys.epochs import format_epochs, new_epoch, parse_epochs, verify_epochs
from sealedfiles.keys.grants import verify_grant
from sealedfiles.keys.keyfile import GroupKey, parse_key_line
from sealedfiles.keys.recipients import fingerprint
from sealedfiles.model import paths
from sealedfiles.model.policy import parse_policy
from sealedfiles.model.token import (
    TOKEN,
    UNAUTHENTICATED_TOKEN,
    UNKNOWN_TOKEN,
    FileKey,
    file_id,
    key_id,
    split,
)
from sealedfiles.model.unauthenticated import (
    GroupPrivateKey,
    derive_public_key,
    parse_public_key,
    write_unauthenticated,
)
from sealedfiles.sealing import describe_file, open_file
from sealedfiles.sealing.seal import seal_file

FOLDER = Path(make.__file__).parent
PAGE = FOLDER.parent.parent / "docs" / "format.md"


def vectors(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_bytes())


def each(name: str, key: str = "name") -> pytest.MarkDecorator:
    cases = vectors(name)
    return pytest.mark.parametrize("vector", cases, ids=[str(case[key]) for case in cases])


def literal_of(vector: dict[str, Any], field: str = "literal") -> bytes:
    if field in vector:
        return str(vector[field]).encode()
    return b64decode(vector[f"{field} base64"])


def encode_path(steps: list[str | None]) -> bytes:
    return b"".join(paths.ITEM if step is None else paths.key_step(step) for step in steps)


class Keys:
    """The keys of a vector, as a ring would have them."""

    def __init__(self, secrets: dict[str, bytes]) -> None:
        self.secrets = secrets

    def for_prefix(self, prefix: str) -> FileKey | None:
        token = split(prefix)
        secret = self.secrets.get(token.group)
        if secret is None or key_id(secret) != token.key_id:
            return None
        return FileKey(token.group, secret, token.file_id)

    def sealing_key(self, group: str, file_id: str) -> FileKey:
        return FileKey(group, self.secrets[group], file_id)

    def holds(self, group: str) -> bool:
        return group in self.secrets


def test_the_stored_vectors_are_what_the_reference_makes() -> None:
    stored = {path.name: path.read_text(encoding="ascii") for path in FOLDER.glob("*.json")}
    assert stored == make.made()


def test_the_reference_has_aes_siv_as_rfc_5297_has_it() -> None:
    """Appendix A.1."""
    key = bytes.fromhex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    associated = bytes.fromhex("101112131415161718191a1b1c1d1e1f2021222324252627")
    plain = bytes.fromhex("112233445566778899aabbccddee")
    sealed = bytes.fromhex("85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c")
    assert reference.siv_encrypt(key, associated, plain) == sealed
    assert reference.siv_decrypt(key, associated, sealed) == plain


@each("tokens")
def test_the_product_seals_as_the_vector_says(vector: dict[str, Any]) -> None:
    key = FileKey(vector["group"], b64decode(vector["key"]), vector["file id"])
    tag = key.path_tag(encode_path(vector["path"]))
    token = key.seal(vector["kind"], vector["occurrence"], tag, literal_of(vector))
    assert token == vector["token"]
    assert TOKEN.fullmatch(token)


@each("tokens")
def test_the_product_opens_what_the_vector_says(vector: dict[str, Any]) -> None:
    parts = split(vector["token"])
    assert (parts.group, parts.key_id, parts.file_id) == (
        vector["group"],
        vector["key id"],
        vector["file id"],
    )
    key = FileKey(parts.group, b64decode(vector["key"]), parts.file_id)
    assert parts.prefix == key.prefix
    tag = key.path_tag(encode_path(vector["path"]))
    expected = vector["kind"], vector["occurrence"], tag, literal_of(vector)
    assert key.open(parts.body) == expected


@each("tokens")
def test_the_reference_opens_what_the_vector_says(vector: dict[str, Any]) -> None:
    secret = b64decode(vector["key"])
    tag = reference.path_tag(secret, vector["file id"], vector["path"])
    assert reference.open_token(secret, vector["token"]) == (
        vector["kind"],
        vector["occurrence"],
        tag,
        literal_of(vector),
    )


@each("long-tokens")
def test_a_long_literal(vector: dict[str, Any]) -> None:
    literal = (vector["literal repeated"]["text"] * vector["literal repeated"]["times"]).encode()
    key = FileKey(vector["group"], b64decode(vector["key"]), vector["file id"])
    tag = key.path_tag(encode_path(vector["path"]))
    token = key.seal(vector["kind"], vector["occurrence"], tag, literal)
    assert hashlib.sha256(token.encode()).hexdigest() == vector["token sha256"]
    assert key.open(split(token).body) == (vector["kind"], vector["occurrence"], tag, literal)


@each("refused")
def test_a_damaged_or_forged_token_does_not_open(vector: dict[str, str]) -> None:
    secret = b64decode(vector["key"])
    assert TOKEN.fullmatch(vector["token"]), "it is a token by its form"
    parts = split(vector["token"])
    key = FileKey(parts.group, secret, parts.file_id)
    if parts.prefix == key.prefix:
        with pytest.raises(TamperedError):
            key.open(parts.body)
    else:
        assert parts.key_id != key_id(secret)
    with pytest.raises(reference.RefusedError):
        reference.open_token(secret, vector["token"])


@each("not-tokens")
def test_what_is_no_token_by_its_form(vector: dict[str, str]) -> None:
    assert TOKEN.search(vector["text"]) is None
    assert reference.TOKEN.search(vector["text"]) is None
    assert bool(UNKNOWN_TOKEN.fullmatch(vector["text"])) == (vector["name"] == "another version")


def test_ids() -> None:
    found = vectors("ids")
    for one in found["key ids"]:
        assert key_id(b64decode(one["key"])) == one["key id"]
    for one in found["numbered file ids"]:
        assert file_id(one["file path"].encode(), one["number"]) == one["file id"]
    for one in found["file ids"]:
        path = unicodedata.normalize("NFC", one["file path"]).encode()
        assert file_id(path) == one["file id"]
    for one in found["fingerprints"]:
        commented = one["public key"] + (" alice@host" if "ssh" in one["public key"] else "")
        assert fingerprint(age.parse_recipient(commented)) == one["fingerprint"]


@each("epochs")
def test_epochs(vector: dict[str, Any]) -> None:
    secrets = {key_id(b64decode(key)): b64decode(key) for key in vector["keys"]}
    data = vector["epochs"].encode()

    def read() -> bytes:
        epochs = parse_epochs(data, vector["group"])
        verify_epochs(vector["group"], epochs, secrets)
        return format_epochs(epochs)

    if vector["valid"]:
        assert read() == data
    else:
        with pytest.raises(TamperedError):
            read()


@each("public-keys", "fingerprint")
def test_public_keys_of_groups(vector: dict[str, str]) -> None:
    key = derive_public_key(b64decode(vector["key"]))
    assert (key.text, key.fingerprint) == (vector["public key"], vector["fingerprint"])
    assert parse_public_key(key.text) == key
    epoch = new_epoch("default", b64decode(vector["key"]), "created")
    assert epoch.public_key == vector["public key"]


@each("unauthenticated")
def test_unauthenticated_tokens(vector: dict[str, Any]) -> None:
    secret, token = b64decode(vector["key"]), vector["token"]
    assert UNAUTHENTICATED_TOKEN.fullmatch(token)
    assert UNKNOWN_TOKEN.fullmatch(token), "older versions leave it as it is"
    parts = split(token)
    assert (parts.group, parts.file_id) == (vector["group"], vector["file id"])
    path, literal = encode_path(vector["path"]), literal_of(vector)
    assert GroupPrivateKey(secret).open(token, path) == literal
    assert reference_unauthenticated.open_token(secret, token, vector["path"]) == literal


def test_equal_values_have_different_unauthenticated_tokens_of_one_length() -> None:
    first, second = (vector["token"] for vector in vectors("unauthenticated")[:2])
    assert first != second
    assert len(first) == len(second)


@each("unauthenticated-refused")
def test_an_unauthenticated_token_does_not_open(vector: dict[str, Any]) -> None:
    secret, token = b64decode(vector["key"]), vector["token"]
    assert UNKNOWN_TOKEN.fullmatch(token), "it is a token by its form"
    with pytest.raises(TamperedError):
        GroupPrivateKey(secret).open(token, encode_path(vector["path"]))
    with pytest.raises(reference.RefusedError):
        reference_unauthenticated.open_token(secret, token, vector["path"])


@each("grants", "grant")
def test_grants(vector: dict[str, Any]) -> None:
    secret = b64decode(vector["key"])
    current = GroupKey(key_id(secret), vector["date"], secret)
    recipients = [age.parse_recipient(text) for text in vector["public keys"]]
    verify_grant(vector["grant"].encode(), vector["group"], vector["name"], recipients, current)


def test_the_order_of_the_public_keys_does_not_matter_for_a_grant() -> None:
    assert vectors("grants")[-1]["grant"] == vectors("grants")[-2]["grant"]


@each("key-files", "plaintext")
def test_the_plaintext_of_key_files(vector: dict[str, Any]) -> None:
    keys = [GroupKey(key_id(s := b64decode(k["key"])), k["date"], s) for k in vector["keys"]]
    lines = vector["plaintext"].removesuffix("\n").split("\n")
    assert [parse_key_line(line) for line in lines] == keys
    assert "".join(f"{key.line}\n" for key in keys) == vector["plaintext"]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_reference_seals_the_comments_that_are_marked(case: Case) -> None:
    assert comments.decided(case) == comments.parts_of(case.marked).sealed


@pytest.mark.parametrize(
    "vector", vectors("files") + vectors("comments"), ids=lambda vector: str(vector["name"])
)
def test_files(vector: dict[str, Any]) -> None:
    keys = keys_of(vector)
    path = vector["file path"]
    policy = parse_policy(json.dumps({"version": 1, "rules": vector["rules"]}).encode())
    rules = policy.for_file(path)
    plain, sealed = literal_of(vector, "plain"), vector["sealed"].encode()
    file = describe_file(path.encode(), rules.format)
    previous = [vector["previous"].encode()] if vector.get("previous") else []
    assert seal_file(plain, iter(previous), file, rules, keys) == sealed
    opened = open_file(sealed, file, keys)
    assert opened.problems == []
    if b"sealed:v1:" not in plain:
        assert opened.data == plain


@each("opening")
def test_opening(vector: dict[str, Any]) -> None:
    file = describe_file(vector["file path"].encode())
    opened = open_file(vector["sealed"].encode(), file, keys_of(vector))
    assert opened.data.decode() == vector["opened"]
    assert [one.token for one in opened.problems] == TOKEN.findall(vector["opened"])


def keys_of(vector: dict[str, Any]) -> Keys:
    return Keys({group: b64decode(key) for group, key in vector["keys"].items()})


def test_the_reference_knows_no_parser_of_the_package() -> None:
    for module in FOLDER.glob("*.py"):
        assert not re.search(
            r"^\s*(?:from|import) (?:sealedfiles|yaml|ruamel)", module.read_text(), re.M
        )


def test_a_file_sealed_to_two_groups_is_opened_with_both_keys_or_not_at_all() -> None:
    nested = [v for v in vectors("files") if len(v["keys"]) == 2 and v["name"].endswith("a and b")]
    assert nested
    for vector in nested:
        sealed = vector["sealed"].encode()
        file = describe_file(vector["file path"].encode())
        for group, key in vector["keys"].items():
            assert open_file(sealed, file, Keys({group: b64decode(key)})).data == sealed


def test_the_examples_of_the_page_are_vectors() -> None:
    page = PAGE.read_text(encoding="utf-8")
    tokens = set(TOKEN.findall(page))
    assert tokens
    assert tokens <= {vector["token"] for vector in vectors("tokens")}
    assert "".join(vectors("epochs")[1]["epochs"]) in page
    assert vectors("grants")[0]["grant"] in page
    for field in vectors("ids")["fingerprints"][0].values():
        assert field in page
    assert vectors("public-keys")[0]["fingerprint"] in page


@given(
    secret=st.binary(min_size=32, max_size=32),
    group=st.from_regex("[a-z0-9][a-z0-9._-]{0,9}", fullmatch=True),
    identifier=st.binary(min_size=6, max_size=6).map(reference.base64url),
    kind=st.sampled_from([0, 1, 2]),
    occurrence=st.integers(0, 2**32 - 1),
    steps=st.lists(st.none() | st.text(st.characters()), max_size=4),
    literal=st.binary(max_size=100),
)
def test_the_product_and_the_reference_make_the_same_tokens(
    secret: bytes,
    group: str,
    identifier: str,
    kind: int,
    occurrence: int,
    steps: list[str | None],
    literal: bytes,
) -> None:
    key = FileKey(group, secret, identifier)
    tag = key.path_tag(encode_path(steps))
    token = key.seal(kind, occurrence, tag, literal)
    theirs = reference.seal(secret, group, identifier, kind, occurrence, steps, literal)
    assert token == theirs
    assert reference.open_token(secret, token) == key.open(split(token).body)


@given(
    secret=st.binary(min_size=32, max_size=32),
    identifier=st.binary(min_size=6, max_size=6).map(reference.base64url),
    steps=st.lists(st.none() | st.text(st.characters()), max_size=4),
    literal=st.binary(max_size=100),
    data=st.data(),
)
def test_what_the_product_writes_without_reading_only_the_key_and_its_place_open(
    secret: bytes, identifier: str, steps: list[str | None], literal: bytes, data: st.DataObject
) -> None:
    path = encode_path(steps)
    prefix = f"sealed:v2:ops:{key_id(secret)}:{identifier}:"
    token = write_unauthenticated(derive_public_key(secret), prefix, path, literal)
    assert UNAUTHENTICATED_TOKEN.fullmatch(token)
    assert reference_unauthenticated.open_token(secret, token, steps) == literal
    key = GroupPrivateKey(secret)
    assert key.open(token, path) == literal
    at = data.draw(st.integers(len(prefix), len(token) - 1))
    other = data.draw(st.sampled_from("Aa0_-").filter(lambda char: char != token[at]))
    for changed, place in (
        (token[:at] + other + token[at + 1 :], path),
        (token, path + encode_path(["x"])),
        (token.replace(":ops:", ":op:"), path),
    ):
        with pytest.raises(TamperedError):
            key.open(changed, place)
