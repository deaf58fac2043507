"""Proofs of a policy: which ones are valid, and what anyone with push access can write."""

from __future__ import annotations

from sealedfiles.keys.keyfile import GroupKey
from sealedfiles.keys.policy_proof import is_proved, proof_line, updated
from sealedfiles.model.token import key_id

POLICY = b"version: 1\nrules: []\n"


def key(byte: int) -> GroupKey:
    secret = bytes([byte]) * 32
    return GroupKey(key_id(secret), "2026-01-01T00:00:00Z", secret)


def test_a_proof_holds_for_its_group_key_and_policy_only() -> None:
    lines = f"{proof_line('default', key(1), POLICY)}\n".encode()
    assert is_proved(lines, "default", key(1), POLICY)
    assert not is_proved(lines, "default", key(1), POLICY + b"\n")
    assert not is_proved(lines, "default", key(2), POLICY)
    assert not is_proved(lines, "production", key(1), POLICY)
    moved = lines.replace(b"default", b"production")
    assert not is_proved(moved, "production", key(1), POLICY)


def test_one_valid_line_among_others_is_enough() -> None:
    """git merges the file as a union."""
    other = proof_line("default", key(1), b"another policy")
    lines = f"{other}\n<<<<<<< x\n{proof_line('default', key(1), POLICY)}\r\n\xff".encode("latin-1")
    assert is_proved(lines, "default", key(1), POLICY)
    assert not is_proved(f"{other}\n".encode(), "default", key(1), POLICY)
    assert not is_proved(b"", "default", key(1), POLICY)


def test_the_lines_of_other_groups_go_with_a_change_and_stay_without_one() -> None:
    before = f"{proof_line('production', key(2), POLICY)}\n".encode()
    fresh = [proof_line("default", key(1), POLICY)]
    assert is_proved(updated(before, fresh, keep_others=True), "production", key(2), POLICY)
    assert not is_proved(updated(before, fresh, keep_others=False), "production", key(2), POLICY)
    assert is_proved(updated(before, fresh, keep_others=False), "default", key(1), POLICY)
