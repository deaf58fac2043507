"""The values of a stored file that are in plaintext although the policy seals them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from sealedfiles.errors import PolicyError
from sealedfiles.git.plaintext import PlaintextFiles, WrittenVersion
from sealedfiles.git.plaintext_memory import PlaintextMemory
from sealedfiles.model.policy import FileRules, parse_policy
from sealedfiles.sealing import describe_file
from sealedfiles.sealing.comment_lines import PlacedComment
from sealedfiles.sealing.sealed_text import SealedText

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sealedfiles.git.clone import Clone
    from sealedfiles.sealing import File

FILE = "secrets/app.yaml"
TOKEN = f"sealed:v1:production:{'a' * 16}:AAAAAAAA:{'A' * 64}"
RULES = "{files: '**', values: [name], plain: true}"


class Place:
    """A clone with *rules*, and what it records and reports about a file that a checkout writes."""

    def __init__(self, folder: Path, rules: str | None = RULES) -> None:
        self.memory = PlaintextMemory(folder)
        text = f"version: 1\nrules: [{rules}]\n".encode()

        def describe(path: bytes) -> tuple[File, FileRules]:
            if rules is None:
                raise PolicyError("no policy")
            return describe_file(path), parse_policy(text).for_file(path.decode())

        clone = SimpleNamespace(
            describe=describe,
            describe_for_smudge=describe_file,
            plaintext_memory=self.memory,
            treeish="",
            state=SimpleNamespace(newest=dict, policy=lambda: None),
        )
        self._files = PlaintextFiles(cast("Clone", clone))

    def note(
        self, stored: str, path: str = FILE, *, opened: str = "", written: bool = True
    ) -> None:
        data, seen = stored.encode(), (opened or stored).encode()
        self._files.note(
            path.encode(), seen, written=WrittenVersion(data, seen, "") if written else None
        )

    def holds(self, text: str) -> bool:
        """Return True if the clone remembers the value of *text*, which has one."""
        version = SealedText(text.encode(), describe_file(FILE.encode()))
        return all(self.memory.has_value(*one) for one in version.decoded_values())

    def report(self, capsys: pytest.CaptureFixture[str]) -> str:
        self._files.report()
        return capsys.readouterr().err


@pytest.fixture
def place(tmp_path: Path) -> Callable[..., Place]:
    return lambda rules=RULES: Place(tmp_path, rules)


def test_tokens_and_values_that_the_policy_leaves_are_not(
    place: Callable[..., Place], capsys: pytest.CaptureFixture[str]
) -> None:
    here = place()
    here.note(f"name: shop\nuser: {TOKEN}\npassword: evil\n")
    assert "1 value (password) is in plaintext in git" in here.report(capsys)
    assert here.holds("password: evil")
    assert not here.holds("name: shop")
    assert not here.holds(f"user: {TOKEN}")


def test_a_file_that_is_only_shown_is_reported_and_not_remembered(
    place: Callable[..., Place], capsys: pytest.CaptureFixture[str]
) -> None:
    here = place()
    here.note("password: evil\n", written=False)
    assert "password" in here.report(capsys)
    assert not here.memory


def test_every_side_of_a_conflict_is_remembered(place: Callable[..., Place]) -> None:
    here = place()
    here.note("<<<<<<< a\npassword: mine\n=======\npassword: evil\n>>>>>>> b\n")
    assert here.holds("password: mine")
    assert here.holds("password: evil")


def test_a_file_that_is_all_plain_is_nothing(
    place: Callable[..., Place], capsys: pytest.CaptureFixture[str]
) -> None:
    here = place("{files: '**', plain: true}")
    here.note("password: public\n")
    here.note("anything", "tls.key")
    assert here.report(capsys) == ""
    assert not here.memory


def test_without_a_policy_every_value_is_one_to_be_sealed(place: Callable[..., Place]) -> None:
    here = place(None)
    here.note("name: shop\n")
    assert here.holds("name: shop")


def test_a_file_without_a_format_is_remembered_as_a_whole(
    place: Callable[..., Place], capsys: pytest.CaptureFixture[str]
) -> None:
    here = place()
    text = "# user: evil\n"
    here.note(text, "tls.key")
    assert "tls.key: the file is in plaintext" in here.report(capsys)
    assert here.memory.has_content(text.encode())
    assert not here.memory.has_content(b"other")


def test_a_commented_out_entry_in_plaintext_is_remembered(place: Callable[..., Place]) -> None:
    here = place()
    here.note(f"user: {TOKEN}\n# user: evil\n# see the handbook\n")
    assert here.memory.has_comment(PlacedComment(" user: evil"))
    assert not here.memory.has_comment(PlacedComment(" see the handbook"))


def test_a_comment_that_was_sealed_is_not(place: Callable[..., Place]) -> None:
    here = place()
    values = f"user: {TOKEN}\npassword: {TOKEN}\n"
    here.note(
        f"{values}# {TOKEN}\n# user: evil\n", opened=f"{values}# password: mine\n# user: evil\n"
    )
    assert here.memory.has_comment(PlacedComment(" user: evil"))
    assert not here.memory.has_comment(PlacedComment(" password: mine"))


def test_where_the_stored_form_does_not_parse_its_comments_are_looked_for_as_text(
    place: Callable[..., Place],
) -> None:
    here = place()
    opened = "user: a\n# user: evil\n# password: mine\n"
    here.note(f"user: [{TOKEN}\n# user: evil\n# {TOKEN}\n", opened=opened)
    assert here.memory.has_comment(PlacedComment(" user: evil"))
    assert not here.memory.has_comment(PlacedComment(" password: mine"))


@pytest.mark.parametrize("is_forged", [False, True])
def test_nor_is_one_that_is_sealed_below_an_entry_and_plain_elsewhere(
    place: Callable[..., Place], *, is_forged: bool
) -> None:
    here = place()
    text = f"servers:\n- {TOKEN} # password: mine\n  # ask ops\n- {TOKEN}\n# ask ops\n"
    stored = text.replace("password: mine", TOKEN)
    if not is_forged:
        stored = stored.replace("  # ask ops", f"  # {TOKEN}")
    here.note(stored, opened=text)
    assert here.memory.has_comment(PlacedComment(" ask ops")) == is_forged
