"""The commands that git calls: ``sealedfiles git filter-process``, ``git clean FILE``, ``git smudge FILE``,
``git textconv FILE``, and ``git merge`` with the files to merge."""

from __future__ import annotations

import os
import sys

from sealedfiles.util.messages import fail


def run(args: list[str]) -> int:
    """Run one of the commands in git's configuration; return the exit status."""
    if args == ["filter-process"]:
        from sealedfiles.git.filter.process import filter_process

        return filter_process()
    if args[:1] == ["merge"]:
        from sealedfiles.git.merge_driver import merge_driver

        return merge_driver(args[1:])
    if len(args) == 2 and args[0] == "textconv":
        return _textconv(args[1])
    if len(args) == 2 and args[0] in ("clean", "smudge"):
        return _one_shot(args[0], os.fsencode(args[1]))
    fail(
        "`sealedfiles git` is called by git only",
        "usage: sealedfiles git filter-process | git clean FILE | git smudge FILE | git merge FILES",
    )
    return 2


def _textconv(name: str) -> int:
    """Print a working tree file as git should show it: in plaintext, or as git would store it.

    For stored versions, git itself creates the files, with or without decryption by the filter.
    """
    from sealedfiles.errors import SealedFilesError
    from sealedfiles.git.filter.clean_smudge import Filter
    from sealedfiles.git.filter.textconv import shows_plaintext
    from sealedfiles.git.repository import filter_repository

    with open(name, "rb") as file:
        data = file.read()
    if not shows_plaintext(filter_repository()):
        one = Filter.here()
        try:
            data = one.clean(os.fsencode(name), data)
        except SealedFilesError:
            pass  # a value that cannot be sealed is in plaintext, but not in git yet
        finally:
            one.clone.close()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    return 0


def _one_shot(command: str, path: bytes) -> int:
    """Filter stdin to stdout, for implementations of git without filter processes; return the exit status."""
    from sealedfiles.git.filter.clean_smudge import Filter

    data = sys.stdin.buffer.read()
    one = Filter.here()
    result = one.clean_or_refuse(path, data) if command == "clean" else one.smudge(path, data)
    one.close()
    if result is None:
        return 1
    sys.stdout.buffer.write(result)
    sys.stdout.buffer.flush()
    return 0
