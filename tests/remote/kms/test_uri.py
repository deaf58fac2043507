"""The grammar of URIs of keys: their parts become arguments of programs and paths of requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealedfiles.errors import UsageError
from sealedfiles.remote.kms.uri import parse_uri

ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
FINGERPRINT = "0123456789ABCDEF0123456789ABCDEF01234567"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (f"aws-kms://{ARN}", {"key": ARN, "region": "eu-central-1"}),
        (f"aws-kms://{ARN}?region=eu-central-1", {"key": ARN, "region": "eu-central-1"}),
        (
            "aws-kms://alias/team/ci?region=us-gov-west-1",
            {"key": "alias/team/ci", "region": "us-gov-west-1"},
        ),
        ("aws-kms://mrk-12ab?region=eu-west-1", {"key": "mrk-12ab", "region": "eu-west-1"}),
        ("vault-transit://transit/ci", {"mount": "transit", "key": "ci"}),
        ("vault-transit://team/kms/ci.1", {"mount": "team/kms", "key": "ci.1"}),
        (f"gpg://{FINGERPRINT}", {"key": FINGERPRINT}),
        (
            "gcp-kms://projects/acme-1/locations/global/keyRings/r/cryptoKeys/k",
            {"key": "projects/acme-1/locations/global/keyRings/r/cryptoKeys/k"},
        ),
        (
            f"azure-kv://acme/ci/{'0' * 32}",
            {"vault": "acme", "key": "ci", "version": "0" * 32},
        ),
    ],
)
def test_the_parts_of_a_uri(text: str, parts: dict[str, str]) -> None:
    uri = parse_uri(text)
    assert (uri.text, uri.scheme, uri.parts) == (text, text.partition(":")[0], parts)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://kms.example",
        "aws-kms://",
        "aws-kms://alias/ci",  # no region
        f"aws-kms://{ARN}?region=us-east-1",
        "aws-kms://alias/ci?region=evil.example/",
        "aws-kms://alias/ci?region=eu-west-1&endpoint=http://evil.example",
        "vault-transit://ci",
        "vault-transit://transit/../sys/seal",
        "vault-transit://transit/./ci",
        "vault-transit://user:word@evil.example/ci",
        "vault-transit://transit/ci?x=1",
        f"gpg://{FINGERPRINT.lower()}",
        f"gpg://{FINGERPRINT[:-1]}",
        "gpg://--output",
        "gpg://alice@example.org",
        "gcp-kms://--project",
        "gcp-kms://projects/p/locations/l/keyRings/r/cryptoKeys/../k",
        "azure-kv://acme/ci",
        "azure-kv://acme/ci&calc/" + "0" * 32,
        "vault-transit://transit/ci\n",
        "vault-transit://transit/c\N{CYRILLIC SMALL LETTER I}",
        "vault-transit://" + "a/" * 600 + "k",
    ],
)
def test_what_is_not_a_uri(text: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_uri(text)
    assert error.value.hints


@given(st.sampled_from(["aws-kms", "vault-transit", "gpg", "gcp-kms", "azure-kv"]), st.text())
def test_no_part_begins_like_an_option_or_leaves_its_folder(scheme: str, rest: str) -> None:
    try:
        uri = parse_uri(f"{scheme}://{rest}")
    except UsageError:
        return
    for part in uri.parts.values():
        assert part.isascii()
        assert part.isprintable()
        assert ".." not in part.split("/")
        assert not set(part) & set(" \"'`$&|;<>?#%\\")
