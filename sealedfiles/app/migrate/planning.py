"""Plan a migration: find the tool's files, decrypt them in memory, and decide what becomes of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from sealedfiles.app.access.granting import is_missing
from sealedfiles.app.migrate.attempt import Attempt, attempt_file, read_attempt
from sealedfiles.app.migrate.governed import Governing, refuse_replaced
from sealedfiles.app.migrate.grants import Grant, advice_for, groups_for, resolve_grants
from sealedfiles.app.migrate.policy_rules import PlannedFile, rules_for
from sealedfiles.app.migrate.source import Access, FoundFile, Plaintext, Reader, Removal
from sealedfiles.app.migrate.sources import TOOLS, load_source
from sealedfiles.app.migrate.tree import Tree, selected
from sealedfiles.app.start import clone_to_scan, is_committed
from sealedfiles.app.tracking.new_rules import NewRule
from sealedfiles.errors import GitError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.git.commits import is_shallow
from sealedfiles.git.repository import Repository
from sealedfiles.git.version import refuse_old_git
from sealedfiles.git.worktree import tracked_sealed_files, with_blobs
from sealedfiles.keys.epochs import parse_epochs
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.keys.recipients import check_name, members
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.policy import DEFAULT_GROUP
from sealedfiles.model.token import TOKEN, UNAUTHENTICATED_TOKEN, split
from sealedfiles.sealing import describe_file, open_file
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.sealed_text import SealedText
from sealedfiles.sealing.whole import why_whole
from sealedfiles.util.messages import Note, counted, shell_path, shell_word


class MigrateRequest(NamedTuple):
    """What `migrate` is to do."""

    identity: str | None
    tool: str | None = None
    """The tool to migrate from; None: the one that is found."""
    paths: tuple[str, ...] = ()
    """The files and folders to migrate; none for all."""
    group: str | None = None
    """The group that all values go to; None: the groups that the tool names, or `default`."""
    key_files: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()
    """Readers to grant access, ``NAME`` or ``NAME=KEY``."""
    whole: bool = False
    """Whether files are sealed whole in which text would become readable that the tool encrypts."""
    name: str | None = None
    """The name of the first reader of a new ``.sealedfiles/``; None: from git's user.name."""


class MigrationPlan(NamedTuple):
    """What becomes of the files of a tool."""

    tool: str
    files: list[PlannedFile]
    rules: Mapping[str, list[NewRule]]
    """The patterns to track, as `track` takes them at the top, with their rules."""
    readers: list[Reader]
    grants: list[Grant]
    removal: Removal
    members: Mapping[str, list[str]]
    """The readers of each group that the files go to; none of a new group, which only the user reads."""
    used: frozenset[str]
    """The groups that have other values."""
    named_group: str | None
    """The group that the user named for all files."""
    remaining: int
    """The number of files that stay encrypted with the tool, because they are not selected."""
    notes: list[Note]

    def grantable(self, reader: Reader) -> list[str]:
        """Return the groups to which *reader* can get access: see ``groups_for``."""
        return groups_for(self.files, self.used, reader) if reader.key else []


class Prepared(NamedTuple):
    """A repository and the plan for it."""

    repository: Repository
    tree: Tree
    is_new: bool
    """Whether ``.sealedfiles/`` must be created first."""
    plan: MigrationPlan | None
    """None if there is nothing to migrate."""
    is_resumed: bool = False
    """Whether an earlier migration was interrupted."""
    unfinished_groups: Mapping[str, str] = {}
    """The ids of the keys that it generated, and may not have recorded, by group."""


def prepare(request: MigrateRequest) -> Prepared:
    """Find and decrypt the files of the tool, in memory.  Changes nothing.

    Raises UsageError, GitError, NoKeyError if a file cannot be decrypted, TamperedError if one is damaged.
    """
    refuse_old_git()
    if request.group:
        check_name(request.group, "group")
    clone, is_new = clone_to_scan(request.identity)
    try:
        return _prepare(clone, is_new, request)
    finally:
        clone.close()


def _prepare(clone: Clone, is_new: bool, request: MigrateRequest) -> Prepared:
    repository = clone.repository
    attempt = read_attempt(repository)
    if attempt and attempt.is_new and not is_committed(repository):
        is_new = True
    if attempt and request.tool not in (None, attempt.tool):
        raise UsageError(
            f"a migration from {attempt.tool} was interrupted",
            "finish it first: sealedfiles migrate",
        )
    tree = Tree(clone, attempt.tree if attempt else _write_tree(clone))
    only = tuple(repository.relative(Path(name)) for name in request.paths)
    tool, stored = _find_tool(tree, attempt.tool if attempt else request.tool)
    chosen = selected(stored, only)
    unfinished = _unfinished_groups(clone, attempt) if attempt else {}
    prepared = Prepared(repository, tree, is_new, None, attempt is not None, unfinished)
    if not chosen:
        return prepared
    kind = load_source(tool)
    if request.key_files and not kind.takes_key_files:
        raise UsageError(
            f"--key is not for {tool}", "to choose a key of age or SSH: --identity FILE"
        )
    source = kind(tree, Access(Identities(request.identity), request.key_files))
    found = source.find(stored)
    files = [one for one in found.files if one.stored in set(chosen)]
    governing = Governing(clone, is_new=is_new)
    refuse_replaced(
        clone, tool, {one.path for one in files if not {one.path, one.stored} & {*only}}
    )
    planned = [_planned(tree, governing, one, source.decrypt(one), request) for one in files]
    others = {*clone.group_names()} - {*unfinished}
    for group in sorted({one.group for one in planned} & others):
        if group != request.group and not is_missing(clone, group):
            # Not one that is new here: anyone with push access could have named it in the tool's files.
            clone.ring.current(group)
    remaining = len(found.files) - len(files)
    removal = Removal() if remaining else found.removal
    attributes = tree.attribute_files() if removal.attributes else []
    paths = {path for one in planned for path in (one.path, one.file.stored)}
    for path in sorted({*paths, *removal.files, *attributes}):
        refuse_other_kinds(repository, path)
    _refuse_names_of_git(tree, planned)
    _refuse_lost_changes(clone, tree, planned, attempt)
    rules, notes = rules_for(tree, governing, found, planned, removal.files)
    for one in planned:
        notes += (*one.plain.notes, *one.plain.rule_notes)
    used = _used_groups(clone, {one.path for one in planned})
    plan = MigrationPlan(
        tool,
        planned,
        rules,
        found.readers,
        resolve_grants(
            request.grants,
            found.readers,
            lambda one: groups_for(planned, used, one),
            lambda one: advice_for(planned, one),
        ),
        removal,
        {one.group: members(clone.work_tree, one.group) for one in planned},
        used,
        request.group,
        remaining,
        [*found.notes, *notes, *_notes_on_shallow(repository)],
    )
    return prepared._replace(plan=plan)


def _notes_on_shallow(repository: Repository) -> list[Note]:
    if not is_shallow(repository):
        return []
    what = "this clone is shallow: whether a file was sealed in an older commit is not known"
    hint = "to compare with all commits, first run: git fetch --unshallow"
    return [Note(what, (hint,))]


def _unfinished_groups(clone: Clone, attempt: Attempt) -> dict[str, str]:
    """Return the ids of the keys that *attempt* generated and that are the only ones of their groups.

    Somebody else, who may have pushed a group of that name since, has no key with this id.
    """
    found = {}
    for group, key_id in attempt.groups.items():
        data = clone.work_tree.read(f"keys/{group}/epochs")
        if data and [one.key_id for one in parse_epochs(data, group)] == [key_id]:
            found[group] = key_id
    return found


def _used_groups(clone: Clone, planned: set[bytes]) -> frozenset[str]:
    """Return the groups whose keys decrypt more than the files at *planned*: other files, or the history."""
    folder = f"{NAME}/keys/"
    _, out, _ = clone.repository.try_run("ls-tree", "-d", "--name-only", "-z", "HEAD", folder)
    found = {os.fsdecode(path).rpartition("/")[2] for path in out.split(b"\x00")[:-1]}
    others = (one for one in tracked_sealed_files(clone) if one.path not in planned)
    for _, data in with_blobs(clone, others):
        text = data.decode("utf-8", "replace")
        tokens = TOKEN.findall(text) + UNAUTHENTICATED_TOKEN.findall(text)
        found |= {split(one).group for one in tokens}
    return frozenset(found)


def _write_tree(clone: Clone) -> str:
    """Return the tree of the index.  Raises GitError."""
    if clone.index.unmerged():
        raise GitError("a merge is not finished", "resolve its conflicts first: git status")
    code, out, _ = clone.repository.try_run("write-tree")
    if code:
        clone.repository.require_writable()
        out = clone.repository.run("write-tree")
    return out.decode("ascii").strip()


def _find_tool(tree: Tree, wanted: str | None) -> tuple[str, list[bytes]]:
    """Return the tool, and the files that it has encrypted.  Raises UsageError if there are several."""
    sources = {name: load_source(name) for name in ([wanted] if wanted else TOOLS)}
    found: dict[str, list[bytes]] = {}
    for path, data in tree.contents():
        for name, source in sources.items():
            if source.recognizes(tree, path, data):
                found.setdefault(name, []).append(path)
    if len(found) > 1:
        counts = ", ".join(f"{name} ({counted(len(some), 'file')})" for name, some in found.items())
        raise UsageError(
            f"files of several tools were found: {counts}",
            *(
                f"one after the other: sealedfiles migrate --from {shell_word(name)}"
                for name in found
            ),
        )
    return next(iter(found.items()), (wanted or "", []))


def _planned(
    tree: Tree, governing: Governing, file: FoundFile, plain: Plaintext, request: MigrateRequest
) -> PlannedFile:
    group = check_name(request.group or file.group or DEFAULT_GROUP, "group")
    exposed = _exposed_comments(tree.need(file.stored), file.path, plain.data)
    rules = plain.rules
    governed = governing.decide(file, plain, request.group)
    if governed:
        group, rules = governed.group, governed.rules
        plain = plain._replace(notes=(*plain.notes, *governed.notes), rule_notes=())
    if request.whole and (exposed or not plain.by_value):
        rules, exposed = (NewRule(file_format="whole"),), 0
    has_group = governed is not None and governed.has_group
    broken = None
    if not rules and not plain.by_value:
        named = governing.policy.for_file(os.fsdecode(file.path)).format
        broken = why_whole(plain.data, describe_file(file.path, named))
    return PlannedFile(file, group, plain, rules, exposed, governed is not None, has_group, broken)


def _exposed_comments(stored: bytes, path: bytes, data: bytes) -> int:
    """Return the number of comments of *data* that *stored* does not show, and that are not sealed.

    A comment that reads as an entry is sealed.
    """
    version = SealedText(data, describe_file(path))
    form = version.form
    texts = [version.text[start:end] for start, end in version.comments]
    return sum(
        bool(text.strip()) and text.strip().encode("utf-8", "surrogatepass") not in stored
        for text in texts
        if form and not (read := form.commented(text)).is_entry and not read.values
    )


def _refuse_lost_changes(
    clone: Clone, tree: Tree, planned: list[PlannedFile], attempt: Attempt | None
) -> None:
    """Raise UsageError if a file that would be overwritten has changes that git does not have."""
    for one in planned:
        name = show_path(one.path)
        if not one.path or one.path.endswith(b"/") or clone.is_passed_through(one.path):
            raise _not_sealable(one)
        file = clone.repository.file(one.path)
        stored = tree.read(one.path)
        known = {stored, one.plain.data}
        if one.file.stored != one.path and stored not in (None, one.plain.data):
            raise UsageError(
                f"git has {name} and {show_path(one.file.stored)}, and their contents differ",
                f"remove the older one first: git rm --cached {shell_path(one.path)}",
            )
        if attempt:
            _refuse_later_changes(clone, one, stored)
        if file.exists() and file.read_bytes() not in known:
            raise UsageError(
                f"{name} has local changes that {show_path(one.file.stored)} in git does not have",
                "commit them with the other tool first, or discard them",
            )


def _refuse_names_of_git(tree: Tree, planned: list[PlannedFile]) -> None:
    """Raise UsageError if git stores no file at the path of a plaintext, for example `sub/.git`.

    Which names these are depends on git's configuration, so git is asked: with an index outside of the
    repository.
    """
    new = [one for one in planned if one.path != one.file.stored]
    if not new:
        return
    lines = [
        f"100644 {tree.files[one.file.stored].oid}\t".encode() + one.path + b"\x00" for one in new
    ]
    with TemporaryDirectory() as folder:
        env = {"GIT_INDEX_FILE": os.path.join(folder, "index")}
        git = tree.clone.repository
        git.update_index("--index-info", stdin=b"".join(lines), env=env)
        stored = {*git.run("ls-files", "-z", env=env).split(b"\x00")}
    for one in new:
        if one.path not in stored:
            raise _not_sealable(one)


def _not_sealable(one: PlannedFile) -> UsageError:
    return UsageError(
        f"the plaintext of {show_path(one.file.stored)} cannot be sealed: "
        f"{show_path(one.path) or 'its name is empty'}",
        "name the other files: sealedfiles migrate PATH",
    )


def refuse_other_kinds(repository: Repository, path: bytes) -> None:
    """Raise UsageError if the file at *path* is not a regular file, or is beyond a symbolic link or a file.

    Its plaintext would be written to where the link leads, and no filter of this repository seals it there.
    git does not follow links here either, not even the user's own.
    """
    file = repository.file(path)
    obstacle = repository.obstacle(path)
    if obstacle:
        kind = "symbolic link" if obstacle.is_symlink() else "file"
        raise UsageError(
            f"{show_path(path)} is beyond {obstacle}, which is a {kind}, and a folder in git",
            f"move it away, then restore the folder: git restore -- {shell_path(str(obstacle))}",
            "or name the other files: sealedfiles migrate PATH",
        )
    if file.is_symlink() or file.is_dir():
        raise UsageError(f"{show_path(path)} is not a regular file")


def _refuse_later_changes(clone: Clone, one: PlannedFile, stored: bytes | None) -> None:
    """Raise UsageError if somebody changed a file in the index after the migration was interrupted."""
    blob = clone.staged(one.path)
    if blob in (None, stored):
        return
    opened = open_file(blob, clone.describe_for_smudge(one.path), clone.ring)
    if opened.data != one.plain.data:
        raise UsageError(
            f"{show_path(one.path)} was changed after a migration was interrupted",
            f"to start over, discard the record of it: rm {shell_path(str(attempt_file(clone.repository)))}",
        )
