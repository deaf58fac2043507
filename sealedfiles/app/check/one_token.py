"""Check files of a structured format that are one token: one scalar at the root, or sealed whole.

Without a key, the two look the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from sealedfiles.app.check.content import VALUES
from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.tokens import CheckedFile
from sealedfiles.errors import NoKeyError
from sealedfiles.keys.group_keyring import GroupKeyring
from sealedfiles.model.token import FileKey, split
from sealedfiles.sealing import open_file
from sealedfiles.sealing.whole import whole_groups_of, why_whole

_KEEP_WHOLE = "sealedfiles track {file} --format whole"


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
