"""Detect a missing ``.sealedfiles/``: this clone's cache may then hold the only copy of group keys."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import chain

from sealedfiles.errors import NoGroupError, NoKeyError, SealedFilesError, UsageError
from sealedfiles.git.clone_keys import CloneKeys
from sealedfiles.git.folders import IndexFolder, TreeFolder
from sealedfiles.git.repository import Repository
from sealedfiles.keys.epochs import are_proved, read_epochs
from sealedfiles.keys.folder import NAME, POLICY, MetadataSource, no_folder
from sealedfiles.model.token import TOKEN, TOKEN_PATTERN, split
from sealedfiles.util.messages import shell_path, shell_word


def keys_without_folder(clone: CloneKeys) -> list[str]:
    """Return the groups with cached keys that are in no ``.sealedfiles/`` in git or on disk.

    Another group with the same name, which somebody has pushed, does not have them.  In git, all refs,
    stashes and reflogs are searched.  Raises TamperedError if the cache cannot be read.
    """
    missing: dict[str, dict[str, bytes]] = {}
    for group, key in clone.state.cached_keys():
        missing.setdefault(group, {})[key.key_id] = key.secret
    if not missing:
        return []
    here: list[MetadataSource] = [clone.work_tree, IndexFolder(clone.objects, clone.index)]
    in_git = (TreeFolder(clone.objects, commit) for commit in _commits_with_folder(clone))
    for folder in chain(here, in_git):
        missing = {g: keys for g, keys in missing.items() if not has_keys(folder, g, keys)}
        if not missing:
            break
    return sorted(missing)


def has_keys(folder: MetadataSource, group: str, keys: Mapping[str, bytes]) -> bool:
    """Return True if *folder* has the group of *keys*, by key id, under its name *group*."""
    try:
        return are_proved(group, read_epochs(folder, group), keys)
    except SealedFilesError:
        return False


def require_folder_of_cached_keys(clone: CloneKeys, *hints: str) -> None:
    """Raise NoKeyError if the cache may have the last copy of a group's keys, which must not be removed."""
    groups = keys_without_folder(clone)
    if groups:
        raise NoKeyError(
            f"{_cache(clone)} has the only copy of the keys of {', '.join(groups)}: "
            f"they are in no {NAME}/",
            f"write them to {NAME}/ first: sealedfiles init --restore",
            *hints,
        )


def branch_with_folder(clone: CloneKeys) -> str:
    """Return a branch that has ``.sealedfiles/``, or "" if sealedfiles was never used in this clone."""
    return any_branch_with_folder(clone) if _has_used(clone) else ""


def any_branch_with_folder(clone: CloneKeys) -> str:
    """Return a branch that has ``.sealedfiles/``, whoever pushed it, or ""."""
    for ref in clone.repository.run("for-each-ref", "--format=%(refname)").split():
        if not lacking(clone, ref):
            name = os.fsdecode(ref)
            return name.removeprefix("refs/heads/").removeprefix("refs/remotes/")
    return ""


def folder_missing(clone: CloneKeys, *, accepts_tokens: bool = False) -> SealedFilesError | None:
    """Return an error if ``.sealedfiles/`` is missing, but this clone or git has keys or tokens of groups.

    New groups would seal values that nobody else can decrypt, and could not decrypt the existing values.
    Returns None if sealedfiles was never set up here.  With *accepts_tokens*, tokens in git are ignored.
    """
    clone.allow_fetching()  # a partial clone without a checkout has none of these files yet
    branch = branch_with_folder(clone)
    # Also behind `git clone --no-checkout`.
    if (branch or not accepts_tokens) and not lacking(clone, b"HEAD"):
        return NoGroupError(
            f"{NAME}/ is not here, so nothing can be sealed",
            f"restore it from HEAD: git checkout HEAD -- {NAME} .gitattributes",
        )
    if removed := folder_removed(clone, "HEAD"):
        return removed
    # An orphan branch before its first commit.
    if branch and (clone.repository.file(NAME.encode()) / POLICY).is_file():
        return NoGroupError(
            f"{NAME}/ is neither in the index nor in HEAD, so nothing there can be verified",
            f"add it: git add {NAME} .gitattributes",
        )
    if branch:
        return no_folder(branch)
    cached = sorted({group for group, _ in clone.state.cached_keys()})
    sealed = [] if cached or accepts_tokens else _groups_of_tokens(clone)
    if not cached and not sealed:
        return None
    groups = ", ".join(cached or sealed)
    message = f"{NAME}/ is missing, but git contains values that are sealed to {groups}"
    if cached:
        message = f"{NAME}/ is missing, but {_cache(clone)} has keys of {groups}"
    commit = next(_commits_with_folder(clone), "")
    if commit:
        hints = [f"restore it: git checkout {commit[:12]} -- {NAME}"]
    elif cached:
        hints = ["create it from these keys: sealedfiles init --restore"]
    else:
        hints = [f"copy {NAME}/ from the clone where the values were sealed, and commit it"]
    if cached:
        hints.append(
            "if no value needs these keys, remove them: sealedfiles deinit --force; "
            "then run: sealedfiles init"
        )
    else:
        hints.append(
            "if nobody has it, these values are lost: create new keys with sealedfiles init --start-over, "
            "set new values, and commit and push once with --no-verify"
        )
    return NoGroupError(message, *hints)


def folder_removed(clone: CloneKeys, *revisions: str) -> SealedFilesError | None:
    """Return the error that names the commit of *revisions* that removed ``.sealedfiles/``, or its keys.

    Returns None if they have it or never had it, and in a clone that never used it.
    """
    from sealedfiles.git.commits import describe_commits  # most commands start without it

    for revision in revisions if _has_used(clone) else ():
        if names := lacking(clone, revision.encode()):
            last = last_change(clone.repository, names[0], revision)
            removed = f"{NAME}/{POLICY}" if names == [POLICY] else f"{NAME}/"
            removed += "keys/" if names == ["keys"] else ""
            for commit in describe_commits(clone.repository, last.split()).values():
                return NoGroupError(
                    f"{removed} was removed in commit {commit.words}, so nothing can be sealed here",
                    "if sealedfiles is no longer used, remove it from this clone: sealedfiles deinit",
                    f"otherwise restore it: {restoring(commit.short, names)}",
                )
    return None


def restoring(commit: str, names: list[str]) -> str:
    """Return the command that restores *names* in ``.sealedfiles/``, which *commit* removed.

    What is still there stays as it is: it may be newer, and have a revocation.
    """
    what = NAME if len(names) > 1 else f"{NAME}/{names[0]}"
    return f"git checkout {shell_word(commit)}~ -- {shell_path(what)}"


def last_change(repository: Repository, name: str, revision: str = "HEAD") -> str:
    """Return the last commit up to *revision* that changed *name* in ``.sealedfiles/``, or ""."""
    path = f"{NAME}/{name}"
    _, out, _ = repository.try_run("rev-list", "--abbrev-commit", "-1", revision, "--", path)
    return out.decode("ascii").strip()


def not_set_up(clone: CloneKeys) -> SealedFilesError:
    """Return the error for a command in a repository without ``.sealedfiles/``."""
    missing = folder_missing(clone)
    if missing:
        return missing
    branch = any_branch_with_folder(clone)
    hint = f"{branch} has it: git checkout {shell_word(branch)}" if branch else ""
    return UsageError(
        f"sealedfiles is not set up in {clone.repository.top}",
        *filter(None, [hint]),
        "set it up: sealedfiles init",
    )


def lacking(clone: CloneKeys, revision: bytes) -> list[str]:
    """Return what *revision* lacks in ``.sealedfiles/``: the policy, the keys, both or nothing."""
    start = revision + f":{NAME}/".encode()
    return [one for one in (POLICY, "keys") if clone.objects.read(start + one.encode()) is None]


def _has_used(clone: CloneKeys) -> bool:
    return bool(clone.state.newest()) or clone.state.policy() is not None


def _cache(clone: CloneKeys) -> str:
    return f"{clone.state.folder.parent.name}/{clone.state.folder.name}/keys"


def _commits_with_folder(clone: CloneKeys) -> Iterator[str]:
    """Yield commits that contain the folder, newest first: those that changed it, and their parents."""
    code, out, _ = clone.repository.try_run(
        "log", "--all", "--reflog", "--full-history", "--format=%H %P", "--", f"{NAME}/keys"
    )
    # The commit that removed the folder does not contain it, but its parent does.
    for commit in dict.fromkeys(out.decode("ascii").split()) if code == 0 else ():
        if TreeFolder(clone.objects, commit).list("keys"):
            yield commit


def _groups_of_tokens(clone: CloneKeys) -> list[str]:
    """Return the groups of the tokens in the index and in HEAD."""
    found = set()
    for where in ("--cached", "HEAD"):
        code, out, _ = clone.repository.try_run("grep", "-ahoE", "-e", TOKEN_PATTERN, where)
        text = out.decode("ascii", "replace") if code == 0 else ""
        found |= {split(token).group for token in TOKEN.findall(text)}
    return sorted(found)
