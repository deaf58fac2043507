"""`sealedfiles init`."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealedfiles import age
from sealedfiles.app.rotation.new_epoch import record_new_key
from sealedfiles.app.tracking.folder_attributes import FOLDER_ATTRIBUTES
from sealedfiles.app.tracking.policy_writing import write_policy
from sealedfiles.cli.hook_setup import no_hooks_option, set_up_hooks
from sealedfiles.errors import UsageError
from sealedfiles.git.attributes import set_strict
from sealedfiles.git.clone import Clone
from sealedfiles.git.install import configure, configure_user
from sealedfiles.git.leftovers import exclude_leftovers
from sealedfiles.git.repository import find_repository, user_config
from sealedfiles.git.rewrite import stage
from sealedfiles.git.version import refuse_old_git
from sealedfiles.keys.folder import NAME, DirFolder, no_folder
from sealedfiles.keys.identity.generate import keep_identity
from sealedfiles.keys.identity.sources import Identities
from sealedfiles.keys.readers import add_recipients, make_group
from sealedfiles.keys.recipients import check_name, describe_key
from sealedfiles.keys.wrapping import VerifiedReader
from sealedfiles.model.policy import DEFAULT_GROUP
from sealedfiles.util import atomic
from sealedfiles.util.messages import say

if TYPE_CHECKING:
    from sealedfiles.git.repository import Repository

_POLICY = b"""\
# Which values go to which group of readers.  The first rule that matches a value decides;
# a value that no rule matches is sealed to the group `default`.
# The syntax: docs/format.md of sealedfiles, "Policy".
version: 1
tracked: []
rules: []
"""


@click.command("init")
@click.option("--name", help="Your name as a reader; by default from git's user.name.")
@click.option(
    "--strict/--no-strict",
    default=None,
    help="Whether git refuses to add sealed files in clones where sealedfiles is not set up.",
)
@click.option(
    "--global",
    "for_user",
    is_flag=True,
    help="Set up the filter for all your repositories instead, in your own git configuration.",
)
@no_hooks_option
def command(name: str | None, strict: bool | None, for_user: bool, no_hooks: bool) -> int:
    """Set up sealedfiles in this repository.

    This creates .sealedfiles/, and sets up your key and git's filter and hooks.  If you have no identity,
    one is generated.  The new files are staged, not committed.  If the repository has .sealedfiles/
    already, only git's configuration is written again.
    """
    if for_user:
        if name is not None or strict is not None or no_hooks:
            raise UsageError("--global is for your git configuration, and takes no other option")
        return _init_user()
    repository = find_repository(Path.cwd())
    if repository:
        refuse_old_git()
    root = repository.top if repository else Path.cwd()
    is_new = not (root / NAME / "keys").exists() and not _is_tracked(repository)
    if repository is None and (strict is not None or not is_new):
        raise UsageError(
            "this is for a git repository only" if is_new else f"{root / NAME} is there already"
        )
    if repository is None and find_repository(Path.cwd(), bare=True):
        raise UsageError(
            "this is a bare repository: it has no working tree",
            "run sealedfiles init in a clone of it",
        )
    if is_new and repository:
        _refuse_second_start(Clone(repository))
    if is_new:
        _make(root, repository, name)
    if repository:
        configure(repository)
        Clone(repository).mirror_policy()
        exclude_leftovers(repository)
        if strict is not None:
            _set_strict(repository, strict)
        set_up_hooks(repository, unwanted=no_hooks)
    if is_new:
        say(
            "next:",
            "which files to seal: sealedfiles track 'secrets/*.yaml' '*.env'",
            "then git add and git commit as always",
            "keep a copy of your key: without it, and without another reader, the values are lost",
        )
    else:
        say(
            f"{root / NAME} is there already; git's configuration is set up",
            "to open the files: sealedfiles unlock",
        )
    return 0


def _refuse_second_start(clone: Clone) -> None:
    """Raise NoKeyError if this clone knows groups and another branch has the folder.

    A second set of groups would seal values that nobody else can open, and open none of the others'.
    """
    branch = clone.branch_with_folder()
    if branch:
        raise no_folder(branch)


def _is_tracked(repository: Repository | None) -> bool:
    """Tell whether git has the folder, though it may not be checked out (a sparse checkout)."""
    return repository is not None and bool(repository.run("ls-files", "--", f"{NAME}/keys"))


def _make(root: Path, repository: Repository | None, name: str | None) -> None:
    """Make ``.sealedfiles/`` with one group and its first reader."""
    reader = check_name(name or _name_from_git(repository))
    identities = Identities()
    identity, place = _own_identity(identities)
    assert identity.recipient is not None  # noqa: S101 - _own_identity looks for one that has it
    folder = DirFolder(root / NAME)
    _write(folder.root / "policy.yaml", _POLICY)
    _write(folder.root / ".gitattributes", FOLDER_ATTRIBUTES)
    add_recipients(folder, reader, [identity.recipient])
    key = make_group(folder, DEFAULT_GROUP, VerifiedReader.own(reader, identity))
    if repository:
        clone = Clone(repository, identities)
        clone.state.forget_keys()
        clone.state.set_locked(locked=False)
        stage(clone, NAME)
        record_new_key(clone, DEFAULT_GROUP, key, is_first=True)
        write_policy(clone, (folder.root / "policy.yaml").read_bytes())
        stage(clone, NAME)
    say(f"created {NAME}/ with the group {DEFAULT_GROUP} (key {key.key_id})")
    say(f"you are its first reader, {reader}: key {describe_key(identity.recipient)}, {place}")


def _init_user() -> int:
    file = configure_user()
    say(
        f"wrote the filter to {file}: it runs in every repository whose .gitattributes ask for it",
        "a clone opens at once what a key of yours opens; sealedfiles unlock adds hooks and keeps the keys",
        "to undo it: sealedfiles deinit --global",
    )
    return 0


def _set_strict(repository: Repository, strict: bool) -> None:
    word = "strict" if strict else "not strict"
    if not set_strict(repository.top, strict):
        say(f"the repository is {word} already")
        return
    stage(Clone(repository), ".gitattributes")
    hints = ["staged: .gitattributes"]
    if strict:
        hints.append("git now refuses to add sealed files in clones without sealedfiles")
        hints.append("in every clone, run: sealedfiles unlock")
    say(f"the repository is now {word}", *hints)


def _own_identity(identities: Identities) -> tuple[age.Identity, str]:
    """Return the first identity whose public key is known, or a new one, and where it is.

    What was made for SSH or SOPS is not taken unasked: such keys are classic, and what is committed
    is kept for the day that they can be broken.
    """
    for identity, place in identities.own():
        if identity.recipient is not None:
            return identity, f"found in {place}"
    identity = age.generate_identity()
    return identity, f"new, in {keep_identity(identity)}"


def _name_from_git(repository: Repository | None) -> str:
    name = (repository.config("user.name") if repository else user_config("user.name")) or ""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    reader = re.sub(r"[^a-z0-9._-]+", "-", plain).strip("-._")
    if not reader:
        raise UsageError(
            "no reader name: git's user.name is not set",
            "set it, or run: sealedfiles init --name NAME",
        )
    return reader


def _write(path: Path, data: bytes) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.replace(path, data)
