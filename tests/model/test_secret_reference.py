"""The grammar of secret references."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.model.policy import SCHEMES
from sealedfiles.model.secret_reference import SecretReference, parse_reference, scheme_of


@pytest.mark.parametrize(
    ("text", "steps", "key"),
    [
        ("ref+vault://secret/app#password", ("secret", "app"), "password"),
        ("ref+vault://kv/team/app#a.b", ("kv", "team", "app"), "a.b"),
        ("ref+vault://secret/a%2Fb#c%23d", ("secret", "a/b"), "c#d"),
        ("ref+vault://secret/caf%C3%A9#é", ("secret", "café"), "é"),
        ("ref+aws-sm://eu-central-1/prod/db#user", ("eu-central-1", "prod", "db"), "user"),
        ("ref+aws-sm://us-gov-west-1/db", ("us-gov-west-1", "db"), ""),
        (
            "ref+aws-sm://eu-west-1/arn:aws:secretsmanager:eu-west-1:1:secret:x-y",
            ("eu-west-1", "arn:aws:secretsmanager:eu-west-1:1:secret:x-y"),
            "",
        ),
        ("ref+aws-ssm://eu-west-1/db", ("eu-west-1", "db"), ""),
        ("ref+aws-ssm://eu-west-1/prod/db", ("eu-west-1", "prod", "db"), ""),
        ("ref+aws-ssm://eu-west-1//db", ("eu-west-1", "", "db"), ""),
        ("ref+op://Private/my db/password", ("Private", "my db", "password"), ""),
        ("ref+op://v/i/section/f?attribute=otp", ("v", "i", "section", "f?attribute=otp"), ""),
        ("ref+keyring://smtp/me%40example.org", ("smtp", "me@example.org"), ""),
        ("ref+env://HOME", ("HOME",), ""),
    ],
)
def test_what_a_reference_names(text: str, steps: tuple[str, ...], key: str) -> None:
    scheme = text.removeprefix("ref+").partition(":")[0]
    assert scheme_of(text) == scheme
    assert parse_reference(text) == SecretReference(scheme, steps, key)


@pytest.mark.parametrize(
    "rest",
    [
        "vault://",
        "vault://secret#password",
        "vault://secret/app",
        "vault://secret/app#",
        "vault:///app#x",
        "vault://secret//app#x",
        "vault://secret/../sys/raw#x",
        "vault://secret/%2E%2E/sys#x",
        "vault://secret/./app#x",
        "vault://secret/..%2Fsys/x#k",
        "vault://secret/a%2F%2E%2E%2F..%2Fsys#k",
        "vault://secret/a%2F%2Fb#k",
        "vault://%2Fsecret/b#k",
        "keyring://a%2F../user",
        "vault://secret/app?version=1#x",
        "vault://secret/app#x#y",
        "vault://secret/app#x\n",
        "vault://secret/a pp#x",
        "vault://secret/a%zz#x",
        "vault://secret/a%ff#x",
        "vault://secret/a%00#x",
        "vault://secret/a%0Ab#x",
        "aws-sm://db",
        "aws-sm://evil.example/db",
        "aws-sm://eu-west-1.evil.example/db",
        "aws-sm://eu-west-1@evil.example/db",
        "aws-ssm://eu-west-1/db#key",
        "aws-ssm://eu-west-1///db",
        "aws-ssm://eu-west-1/",
        "op://vault/item",
        "op://vault/item/field/more/still",
        "op://vault/item/--help x\n",
        "op://vault/item/é",
        "keyring://service",
        "keyring://service/user/more",
        "env://",
        "env://A=B",
        "env://A/B",
        "env://1A",
        "env://A#b",
    ],
)
def test_anything_else_with_its_scheme_is_an_error_that_does_not_repeat_it(rest: str) -> None:
    text = f"ref+{rest}"
    scheme = rest.partition(":")[0]
    assert scheme_of(text) == scheme
    with pytest.raises(ValueError, match=rf"^expected ref\+{scheme}://") as caught:
        parse_reference(text)
    assert rest.partition("://")[2] not in str(caught.value).partition("://")[2] or rest.endswith(
        "//"
    )


@pytest.mark.parametrize(
    "text", ["", "x", "vault://a/b#c", "ref+sops://a/b", "REF+env://A", " ref+env://A", "ref+env:A"]
)
def test_other_texts_are_no_references(text: str) -> None:
    assert scheme_of(text) is None
    with pytest.raises(ValueError, match="not a reference"):
        parse_reference(text)


@given(st.sampled_from(SCHEMES), st.text())
def test_any_text_is_a_reference_or_an_error(scheme: str, rest: str) -> None:
    text = f"ref+{scheme}://{rest}"
    try:
        found = parse_reference(text)
    except ValueError:
        return
    assert found.scheme == scheme
    assert found.steps
    assert not any(sign < " " for step in (*found.steps, found.key) for sign in step)


def test_keys_of_one_secret_share_it() -> None:
    one, same, other = (
        parse_reference(f"ref+vault://{rest}") for rest in ("a/b#c", "a/b#d", "a/c#c")
    )
    assert one.secret == same.secret != other.secret


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_that_a_policy_may_allow_has_a_form(scheme: str) -> None:
    assert scheme_of(f"ref+{scheme}://") == scheme
    with pytest.raises(ValueError, match=rf"^expected ref\+{scheme}://[A-Z]"):
        parse_reference(f"ref+{scheme}://")
