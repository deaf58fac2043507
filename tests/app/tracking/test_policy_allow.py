"""`allow` entries that `untrack` adds and `track` removes."""

from __future__ import annotations

import pytest

from sealedfiles.app.tracking.policy_allow import allow_plaintext, withdraw_plaintext
from sealedfiles.errors import PolicyError
from sealedfiles.model.policy import parse_policy

BEFORE = {
    "none": b"# about\nversion: 1  # one\nrules: []\n",
    "empty": b"version: 1\nallow: []  # nothing yet\nrules: []\n",
    "null": b"version: 1\nallow:\nrules:\n  - files: a\n    plain: true\n",
    "one": b"version: 1\nallow:\n- finding: symlink\n  files: [x, y]\n  reason: why # here\n# end\n",
    "crlf": b"version: 1\r\nrules: []\r\n",
    "indented": b"  version: 1\n  rules: []\n",
    "bom": b"\xef\xbb\xbfversion: 1\nrules: []\n",
}


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_exactly_the_given_files_are_allowed(before: bytes) -> None:
    paths = [b"a.env", b"b/[id].env", b"!c: #.env", "ä.env".encode()]
    after = allow_plaintext(before, paths, 'test data: "see" #12')
    *others, added = parse_policy(after).allows
    assert [one.words for one in others] == [one.words for one in parse_policy(before).allows]
    assert added.reason == 'test data: "see" #12'
    for path in paths:
        assert added.covers("sealed-before", path, b"key")
        assert not added.covers("copied-value", path, None)
    for other in (b"sub/a.env", b"b/i.env", b"a.env.old"):
        assert not added.covers("sealed-before", other, None)
    lines = after.splitlines(keepends=True)
    kept = before.replace(b" []  # nothing yet", b"  # nothing yet").splitlines(keepends=True)
    assert [line for line in lines if line in kept] == kept, "other lines are unchanged"
    # Twice, then all but one again.
    again = allow_plaintext(after, [b"z.env"], "later")
    left = parse_policy(withdraw_plaintext(again, {*paths[1:], b"z.env"})).allows
    assert [one.words for one in left] == [
        *(one.words for one in others),
        ("files: ['/a.env']", "finding: ['sealed-before']"),
    ]
    assert not parse_policy(withdraw_plaintext(after, paths)).allows[len(others) :]


def test_allowances_for_other_findings_files_and_values_stay() -> None:
    policy = b"""version: 1
allow:
  - finding: copied-value
    files:
      - /a.env
    reason: r
  - finding: sealed-before
    files:
      - /a.env
    values: [A]
    reason: only this value
  - finding: sealed-before
    files: "*.env"
    reason: a pattern
  - finding: sealed-before
    files:
      - b.env
    reason: also in folders
"""
    assert withdraw_plaintext(policy, [b"a.env", b"b.env"]) == policy


@pytest.mark.parametrize(
    "policy",
    [
        b"{version: 1, rules: []}\n",
        b"version: 1\nallow: [{finding: symlink, files: a, reason: r}]\n",
    ],
)
def test_a_policy_in_flow_style_is_left_to_an_editor(policy: bytes) -> None:
    with pytest.raises(PolicyError):
        allow_plaintext(policy, [b"a.env"], "r")
    assert withdraw_plaintext(policy, [b"a.env"]) == policy


def test_a_name_that_is_not_utf_8_is_left_to_an_editor() -> None:
    with pytest.raises(PolicyError):
        allow_plaintext(b"version: 1\n", [b"\xff.env"], "r")
