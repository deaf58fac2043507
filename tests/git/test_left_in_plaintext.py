"""clean leaves exactly those values in plaintext that this clone checked out in plaintext."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from sealedfiles.git.filter.left_in_plaintext import LeftInPlaintext
from sealedfiles.git.plaintext_memory import PlaintextMemory
from sealedfiles.model.paths import show
from sealedfiles.sealing import describe_file
from sealedfiles.sealing.comment_lines import PlacedComment
from sealedfiles.sealing.sealed_text import SealedText

if TYPE_CHECKING:
    from pathlib import Path

    from sealedfiles.git.clone import Clone

COMMIT = "ab" * 20
(KEY, _), (OTHER, _) = SealedText(b"key: 1\nother: 1\n", describe_file(b"a.yaml")).decoded_values()


@pytest.fixture
def memory(tmp_path: Path) -> PlaintextMemory:
    return PlaintextMemory(tmp_path)


@pytest.fixture
def left(memory: PlaintextMemory) -> LeftInPlaintext:
    index = SimpleNamespace(is_link=lambda _: False)
    clone = SimpleNamespace(plaintext_memory=memory, index=index, has_written_versions=False)
    return LeftInPlaintext(cast("Clone", clone), b"a.yaml", b"key: evil\n")


def test_nothing_is_left_without_a_memory(left: LeftInPlaintext) -> None:
    assert not left


def test_only_what_was_checked_out_is_left(memory: PlaintextMemory, left: LeftInPlaintext) -> None:
    memory.note([(KEY, "evil")], [PlacedComment(" evil: 1")], [b"all evil"], COMMIT)
    assert left
    assert not left.has_value(KEY, "mine")
    assert not left.has_value(OTHER, "evil")
    assert not left.has_comment(PlacedComment(" mine: 1"))
    assert not left.has_content(b"all mine")
    assert left.found == {}
    assert left.has_value(KEY, "evil")
    assert left.has_comment(PlacedComment(" evil: 1"))
    assert left.has_content(b"all evil")
    assert left.found == {show(KEY): COMMIT, "a comment": COMMIT, "the whole file": COMMIT}
    assert left.retired == {}


def test_what_was_noted_within_a_file_counts_there_only(
    memory: PlaintextMemory, left: LeftInPlaintext
) -> None:
    memory.note([(KEY, "evil")], within=b"b.yaml")
    assert left
    assert not left.has_value(KEY, "evil")
    memory.note([(KEY, "evil")], within=b"a.yaml", commit=COMMIT)
    assert left.has_value(KEY, "evil")
    assert left.found == {show(KEY): COMMIT}
    memory.forget([(KEY, "evil")], b"a.yaml")
    assert not left.has_value(KEY, "evil")


def test_a_value_from_a_retired_token_is_sealed_and_named(
    memory: PlaintextMemory, left: LeftInPlaintext
) -> None:
    memory.note_retired([(KEY, "evil")], COMMIT)
    assert left
    assert not left.has_value(KEY, "evil")
    assert left.retired == {show(KEY): COMMIT}
    assert not left.has_value(OTHER, "evil")
    assert left.found == {}
