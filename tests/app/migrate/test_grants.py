"""Which readers of another tool get access: only those whose keys the user knows."""

from __future__ import annotations

import pytest

from sealedfiles import age
from sealedfiles.app.migrate.grants import confirm_grants, option_for, resolve_grants
from sealedfiles.app.migrate.source import Reader
from sealedfiles.errors import UsageError
from sealedfiles.keys.recipients import fingerprint

KEY = str(age.generate_identity().recipient)
BOB = Reader("bob", KEY, "age", frozenset({b"a"}))
CAROL = Reader("carol", "", "GPG key 1", frozenset({b"a"}))


class Answering:
    """A dialog with one answer."""

    def __init__(self, answer: bool | None) -> None:
        self.answer = answer
        self.said: list[str] = []

    def say(self, message: str, *_hints: str) -> None:
        self.said.append(message)

    warn = say

    def show(self, *lines: str) -> None:
        self.said += lines

    def ask(self, question: str) -> bool | None:
        self.said.append(question)
        return self.answer


def advice_of(_reader: Reader) -> tuple[str, ...]:
    return ("a hint",)


def groups_of(_reader: Reader) -> list[str]:
    return ["default"]


@pytest.mark.parametrize("answer", [None, False, True])
def test_a_key_from_a_file_is_used_only_if_the_user_confirms_it(answer: bool | None) -> None:
    (grant,) = resolve_grants(("bob",), [BOB, CAROL], groups_of, advice_of)
    dialog = Answering(answer)
    if answer:
        confirm_grants([grant], dialog)
    else:
        with pytest.raises(UsageError, match="the public key of bob was not confirmed"):
            confirm_grants([grant], dialog)
    assert fingerprint(grant.recipient) in dialog.said[0]


def test_a_key_that_the_user_gives_must_be_that_of_the_file() -> None:
    asked = Answering(None)
    name, _, given = option_for(BOB).removeprefix("--grant ").partition("=")
    for key in (KEY, given):
        (grant,) = resolve_grants((f"{name}={key}",), [BOB], groups_of, advice_of)
        assert str(grant.recipient) == KEY
        confirm_grants([grant], asked)
    assert asked.said == []
    other = age.generate_identity().recipient
    with pytest.raises(UsageError, match="no reader has the key"):
        resolve_grants((f"bob={other}",), [BOB], groups_of, advice_of)


def test_nobody_gets_access_to_more_than_before() -> None:
    with pytest.raises(UsageError, match="bob would get access to more values than before"):
        resolve_grants((f"bob={KEY}",), [BOB], lambda _reader: [], advice_of)


def test_two_keys_with_one_name_are_told_apart_by_the_key() -> None:
    other = BOB._replace(key=str(age.generate_identity().recipient))
    with pytest.raises(UsageError, match="several readers are named bob"):
        resolve_grants(("bob",), [BOB, other], groups_of, advice_of)
    (grant,) = resolve_grants((f"robert={other.key}",), [BOB, other], groups_of, advice_of)
    assert (grant.name, grant.key) == ("robert", other.key)


@pytest.mark.parametrize("request_", ["carol", "dave", "dave=x"])
def test_an_unknown_reader_or_one_without_a_usable_key_is_refused(request_: str) -> None:
    with pytest.raises(UsageError, match="no reader") as error:
        resolve_grants((request_,), [BOB, CAROL], groups_of, advice_of)
    assert error.value.hints == (f"there is {option_for(BOB)}",)
