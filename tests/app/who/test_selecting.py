"""The values that a path selects, and how they are distinguished."""

from __future__ import annotations

import pytest

from sealedfiles.app.who.values import SEALED, FileValues, ListedValue, select, values_of
from sealedfiles.errors import UsageError
from sealedfiles.model.policy import Policy, parse_policy
from sealedfiles.sealing import describe_file

TOKEN = f"sealed:v1:{{}}:{'a' * 16}:{'b' * 8}:{'c' * 64}"
POLICY = parse_policy(b"""\
version: 1
rules:
  - {files: "*.yaml", values: "service.**", plain: true}
  - {files: "*.yaml", values: "production.**", group: production}
""")
TEXT = f"""\
service: {{name: orders}}
production:
  pin: "{TOKEN.format("production")}"
  new: one
users:
  - token: "{TOKEN.format("default")}"
  - token: "{TOKEN.format("default")}"
  - token: "{TOKEN.format("staging")}"
"tls.crt": "{TOKEN.format("default")}"
# {TOKEN.format("default")}
"""


def look(text: str | bytes, path: bytes = b"app.yaml", policy: Policy = POLICY) -> FileValues:
    data = text if isinstance(text, bytes) else text.encode()
    rules = policy.for_file(path.decode())
    return FileValues(path, values_of(data, describe_file(path, rules.format), rules))


def test_groups_come_from_tokens_and_else_from_the_rules() -> None:
    assert [(v.shown, v.groups, v.state) for v in look(TEXT).values] == [
        ("service.name", (), "plain"),
        ("production.pin", ("production",), "sealed"),
        ("production.new", ("production",), "open"),
        ("users[].token", ("default",), "sealed"),
        ("users[].token", ("staging",), "sealed"),
        ('"tls.crt"', ("default",), "sealed"),
        ("(comment, line 10)", ("default",), "sealed"),
    ]


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("production.pin", 1),
        ("production", 2),
        ("users[2].token", 2),
        ("users[].token", 2),
        ("users", 2),
        ('"tls.crt"', 1),
        (".", 6),
        ("*.name", 1),
    ],
)
def test_a_path_names_a_value_or_those_below_a_key(path: str, count: int) -> None:
    assert len(select(look(TEXT), path).values) == count


@pytest.mark.parametrize("path", ["pin", "production.pin.x", "a..b", "[", "", "tls.crt", "a.", '"'])
def test_a_path_that_names_nothing_is_refused(path: str) -> None:
    with pytest.raises(UsageError):
        select(look(TEXT), path)


@pytest.mark.parametrize("data", [b"\xff\x00", b"a: [", b"plain text\n"])
def test_a_file_without_values_is_one_value(data: bytes) -> None:
    path = b"cert.pem" if data.startswith(b"plain") else b"app.yaml"
    groups = ("default",) if path == b"cert.pem" else ("default", "production")
    assert look(data, path).values == [ListedValue(None, "(the whole file)", groups, "open")]


def test_a_file_sealed_whole_shows_its_outermost_layer() -> None:
    data = f'"{TOKEN.format("production")}"\n'
    assert look(data).values == [ListedValue(None, "(the whole file)", ("production",), SEALED)]


def test_an_empty_file_has_no_values() -> None:
    assert look(b"").values == []
