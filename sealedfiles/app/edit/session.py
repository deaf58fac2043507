"""Editing one file: the editor, again if need be, until its text is in the file or kept elsewhere."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from sealedfiles.age.terminal import ask
from sealedfiles.app.edit.checks import check_text, check_tokens
from sealedfiles.app.edit.editor import find_editor
from sealedfiles.app.edit.folder import PrivateFolder, abandoned
from sealedfiles.app.edit.merge import merge
from sealedfiles.app.edit.recovery import put_away, recovery_folders
from sealedfiles.app.edit.signals import time_to_clean_up
from sealedfiles.app.files.in_place import read_again, write_in_place
from sealedfiles.errors import ChangedOnDiskError, SealedFilesError
from sealedfiles.sealing.file import show_path
from sealedfiles.util.messages import fail, say, warn

if TYPE_CHECKING:
    from sealedfiles.app.edit.editor import Editor
    from sealedfiles.app.files.in_place import InPlace


def edit_file(place: InPlace) -> int:
    """Let the user edit the plaintext of a file, and write it back; return the exit status.

    Whatever goes wrong, and whatever ends this: the file is its old or its new version, and an edit that
    was saved in the editor is in it, or kept and named.  Raises SealedFilesError where there is no
    editor, OSError where there is no room for the plaintext.
    """
    editor = find_editor(place.workspace.root)
    for folder in abandoned():
        edit = folder.edited()
        if folder.note.file == str(place.file) and edit == place.opened.data:
            edit = None
        if edit is not None:
            warn(f"an edit of {show_path(os.fsencode(folder.note.file))} was cut short")
        put_away(folder, edit)
    with time_to_clean_up():
        recoveries = recovery_folders(place.workspace)
        return _Session(
            place, editor, PrivateFolder.make(place.file, place.opened.data, recoveries)
        ).run()


class _Session:
    def __init__(self, place: InPlace, editor: Editor, folder: PrivateFolder) -> None:
        self._place = place
        self._editor = editor
        self._folder = folder
        self._shown = place.opened.data
        """What was put before the user the last time."""
        self._edit = place.opened.data
        """What the user had saved before that."""
        self._started = place.opened.data
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
            if text == self._place.opened.data:
                say(f"nothing changed in {self._place.name}", *self._editor.waiting_hints())
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
        """Return the user's edit where it is not in the file, None where there is nothing to be kept."""
        saved = self._folder.read()
        edit = self._edit if saved is None or saved == self._shown else saved
        known = (b"", self._started, self._place.opened.data)
        return None if self._written or edit in known else edit

    def _let_edit(self) -> bytes:
        clone = self._place.workspace.clone
        if clone:
            # Ctrl-C in the editor would end the git that it reads from.
            clone.objects.close()
        self._editor.run(self._folder.file, [self._folder.lock])
        text = self._folder.read()
        if text is None:
            raise SealedFilesError(f"the editor has left no {self._folder.file.name}")
        return text

    def _write(self, text: bytes) -> None:
        """Write *text* into the file, or what it and somebody else's change give together."""
        merged = False
        while True:
            check_text(self._place, text)
            notes = check_tokens(self._place, text)
            self._place.workspace.ring.forget_current()
            try:
                write_in_place(self._place, text)
            except ChangedOnDiskError:
                before = self._place.opened.data
                text = self._merge(text)
                merged = merged or self._place.opened.data != before
            else:
                break
        self._written = True
        if self._place.data is None:
            say(f"made {self._place.name}")
        if merged:
            say(f"{self._place.name} was changed by somebody else too: both changes are in it")
        for note in notes:
            say(note)

    def _merge(self, text: bytes) -> bytes:
        """Merge *text* with the file as it is now; what comes of it is what is to be written there.

        Raises ChangedOnDiskError where the user has to do it: *text* is then in the private folder
        with conflict markers, if there can be any.
        """
        before, now = self._place, read_again(self._place)
        name = now.name
        if now.data is None:
            self._place = now
            raise ChangedOnDiskError(f"{name} was removed by somebody else in the meantime")
        result = merge(self._folder.path, text, before.opened.data, now.opened.data)
        if result is None:
            raise ChangedOnDiskError(
                f"{name} was changed by somebody else in the meantime, and cannot be merged as a text"
            )
        self._folder.write(result.data)
        self._place, self._shown, self._edit = now, result.data, text
        if result.conflicts:
            raise ChangedOnDiskError(
                f"{name} was changed by somebody else in the meantime, and in the same lines",
                "the text that you can open again shows both, between conflict markers",
            )
        return result.data

    def _tell(self, error: SealedFilesError | OSError) -> int:
        if isinstance(error, SealedFilesError):
            fail(error.message, *error.hints)
            return error.exit_code
        fail(f"{self._place.name} cannot be written: {(error.strerror or str(error)).lower()}")
        return SealedFilesError.exit_code


def _wants_to_reopen() -> bool:
    """Ask whether the editor is to be opened again; nobody is asked where nobody sees what is wrong."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    answer = ask("open the editor again, with the text as it is? [Y/n]", secret=False)
    return answer is not None and not answer.strip().lower().startswith("n")
