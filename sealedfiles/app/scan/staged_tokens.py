"""Find provider tokens in what a commit adds, for the pre-commit hook.

To load kingfisher's rules takes longer than the rest of the hook, so they are loaded only if an added line
has a word that may be a token.
"""

from __future__ import annotations

from sealedfiles.app.check.scope import index_task
from sealedfiles.app.check.versions import LARGEST, Store
from sealedfiles.app.scan.findings import INDEX, Spot, unknown_leak
from sealedfiles.app.scan.provider_tokens import load_detector
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.app.check.findings import Finding
    from sealedfiles.app.check.renames import Task
    from sealedfiles.git.clone import Clone

_WORD = lazy_pattern(rb"[\w+/=.~-]{16,}")
_LETTERS = lazy_pattern(rb"(?=[A-Z]*[a-z])(?=[A-Za-z][a-z]*[A-Z])[A-Za-z]{20,}")
"""A random word of letters and digits may have no digit.  Long names in CamelCase match, too."""
_OTHERS = lazy_pattern(rb"PRIVATE KEY-----|://[^\s/:@]*:[^\s/:@]+@")
"""Secrets without such a word: the first line of a private key, a URL with a password."""


def staged_tokens(clone: Clone) -> list[Finding]:
    """Return a finding for each provider token that the staged changes add to a file that is not sealed.

    None if sealedfiles is not set up, or the extra ``scan`` is not installed.  A token that a parent
    commit has anywhere is no finding.
    """
    store = Store(clone.repository, clone.objects, clone.index)
    task = index_task(store, everything=False)
    if not task.is_set_up:
        return []
    suspects = [
        (path, data) for path, data, added in _additions(store, task) if may_have_token(added)
    ]
    detector = load_detector() if suspects else None
    if detector is None:
        return []
    found = [(path, line, token) for path, data in suspects for line, token in detector.find(data)]
    public = store.texts_in(
        [token.text for _, _, token in found], [parent.version.name for parent in task.parents]
    )
    leaks = [
        unknown_leak(token, Spot(INDEX, path, line))
        for path, line, token in found
        if not any(token.text in text for text in public)
    ]
    return [leak.finding.judged(task.version.policy) for leak in leaks]


def may_have_token(text: bytes) -> bool:
    """Return False if *text* has no word that may be a secret."""
    return (
        any(_has_letter_and_digit(word) for word in _WORD.findall(text))
        or _LETTERS.search(text) is not None
        or _OTHERS.search(text) is not None
    )


def _has_letter_and_digit(word: bytes) -> bool:
    return any(48 <= byte < 58 for byte in word) and word.upper() != word.lower()


def _additions(store: Store, task: Task) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield the path and the content of each text file that differs from all parents, and its new lines."""
    changes = [task.version.changes(parent.version) for parent in task.parents]
    new = dict(task.version.files()) if not changes else {}
    for path, change in changes[0].items() if changes else ():
        if change.new and all(path in changed for changed in changes):
            new[path] = change.new
    covers = task.version.attributes.covers
    entries = [(path, blob) for path, blob in new.items() if blob.is_file and not covers(path)]
    sizes = store.sizes([blob.oid for _, blob in entries])
    small = [one for one in entries if sizes.get(one[1].oid, 0) <= LARGEST]
    for path, _, data in store.blobs(small):
        if data and b"\x00" not in data:
            lines = set(data.split(b"\n"))
            for old in (changed[path].old for changed in changes):
                lines -= set((store.blob(old.oid) or b"").split(b"\n")) if old else set()
            yield path, data, b"\n".join(lines)
