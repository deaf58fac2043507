"""Apply a preset to files: its rules, and the secrets in these files that it would leave in plaintext."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sealedfiles.app.dialog import Dialog
from sealedfiles.app.scan.named_secrets import may_have_values, named_secrets
from sealedfiles.app.tracking.new_rules import NewRule
from sealedfiles.app.tracking.presets import Preset
from sealedfiles.git.clone import Clone
from sealedfiles.git.index import Entry
from sealedfiles.model import paths
from sealedfiles.sealing.file import describe_file, show_path
from sealedfiles.sealing.sealed_text import SealedText


def preset_rules(
    clone: Clone, preset: Preset, files: Iterable[bytes], group: str | None
) -> list[NewRule]:
    """Return the rules of *preset* for *files*; values at keys named like secrets are sealed in any case."""
    found = {
        secret.key: None
        for path in filter(may_have_values, files)
        for data in versions_of(clone, path)
        for secret in named_secrets(SealedText(data, describe_file(path)))
        if preset.leaves_plain(secret.key)
    }
    return preset.rules([paths.show(key) for key in found], group)


def warn_of_services(preset: Preset, sealed: Iterable[Entry], dialog: Dialog) -> None:
    """Warn of *sealed* files that a service reads from git, where it finds tokens."""
    for entry in sealed if preset.from_git else ():
        dialog.warn(
            f"{show_path(entry.path)}: {preset.from_git} reads this file from git, and finds tokens there",
            f"store the secrets in {preset.from_git} instead, and refer to them in this file",
        )


def versions_of(clone: Clone, path: bytes) -> Iterator[bytes]:
    """Yield the file at *path* in the working tree and in the index."""
    file = clone.repository.regular_file(path)
    if file:
        yield file.read_bytes()
    entry = clone.index.entry(path)
    if entry:
        yield clone.objects.blob(entry.oid.encode("ascii")) or b""
