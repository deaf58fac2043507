"""Edit one file: run the editor, repeatedly if needed, until its text is written or saved elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sealedfiles.age.terminal import ask
from sealedfiles.app.edit.checks import check_text, check_tokens
from sealedfiles.app.edit.editor import EditorCommand, find_editor
from sealedfiles.app.edit.folder import PrivateFolder, abandoned
from sealedfiles.app.edit.recovery import put_away, recovery_folders
from sealedfiles.app.edit.view import View
from sealedfiles.app.files.working_file import WorkingFile, read_again, write_in_place
from sealedfiles.errors import ChangedOnDiskError, SealedFilesError
from sealedfiles.model.policy import PLAIN, FileRules
from sealedfiles.sealing.file import SomeKeys, show_path
from sealedfiles.util import atomic
from sealedfiles.util.messages import fail, say, warn
from sealedfiles.util.signals import time_to_clean_up

_LABELS = ("your edit", "before the edit", "on disk")
_MOST_CONFLICTS = 127


def edit_file(place: WorkingFile, view: View) -> int:
    """Let the user edit what *view* shows of a file, write it back, and return the exit status.

    Even if the process fails or is killed, the file is its old or its new version.  An edit that was saved
    in the editor is in the file, or is kept, and its path is printed.  Raises SealedFilesError if there is no
    editor, OSError if there is no space for the plaintext.
    """
    editor = find_editor(place.workspace.root)
    shown = view.shown(place)
    for folder in abandoned():
        edit = folder.edited()
        if folder.note.file == str(place.file) and edit == shown:
            edit = None
        if edit is not None:
            warn(f"an earlier edit of {show_path(os.fsencode(folder.note.file))} was interrupted")
        put_away(folder, edit)
    with time_to_clean_up():
        recoveries = recovery_folders(place.workspace)
        folder = PrivateFolder.make(place.file, shown, recoveries)
        return _Session(place, view, editor, folder, shown).run()


class _Session:
    def __init__(
        self,
        place: WorkingFile,
        view: View,
        editor: EditorCommand,
        folder: PrivateFolder,
        shown: bytes,
    ) -> None:
        self._place = place
        self._view = view
        self._editor = editor
        self._folder = folder
        self._before = shown
        """The text of the file before the edit, as it is shown."""
        self._shown = self._before
        """The text that the editor was last opened with."""
        self._edit = self._before
        """The user's last saved text before that."""
        self._started = self._before
        self._written = False

    def run(self) -> int:
        try:
            return self._run()
        finally:
            put_away(self._folder, self._unsaved())

    def _run(self) -> int:
        while True:
            try:
                text = self._let_edit()
            except SealedFilesError as error:
                return self._tell(error)
            if text == self._before:
                say(f"{self._place.name}: no changes", *self._editor.waiting_hints())
                return 0
            try:
                self._write(text)
            except (SealedFilesError, OSError) as error:
                status = self._tell(error)
            else:
                return 0
            if not _wants_to_reopen():
                return status

    def _unsaved(self) -> bytes | None:
        """Return the user's edit if it is not in the file, or None if there is nothing to keep."""
        saved = self._folder.read()
        edit = self._edit if saved is None or saved == self._shown else saved
        known = (b"", self._started, self._before)
        return None if self._written or edit in known else edit

    def _let_edit(self) -> bytes:
        clone = self._place.workspace.clone
        if clone:
            # Ctrl-C in the editor would end the git process that objects are read from.
            clone.close()
        self._editor.run(self._folder.file, [self._folder.lock])
        text = self._folder.read()
        if text is None:
            raise SealedFilesError(f"the editor left no file {self._folder.file.name}")
        return text

    def _write(self, text: bytes) -> None:
        """Write *text* to the file, merged with a change that was made on disk during the edit."""
        merged = False
        while True:
            check_text(self._place, text)
            plain = self._view.plain(self._place, text)
            notes = check_tokens(self._place, plain)
            self._place.workspace.ring.forget_current()
            try:
                write_in_place(self._place, plain)
            except ChangedOnDiskError:
                before = self._before
                text = self._merge(text)
                merged = merged or self._before != before
            else:
                break
        self._written = True
        if self._place.data is None:
            say(f"created {self._place.name}")
        if merged:
            say(f"{self._place.name} was changed on disk during the edit: merged both changes")
        for note in notes:
            say(note)

    def _merge(self, text: bytes) -> bytes:
        """Merge *text* with the current file, and return the text to write.

        Raises ChangedOnDiskError if the user must resolve it.  *text* is then in the private folder with
        conflict markers, unless it cannot be merged as text.
        """
        now = read_again(self._place)
        name = now.name
        if now.data is None:
            self._place, self._before = now, now.opened.data
            raise ChangedOnDiskError(f"{name} was removed during the edit")
        shown = self._view.shown(now)
        result = self._merge_values(text, shown) or _merge(
            self._folder.path, text, self._before, shown
        )
        if result is None:
            raise ChangedOnDiskError(
                f"{name} was changed on disk during the edit, and cannot be merged as text"
            )
        merged, has_conflicts = result
        self._folder.write(merged)
        self._place, self._before, self._shown, self._edit = now, shown, merged, text
        if has_conflicts:
            raise ChangedOnDiskError(
                f"{name} was changed on disk during the edit, in the same or neighboring lines",
                "open the editor again: conflict markers show your text and the text on disk",
            )
        return merged

    def _merge_values(self, text: bytes, shown: bytes) -> tuple[bytes, bool] | None:
        """Merge as the merge driver does, which also merges changes of different values in neighboring lines.

        Return None if there are conflicts.  Nothing is decrypted or sealed: no rule and no key counts.
        """
        from sealedfiles.sealing.merge import Style, merge_files  # rarely needed

        merged = merge_files(
            self._before,
            text,
            shown,
            self._place.described,
            FileRules([PLAIN]),
            SomeKeys(self._place.workspace.ring, lambda *_: False),
            Style(),
        )
        return None if merged is None or merged.conflicts else (merged.data, False)

    def _tell(self, error: SealedFilesError | OSError) -> int:
        if isinstance(error, SealedFilesError):
            fail(error.message, *error.hints)
            return error.exit_code
        fail(f"{self._place.name} could not be written: {(error.strerror or str(error)).lower()}")
        return SealedFilesError.exit_code


def _wants_to_reopen() -> bool:
    """Ask whether to open the editor again; do not ask if stdin or stderr is not a terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    answer = ask("open the editor again with your text? [Y/n]", secret=False)
    return answer is not None and not answer.strip().lower().startswith("n")


def _merge(folder: Path, ours: bytes, base: bytes, theirs: bytes) -> tuple[bytes, bool] | None:
    """Merge two versions of *base* line by line; return the text, and whether it has conflict markers.

    Returns None if git cannot merge them.  The texts are written only to *folder*, which is private.
    """
    if theirs in (base, ours):
        return ours, False
    place = folder / "merge"
    place.mkdir(mode=0o700, exist_ok=True)
    files = [place / name for name in ("ours", "base", "theirs")]
    for file, data in zip(files, (ours, base, theirs), strict=True):
        atomic.replace(file, data, atomic.PRIVATE)
    labels = [word for label in _LABELS for word in ("-L", label)]
    command = ["git", "merge-file", "-p", "-q", *labels, *map(str, files)]
    try:
        run = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    except FileNotFoundError:
        return None
    # A higher status is an error: a file that is not text.
    if run.returncode < 0 or run.returncode > _MOST_CONFLICTS:
        return None
    return run.stdout, run.returncode > 0
