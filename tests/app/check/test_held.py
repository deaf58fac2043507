"""Copies of held values are found, whatever changed since the index of the values was written, and values
are decrypted once for all files that may contain them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock, Mock

import pytest
from keys.kit import group_key

from check.toy import APP, NUMBERS, TEXT, Toy, shown
from sealedfiles.app.check import held
from sealedfiles.app.check.held import HeldCopies
from sealedfiles.app.check.run import check
from sealedfiles.app.check.trees import Blob
from sealedfiles.app.check.versions import IndexVersion
from sealedfiles.app.check.wanted import Wanted
from sealedfiles.app.held.index import HeldIndex
from sealedfiles.app.held.table import _DIRECTORY, _HEAD
from sealedfiles.app.held.values import HeldValues, without_tokens
from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import find_repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.app.check.findings import Finding
    from sealedfiles.sealing import File

SECOND = "secrets/second.yaml"


def hook(toy: Toy, *revisions: str) -> list[str]:
    """Stage everything, and return what the hook for that, or for *revisions*, finds in an unlocked clone."""
    toy.stage()
    repository = find_repository(toy.path)
    assert repository is not None
    clone = Clone(repository)
    clone.state.write_keys([(name, group_key(number)) for name, number in NUMBERS.items()])
    wanted = Wanted(staged=not revisions, revisions=revisions, hook=True)
    try:
        found: list[Finding] = check(clone, wanted).findings
        return [shown(one) for one in found]
    finally:
        clone.close()


def paste(toy: Toy, text: str) -> list[str]:
    """Return the findings of the hook about a new file with *text*, which is removed again."""
    toy.write("notes.txt", f"it is {text}\n")
    found = hook(toy)
    toy.remove("notes.txt")
    toy.stage()
    return found


def bare(data: bytes) -> bytes:
    """Return *data* without what is inside of its tokens."""
    return without_tokens(data, lambda _token: True)


def seal(toy: Toy, path: str, value: str) -> None:
    toy.write(path, toy.sealed(f"password: {value}\n", path))


COPIED = ["copied-value notes.txt:1"]


@pytest.fixture
def settled(toy: Toy) -> Toy:
    """A repository whose values of HEAD are in the index of held values."""
    assert paste(toy, "hunter2-alpha") == COPIED
    return toy


@pytest.fixture
def unlisted(settled: Toy, monkeypatch: pytest.MonkeyPatch) -> Toy:
    """The same, where the files of git's index must not be listed."""

    def files(_: IndexVersion) -> Iterator[tuple[bytes, Blob]]:
        raise AssertionError

    monkeypatch.setattr(IndexVersion, "files", files)
    return settled


def test_only_changed_files_are_listed(unlisted: Toy) -> None:
    assert paste(unlisted, "nothing") == []
    seal(unlisted, SECOND, "s3cr3t-second")
    unlisted.edit(unlisted.token("password"), "changed", APP)
    hook(unlisted)
    unlisted.write(APP, unlisted.sealed(TEXT))
    unlisted.commit()
    assert paste(unlisted, "nothing") == []


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The blobs that were looked up in the index of held values."""
    found: list[bytes] = []

    def lacks(index: HeldIndex, blob: bytes) -> bool:
        found.append(blob)
        return original(index, blob)

    original = HeldIndex.lacks
    monkeypatch.setattr(HeldIndex, "lacks", lacks)
    return found


@pytest.mark.parametrize("pattern", ["", "more/** filter=sealedfiles -text\n"])
def test_many_files_are_looked_up_in_the_commit_that_adds_them_and_not_again(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, looked_up: list[bytes], pattern: str
) -> None:
    """Also if the commit seals more files than before."""
    monkeypatch.setattr(held, "_MANY", 2)
    for number in range(4):
        seal(toy, f"secrets/{number}.yaml", f"s3cr3t-number-{number}")
    toy.write(".gitattributes", toy.read(".gitattributes") + pattern)
    hook(toy)
    assert len(looked_up) == 5
    toy.commit()
    looked_up.clear()
    assert paste(toy, "s3cr3t-number-3") == COPIED
    assert looked_up == []


def test_many_files_of_another_command_are_looked_up_once(
    settled: Toy, monkeypatch: pytest.MonkeyPatch, looked_up: list[bytes]
) -> None:
    """Also if they have no new values, as the files of a branch that was merged."""
    monkeypatch.setattr(held, "_MANY", 2)
    before = settled.read()
    for number in range(4):
        settled.write(f"secrets/{number}.yaml", before)
    hook(settled)
    settled.git("reset", "--quiet", "--hard")
    for number in range(4):
        settled.write(f"secrets/{number}.yaml", before)
    settled.commit()
    paste(settled, "nothing")
    looked_up.clear()
    assert paste(settled, "nothing") == []
    assert looked_up == []


def test_a_tree_that_git_cannot_write(settled: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then HEAD is the last tree with all of its values in the index."""
    monkeypatch.setattr(held, "_MANY", 0)
    seal(settled, SECOND, "s3cr3t-second")
    settled.stage()
    lock = settled.path / ".git" / "index.lock"
    lock.touch()
    monkeypatch.setattr(settled, "stage", lambda: None)
    hook(settled)
    lock.unlink()
    monkeypatch.undo()
    settled.commit()
    assert paste(settled, "s3cr3t-second") == COPIED


def test_values_of_commits_without_the_hook(settled: Toy) -> None:
    seal(settled, SECOND, "s3cr3t-second")
    settled.commit()
    settled.write("other.txt", "1\n")
    settled.commit()
    assert paste(settled, "s3cr3t-second") == COPIED
    seal(settled, SECOND, "s3cr3t-third")
    settled.commit()
    settled.remove(SECOND)
    assert paste(settled, "s3cr3t-third") == COPIED
    assert paste(settled, "hunter2-alpha") == COPIED


def test_a_value_of_head_that_is_replaced_in_git_s_index(settled: Toy) -> None:
    seal(settled, SECOND, "s3cr3t-second")
    settled.commit()
    seal(settled, SECOND, "s3cr3t-third")
    assert hook(settled) == []
    settled.git("reset", "--quiet", "--hard")
    assert paste(settled, "s3cr3t-second") == COPIED


def test_a_value_that_is_new_itself(settled: Toy) -> None:
    seal(settled, SECOND, "s3cr3t-second")
    assert paste(settled, "s3cr3t-second") == COPIED


def test_a_push_while_a_value_of_head_is_replaced_in_git_s_index(settled: Toy) -> None:
    seal(settled, SECOND, "s3cr3t-second")
    settled.commit()
    seal(settled, SECOND, "s3cr3t-third")
    assert hook(settled, "HEAD^..HEAD") == []
    settled.git("reset", "--quiet", "--hard")
    assert paste(settled, "s3cr3t-second") == COPIED


OTHER = "secrets/** filter=sealedfiles -text\nother/** filter=sealedfiles -text\n"


def test_a_pattern_that_seals_more_files(toy: Toy) -> None:
    seal(toy, "other/app.yaml", "s3cr3t-other")
    toy.commit()
    assert paste(toy, "s3cr3t-other") == []
    toy.write(".gitattributes", OTHER)
    assert COPIED[0] in paste(toy, "s3cr3t-other")


def test_a_rule_that_changes_a_format(toy: Toy) -> None:
    toy.policy("- {files: '*.txt', format: yaml}")
    seal(toy, "secrets/data.txt", '"passw0rd-\\u00e9"')
    toy.policy()
    toy.commit()
    assert paste(toy, "passw0rd-é") == []
    toy.policy("- {files: '*.txt', format: yaml}")
    assert COPIED[0] in paste(toy, "passw0rd-é")


def test_rules_that_seal_fewer_files_in_git_s_index(toy: Toy) -> None:
    seal(toy, "other/app.yaml", "s3cr3t-other")
    toy.write(".gitattributes", OTHER)
    toy.commit()
    toy.write(".gitattributes", "secrets/** filter=sealedfiles\n")
    hook(toy)
    toy.git("reset", "--quiet", "--hard")
    assert paste(toy, "s3cr3t-other") == COPIED


def test_the_case_of_patterns(toy: Toy) -> None:
    seal(toy, "SECRETS/other.yaml", "s3cr3t-other")
    toy.commit()
    assert paste(toy, "s3cr3t-other") == []
    toy.git("config", "core.ignoreCase", "true")
    assert paste(toy, "s3cr3t-other") == COPIED


def test_a_file_that_is_missing_for_a_while(settled: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    seal(settled, SECOND, "s3cr3t-second")
    settled.commit()
    seal(settled, "secrets/third.yaml", "s3cr3t-third")
    settled.stage()
    oid = settled.git("rev-parse", f"HEAD:{SECOND}").strip()
    file = settled.path / ".git/objects" / oid[:2] / oid[2:]
    data = file.read_bytes()
    file.unlink()
    with monkeypatch.context() as now:
        now.setattr(settled, "stage", lambda: None)  # it might store the file again
        hook(settled)
    file.write_bytes(data)
    assert paste(settled, "s3cr3t-second") == COPIED


def test_a_history_that_is_gone(settled: Toy) -> None:
    seal(settled, SECOND, "s3cr3t-second")
    tree = settled.git("rev-parse", "HEAD^{tree}").strip()
    settled.git("checkout", "--quiet", "--orphan", "new")
    settled.commit()
    settled.git("branch", "--quiet", "-D", "main")
    settled.git("reflog", "expire", "--expire=now", "--all")
    settled.git("gc", "--quiet", "--prune=now")
    assert "missing" in settled.git("cat-file", "--batch-check", stdin=tree)
    assert paste(settled, "s3cr3t-second") == COPIED


@pytest.mark.parametrize("at", [0, _HEAD.size + _DIRECTORY.size], ids=["head", "buckets"])
def test_a_damaged_file_hides_no_value(settled: Toy, at: int) -> None:
    file = settled.path / ".git/sealedfiles/held"
    data = file.read_bytes()
    file.write_bytes(data[:at] + bytes(byte ^ 1 for byte in data[at:]))
    assert paste(settled, "hunter2-alpha") == COPIED
    assert paste(settled, "hunter2-alpha") == COPIED
    assert file.read_bytes() == data, "built again"


def test_values_are_loaded_once_for_many_new_files(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [(b"%d.txt" % number, Blob("100644", f"{number:040x}")) for number in range(5)]
    hits = {b"data of %d.txt" % number: {number} for number in (1, 3)}
    store = Mock(sizes=Mock(return_value={}))
    store.blobs.side_effect = lambda some: ((path, blob, b"data of " + path) for path, blob in some)
    texts = Mock(return_value=[])
    monkeypatch.setattr(HeldCopies, "_texts", texts)
    monkeypatch.setattr(HeldCopies, "_index", Mock(find=lambda data, *_: hits.get(data, set())))
    monkeypatch.setattr(HeldCopies, "_sources", lambda *_: {b"blob yaml": None})
    copies = HeldCopies(store, MagicMock())
    assert copies._candidates(entries, Mock()) == [entries[1], entries[3]]
    texts.assert_called_once_with({b"blob yaml": None})
    assert list(copies._find(b"data of 3.txt")) == []
    texts.assert_called_once_with({b"blob yaml": None})


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The paths of the sealed files that are read for their values."""
    found: list[bytes] = []

    def add_file(values: HeldValues, data: bytes, file: File, *more: Any) -> None:
        found.append(file.path)
        original(values, data, file, *more)

    original = HeldValues.add_file
    monkeypatch.setattr(HeldValues, "add_file", add_file)
    return found


def test_only_files_that_may_have_the_value_are_read(settled: Toy, read: list[bytes]) -> None:
    """Whatever became of the file since its tokens were found."""
    for number in range(5):
        seal(settled, f"secrets/{number}.yaml", f"s3cr3t-number-{number}")
    hook(settled)
    settled.commit()
    read.clear()
    assert paste(settled, "s3cr3t-number-3") == COPIED
    assert read == [b"secrets/3.yaml"]
    # The token is not new in the next version of the file, nor in a copy.
    text = settled.read("secrets/3.yaml")
    settled.write("secrets/3.yaml", text + "# a remark\n")
    hook(settled)
    settled.commit()
    assert paste(settled, "s3cr3t-number-3") == COPIED
    settled.git("mv", "secrets/3.yaml", "secrets/moved.yaml")
    hook(settled)
    settled.commit()
    read.clear()
    assert paste(settled, "s3cr3t-number-3") == COPIED
    assert read == [b"secrets/moved.yaml"]


def test_a_copy_of_a_whole_file_is_found_without_reading_all(
    settled: Toy, read: list[bytes]
) -> None:
    text = "\n".join(f"a{number}: x" for number in range(9)) + "\n"
    settled.write(SECOND, settled.sealed(text, SECOND))
    hook(settled)
    settled.commit()
    read.clear()
    settled.write("copy.txt", text)
    assert hook(settled) == ["copied-value copy.txt:1"]
    assert read == [SECOND.encode()]


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> dict[bytes, bytes | None]:
    """What was searched for pieces of values in the files of a hook."""
    searched: dict[bytes, bytes | None] = {}
    find = HeldIndex.find

    def note(index: HeldIndex, data: bytes, inside: bytes | None = None) -> set[int]:
        searched[data] = inside
        return find(index, data, inside)

    monkeypatch.setattr(HeldIndex, "find", note)
    return searched


def test_tokens_that_were_decrypted_are_not_searched(
    settled: Toy, searched: dict[bytes, bytes | None]
) -> None:
    seal(settled, SECOND, "s3cr3t-second")
    settled.write("notes.txt", token := settled.token("password", SECOND))
    assert hook(settled) == []
    second = settled.read(SECOND).encode()
    assert searched == {second: bare(second), token.encode(): token.encode()}


def test_tokens_that_the_file_had_before_are_not_searched(
    settled: Toy, searched: dict[bytes, bytes | None]
) -> None:
    seal(settled, SECOND, "s3cr3t-second")
    assert hook(settled) == []
    settled.commit()
    searched.clear()
    settled.write(SECOND, settled.sealed("password: s3cr3t-second\nnext: s3cr3t-3\n", SECOND))
    assert hook(settled) == []
    second = settled.read(SECOND).encode()
    assert searched == {second: bare(second)}


def test_false_tokens_are_searched_if_the_file_did_not_have_them(settled: Toy) -> None:
    seal(settled, SECOND, "s3cr3t-second")
    token = settled.token("password", SECOND)
    false = f"{token[: token.rindex(':') + 1]}{'x' * 60}hunter2-alpha{'x' * 9}"
    settled.write(SECOND, f"password: {token}\n")
    settled.commit()
    settled.write(SECOND, f"password: {token}\nfalse: {false}\n")
    assert f"copied-value {SECOND}:2" in hook(settled)
    settled.commit()
    settled.write(SECOND, f"password: {token}\nfalse: {false}\nmore: hunter2-alpha-x\n")
    assert f"copied-value {SECOND}:2" not in hook(settled), "a parent has it"


def test_plaintext_in_a_covered_file_is_found_next_to_tokens_and_in_false_ones(
    settled: Toy,
) -> None:
    seal(settled, SECOND, "s3cr3t-second")
    token = settled.token("password", SECOND)
    settled.write(SECOND, f"{settled.read(SECOND)}# hunter2-alpha\n")
    assert f"copied-value {SECOND}:2" in hook(settled)
    prefix = token[: token.rindex(":") + 1]
    settled.write(SECOND, f"password: {token}\nfalse: {prefix}{'x' * 60}hunter2-alpha{'x' * 9}\n")
    assert f"copied-value {SECOND}:2" in hook(settled)
    settled.write(SECOND, f"password: {token}hunter2-alpha{'x' * 9}\n")
    assert f"copied-value {SECOND}:1" in hook(settled)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("secrets/a.yaml", "services:\n  orders-db: {name: orders-db}\n"),
        ("secrets/a.yaml", "join: [orders-db]\nnetworks: {orders-db: {}}\n---\nb: 1\n"),
        ("secrets/a.json", '{"parser": "orders-db", "rules": [{"orders-db": {}}]}\n'),
        ("secrets/a.env", "ORDERS_DB=x1\nCHANNEL=ORDERS_DB\n"),
    ],
)
def test_the_name_of_a_key_in_the_same_file_is_no_copy(settled: Toy, path: str, text: str) -> None:
    """Names are public, and ordinary files refer to them."""
    settled.write(path, settled.sealed(text, path))
    assert hook(settled) == []
    settled.commit()
    assert hook(settled, "HEAD^!") == []


def test_the_name_of_a_key_in_another_file_is_a_copy(settled: Toy) -> None:
    settled.write(SECOND, settled.sealed("hunter2-alpha: {user: somebody}\n", SECOND))
    assert hook(settled) == [f"copied-value {SECOND}:1"]
    seal(settled, SECOND, "hunter2-alpha")
    settled.write(SECOND, f"{settled.read(SECOND)}hunter2-alpha-2: 'x'\n")
    assert f"copied-value {SECOND}:2" in hook(settled)


def test_a_file_that_does_not_parse_has_no_names(settled: Toy) -> None:
    seal(settled, SECOND, "hunter2-alpha")
    settled.write(SECOND, f"{settled.read(SECOND)}hunter2-alpha: [\n")
    assert f"copied-value {SECOND}:2" in hook(settled)
