"""Find problems for which keys are needed: tokens that cannot be decrypted, and invalid proofs.

Also files of a structured format that are one token: one scalar at the root, or sealed whole.  Without a key,
the two look the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from sealedfiles.app.check.content import VALUES
from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.readers import StoredFolder
from sealedfiles.app.check.tokens import CheckedFile
from sealedfiles.app.check.trees import Blob
from sealedfiles.app.check.versions import FOLDER, POLICY, Store
from sealedfiles.errors import NoKeyError, TamperedError, UsageError
from sealedfiles.keys.epochs import MissingKeyError, read_epochs, verify_epochs
from sealedfiles.keys.grants import fingerprints, verify_grant
from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.keys.keyfile import GroupKey
from sealedfiles.keys.policy_proof import NAME as PROOF
from sealedfiles.keys.policy_proof import is_proved
from sealedfiles.keys.recipients import group_names, members, read_recipients
from sealedfiles.model.token import FileKey, split
from sealedfiles.sealing import open_file
from sealedfiles.sealing.whole import whole_groups_of, why_whole
from sealedfiles.util.messages import shell_word

_CODES = {
    "damaged": "damaged",
    "foreign": "mixed-ids",
    "moved": "moved",
    "misplaced": "misplaced",
    "broken": "moved",
}
"""The kind of finding for the reason why a token stays sealed."""

_KEEP_WHOLE = "sealedfiles track {file} --format whole"

_WHAT = {
    "damaged": "a token that cannot be decrypted with its own key: damaged or forged",
    "mixed-ids": "a token that was made for another file",
    "moved": "a token that was made for another key: it cannot be decrypted here",
    "misplaced": "a token that is only part of a value",
}


class Keyed:
    """Decrypts every token for which *ring* has the key."""

    def __init__(self, ring: GroupKeyring) -> None:
        self.ring = ring
        self.opened = 0
        self.closed: Counter[str] = Counter()
        """The number of tokens per group of which no key is available."""

    def look_at_file(self, subject: CheckedFile, data: bytes) -> Iterator[Finding]:
        """Yield the tokens of a file that cannot be decrypted although the key is available."""
        if not subject.content.held:
            return
        outcome = open_file(data, subject.content.file, self.ring)
        self.opened += outcome.opened
        for problem in outcome.problems:
            if problem.reason != "no-key":
                code = _CODES.get(problem.reason, "moved")
                yield Finding(
                    code,
                    subject.path,
                    _WHAT[code],
                    problem.line,
                    problem.path,
                    subject=problem.token,
                )
            elif not self.ring.is_member(problem.group):
                self.closed[problem.group] += 1

    def look_at_folder(self, files: Mapping[bytes, Blob], store: Store) -> Iterator[Finding]:
        """Yield the invalid proofs in one version of the folder, of the groups whose keys are available."""
        folder = StoredFolder(files, store)
        for group in group_names(folder):
            path = FOLDER + f"/keys/{group}/epochs".encode()
            try:
                epochs = read_epochs(folder, group)
            except TamperedError:
                continue  # reported without a key
            current = self.ring.key(group, epochs[-1].key_id)
            if not self.ring.is_member(group):
                continue
            try:
                # Each is looked up: the cache may lack one that another clone has made.
                keys = (self.ring.key(group, epoch.key_id) for epoch in epochs)
                secrets = {key.key_id: key.secret for key in keys if key}
                verify_epochs(group, epochs, secrets)
            except TamperedError as error:
                fix = "sealedfiles lock" if isinstance(error, MissingKeyError) else ""
                what = error.message.partition(": ")[2]
                yield Finding("bad-epochs", path, what, 1, own_fix=fix)
            if current:
                yield from _grants(folder, group, current)
                yield from _policy(folder, group, current)

    def troubles(self) -> Iterator[Finding]:
        """Yield the problems of key files that were decrypted during the check."""
        for trouble in self.ring.troubles:
            yield Finding("bad-key-file", FOLDER + b"/keys", trouble.message)


def _policy(folder: StoredFolder, group: str, current: GroupKey) -> Iterator[Finding]:
    """Yield a finding if the policy has no proof under the current key of *group*.

    Also if it does not name the group: a fresh clone of a reader refuses it.
    """
    data = folder.read("policy.yaml")
    if data and not is_proved(folder.read(PROOF) or b"", group, current, data):
        what = f"has no proof under the current key of {group}"
        yield Finding("unproved-policy", POLICY, what, subject=group)


def _grants(folder: StoredFolder, group: str, current: GroupKey) -> Iterator[Finding]:
    """Yield the grants under the current key that no holder of the key wrote."""
    for name in members(folder, group):
        data = folder.read(f"keys/{group}/{name}.grant") or b""
        try:
            recipients = read_recipients(folder, name)
            verify_grant(data, group, name, recipients, current)
        except UsageError:
            continue  # reported without a key
        except TamperedError:
            fields = data.decode("ascii", "replace").split(" ")
            is_about_proof = fields[0] == current.key_id and fields[1:2] == [
                fingerprints(recipients)
            ]
            if is_about_proof:
                yield Finding(
                    "bad-grant",
                    FOLDER + f"/keys/{group}/{name}.grant".encode(),
                    f"was not written by a reader of {group}",
                    own_fix=f"sealedfiles trust {shell_word(name)}",
                )


def look_at_one_token(
    subject: CheckedFile, data: bytes, ring: GroupKeyring | None
) -> Iterator[Finding]:
    """Yield a finding if *data*, a file of one token, was sealed whole although no rule requires it.

    Uses only keys that *ring* has already decrypted: a check never prompts for a passphrase.  Without the
    key, a file whose values were sealed one by one in a parent causes a warning.
    """
    if subject.content.file.format is None:
        return
    keys = _Available(ring)
    opened = open_file(data, subject.content.file, keys)
    if not opened.opened:
        if any(one.state == VALUES and one.held for one in subject.before):
            yield subject.whole("one-token", "is now one token; its values were sealed one by one")
        return
    if not whole_groups_of(data, keys):
        return
    error = why_whole(opened.data, subject.content.file)
    if error is None and subject.content.file.format.keeps_whole:
        return  # so did an earlier version, or a comment of it cannot be sealed
    if error is None:
        what = "sealed whole, although its values can be sealed one by one"
        yield subject.whole("whole-file", what)._replace(own_fix="sealedfiles track {file}")
    elif error.line:
        is_template = b"{{" in opened.data or b"{%" in opened.data
        fix = _KEEP_WHOLE if is_template else f"sealedfiles edit {{file}}, or: {_KEEP_WHOLE}"
        what = f"sealed whole: line {error.line} of the plaintext: {error.message}"
        yield subject.whole("whole-file", what)._replace(own_fix=fix)


class _Available:
    """The keys that a ring has already decrypted."""

    def __init__(self, ring: GroupKeyring | None) -> None:
        self._ring = ring

    def for_prefix(self, prefix: str) -> FileKey | None:
        token = split(prefix)
        if self._ring and any(key.key_id == token.key_id for key in self._ring.keys(token.group)):
            return self._ring.for_prefix(prefix)
        return None

    def sealing_key(self, group: str, file_id: str) -> FileKey:
        del file_id
        raise NoKeyError(f"check does not seal values: no key of {group} for sealing")

    def holds(self, group: str) -> bool:
        del group
        return False
