"""The ``.gitattributes`` inside ``.sealedfiles/``, which sets how git diffs and merges the folder's files.

The policy and the public keys are reviewed, so they are diffed and merged as text.  Files under ``keys/``
are never merged by line: `sealedfiles sync` does that.  ``policy.proof`` has one line per group, and a merge
takes the lines of both sides.
"""

from __future__ import annotations

import os

from sealedfiles.app.dialog import Dialog
from sealedfiles.git.clone import Clone
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.folder import NAME
from sealedfiles.util import atomic

# The folder itself is never sealed: it must be readable before any value can be decrypted.
FOLDER_ATTRIBUTES = b"""\
* -filter !diff !merge -text
keys/** -merge
/policy.proof merge=union
"""
_BEFORE = b"* -filter -diff -merge -text\n"
"""The first version, written by older `init`: changes of the policy could not be reviewed or merged."""

_FILE = f"{NAME}/.gitattributes"


def update_folder_attributes(clone: Clone, dialog: Dialog) -> bool:
    """Replace an older version of the file with the current one, and stage it; return whether it was.

    A file that was changed by hand, is a symbolic link, is not tracked, or has staged changes is left
    unchanged.  If CI is set, nothing is changed: a job must not find changes that it did not make.
    """
    entry = clone.index.stages(_FILE.encode())
    file = clone.repository.file(_FILE.encode())
    if os.environ.get("CI") or list(entry) != [0] or file.is_symlink() or not file.is_file():
        return False
    if file.read_bytes() != _BEFORE or clone.objects.blob(entry[0].oid.encode()) != _BEFORE:
        return False
    atomic.replace(file, FOLDER_ATTRIBUTES)
    stage(clone, _FILE)
    dialog.say(
        f"updated and staged: {_FILE}, so that git diffs and merges the policy and public keys as text",
        "commit it for all readers",
    )
    return True
