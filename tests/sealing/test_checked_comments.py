"""What the filter leaves in plaintext is no finding, in a file with sealed comments."""

from __future__ import annotations

import pytest
from documents import ENV, INI, JSON, PROPERTIES, TFVARS, TOML, YAML, described, seal
from hypothesis import example, given
from hypothesis import strategies as st

from sealedfiles.app.check.content import read_content
from sealedfiles.app.check.tokens import CheckedFile, against_rules

POLICY = "{files: '**', values: ['*pass*', '*.pass', 'x'], group: default}"
START = {TOML: "x = 1\n", TFVARS: "x = 1\n", INI: "[db]\nx = 1\n", JSON: "{\n", YAML: "x: 1\n"}
END = {JSON: '"x": 1}\n'}
SIGN = {JSON: "//"}
LINES = [
    "ports = [",
    "ports: [",
    '"ports": [{',
    '  "secretbbb2",',
    '  a = "secretbbb2"',
    '  "pass": "secretbbb2",',
    "  pass: secretbbb2",
    "]",
    "}],",
    "}",
    "pass =",
    "  secret1234 \\",
    "pass = '''",
    'pass: "one',
    "'''",
    "pass: |",
    "  - secretbbb2",
    "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
    "note = prose",
    "note: prose",
    "pass=hunter2-hunter2",
    "see the wiki",
    "",
]


BRACKETS = [("", "ports = ["), (" ", '  "secretbbb2",'), ("", "]"), (" ", "see the wiki")]


@pytest.mark.parametrize("path", [YAML, JSON, ENV, TOML, INI, TFVARS, PROPERTIES])
@given(
    lines=st.lists(st.tuples(st.sampled_from(["", " ", "#"]), st.sampled_from(LINES)), max_size=6),
    policy=st.sampled_from(["", POLICY]),
)
@example(BRACKETS, "")
@example([("#", "pass=hunter2-hunter2"), ("#", "pass ="), ("#", "  secret1234 \\")], "")
def test_sealed_comments_hide_which_lines_belong_together(
    path: str, lines: list[tuple[str, str]], policy: str
) -> None:
    sign = SIGN.get(path, "#")
    comments = "".join(f"{sign}{more}{line}\n" for more, line in lines)
    text = START.get(path, "") + comments + END.get(path, "")
    file, rules = described(path, policy)
    stored = read_content(seal(path, text, policy=policy), file)
    subject = CheckedFile(path.encode(), stored, [], {})
    found = [one for one in against_rules(subject, rules, []) if one.code == "plain-comment"]
    assert found == []
