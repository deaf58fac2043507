"""The kinds of values that can be generated."""

from __future__ import annotations

import pytest

from sealedfiles.model.value_spec import ValueSpec, parse_spec


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("hex:16", ValueSpec("hex", 16)),
        ("base64:1024", ValueSpec("base64", 1024)),
        ("password:12", ValueSpec("password", 12)),
        ("uuid", ValueSpec("uuid", 0)),
        ("rsa:4096", ValueSpec("rsa", 4096)),
        ("ed25519", ValueSpec("ed25519", 0)),
        ("age", ValueSpec("age", 0)),
    ],
)
def test_a_kind_and_its_size(text: str, spec: ValueSpec) -> None:
    assert parse_spec(text) == spec


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "hex",
            "hex:",
            "hex:15",
            "hex:1025",
            "hex:032",
            "hex:-32",
            "hex:32 ",
            "hex: 32",
            "hex:3.2e1",
        ),
        *("HEX:32", "password:11", "password:99999999999", "uuid:4", "uuid:", "uuid:0", "rsa:1024"),
        *("rsa:3000", "rsa", "ed25519:1", "age:1", "dsa:2048", "hex:٣٢", "hex:32:1", ":32"),
    ],
)
def test_anything_else_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be hex:32 .*password:24 .* or age$"):
        parse_spec(text)
