"""Content that could not be decrypted again is never stored."""

from __future__ import annotations

import pytest
from documents import (
    ALL,
    EVERY,
    JSON,
    NDJSON,
    TOML,
    WHOLE,
    XML,
    YAML,
    Keyring,
    described,
    groups,
    mint,
    move,
    opened,
    seal,
    tokens,
    unseal,
)

from sealedfiles.errors import RoundTripError
from sealedfiles.formats.yaml.format import YamlFormat
from sealedfiles.model.token import WHOLE as WHOLE_KIND
from sealedfiles.model.token import FileKey, file_id, key_id
from sealedfiles.sealing import describe_file
from sealedfiles.sealing.file import is_whole
from sealedfiles.sealing.reseal import renew_file
from sealedfiles.sealing.whole import seal_to_groups

TEXT = "# note\na: one\nb: two\n"

DEFECTS = ['"{}" ', "x{}", '"{}', "&a {}", '"{}" "{}"', "{}{}"]
"""What a faulty format might write in the place of a value."""


@pytest.fixture(params=DEFECTS)
def _defect(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make YAML write tokens in a form that cannot be found again."""

    def write_token(_: YamlFormat, literal: str, token: str) -> str:
        # One value alone is written wrongly: the others must not hide it.
        return request.param.format(token, token) if literal == "two" else f'"{token}"'

    monkeypatch.setattr(YamlFormat, "write_token", write_token)


@pytest.mark.usefixtures("_defect")
def test_text_that_could_not_be_decrypted_again_is_sealed_whole() -> None:
    sealed = seal(YAML, TEXT)
    assert is_whole(sealed)
    assert unseal(YAML, sealed) == TEXT.encode()


@pytest.mark.usefixtures("_defect")
@pytest.mark.parametrize("token", [True, False])
def test_also_next_to_existing_tokens(token: bool) -> None:
    keys = ALL if token else Keyring(default=0)
    text = TEXT + f'c: "{mint(YAML, b"", "3", group="production")}"\n'
    sealed = seal(YAML, text, keys=keys)
    assert is_whole(sealed)
    assert unseal(YAML, sealed, keys=keys) == text.encode()


@pytest.mark.usefixtures("_defect")
def test_if_it_cannot_be_sealed_whole_it_is_an_error() -> None:
    plain = '{files: "**", values: "c", plain: true}\n{files: "**", values: "**", plain: true}'
    before = "b: 0\n".replace("0", f'"{mint(YAML, b"", "0")}"')
    policy = '{files: "**", values: "b", group: default}\n' + plain
    sealed = seal(YAML, TEXT, before, policy=policy)
    assert is_whole(sealed)
    with pytest.raises(RoundTripError, match=r"conf/app.yaml:3: b cannot be sealed.*nothing was"):
        move(YAML, TEXT, policy=policy)


@pytest.mark.parametrize("path", EVERY)
def test_a_token_of_another_file_id_does_not_take_the_values_with_it(path: str) -> None:
    """The id of the file's own path is always valid: a renamed file has another id."""
    plain = {
        YAML: "a: one\n",
        JSON: '{"a": "one"}',
        TOML: "a = 'one'\n",
        NDJSON: '{"a": "one"}',
        XML: "<a>one</a>",
    }.get(path, "a=one\n")
    renamed = path.replace("conf/", "other/")
    sealed = seal(renamed, plain)
    own = mint(path, b"", "x", keys=ALL)
    text = {YAML: f'a: two\nb: "{own}"\n', JSON: f'{{"a": "two", "b": "{own}"}}'}.get(
        path, f"<a b='{own}'>two</a>" if path == XML else f"a=two\nb={own}\n"
    )
    stored = seal(path, text, sealed)
    assert unseal(path, stored) == text.encode()


def test_a_whole_file_that_would_be_taken_for_another_layer_is_refused() -> None:
    file, _ = described(WHOLE)
    inner = mint(WHOLE, b"", "x", kind=WHOLE_KIND).encode()
    with pytest.raises(RoundTripError, match=r"conf/store.p12.*nothing was stored"):
        seal_to_groups(inner, ["default"], b"", file, ALL)


def test_a_new_token_that_does_not_open_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    key = FileKey("default", bytes(32), file_id(b"a"), key_id(bytes(32)))
    monkeypatch.setattr("sealedfiles.model.token.base64url", lambda _item: "A" * 64)
    with pytest.raises(RoundTripError, match="nothing was stored"):
        key.seal(0, 0, bytes(8), b"x")


def test_renewed_tokens_are_compared_with_the_old_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = Keyring(default=0), Keyring(default=1)
    sealed = seal(YAML, TEXT, keys=old)
    file = describe_file(YAML.encode())
    stale = tokens(sealed)[0].rpartition(":")[0] + ":"
    renewed = renew_file(sealed, file, new, lambda prefix: prefix == stale)
    assert unseal(YAML, renewed, keys=new) == TEXT.encode()
    assert groups(renewed) == ["default", "default"]
    monkeypatch.setattr(
        "sealedfiles.sealing.reseal._Renewal._token", lambda *_: mint(YAML, b"", "evil")
    )
    with pytest.raises(RoundTripError, match="nothing was stored"):
        renew_file(sealed, file, new, lambda prefix: prefix == stale)
    assert opened(YAML, sealed, keys=new).data == TEXT.encode()


@pytest.mark.parametrize("size", [9_000, 17_000])
def test_a_comment_of_xml_that_is_too_long_is_named(size: int) -> None:
    text = f"<c>\n<key>one</key>\n<!-- <key>{'x' * size}</key> -->\n</c>\n"
    stored = seal(XML, text, policy='{files: "**", format: whole}')
    rules = '{files: "**", format: xml}'
    if size < 1 << 14:
        assert not is_whole(move(XML, stored, rules))
        return
    with pytest.raises(RoundTripError, match=f"{XML}:3: the comment is too long") as caught:
        move(XML, stored, rules)
    assert f"sealedfiles track {XML} --format whole" in str(caught.value.hints)
    assert is_whole(seal(XML, text, policy=rules))
