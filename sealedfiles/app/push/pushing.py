"""Push the values of a target to its store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from sealedfiles.app.dialog import Dialog
from sealedfiles.app.push.masking import masked_error
from sealedfiles.app.push.plan import Plan, make_plan
from sealedfiles.app.push.stores.base import Store
from sealedfiles.app.push.targets import (
    Item,
    digest_of,
    find_target,
    read_items,
    uncommitted,
)
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import RemoteError, UsageError
from sealedfiles.git.clone import Clone
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.targets import Target
from sealedfiles.remote.http import understood
from sealedfiles.util.messages import counted

_STORES = {
    "vault": ("vault", "VaultStore"),
    "k8s": ("kubernetes", "KubernetesStore"),
    "aws-sm": ("aws_secrets", "aws_secrets"),
    "aws-ssm": ("aws_parameters", "aws_parameters"),
    "github": ("github", "GithubStore"),
    "gitea": ("gitea", "GiteaStore"),
    "gitlab": ("gitlab", "GitlabStore"),
    "gcp-sm": ("gcp_secrets", "gcp_secrets"),
    "azure-kv": ("azure_secrets", "AzureSecret"),
}


class Prepared(NamedTuple):
    """A target with its values, its store, and what would change there."""

    target: Target
    items: list[Item]
    store: Store
    plan: Plan
    commit: str
    """The commit that the values are from; with ``-dirty`` if they differ from it."""


def store_of(target: Target) -> Store:
    """Return the store of *target*.  Raises RemoteError, and UsageError if a package is missing."""
    module, name = _STORES[target.to.scheme]
    store: Store = getattr(import_module(f"sealedfiles.app.push.stores.{module}"), name)(target)
    return store


def prepare(workspace: Workspace, clone: Clone, name: str, *, allow_dirty: bool) -> Prepared:
    """Read the values of the target *name*, and what its store has, and compare them.

    Raises UsageError if a file is not committed, unless *allow_dirty* is set; the errors of ``find_target``
    and ``read_items``, and RemoteError.
    """
    target = find_target(clone, name)
    dirty = uncommitted(clone, target)
    if dirty and not allow_dirty:
        raise UsageError(
            f"not committed: {', '.join(dirty)}",
            "commit it first, so that the store can name the commit of its values",
            "to push it as it is: --allow-dirty",
        )
    items = read_items(workspace, target)
    commit = clone.repository.run("rev-parse", "--verify", "HEAD^{commit}").decode().strip()
    store = store_of(target)
    store.check({item.name: item.value for item in items})
    with masked(items):
        remote = store.read()
    digests = {} if store.can_read else {i.name: digest_of(clone, target, i) for i in items}
    return Prepared(
        target,
        items,
        store,
        make_plan(items, remote, digests),
        f"{commit}-dirty" if dirty else commit,
    )


def rehearse(prepared: Prepared, *, prune: bool, force: bool) -> None:
    """Have the store check the changes, if it can.  Raises RemoteError."""
    with masked(prepared.items):
        prepared.store.rehearse(prepared.plan.work(prepared.commit, prune=prune, force=force))


def apply(prepared: Prepared, dialog: Dialog, done: list[str], *, prune: bool, force: bool) -> None:
    """Write the changes to the store; append each name to *done* after it was written or deleted.

    Raises RemoteError.  What was written before an error, or an interrupt, is reported.
    """
    work = prepared.plan.work(prepared.commit, prune=prune, force=force)
    if not work.is_needed:
        return
    count = len(work.write) + len(work.delete)
    try:
        with masked(prepared.items):
            prepared.store.apply(work, done.append)
    finally:
        if 0 < len(done) < count:  # after an error, or Ctrl-C
            dialog.warn(
                f"{len(done)} of {counted(count, 'name')} were written: {', '.join(done)}; "
                "whether the next one was, is unknown",
                "run the command again to compare, and to write the others",
            )


@contextmanager
def masked(items: list[Item]) -> Iterator[None]:
    """Add the service's own words to its errors, with all values of *items* masked."""
    try:
        with understood("the store"):
            yield
    except RemoteError as error:
        raise masked_error(error, [item.value for item in items]) from None
