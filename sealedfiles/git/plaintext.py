"""Find values that are committed in plaintext although the policy seals them.

Smudge warns about them, and records their plaintext (``git.plaintext_memory``): once it is in the working
tree, only this record distinguishes it from text that the user typed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections import Counter

from sealedfiles.errors import PolicyError
from sealedfiles.git.clone_keys import merged_commits
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.model.paths import show
from sealedfiles.sealing.file import show_path
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import counted, shell_path, warn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealedfiles.formats.base import Span
    from sealedfiles.git.clone import Clone
    from sealedfiles.model.policy import FileRules
    from sealedfiles.sealing.comment_lines import PlacedComment
    from sealedfiles.sealing.file import File
    from sealedfiles.sealing.sealed_text import Text

_SHOWN_FILES = 10
_SHOWN_KEYS = 5

_SIGNS = (b"#", b"//", b"/*", b";", b"!")
_SIGN = rb"(?:[#;]|(?<!<)!|//|/\*)"
_SEALED = rb"[ \t]*sealed:v1:"
_COMMENTED = lazy_pattern(
    _SIGN + rb"(?:(?!" + _SEALED + rb")[ \t]*"
    rb"(?:[\[{*\n]|-[ \t]|(?:export[ \t]+)?[\"']?[\w.\-\\<]+(?:[ \t]+[\w.\-]+){0,2}[\"']?[ \t]*[:=])"
    rb"|" + _SEALED + rb"[^\n]*\n[ \t]*" + _SIGN + rb"(?!" + _SEALED + rb"))"
)
"""A plaintext comment that may be, or continue, an entry: only files with such a comment are parsed again.

The sign is in front of the alternatives, because Python's search is nine times as fast then.
"""

_PLAIN_COMMENT = lazy_pattern(rb"(?:[#;!]|//|/\*)(?!-*" + _SEALED + rb")")
"""The sign of a comment in plaintext, whatever it reads as, or of something else."""

_IN_XML = lazy_pattern(rb"<!--(?!\s*sealed:v1:)")
"""A plaintext comment in XML: an entry may be anywhere in it."""


class WrittenVersion(NamedTuple):
    """A version in git that is written to the working tree."""

    stored: bytes
    data: bytes
    """The decrypted content."""
    commit: str
    """The commit that git checks it out from; empty if git does not report it."""
    blob: str = ""
    """Its id, if the caller knows it."""


class _Found(NamedTuple):
    path: bytes
    values: list[tuple[bytes, str]]
    """Encoded key paths and decoded values in plaintext; empty if the whole file is."""
    is_whole: bool = False


class PlaintextFiles:
    """Collects the files with values in plaintext that are written to the working tree."""

    def __init__(self, clone: Clone) -> None:
        self._clone = clone
        self._found: dict[bytes, _Found] = {}
        self._rewritten: dict[bytes, list[bytes]] = {}
        """The key paths of tokens that another program rewrote, by file."""
        self._foreign: dict[bytes, str] = {}
        """The tools that have encrypted files which are not sealed, by file."""

    def note(
        self,
        path: bytes,
        seen: bytes,
        plain: list[Span] | None = None,
        written: WrittenVersion | None = None,
    ) -> None:
        """Record the file with the decrypted content *seen* if it has plaintext that the policy seals.

        *plain* are its values without tokens, if the caller knows them.  *written* is given if the file is
        written to the working tree; then this clone's memory records the plaintext.  Never raises: an
        invalid policy is reported elsewhere.
        """
        if written is not None and _has_plain_comment(written.stored):
            with contextlib.suppress(Exception):
                oid = written.blob or blob_id(self._clone, written.stored)
                self._clone.written_versions.add(path, oid, written.commit)
        has_values = plain is None or bool(plain)
        has_comments = written is not None and _has_commented(written.stored)
        if not has_values and not has_comments:
            return
        # A smudge must not fail: git would stop in the middle of the checkout.
        with contextlib.suppress(Exception):
            file, rules = self._describe(path)
            found = self._find(path, seen, plain, file, rules) if has_values else None
            if found is not None:
                self._found.setdefault(path, found)
                self._note_tool(path, seen)
            if written is not None:
                comments = _plain_comments(written, file, rules) if has_comments else []
                whole = [written.data] if found is not None and found.is_whole else []
                values = found.values if found is not None else []
                self._clone.plaintext_memory.note(values, comments, whole, written.commit)

    def _note_tool(self, path: bytes, seen: bytes) -> None:
        from sealedfiles.sealing.other_tools import encrypting_tool  # most files have no plaintext

        tool = encrypting_tool(seen)
        if tool:
            self._foreign[path] = tool

    def _describe(self, path: bytes) -> tuple[File, FileRules]:
        try:
            return self._clone.describe(path)
        except PolicyError:
            from sealedfiles.model.policy import FileRules

            # Without a valid policy, every value should be sealed.
            return self._clone.describe_for_smudge(path), FileRules([])

    def save(self) -> None:
        """Write the record of the versions with comments."""
        try:
            if "written_versions" in self._clone.__dict__:
                self._clone.written_versions.save()
        except OSError as error:
            self._clone.plaintext_memory.lose(error)

    def report(self) -> None:
        """Complete the record, and print one warning per file."""
        self.save()
        for path, keys in list(self._rewritten.items())[:_SHOWN_FILES]:
            warn(
                f"{show_path(path)}: {', '.join(map(show, keys[:_SHOWN_KEYS]))}: a token that another "
                "program rewrote; it is not decrypted",
                f"find the commit, and restore the line: git log -p -- {shell_path(path)}",
            )
        for path, tool in list(self._foreign.items())[:_SHOWN_FILES]:
            warn(
                f"{show_path(path)}: encrypted with {tool} in git, and not sealed",
                "to decrypt and seal it: sealedfiles migrate",
            )
        found = [one for one in self._found.values() if one.path not in self._foreign]
        for one in found[:_SHOWN_FILES]:
            what = _subject([key for key, _ in one.values])
            warn(f"{show_path(one.path)}: {what} in plaintext in git, but the policy seals it")
        if len(found) > _SHOWN_FILES:
            warn(f"and {len(found) - _SHOWN_FILES} more files")
        if not found:
            return
        from sealedfiles.git.cached_groups import folder_removed

        # In a checkout and a merge, HEAD is still the old commit.
        removed = folder_removed(self._clone, self._clone.treeish or "HEAD", *merged_commits())
        seal = "if they are correct, seal them: sealedfiles status --fix, then commit"
        warn(
            "anyone with push access could have written these values",
            "find who wrote them: git log -p -- FILE",
            *([] if removed else [seal]),
        )
        if removed:
            warn(removed.message, *removed.hints)

    def _find(
        self, path: bytes, data: bytes, plain: list[Span] | None, file: File, rules: FileRules
    ) -> _Found | None:
        """Return the plaintext that the policy seals, or None."""
        if rules.uniform and not rules.whole_groups():
            return None
        # Imported here because most files have no plaintext.
        from sealedfiles.sealing.sealed_text import SealedText, inspect_file

        version = SealedText(data, file)
        is_whole = plain is None and inspect_file(data, file, rules).whole_plain
        # In a conflict, read every side: whichever the user keeps, its values must be recorded.
        texts = version.readings if plain is None else [version]
        sealed = [
            (text, span)
            for text in texts
            for span in (text.values if plain is None else plain)
            if rules.group_of(span.path) is not None and not text.is_token(span)
        ]
        rewritten = [span.path for text, span in sealed if text.is_rewritten(span)]
        if rewritten:
            self._rewritten.setdefault(path, rewritten)
        values = [(s.path, text.decoded(s)) for text, s in sealed if not text.is_rewritten(s)]
        found = _Found(path, list(dict.fromkeys(values)), is_whole)
        return found if values or is_whole else None


def note_if_committed(clone: Clone, path: bytes, data: bytes) -> None:
    """Record the plaintext in *data* if a commit has exactly this content at *path*.

    Then the file was written without the filter (`git show COMMIT:FILE > FILE`).
    """
    with contextlib.suppress(Exception):
        commit = commit_with(clone, path, blob_id(clone, data))
        if commit is not None:
            PlaintextFiles(clone).note(path, data, written=WrittenVersion(data, data, commit))


def note_written_comments(clone: Clone, path: bytes) -> None:
    """Record the comments in plaintext of the versions of the file at *path* that git wrote.

    Raises GitError if it is not known which.
    """
    if not clone.has_written_versions:
        return
    try:
        versions = clone.written_versions.of(path)
    except OSError as error:
        from sealedfiles.git.plaintext_memory import unreadable

        raise unreadable(f"{clone.state.name}/written", error) from None
    if not versions:
        return
    with contextlib.suppress(Exception):
        # Imported here because few files have such versions.
        from sealedfiles.sealing.comments import is_sealed_comment
        from sealedfiles.sealing.placed_comments import placed_comments
        from sealedfiles.sealing.sealed_text import SealedText

        file = clone.describe_for_smudge(path)
        for oid, commit in versions.items():
            # The text may never have been an object.
            blob = clone.objects.blob(oid.encode("ascii")) if clone.objects.is_here(oid) else None
            for one in SealedText(blob, file).readings if blob else ():
                if one.scan is not None and one.form is not None:
                    comments = [
                        comment
                        for comment in placed_comments(one.text, one.scan, one.form)
                        if not is_sealed_comment(comment.text)
                    ]
                    clone.plaintext_memory.note([], comments, commit=commit.strip("-"), within=path)
        clone.written_versions.drop(path)


def is_of_git(clone: Clone, path: bytes, data: bytes) -> bool:
    """Return True if *data*, the text of the file at *path*, is exactly what a commit has there, or if the
    file is a symbolic link in git, and none on disk."""
    return clone.index.is_link(path) or commit_with(clone, path, blob_id(clone, data)) is not None


def blob_id(clone: Clone, data: bytes) -> str:
    """Return the id that git gives to *data* as a blob."""
    # This is git's object id, not a security measure.
    text = b"blob %d\0%b" % (len(data), data)
    return hashlib.new(clone.index.hash_name(), text, usedforsecurity=False).hexdigest()


def commit_with(clone: Clone, path: bytes, oid: str) -> str | None:
    """Return the last commit on any ref that added the blob *oid* at *path*; None if none did.

    Empty if the history cannot be read.
    """
    # Usually no such object exists: these lookups are fast, and searching the history is slow.
    if not clone.objects.is_here(oid):
        return None
    fetched = ["FETCH_HEAD"] if clone.objects.read(b"FETCH_HEAD^{commit}") else []
    options = ["--all", *fetched, "--full-history", "-m", "--max-count=1", "--format=%H"]
    literal = ":(top,literal)" + os.fsdecode(path)
    code, out, _ = clone.repository.try_run(
        "log", *options, f"--find-object={oid}", "--no-patch", "--", literal
    )
    return out.decode("ascii", "replace").strip() or ("" if code else None)


def _has_commented(stored: bytes) -> bool:
    # Most files have no comment at all.  To find no sign takes less time than to start the pattern often.
    if not any(sign in stored for sign in _SIGNS):
        return False
    is_commented = _COMMENTED.search(stored) is not None
    return is_commented or (b"<!--" in stored and _IN_XML.search(stored) is not None)


def _has_plain_comment(stored: bytes) -> bool:
    has_sign = any(sign in stored for sign in _SIGNS)
    return has_sign and _PLAIN_COMMENT.search(stored) is not None


def _plain_comments(written: WrittenVersion, file: File, rules: FileRules) -> list[PlacedComment]:
    """Return the comments that are in plaintext in git and that clean would seal.

    The same comment may be at several places, and be sealed at some of them only: they are counted.
    """
    # Imported here because few files have such comments.
    from sealedfiles.sealing.placed_comments import comments_to_seal
    from sealedfiles.sealing.sealed_text import SealedText

    opened = SealedText(written.data, file).readings
    to_seal: dict[str, list[PlacedComment]] = {}
    for one in opened:
        if one.form is not None:
            for comment in comments_to_seal(one.text, one.form, rules):
                to_seal.setdefault(comment.text, []).append(comment)
    if not to_seal:
        return []
    plain, places = _comments(SealedText(written.stored, file).readings), _comments(opened)
    if plain.total() != places.total():  # the stored form does not parse
        text = written.stored.decode("utf-8", "replace")
        return [comment for one, found in to_seal.items() if one in text for comment in found]
    return [
        comment
        for one, found in to_seal.items()
        if len(found) > places[one] - plain[one]
        for comment in found
    ]


def _comments(readings: Iterable[Text]) -> Counter[str]:
    """Return how often each comment is in *readings*."""
    return Counter(
        one.text[start:end]
        for one in readings
        if one.form is not None
        for start, end in one.form.scan(one.text).comments()
    )


def _subject(keys: list[bytes]) -> str:
    """Return the subject and verb of a message: ``2 values (a.b, c) are``."""
    if not keys:
        return "the file is"
    distinct = list(dict.fromkeys(show(key) for key in keys))
    shown = ", ".join(distinct[:_SHOWN_KEYS])
    more = f" and {len(distinct) - _SHOWN_KEYS} more" if len(distinct) > _SHOWN_KEYS else ""
    return f"{counted(len(keys), 'value')} ({shown}{more}) {'is' if len(keys) == 1 else 'are'}"
