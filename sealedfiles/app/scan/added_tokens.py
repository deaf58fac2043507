"""Find provider tokens in what commits add, for the hooks.

To load kingfisher's rules takes longer than the rest of a hook, so they are loaded only if an added line has
a word that may be a token.
"""

from __future__ import annotations

from sealedfiles.app.check.scope import Commits, index_task
from sealedfiles.app.check.versions import LARGEST
from sealedfiles.app.scan.findings import HISTORY, INDEX, Spot, unknown_leak
from sealedfiles.app.scan.provider_tokens import load_detector
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.util.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealedfiles.app.check.findings import Finding
    from sealedfiles.app.check.renames import Task
    from sealedfiles.app.check.versions import Store
    from sealedfiles.app.scan.provider_tokens import Detector
    from sealedfiles.model.policy import Policy

_WORD = lazy_pattern(rb"[\w+/=.~-]{16,}")
_LETTERS = lazy_pattern(rb"(?=[A-Z]*[a-z])(?=[A-Za-z][a-z]*[A-Z])[A-Za-z]{20,}")
"""A random word of letters and digits may have no digit.  Long names in CamelCase match, too."""
_OTHERS = lazy_pattern(rb"PRIVATE KEY-----|://[^\s/:@]*:[^\s/:@]+@")
"""Secrets without such a word: the first line of a private key, a URL with a password."""


def added_tokens(
    store: Store, revisions: Sequence[str] | None, in_force: Policy | None = None
) -> list[Finding]:
    """Return a finding for each provider token that is added to a file that is not sealed.

    It is added by the commits of *revisions* (in the syntax of `git rev-list`), or by what is staged (None).
    There is none where sealedfiles is not set up, or if the extra ``scan`` is not installed.  A token that a
    parent commit has anywhere is no finding.  *in_force* is the policy that the clone has accepted.
    """
    detector: Detector | None = None
    found: list[Finding] = []
    tasks = (
        [index_task(store, everything=False)] if revisions is None else Commits(store, revisions)
    )
    for task in tasks:
        added = _additions(store, task) if task.is_set_up else ()
        suspects = [(path, data) for path, data, lines in added if may_have_token(lines)]
        if suspects and detector is None and (detector := load_detector()) is None:
            return []
        if detector:
            tokens = _tokens_of(store, task, suspects, detector)
            found += (one.judged(task.version.policy, in_force) for one in tokens)
    return found


def _tokens_of(
    store: Store, task: Task, files: list[tuple[bytes, bytes]], detector: Detector
) -> Iterator[Finding]:
    """Yield a finding for each token in *files*, which *task* adds or changes, that no parent has."""
    found = [(path, line, token) for path, data in files for line, token in detector.find(data)]
    parents = [parent.version.name for parent in task.parents]
    public = store.texts_in([token.text for _, _, token in found], parents)
    commit = task.version.name
    for path, line, token in found:
        if not any(token.text in text for text in public):
            spot = Spot(HISTORY if commit else INDEX, path, line, oid=commit)
            finding = unknown_leak(token, spot).finding._replace(commit=commit)
            yield finding


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
