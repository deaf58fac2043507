"""The clean and smudge filters, for the filter process and the one-shot commands."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from itertools import chain

from sealedfiles.errors import SealedFilesError
from sealedfiles.git.clone import Clone
from sealedfiles.git.filter.versions import Versions
from sealedfiles.git.plaintext import PlaintextFiles, WrittenVersion
from sealedfiles.git.repository import filter_repository
from sealedfiles.git.retired_files import RetiredFiles
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.paths import show
from sealedfiles.sealing import describe_file, open_file
from sealedfiles.sealing.file import is_whole, show_path
from sealedfiles.util.messages import counted, fail, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealedfiles.errors import FormatError
    from sealedfiles.git.filter.left_in_plaintext import LeftInPlaintext
    from sealedfiles.git.filter.unchanged import Unchanged
    from sealedfiles.git.same_file import OtherNames
    from sealedfiles.model.policy import FileRules
    from sealedfiles.sealing import Problem
    from sealedfiles.sealing.file import File

_SHOWN = 10


class Filter:
    """Cleans and smudges the files of one git command."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        self._versions = Versions(clone)
        self._state: object = None
        self._without_key: Counter[str] = Counter()
        self._undecryptable: list[tuple[bytes, Problem]] = []
        self._whole: list[tuple[bytes, FormatError]] = []
        self._plaintext = PlaintextFiles(clone)
        self._left: list[LeftInPlaintext] = []
        self._retired = RetiredFiles(clone)
        self._regrouped: list[tuple[bytes, bytes, str, str]] = []
        self._memo: Unchanged | None = None

    @classmethod
    def here(cls) -> Filter:
        """Return the filter for the repository that git started this process in."""
        return cls(Clone(filter_repository(), is_filter=True))

    @property
    def _unchanged(self) -> Unchanged:
        if self._memo is None:
            from sealedfiles.git.filter.unchanged import Unchanged

            folder, index = self.clone.state.name, self.clone.index
            self._memo = Unchanged(folder, self.clone.ring, lambda: len(index))
        return self._memo

    @cached_property
    def _other_names(self) -> OtherNames:
        from sealedfiles.git.same_file import OtherNames

        return OtherNames(self.clone.index)

    @cached_property
    def _shows_plaintext(self) -> bool:
        from sealedfiles.git.filter.textconv import shows_plaintext

        return shows_plaintext(self.clone.repository)

    @cached_property
    def _stores(self) -> bool:
        from sealedfiles.git.invocation import is_storing

        return is_storing()

    @cached_property
    def _only_shows(self) -> bool:
        from sealedfiles.git.filter.textconv import only_shows

        return only_shows()

    def clean(self, path: bytes, data: bytes) -> bytes:
        """Return the content that git stores for *data*.

        Raises SealedFilesError if a value that must be sealed cannot be sealed.
        """
        if self.clone.is_passed_through(path):
            return data
        self._refresh("")
        # git also calls the filter for a path that is not tracked on an old branch, or after a colleague's
        # untrack.  A file that is in plaintext in git stays so; a new file is sealed, even if somebody
        # removed a pattern.
        if not self.clone.covers(path) and (
            self._versions.is_plain(path) or self.clone.is_only_of_other_worktrees(path)
        ):
            return data
        if self.clone.repository.ignores_case:
            self._other_names.refuse(path)
        rules = self.clone.rules(path)
        previous = self._versions.nearest(path, data)
        if previous and self._unchanged.mark(path, rules, data, previous) in self._unchanged:
            return previous
        return self._seal(path, data, rules, previous)

    def _seal(self, path: bytes, data: bytes, rules: FileRules, previous: bytes | None) -> bytes:
        """Seal *data* with *rules*.  *previous* is the first candidate for the previous version."""
        # Imported here because a command that seals nothing would take a tenth longer to start.
        from sealedfiles.git.filter.left_in_plaintext import LeftInPlaintext, refuse_left
        from sealedfiles.sealing.other_tools import encrypting_tool
        from sealedfiles.sealing.seal import seal_file
        from sealedfiles.sealing.stored import StoredPlaintext
        from sealedfiles.sealing.unproved import UnprovedCheck

        file = describe_file(path, rules.format)._replace(ids=self._versions.used_ids)
        versions = self._versions.candidates(path, data, file)
        others = self._versions.others(path)
        noted = LeftInPlaintext(self.clone, path, data)
        # Only if the file is stored: `git status`, `diff` and `reset` must not fail.
        origin = None
        if self._stores:
            origin = UnprovedCheck(file, rules, self.clone.ring, self._retired.is_retired)
        in_git = self._versions.stored(path, data)
        stored = StoredPlaintext(in_git, file, noted, origin)
        sealed = seal_file(
            data,
            chain([previous], versions) if previous else versions,
            file,
            rules,
            self.clone.ring,
            others,
            stored,
            note_regrouped=lambda *one: self._regrouped.append((path, *one)),
        )
        if stored.was_found:
            # `git merge -s resolve` and octopus merges write files without the filter.
            left = WrittenVersion(sealed, sealed, "")
            PlaintextFiles(self.clone).note(path, sealed, written=left)
        refuse_left(noted, self.clone)
        if sealed is not previous and sealed != data and (tool := encrypting_tool(data)):
            from sealedfiles.git.filter.ciphertext import refuse_ciphertext

            refuse_ciphertext(path, tool, self._opened_before(path, data, file))
        if noted.found:
            self._left.append(noted)
        if file.format is not None and is_whole(sealed) and not is_whole(data):
            is_new = previous is not None and not is_whole(previous)
            self._note_whole(path, data, sealed, file, is_new=is_new)
        # It is unchanged, and only the rules, the keys and these two versions had a part in that.
        elif sealed is previous and not stored.is_read:
            self._unchanged.add(self._unchanged.mark(path, rules, data, previous))
        return sealed

    def _opened_before(self, path: bytes, data: bytes, file: File) -> Iterator[bytes]:
        """Yield the sealed versions that *data* may come from, decrypted."""
        for version in self._versions.candidates(path, data, file):
            if b"sealed:v1:" in version:
                yield open_file(version, file, self.clone.ring).data

    def _note_whole(
        self, path: bytes, data: bytes, sealed: bytes, file: File, *, is_new: bool
    ) -> None:
        """Record a file that has a format but becomes sealed whole, which the user may not expect."""
        from sealedfiles.errors import FormatError
        from sealedfiles.sealing.whole import why_whole

        error = why_whole(data, file)
        if error is None and is_new:
            error = FormatError("its values could not be sealed one by one")
        if error is not None and not self._versions.has(path, sealed):
            self._whole.append((path, error))

    def clean_or_refuse(self, path: bytes, data: bytes) -> bytes | None:
        """Clean; on failure print the error on stderr and return None, so that git refuses the file."""
        try:
            return self.clean(path, data)
        except SealedFilesError as error:
            fail(error.message, *error.hints)
        except Exception as error:  # noqa: BLE001 - git must get an answer after any error
            from sealedfiles.model.unavailable import explain

            explained = explain(error)
            if explained:
                fail(f"{show_path(path)} cannot be sealed: {explained.message}", *explained.hints)
                return None
            # Do not print the error's text, which may contain a part of the file.
            fail(
                f"{show_path(path)}: internal error while sealing: {type(error).__name__}",
                "nothing was stored; please report it, with the output of sealedfiles --version",
            )
        return None

    def smudge(self, path: bytes, data: bytes, treeish: str = "", blob: str = "") -> bytes:
        """Return the content of the working tree file for the stored *data*.

        *treeish* and *blob* are what git reports as the source; empty if it does not.  Never fails, because
        git would stop in the middle of the checkout, with files deleted.
        """
        if self.clone.is_passed_through(path):
            return data
        try:
            # In a checkout, git passes the commit.  Other callers may show the file, possibly to a program.
            if not treeish and not self._shows_plaintext:
                return data
            self._refresh(treeish)
            # A token may be written with escapes.
            if b"sealed:v1:" not in data and b"\\" not in data:
                self._plaintext.note(path, data, written=self._written(data, data, treeish, blob))
                return data
            opened = open_file(data, self.clone.describe_for_smudge(path), self.clone.ring)
        except Exception as error:  # noqa: BLE001 - see above
            from sealedfiles.model.unavailable import explain

            known = error if isinstance(error, SealedFilesError) else explain(error)
            warn(
                f"{show_path(path)} stays sealed: {known.message if known else type(error).__name__}"
            )
            return data
        for problem in opened.problems:
            if problem.reason == "no-key":
                self._without_key[problem.group] += 1
            else:
                self._undecryptable.append((path, problem))
        # With conflict markers, the decrypted text cannot be parsed: use the stored text.
        seen = data if opened.plain is None else opened.data
        written = self._written(data, opened.data, treeish, blob)
        self._plaintext.note(path, seen, opened.plain, written)
        self._retired.note(path, data, is_written=written is not None)
        self._versions.note_smudged(path, opened.data, blob, data)
        return opened.data

    def _written(
        self, data: bytes, opened: bytes, treeish: str, blob: str
    ) -> WrittenVersion | None:
        """Return the version that git writes to the working tree; None if git only shows it."""
        is_written = treeish or not self._only_shows
        return WrittenVersion(data, opened, treeish, blob) if is_written else None

    def close(self) -> None:
        """Print the warnings about all files of this git command, once, and close."""
        if self._whole:
            self._report_whole()
        if self._undecryptable:
            self._report_undecryptable()
        self._report_without_key()
        self._plaintext.report()
        if self._left:
            from sealedfiles.git.filter.left_in_plaintext import report_left

            report_left(self._left, self.clone)
        self._report_regrouped()
        self._retired.report()
        if self._memo is not None:
            self._memo.save()
        # Now git has also written the new policy of a checkout or merge.
        self.clone.states.refresh()
        self.clone.mirror_policy(unless_fresh=True)
        self.clone.close()

    def _report_regrouped(self) -> None:
        """Report the values that were sealed to other readers than before."""
        for path, key, old, new in self._regrouped[:_SHOWN]:
            warn(f"{show_path(path)}: {show(key)}: sealed to {new}; it was sealed to {old} before")
        if len(self._regrouped) > _SHOWN:
            warn(f"and {len(self._regrouped) - _SHOWN} more values with other readers than before")
        if self._regrouped:
            warn(
                "the policy in force assigns these values to other readers",
                "see what changed: git log -p -- .sealedfiles/policy.yaml",
                "or whether the file was renamed: git log --follow --stat -- FILE",
            )

    def _report_whole(self) -> None:
        """Report the files that have a format and were sealed whole."""
        from sealedfiles.sealing.whole import keep_whole_hint

        for path, error in self._whole[:_SHOWN]:
            where = f":{error.line}" if error.line else ""
            warn(f"{show_path(path)}{where}: sealed whole: {error.message}", keep_whole_hint(path))
        if len(self._whole) > _SHOWN:
            warn(f"also sealed whole: {counted(len(self._whole) - _SHOWN, 'file')}")

    def _report_undecryptable(self) -> None:
        """Report tokens that are damaged, or not at the place they were made for."""
        from sealedfiles.git.filter.problems import describe_problem, misplaced_hints

        for path, problem in self._undecryptable[:_SHOWN]:
            warn(describe_problem(show_path(path), problem))
        if len(self._undecryptable) > _SHOWN:
            warn(f"and {len(self._undecryptable) - _SHOWN} more tokens that cannot be decrypted")
        warn(
            "these tokens were left sealed",
            *misplaced_hints(problem for _, problem in self._undecryptable),
        )

    def _report_without_key(self) -> None:
        """Report values for which no key is available, unless that is expected.

        It is expected in a locked clone, and for values of other groups if the user has keys of some groups.
        """
        if not self._without_key:
            return
        ring = self.clone.ring
        if ring.locked:
            return
        for trouble in {error.message: error for error in ring.troubles}.values():
            warn(trouble.message, *trouble.hints)
        from sealedfiles.git.filter.problems import UNKNOWN_KEY_HINTS, unknown_key

        for group in sorted(self._without_key):
            if ring.is_member(group):
                warn(unknown_key(group, self._without_key[group]), *UNKNOWN_KEY_HINTS)
        if not ring.groups():
            count = sum(self._without_key.values())
            warn(
                f"{counted(count, 'value')} stay sealed: none of your keys can decrypt them",
                "if you have been granted access, run: sealedfiles unlock",
            )

    def _refresh(self, treeish: str) -> None:
        """Drop cached state that may have changed: one process serves all picks of a rebase."""
        self.clone.states.refresh()
        state = (treeish, self.clone.index.stat())
        if state != self._state:
            self._state = state
            self.clone.treeish = treeish
            self._retired.refresh()
            self.clone.ring.forget_current()
