"""Findings that say the same are one."""

from __future__ import annotations

from sealedfiles.app.check.findings import Finding
from sealedfiles.app.scan.findings import HISTORY, INDEX, TREE, Leak
from sealedfiles.app.scan.run import _distinct


def leak(
    secret: str, *, what: str = "x", where: str = TREE, rule: str = "", oid: str = "", line: int = 2
) -> Leak:
    finding = Finding("unknown-secret" if rule else "copied-value", b"a.txt", what, line)
    return Leak(finding, where, secret.encode(), rule=rule, oid=oid)


def test_of_two_findings_for_one_secret_the_other_engines_is_left_out() -> None:
    held = leak("s3cr3t-value")
    for same in "s3cr3t-value", "s3cr3t", "TOKEN=s3cr3t-value":
        assert _distinct([held, leak(same, what="y", rule="r")]) == [held]
        assert _distinct([leak(same, what="y", rule="r"), held]) == [held]
    other = leak("another", what="y", rule="r")
    assert _distinct([held, other]) == [held, other]
    below = leak("s3cr3t-value", what="y", rule="r", line=3)
    assert _distinct([below, held]) == [held, below]
    # Two rules of another engine are two findings.
    assert _distinct([other, leak("another", what="z", rule="q")])[1].rule == "q"


def test_the_index_repeats_the_working_tree() -> None:
    tree, index = leak("s3cr3t"), leak("s3cr3t", where=INDEX, oid="1")
    assert _distinct([tree, index]) == [tree]
    assert _distinct([index, leak("s3cr3t", where=INDEX, oid="2")]) == [index]


def test_each_object_of_the_history_is_a_finding() -> None:
    leaks = [leak("s3cr3t", where=HISTORY, oid=oid) for oid in "21"]
    assert _distinct(leaks) == leaks[::-1]
    assert _distinct([*leaks, leaks[0]]) == leaks[::-1]
