"""Run as a program in a repository: add COUNT readers to the group ``default``.

    python many_readers.py COUNT

`sealedfiles grant` adds one reader per process, which would take minutes for a thousand.
"""

from __future__ import annotations

import sys

from sealedfiles.age import generate_identity
from sealedfiles.app.workspace import clone_here
from sealedfiles.git.rewrite import stage
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.readers import add_recipients, wrap_again
from sealedfiles.keys.wrapping import VerifiedReader
from sealedfiles.model.policy import DEFAULT_GROUP


def main() -> None:
    """Add the readers, and stage their files."""
    _, clone = clone_here()
    for number in range(int(sys.argv[1])):
        name = f"reader{number:04d}"
        recipient = generate_identity().recipient
        assert recipient is not None
        add_recipients(clone.work_tree, name, [recipient])
        reader = VerifiedReader.confirmed(name, [recipient])
        wrap_again(clone.work_tree, DEFAULT_GROUP, reader, clone.ring)
    stage(clone, NAME)


if __name__ == "__main__":
    main()
