"""The findings of `sealedfiles check` that the policy allows (docs/check.md).

A separate module, because few policies have any, and only `check` uses them.
"""

from __future__ import annotations

import os

from sealedfiles.light_typing import Any, NamedTuple
from sealedfiles.model.paths import PathPattern
from sealedfiles.model.wildmatch import FilePattern
from sealedfiles.util.lazy_pattern import lazy_pattern

_KEYS = {"finding", "files", "values", "reason"}
_CODE = lazy_pattern(r"[a-z]+(-[a-z]+)*")


class Allow(NamedTuple):
    """A finding of `sealedfiles check` that the policy allows, with the reason."""

    finding: str
    """The code of the finding.  An unknown code may be from a newer version."""
    files: tuple[FilePattern, ...]
    values: tuple[PathPattern, ...]
    reason: str
    line: int = 0
    """Its first line in the policy, counted from 1."""
    words: tuple[str, ...] = ()
    """Its files and values as written in the policy, which identify it."""

    def covers(self, code: str, file: bytes, path: bytes | None) -> bool:
        """Return True if *code* is allowed in *file*, for the value at *path* (None: no value)."""
        if code != self.finding or not any(p.matches(os.fsdecode(file)) for p in self.files):
            return False
        return not self.values or (
            path is not None and any(pattern.matches(path) for pattern in self.values)
        )


def read_allow(reader: Any, node: Any) -> Allow:
    """Return the entry *node*, read with *reader*, which reads the nodes of a policy.  Raises PolicyError."""
    keys = reader.mapping(node, _KEYS)
    for needed in ("finding", "files", "reason"):
        if needed not in keys:
            raise reader.fail(node, f"an allowance needs `{needed}`")
    finding = reader.value(keys["finding"])
    if not _CODE.fullmatch(finding):
        raise reader.fail(
            keys["finding"], "`finding` must be a code that sealedfiles check reports"
        )
    reason = " ".join(reader.value(keys["reason"]).split())
    if not reason:
        raise reader.fail(keys["reason"], "`reason` must explain why it is allowed")
    return Allow(
        finding=finding,
        files=reader.patterns(keys["files"], reader.file_pattern),
        values=reader.patterns(keys["values"], PathPattern) if "values" in keys else (),
        reason=reason,
        line=node.start_mark.line + 1,
        words=tuple(
            f"{key}: {list(reader.texts(keys[key]))}" for key in sorted(keys) if key != "reason"
        ),
    )
