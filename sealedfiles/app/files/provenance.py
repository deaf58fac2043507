"""The source of each value in a file, which decides whether a command may print it.

A value that the policy seals may have been written by somebody who is not a reader if it is, in git's version
of the file, in plaintext, a token of another group than the policy's, or sealed with a retired key.  So
git's version is checked, not the text on disk.  A value that the user typed, and that is not in git, is
trusted.  Outside a git repository, plaintext is not.
"""

from __future__ import annotations

import contextlib
import os
from functools import cached_property
from pathlib import Path

from sealedfiles.app.files.facts import Fact, facts_in
from sealedfiles.app.files.suspects import (
    CHECKED_OUT,
    FOREIGN,
    FROM_RETIRED,
    IN_PLAINTEXT,
    OTHER_GROUP,
    PLAINTEXT,
    RETIRED,
    REWRITTEN,
    UNAUTHENTICATED,
    UNSEALED,
    Suspect,
)
from sealedfiles.app.files.working_file import WorkingFile
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import PolicyError
from sealedfiles.git.used_ids import is_id_of, other_holder
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.paths import ROOT
from sealedfiles.model.policy import FileRules
from sealedfiles.model.token import TOKEN, UNAUTHENTICATED_TOKEN, Token, prefixes_of, split
from sealedfiles.sealing.file import (
    LineNumbers,
    choose_file_id,
    is_whole,
    own_ids,
    structured_text,
)
from sealedfiles.sealing.open import open_file
from sealedfiles.sealing.sealed_text import TELLING, is_rewritten
from sealedfiles.sealing.spelling import comparable_content
from sealedfiles.sealing.whole import layers_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    from sealedfiles.git.plaintext_memory import PlaintextMemory
    from sealedfiles.sealing.unproved import UnprovedCheck
    from sealedfiles.sealing.unproved_value import Unproved


_Place: TypeAlias = "tuple[bytes, str]"
"""A key path and a decoded value."""


def suspects_in(place: WorkingFile) -> list[Suspect]:
    """Return the values of *place* that must not be printed, without plaintext if that is allowed."""
    if place.suspects is not None:
        return place.suspects
    found = find_all(place)
    if place.workspace.allow_plaintext:
        return [suspect for suspect in found if suspect.reason not in IN_PLAINTEXT]
    return found


def find_all(place: WorkingFile) -> list[Suspect]:
    """Return the values of *place* that a reader may not have sealed at their places, in file order.

    ``place.opened`` may have later edits.  Starts at most one git process, and none if every value comes from
    a token on disk.
    """
    workspace, file, opened = place.workspace, place.described, place.opened
    if not opened.data:
        return []
    try:
        rules, knows_groups = workspace.describe(place.path)[1], True
    except PolicyError:
        # Without a valid policy, every value is treated as sealed, to any group.
        rules, knows_groups = FileRules([]), False
    else:
        workspace.require_known_groups()
    judge = _Judge(place, rules, knows_groups=knows_groups)
    if knows_groups and workspace.leaves_plain(place.path) and not judge.finds_tokens():
        return []
    structured = None if file.format is None else structured_text(opened.data)
    facts = facts_in(opened.data, file, workspace.ring) if structured else None
    if structured is None or facts is None:
        return judge.content(opened.data)
    if opened.opened == len(facts) and judge.has_only_right_groups():
        return []
    return judge.values(facts, opened.data, structured[1])


class _Judge:
    """Compares the values of one file with git's versions of it."""

    def __init__(self, place: WorkingFile, rules: FileRules, *, knows_groups: bool) -> None:
        self._workspace = workspace = place.workspace
        self._keys = workspace.ring
        self._path = place.path
        self._file = place.described
        self._rules = rules
        self._data = place.data or b""
        self._versions = place.stored_versions
        self._plaintext = PLAINTEXT if workspace.clone else UNSEALED
        self._knows_groups = knows_groups
        self._own_ids = own_ids(place.path)
        self._foreign: dict[str, bool] = {}
        self._right_id = ""
        """The file id in git's version, if the text on disk does not determine it."""

    def finds_tokens(self) -> bool:
        """Return True if the file has tokens: `seal` also seals files that are not tracked."""
        return any(b"sealed:v" in version for version in (self._data, *self._versions()))

    def has_only_right_groups(self) -> bool:
        """Return True if the policy seals all values to one group, and current keys of it made all tokens."""
        data = self._data
        group = self._rules.group_of(ROOT) if self._rules.uniform else None
        if group is None or self._workspace.allow_retired:
            return False
        head = b"sealed:v1:%b:" % group.encode("ascii")
        if (
            any(f":{one}:".encode("ascii") in data for one in self._own_ids[1:])
            or data.count(f":{self._own_ids[0]}:".encode("ascii")) != data.count(head)
            or data.count(head) != data.count(b"sealed:v")
            or b"\\" in data  # a token may be written with escapes
        ):
            return False
        # `untrack` has also decrypted those under a retired key.  Of a group without a key, all stay sealed.
        held = filter(self._workspace.ring.for_prefix, prefixes_of(data.decode("utf-8", "replace")))
        return not any(self._workspace.is_retired(t.group, t.key_id) for t in map(split, held))

    def values(self, facts: list[Fact], opened: bytes, text: str) -> list[Suspect]:
        """Return the suspects among *facts*, the values in *text*, which is the decoded *opened*."""
        data = self._data
        places = {(one.path, one.value) for one in facts if self._rules.group_of(one.path)}
        right: set[_Place] = set()
        wrong: dict[_Place, tuple[str, Fact]] = {}
        sealed = facts_in(data, self._file, self._keys) if data != opened else None
        tokens = [fact for fact in sealed or () if fact.layers]
        if tokens and len(tokens) < len(facts):
            # If only some values are tokens, they do not determine the file id: the only token may be a
            # foreign one that smudge left sealed.
            texts = (version.decode("utf-8", "replace") for version in self._versions())
            ids = map(TOKEN.findall, texts)
            self._right_id = next((choose_file_id(self._path, one) for one in ids if one), "")
        self._sort(tokens, right, wrong)
        if places - right - wrong.keys():
            for version in self._versions():
                self._sort(facts_in(version, self._file, self._keys) or [], right, wrong)
        # Renaming a key, or moving it to another section, does not make its value trusted.
        paths = {path for path, _ in places}
        known = {value for _, value in right if len(value) >= TELLING}
        moved = {
            value: one
            for (path, value), one in wrong.items()
            if len(value) >= TELLING or path not in paths
        }
        found = []
        lines = LineNumbers(text)
        for fact in facts:
            place = fact.path, fact.value
            if place not in places or place in right:
                continue
            if fact.value[:8] == "sealed:v" and UNAUTHENTICATED_TOKEN.fullmatch(fact.value):
                found += self._unauthenticated(fact, lines)
                continue
            one = wrong.get(place) or moved.get(fact.value) or self._from_comment(fact)
            if one is None and fact.value in known:
                continue
            if one is None and self._was_written_by_checkout(*place):
                one = CHECKED_OUT, fact
            elif one is None and self._memory and not self._workspace.allow_retired:
                is_from_retired = self._memory.has_retired_value(*place)
                one = (FROM_RETIRED, fact) if is_from_retired else None
            if one is not None:
                found.append(self._suspect(*one, fact.start, lines))
        return found

    def _unauthenticated(self, fact: Fact, lines: LineNumbers) -> list[Suspect]:
        """Return the suspect for an unauthenticated token; none if it is for a group of other readers.

        Such a token is like any other without a key: it stays sealed.
        """
        suspect = self._suspect(UNAUTHENTICATED, fact, fact.start, lines)
        suspect = suspect._replace(group=split(fact.value).group)
        is_mine = any(map(self._keys.is_member, (suspect.group, suspect.wanted)))
        return [suspect] if is_mine or not self._knows_groups else []

    def _from_comment(self, fact: Fact) -> tuple[str, Fact] | None:
        """Return the problem of a value that was an unproved comment in git's version."""
        found = self._check.repeated_comment(fact.path, fact.value, self._comments)
        if found is None:
            return None
        reason = FROM_RETIRED if not found.groups else OTHER_GROUP
        return (self._plaintext if found.is_plain else reason), fact

    @cached_property
    def _comments(self) -> list[Unproved]:
        """The comments of git's versions that a reader of their groups may not have written."""
        check = self._check
        return [one for version in self._versions() for one in check.comments_of(version)]

    @cached_property
    def _check(self) -> UnprovedCheck:
        from sealedfiles.sealing.unproved import UnprovedCheck  # few files need it

        return UnprovedCheck(self._file, self._rules, self._keys, self._workspace.is_retired)

    def _was_written_by_checkout(self, path: bytes, value: str) -> bool:
        is_of_git = self._is_of_git and (path, value) in self._plain
        return is_of_git or bool(self._memory and self._memory.has_value(path, value, self._path))

    @cached_property
    def _is_of_git(self) -> bool:
        from sealedfiles.git.plaintext import is_of_git  # few files have plaintext

        clone, data = self._workspace.clone, self._data
        return clone is not None and not is_whole(data) and is_of_git(clone, self._path, data)

    @cached_property
    def _plain(self) -> set[_Place]:
        """The values that are in plaintext on disk; a Python document may have later ones."""
        found = facts_in(self._data, self._file, self._keys) or []
        return {(one.path, one.value) for one in found if not one.layers}

    @cached_property
    def _memory(self) -> PlaintextMemory | None:
        """The plaintext that this clone recorded; None outside git, and in a clone of another user."""
        if self._workspace.clone is None:
            return None
        noted = self._workspace.clone.plaintext_memory
        if not noted.is_of_another_user and self._workspace.clone.has_written_versions:
            from sealedfiles.git.plaintext import note_written_comments  # few files have comments

            note_written_comments(self._workspace.clone, self._path)
        return noted if not noted.is_of_another_user and noted else None

    def _sort(
        self, facts: list[Fact], right: set[_Place], wrong: dict[_Place, tuple[str, Fact]]
    ) -> None:
        """Add each of *facts* to the values that are sealed correctly, or to the others."""
        for fact in facts:
            reason = self._reason(fact)
            if reason:
                wrong.setdefault((fact.path, fact.value), (reason, fact))
            elif fact.layers:
                right.add((fact.path, fact.value))

    def content(self, opened: bytes) -> list[Suspect]:
        """Return a suspect if *opened*, a file without separate values, came from git in untrusted form."""
        wanted = self._rules.whole_groups()
        if not wanted or is_whole(opened):  # without a key of a layer, it stays sealed
            return []
        versions = [self._data] if is_whole(self._data) else self._versions()
        reason = ""
        content = comparable_content(opened)
        for version in versions:
            if comparable_content(version) == content and not is_whole(version):
                reason = reason or self._plaintext
            elif is_whole(version) and self._content(version) == content:
                layers = layers_of(version, self._keys)
                groups = sorted({layer.group for layer in layers})
                if wrong := self._wrong_layer(layers):
                    return [Suspect(wrong, 0, None, 1, ", ".join(groups), ", ".join(wanted))]
                if not self._knows_groups or set(wanted) <= set(groups):
                    return []
                return [Suspect(OTHER_GROUP, 0, None, 1, ", ".join(groups), ", ".join(wanted))]
        if not reason and (self._is_of_git or (self._memory and self._memory.has_content(opened))):
            reason = CHECKED_OUT
        if not reason and self._is_from_retired(opened):
            reason = FROM_RETIRED
        reason = reason or self._unproved_part(opened, versions)
        if not reason and self._memory and self._check.noted_in(opened, versions, self._memory):
            reason = CHECKED_OUT
        return [Suspect(reason, 0, None, 1, wanted=", ".join(wanted))] if reason else []

    def _is_from_retired(self, opened: bytes) -> bool:
        """Return True if a checkout decrypted *opened* from a token under a retired key."""
        if self._workspace.allow_retired or not self._memory:
            return False
        from sealedfiles.git.plaintext_records import (  # few clones have a record
            RETIRED,
            content_record,
        )

        return self._memory.origin(RETIRED + content_record(opened)) is not None

    def _unproved_part(self, opened: bytes, versions: list[bytes]) -> str:
        """Return the problem of a value of *versions* that may be in *opened*, whose values nobody can find.

        The user may have edited the file so that it does not parse.  Empty if there is none.
        """
        found = self._check.in_text(opened, versions)
        if not found:
            return ""
        return self._plaintext if all(one.is_plain for one in found) else FROM_RETIRED

    def _content(self, version: bytes) -> bytes:
        return comparable_content(open_file(version, self._file, self._keys).data)

    def _reason(self, fact: Fact) -> str:
        """Return the problem of a value in git's version, empty if there is none."""
        wanted = self._rules.group_of(fact.path)
        if not fact.layers:
            plain = REWRITTEN if is_rewritten(fact.value) else self._plaintext
            return "" if wanted is None else plain
        if wrong := self._wrong_layer(fact.layers):
            return wrong
        is_other = wanted is not None and all(layer.group != wanted for layer in fact.layers)
        return OTHER_GROUP if is_other and self._knows_groups else ""

    def _wrong_layer(self, layers: Iterable[Token]) -> str:
        """Return the problem of the first invalid layer, or an empty string; groups are not compared."""
        for layer in layers:
            if self._workspace.is_retired(layer.group, layer.key_id):
                return RETIRED
            if self._right_id not in ("", layer.file_id) or self._is_foreign(layer.file_id):
                return FOREIGN
        return ""

    def _is_foreign(self, identity: str) -> bool:
        """Return True if *identity* is not an id of this file's path, and another file has it.

        A renamed file keeps its id; a copy has the id of the original.
        """
        if identity not in self._foreign:
            self._foreign[identity] = identity not in self._own_ids and is_of_another_file(
                self._workspace, self._path, identity
            )
        return self._foreign[identity]

    def _suspect(self, reason: str, fact: Fact, start: int, lines: LineNumbers) -> Suspect:
        group = fact.layers[0].group if fact.layers else ""
        wanted = self._rules.group_of(fact.path) or ""
        return Suspect(reason, start, fact.path, lines.of(start), group, wanted)


def is_of_another_file(workspace: Workspace, path: bytes, identity: str) -> bool:
    """Return True if another file than the one at *path* has the file id *identity*.

    In git, the index lists the other files; outside git, they are searched for below the root.
    """
    if workspace.clone:
        return other_holder(workspace.clone, path, identity) is not None
    mark = f":{identity}:".encode("ascii")
    return any(
        mark in data and is_id_of(other, data, identity)
        for other, data in _files_of(workspace)
        if other != path
    )


def _files_of(workspace: Workspace) -> Iterator[tuple[bytes, bytes]]:
    """Yield path and content of every file below the root that may have tokens."""
    for folder, names, files in os.walk(workspace.root):
        names[:] = [name for name in names if name != ".git"]
        for name in files:
            file = Path(folder, name)
            path = os.fsencode(file.relative_to(workspace.root).as_posix())
            if file.is_symlink() or not file.is_file():
                continue
            with contextlib.suppress(OSError), file.open("rb") as opened:
                # A file that was sealed whole is a token, whatever its name is.
                head = opened.read(len(b"sealed:v1:"))
                if head == b"sealed:v1:" or workspace.describe_to_open(path).format:
                    yield path, head + opened.read()
