"""Hints after the user has put sealed values into plaintext on purpose."""

from __future__ import annotations

OPENED_ON_PURPOSE = (
    "the hooks refuse to commit a sealed value in plaintext: they cannot tell whether it is intended",
    "record it in the policy, for others to review: sealedfiles check --explain sealed-before",
    "or bypass them: git commit --no-verify, and git push --no-verify",
)
"""Hints, for after ``untrack`` and ``track --plain``."""
