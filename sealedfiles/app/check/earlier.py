"""Find values that were committed in plaintext before their file was tracked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from sealedfiles.app.check.allowing import policy_in_force
from sealedfiles.app.check.findings import Finding, in_order
from sealedfiles.app.check.versions import IndexVersion, Store, Version
from sealedfiles.errors import GitError
from sealedfiles.git.clone import Clone, is_passed_through
from sealedfiles.git.commits import read_commits
from sealedfiles.model.policy import FileRules, Policy
from sealedfiles.sealing import describe_file
from sealedfiles.sealing.file import LineNumbers, structured_text
from sealedfiles.sealing.other_tools import encrypting_tool, is_of_tool
from sealedfiles.sealing.sealed_text import SealedText, inspect_file
from sealedfiles.util.progress import Progress

_FEW_PATHS = 200
"""The number of file names that fit into any command line."""


def earlier_plaintext(
    clone: Clone,
    selected: Callable[[bytes], bool] = lambda _path: True,
    policy: Policy | None = None,
) -> list[Finding]:
    """Return the values of tracked files that are in plaintext in commits from before they were tracked.

    There is one finding for each path, key and value, with the oldest commit that has it.  *selected*
    limits the paths.  *policy* decides what is sealed, by default the one in the index.  No key is needed.
    Used by `check --all`, and by `track`, which lists them.  Raises GitError.
    """
    store = Store(clone.repository, clone.objects, clone.index)
    now = _version_now(store)
    policy = policy or (now.policy if now else None)
    if now is None or policy is None:
        return []
    tracked = [
        path
        for path, blob in now.files()
        if blob.is_file
        and selected(path)
        and not is_passed_through(path)
        and (now.attributes.covers(path) or policy.covers(os.fsdecode(path)))
    ]
    found: dict[tuple[object, ...], Finding] = {}
    in_force = policy_in_force(clone)
    for path, oid, commit in _old_versions(clone, tracked):
        data = store.blob(oid)
        rules = policy.for_file(os.fsdecode(path))
        if not data or b"sealed:v" in data or _is_covered(store, commit, path):
            continue
        for finding in _plain_values(path, data, rules):
            judged = finding.judged(policy, in_force)._replace(commit=commit)
            found.setdefault(judged.identity, judged)
    return in_order(found.values())


def _version_now(store: Store) -> Version | None:
    if store.repository.has_work_tree:
        return IndexVersion(store)
    head = store.resolve("HEAD^{commit}")
    return Version(store, head) if head else None


def _old_versions(clone: Clone, tracked: list[bytes]) -> Iterator[tuple[bytes, str, str]]:
    """Yield the blobs that the paths ever had, each with the oldest of its commits, oldest first."""
    paths = set(tracked)
    if not paths:
        return
    names = [os.fsdecode(path) for path in tracked]
    limit = ["--full-history", "--", *names] if len(names) <= _FEW_PATHS else []
    oldest: dict[tuple[bytes, str], str] = {}
    with Progress("commits") as progress:
        options = ["--literal-pathspecs"] if limit else []
        for commit in read_commits(
            clone.repository, "--all", *limit, progress=progress, git=options
        ):
            for change in commit.changes():
                if change.new and change.path in paths:
                    # Children come before their parents.
                    oldest.pop((change.path, change.new), None)
                    oldest[change.path, change.new] = commit.oid
    for (path, oid), commit_oid in reversed(oldest.items()):
        yield path, oid, commit_oid


def _is_covered(store: Store, commit: str, path: bytes) -> bool:
    """Return True if the attributes of the commit seal the file: then `check` checks it in that commit."""
    try:
        return Version(store, commit).attributes.covers(path)
    except GitError:
        return False


def _plain_values(path: bytes, data: bytes, rules: FileRules) -> Iterator[Finding]:
    file = describe_file(path, rules.format)
    inspected = inspect_file(data, file, rules)
    tool = encrypting_tool(data)
    if inspected.whole_plain and not is_ciphertext(path, data, tool):
        what = "the whole file was committed in plaintext before it was tracked"
        yield Finding("earlier-plaintext", path, what, 1, subject=data.hex())
    structured = structured_text(data)
    text = structured[1] if structured else ""
    lines = LineNumbers(text)
    for start, end, key in inspected.plain if structured else ():
        if is_of_tool(tool, key, text[start:end]):
            continue
        what = "was committed in plaintext before the file was tracked"
        yield Finding(
            "earlier-plaintext", path, what, lines.of(start), key, subject=text[start:end]
        )


def is_ciphertext(path: bytes, data: bytes, tool: str) -> bool:
    """Return True if *tool* has encrypted all of the file *data*.  Empty for no tool."""
    if not tool:
        return False
    version = SealedText(data, describe_file(path))
    return version.scan is None or all(
        is_of_tool(tool, one.path, version.literal(one)) for one in version.values
    )
