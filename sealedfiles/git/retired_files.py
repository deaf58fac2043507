"""Find files with tokens under retired keys, which a removed reader may have written."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from sealedfiles.errors import SealedFilesError
from sealedfiles.git.clone import Clone
from sealedfiles.git.clone_keys import merged_commits
from sealedfiles.git.folders import TreeFolder
from sealedfiles.keys.epochs import epoch_ids
from sealedfiles.keys.retirement import Judgement
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.token import Token, split
from sealedfiles.sealing.file import File, Keys, is_whole, show_path
from sealedfiles.sealing.open import open_file
from sealedfiles.util.messages import warn

if TYPE_CHECKING:
    from sealedfiles.sealing.comment_lines import PlacedComment

_SHOWN = 10


class RetiredFiles:
    """Collects the files with tokens under keys that are, or may be, retired."""

    def __init__(self, clone: Clone) -> None:
        self._clone = clone
        self._judged: dict[str, Judgement] = {}
        self._found: list[bytes] = []
        self._troubles: dict[str, SealedFilesError] = {}
        self._precedes: dict[tuple[str, str, str], bool] = {}

    def refresh(self) -> None:
        """Drop the cached epochs, which may have changed."""
        self._judged = {}

    def is_retired(self, group: str, key_id: str) -> bool:
        """Return True if a key is retired according to the epochs in the commit that is being checked out."""
        return self._judgement(group).is_retired(key_id)

    def _may_be_forged(self, group: str, key_id: str) -> bool:
        """Return True if a key is retired, and a removed reader may have written tokens under it.

        The commit that is being checked out may be older than the revocation.
        """
        commit = self._clone.treeish
        if not commit or not self.is_retired(group, key_id):
            return self.is_retired(group, key_id)
        if (commit, group, key_id) not in self._precedes:
            from sealedfiles.git.retired_keys import precedes_retirement

            self._precedes[commit, group, key_id] = False  # if git fails
            with contextlib.suppress(Exception):
                precedes = precedes_retirement(self._clone, commit, group, key_id)
                self._precedes[commit, group, key_id] = precedes
        return not self._precedes[commit, group, key_id]

    def _judgement(self, group: str) -> Judgement:
        if group not in self._judged:
            treeish = self._clone.treeish
            self._judged[group] = self._clone.judge(group, treeish or self._newest_merged(group))
        return self._judged[group]

    def _newest_merged(self, group: str) -> str:
        """Return the commit of a merge whose epochs of *group* continue the current ones; empty if none does.

        git writes the files of a merge in the order of their paths: the working tree may still have the
        epochs from before it.
        """
        commits = merged_commits()
        known = epoch_ids(self._clone.work_tree, group) if commits else []
        for commit in commits:
            merged = epoch_ids(TreeFolder(self._clone.objects, commit), group)
            if len(merged) > len(known) and merged[: len(known)] == known:
                return commit
        return ""

    def note(self, path: bytes, data: bytes, *, is_written: bool = False) -> None:
        """Record the sealed file *data* if it has such tokens.

        If its plaintext *is_written* to the working tree, the values are recorded in this clone's memory:
        once the index changes, nothing else shows their origin.
        """
        groups = self._clone.ring.groups()
        # Nested tokens can be decrypted only with keys of several groups.
        is_nested = len(groups) > 1 and is_whole(data)
        layers: list[Token] = []
        if is_nested:
            from sealedfiles.sealing.whole import layers_of

            layers = layers_of(data, self._clone.ring)
        for group in groups:
            head = b"sealed:v1:%b:" % group.encode("ascii")
            key_ids = [one.decode("ascii", "replace") for one in _key_ids(data, head)]
            key_ids += [layer.key_id for layer in layers if layer.group == group]
            if not key_ids:
                continue
            judged = self._judgement(group)
            if judged.trouble:
                self._troubles[judged.trouble.message] = judged.trouble
            if any(map(judged.is_retired, key_ids)):
                self._found.append(path)
                if is_written:
                    self._remember(path, data)
                return

    def _remember(self, path: bytes, stored: bytes) -> None:
        from sealedfiles.sealing.whole import layers_of

        with contextlib.suppress(Exception):  # a smudge never fails
            file, keys = self._clone.describe_for_smudge(path), self._clone.ring
            opened = open_file(stored, file, keys).data
            values = retired_values(stored, opened, file, keys, self._may_be_forged)
            # The policy in force may seal a file whole in which this commit's policy finds values.
            layers = layers_of(stored, keys) if is_whole(stored) else []
            is_forged = any(self._may_be_forged(one.group, one.key_id) for one in layers)
            contents = [opened] if is_forged else []
            comments = [] if is_whole(stored) else self._comments(stored, file)
            memory = self._clone.plaintext_memory
            memory.note_retired(values, self._clone.treeish, contents, comments)

    def _comments(self, stored: bytes, file: File) -> list[PlacedComment]:
        """Return the comments whose tokens are under keys for which a removed reader may have made them."""
        from sealedfiles.sealing.opened_tokens import open_tokens
        from sealedfiles.sealing.placed_comments import sealed_comments
        from sealedfiles.sealing.sealed_text import SealedText

        return [
            comment
            for one in SealedText(stored, file).readings
            for comment, layers in sealed_comments(
                one, open_tokens(one.text, file, self._clone.ring)[0], self._clone.ring
            )
            if any(self._may_be_forged(layer.group, layer.key_id) for layer in layers)
        ]

    def report(self) -> None:
        """Print a warning for each recorded file."""
        for trouble in self._troubles.values():
            warn(trouble.message, *trouble.hints)
        for path in self._found[:_SHOWN]:
            warn(
                f"{show_path(path)}: values sealed with a key that was retired when a reader was removed"
            )
        if self._found:
            warn(
                "a removed reader may have written them",
                "find the commit that added them: git log -p -- FILE",
                "if they are correct: sealedfiles sync",
            )


def _key_ids(data: bytes, head: bytes) -> set[bytes]:
    """Return the key ids of the tokens in *data* that begin with *head*."""
    at = data.find(head)
    if at < 0:
        return set()
    # Nearly always, all of them have the same id.
    first = data[at : at + len(head) + 16]
    if data.count(first) == data.count(head):
        return {first[len(head) :]}
    return {part[:16] for part in data.split(head)[1:]}


def retired_values(
    stored: bytes, opened: bytes, file: File, keys: Keys, is_retired: Callable[[str, str], bool]
) -> list[tuple[bytes, str]]:
    """Return the key paths and decoded values in *opened* whose tokens in *stored* are under a retired key.

    *is_retired* is called with a group and a key id.  If any token at a key path (in a list) is, all values
    at that path are returned; if the file is sealed whole, all its values.
    """
    from sealedfiles.sealing.sealed_text import SealedText
    from sealedfiles.sealing.whole import layers_of

    before, after = SealedText(stored, file).readings, SealedText(opened, file).readings
    if is_whole(stored):
        is_meant = any(is_retired(layer.group, layer.key_id) for layer in layers_of(stored, keys))
        return [value for side in after for value in side.decoded_values() if is_meant]
    found: list[tuple[bytes, str]] = []
    for number, one in enumerate(before):
        paths = set()
        for span in one.values:
            token = one.token_in(span)
            names = split(token) if token else None
            if names and is_retired(names.group, names.key_id):
                paths.add(span.path)
        # If a side parses in only one of the two forms, sides cannot be matched: use all.
        sides = after[number : number + 1] if len(before) == len(after) else after
        found += [value for side in sides for value in side.decoded_values() if value[0] in paths]
    return found
