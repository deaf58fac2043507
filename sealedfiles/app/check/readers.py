"""Check one version of ``.sealedfiles/`` without any key: the groups' keys, and their readers."""

from __future__ import annotations

import contextlib
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sealedfiles import age
from sealedfiles.age import Stanza
from sealedfiles.app.check.findings import Finding
from sealedfiles.app.check.kinds import KINDS
from sealedfiles.app.check.tokens import GroupKeys
from sealedfiles.app.check.trees import Blob
from sealedfiles.app.check.versions import FOLDER, POLICY, Store, Version
from sealedfiles.errors import PolicyError, TamperedError, UsageError
from sealedfiles.git.cached_groups import last_change, restoring
from sealedfiles.git.former_readers import readers_with
from sealedfiles.keys.epochs import parse_epochs
from sealedfiles.keys.folder import NAME
from sealedfiles.keys.grants import Grant, fingerprints, parse_grant
from sealedfiles.keys.recipients import group_names, members, read_recipients
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.policy import NAME as NAME_RE
from sealedfiles.model.policy import Policy
from sealedfiles.util.lazy_pattern import lazy_pattern
from sealedfiles.util.messages import shell_word

_NAME = NAME_RE.pattern.encode()
_KNOWN = lazy_pattern(
    rb"policy\.(?:yaml|proof)|\.git[a-z]+|README[^/]*|recipients/%b\.pub|identities/%b\.kms"
    rb"|keys/%b/(?:epochs|%b\.(?:age|grant))" % (_NAME, _NAME, _NAME, _NAME)
)
"""The files that a command reads."""

_COMPLAINT = lazy_pattern(rf"{re.escape(NAME)}/policy\.yaml(?::(\d+))?: (.*)", re.DOTALL)
_MOST_POLICIES = 100
"""The maximum number of versions among which the last valid policy is searched for."""
_GREASE = "-grease"
_NATIVE = {
    "X25519",
    "mlkem768x25519",
    "p256tag",
    "mlkem768p256tag",
    "scrypt",
    "ssh-ed25519",
    "ssh-rsa",
}
"""The stanza types that do not come from plugins."""


class KeyFolder(NamedTuple):
    """The groups and the findings of one version of the folder."""

    groups: dict[str, GroupKeys | None]
    """By name; None if the epochs cannot be read."""
    findings: list[Finding]


class StoredFolder:
    """A stored version of the folder for ``sealedfiles.keys``; files that are not regular are omitted."""

    where = "git"

    def __init__(self, files: Mapping[bytes, Blob], store: Store) -> None:
        self._store = store
        self._files = {
            os.fsdecode(path[len(FOLDER) + 1 :]): blob
            for path, blob in files.items()
            if blob.is_file
        }

    def read(self, name: str) -> bytes | None:
        """See sealedfiles.keys.folder.MetadataSource."""
        blob = self._files.get(name)
        return self._store.blob(blob.oid) if blob else None

    def list(self, name: str) -> list[str]:
        """See sealedfiles.keys.folder.MetadataSource."""
        prefix = f"{name}/"
        below = (path[len(prefix) :] for path in self._files if path.startswith(prefix))
        return sorted({path.partition("/")[0] for path in below})


def look_at_folder(
    files: Mapping[bytes, Blob], policy: Policy | PolicyError | None, store: Store
) -> KeyFolder:
    """Check the *files* of one version of the folder, by their paths, and its *policy*.

    A missing policy is not reported: there may be nothing to seal.
    """
    folder = StoredFolder(files, store)
    findings = [*_unexpected_files(files), *_look_at_identities(folder)]
    groups: dict[str, GroupKeys | None] = {}
    for group in group_names(folder):
        groups[group], said = _group_keys(folder, group)
        findings += said
        findings += _look_at_readers(folder, group, groups[group])
    if isinstance(policy, PolicyError):
        findings.append(_bad_policy(policy, folder.read("policy.yaml") or b"", store))
    elif policy:
        findings += _look_at_policy(policy, groups, store)
    return KeyFolder(groups, findings)


def no_policy(version: Version) -> Finding:
    """Return the finding for a version without a policy."""
    if POLICY in version.unmerged:
        # To restore it would drop the rules of the other side.
        fix = "resolve it, then git add .sealedfiles/policy.yaml"
        return Finding("bad-policy", POLICY, "has a merge conflict", own_fix=fix)
    what = "is missing, so it is unknown which values must be sealed"
    fix = f"git checkout HEAD -- {NAME}/policy.yaml"
    if version.store.resolve(f"HEAD:{NAME}/policy.yaml") is None:
        commit = last_change(version.store.repository, "policy.yaml")
        fix = restoring(commit, ["policy.yaml"]) if commit else ""
    return Finding("bad-policy", POLICY, what, own_fix=fix)


def _bad_policy(error: PolicyError, data: bytes, store: Store) -> Finding:
    found = _COMPLAINT.fullmatch(error.message)
    line, words = (found[1], found[2]) if found else ("", error.message)
    words = "has conflict markers" if b"<<<<<<<" in data else words
    return Finding("bad-policy", POLICY, words, int(line or 1), own_fix=_restoring_policy(store))


def _restoring_policy(store: Store) -> str:
    """Return how to restore the last valid policy in HEAD's history; empty if HEAD has it."""
    file = f"{NAME}/policy.yaml"

    def is_valid(commit: str) -> bool:
        oid = store.resolve(f"{commit}:{file}")
        policy = store.policy(oid) if oid else None
        with contextlib.suppress(PolicyError):
            if isinstance(policy, Policy):
                policy.require_valid_targets()
                return True
        return False

    if is_valid("HEAD"):
        return ""
    options = ("--format=%h", f"--max-count={_MOST_POLICIES}")
    _, out, _ = store.repository.try_run("log", *options, "HEAD", "--", file)
    commit = next(filter(is_valid, out.decode("ascii").split()), "")
    return f"git checkout {commit} -- {file}" if commit else f"git log -p -- {file}"


def _look_at_policy(
    policy: Policy, groups: Mapping[str, GroupKeys | None], store: Store
) -> Iterator[Finding]:
    for rule in policy.rules:
        if rule.group and rule.group not in groups:
            what = f"a rule names the group {rule.group}, which has no keys"
            fix = f"sealedfiles grant NAME --to {rule.group}"
            yield Finding("missing-group", POLICY, what, rule.line, own_fix=fix)
    for allow in policy.allows:
        if allow.finding not in KINDS:
            what = f"allows {allow.finding}, which is not a finding of this version"
            yield Finding("unknown-allow", POLICY, what, allow.line)
    try:
        policy.require_valid_targets()
    except PolicyError as error:
        yield _bad_policy(error, b"", store)


def against_parent(
    groups: Mapping[str, GroupKeys | None], before: Mapping[str, GroupKeys | None], parent: str
) -> Iterator[Finding]:
    """Yield the keys of *parent* that were removed, or that are no longer retired, and its readers whose key
    files were removed without a new key."""
    for group, old in before.items():
        new = groups.get(group)
        if old is None or new is None:
            continue
        path = _path(f"keys/{group}/epochs")
        for key_id in sorted(old.known - new.known):
            what = f"the key {key_id} of {group}, which {parent} lists, was removed"
            yield Finding("lost-epoch", path, what, 1)
        for key_id in sorted((old.retired - new.retired) & new.known):
            what = f"the key {key_id} of {group} is no longer marked as retired"
            yield Finding("lost-epoch", path, what, 1)
        if old.current == new.current:
            yield from (kept_access(group, one) for one in sorted(old.readers - new.listed))


def kept_access(group: str, name: str, where: str = "") -> Finding:
    """Return the finding for the former reader *name*; *where* is the commit that removed the key file."""
    what = f"{name} is no reader of {group} any more{where}, but has the key of new values"
    fix = f"sealedfiles revoke {shell_word(name)} --from {shell_word(group)}"
    return Finding("kept-access", _path(f"keys/{group}/epochs"), what, 1, own_fix=fix)


def _unexpected_files(files: Mapping[bytes, Blob]) -> Iterator[Finding]:
    for path, blob in files.items():
        name = path[len(FOLDER) + 1 :]
        if not blob.is_file:
            kind = "a symbolic link" if blob.is_link else "a submodule"
            yield Finding("symlink", path, f"{kind}, which is not followed")
        elif not _KNOWN.fullmatch(name):
            yield Finding("odd-file", path, "no command uses a file with this name")


def _look_at_identities(folder: StoredFolder) -> Iterator[Finding]:
    """Yield the encrypted identities that no job can use, or that are not of the reader's public key."""
    names = [one.removesuffix(".kms") for one in folder.list("identities")]
    if not names:
        return
    from sealedfiles.keys.identity.kms_file import (
        file_of,
        read_head,
    )  # here: few repositories have one

    for name in names:
        if not NAME_RE.fullmatch(name):
            continue  # an unexpected file
        identity = read_head(folder, name)
        if identity is None:
            what = "is not an identity as `sealedfiles keygen --kms` writes it"
        elif identity.fingerprint not in fingerprints(_public_keys(folder, name) or []):
            what = f"is for a public key that {name} does not have here"
        else:
            continue
        yield Finding("bad-identity", _path(file_of(name)), what)


def _group_keys(folder: StoredFolder, group: str) -> tuple[GroupKeys | None, list[Finding]]:
    """Return the key ids of a group; every key above the last line with `revoked` is retired."""
    path = _path(f"keys/{group}/epochs")
    data = folder.read(f"keys/{group}/epochs")
    if data is None:
        return None, [
            Finding("bad-epochs", path, f"the list of keys of the group {group} is missing")
        ]
    if b"<<<<<<<" in data:
        return None, [Finding("bad-epochs", path, "has conflict markers", 1)]
    try:
        epochs = parse_epochs(data, group)
    except TamperedError as error:
        return None, [Finding("bad-epochs", path, error.message.partition(": ")[2], 1)]
    revoked = max((n for n, epoch in enumerate(epochs) if epoch.why == "revoked"), default=0)
    ids = [epoch.key_id for epoch in epochs]
    retired = frozenset(ids[:revoked])
    listed, readers = members(folder, group), readers_with(folder, group, ids[-1])
    keys = GroupKeys(ids[-1], frozenset(ids), retired, frozenset(listed), frozenset(readers))
    return keys, []


def _look_at_readers(folder: StoredFolder, group: str, keys: GroupKeys | None) -> Iterator[Finding]:
    names = folder.list(f"keys/{group}")
    aged = {name.removesuffix(".age") for name in names if name.endswith(".age")}
    granted = {name.removesuffix(".grant") for name in names if name.endswith(".grant")}
    under: set[str] = set()
    for name in sorted(one for one in aged | granted if NAME_RE.fullmatch(one)):
        reader = _Reader(folder, group, name)
        if name not in aged:
            yield reader.finding("lone-grant", ".grant", f"{name} has no key file in {group}")
            continue
        recipients = _public_keys(folder, name)
        if recipients is None:
            what = f"the public key of {name} is missing or cannot be read"
            yield Finding("bad-public-key", _path(f"recipients/{name}.pub"), what)
        if name not in granted:
            yield reader.finding("no-grant", ".age", f"{name} has no grant for {group}", trust=True)
        else:
            grant = parse_grant(folder.read(f"keys/{group}/{name}.grant"))
            under.add(grant.key_id if grant else "")
            yield from reader.look_at_grant(grant, recipients, keys)
        yield from reader.look_at_key_file(recipients)
    if keys and keys.current not in under:
        what = f"no reader of {group} has a grant under its current key {keys.current}"
        yield Finding("unproven-key", _path(f"keys/{group}/epochs"), what, 1)


class _Reader(NamedTuple):
    """One reader of one group."""

    folder: StoredFolder
    group: str
    name: str

    def finding(self, code: str, ending: str, what: str, *, trust: bool = False) -> Finding:
        """Return a finding about one of the reader's two files in the group."""
        path = _path(f"keys/{self.group}/{self.name}{ending}")
        return Finding(
            code, path, what, own_fix=f"sealedfiles trust {shell_word(self.name)}" if trust else ""
        )

    def look_at_grant(
        self,
        grant: Grant | None,
        recipients: list[age.Recipient] | None,
        keys: GroupKeys | None,
    ) -> Iterator[Finding]:
        """Yield the problems of the grant, from the group's *keys* and the reader's public keys."""
        if grant is None:
            yield self.finding("bad-grant", ".grant", "cannot be read", trust=True)
            return
        if recipients is not None and grant.fingerprints != fingerprints(recipients):
            what = f"the public key of {self.name} changed after access to {self.group} was granted"
            path = _path(f"recipients/{self.name}.pub")
            fix = f"sealedfiles trust {shell_word(self.name)}"
            yield Finding("changed-key", path, what, own_fix=fix, subject=self.group)
        if keys and grant.key_id not in keys.known:
            what = f"is under a key that {self.group} never had"
            finding = self.finding("bad-grant", ".grant", what)
            yield finding._replace(own_fix=f"git log -p -- {NAME}/keys/{self.group}")
        elif keys and grant.key_id != keys.current:
            what = f"is under a key of {self.group} from before the last rotation"
            yield self.finding("old-grant", ".grant", what)

    def look_at_key_file(self, recipients: list[age.Recipient] | None) -> Iterator[Finding]:
        """Yield the problems of the key file: not an age file, or not encrypted to exactly *recipients*."""
        data = self.folder.read(f"keys/{self.group}/{self.name}.age") or b""
        try:
            stanzas = age.read_header(data)
        except age.AgeError:
            what = f"the key file of {self.name} is not an age file"
            yield self.finding("bad-key-file", ".age", what)
            return
        if recipients is None:
            return
        hidden, unused = _match(stanzas, recipients)
        if hidden or unused:
            kinds = ", ".join(f"{count} of {kind}" for kind, count in Counter(hidden).items())
            what = f"is encrypted to keys that {self.name} does not have: {kinds}"
            if not hidden:
                what = f"is not encrypted to all public keys of {self.name}"
            yield self.finding("hidden-reader", ".age", what, trust=True)


def _match(
    stanzas: Sequence[Stanza], recipients: Sequence[age.Recipient]
) -> tuple[list[str], list[age.Recipient]]:
    """Return the types of stanzas that match none of *recipients*, and the recipients without a stanza.

    Stanzas of plugins cannot be recognized: only the plugin knows them.
    """
    left = [stanza for stanza in stanzas if not stanza.type.endswith(_GREASE)]
    unused = []
    for recipient in recipients:
        own = next((stanza for stanza in left if _is_for(stanza, recipient)), None)
        if own is not None:
            left.remove(own)
        elif recipient.stanza_type:
            unused.append(recipient)
    if any(not recipient.stanza_type for recipient in recipients):
        left = [stanza for stanza in left if stanza.type in _NATIVE]
    return [stanza.type if stanza.type in _NATIVE else "unknown" for stanza in left], unused


def _is_for(stanza: Stanza, recipient: age.Recipient) -> bool:
    # Only stanzas for SSH keys have a tag; others reveal nothing of the key.
    tag = getattr(recipient, "tag", None)
    return stanza.type == recipient.stanza_type and (tag is None or stanza.args[:1] == (tag,))


def _public_keys(folder: StoredFolder, name: str) -> list[age.Recipient] | None:
    """Return a reader's public keys, or None if none can be read."""
    try:
        return read_recipients(folder, name) or None
    except UsageError:
        return None


def _path(name: str) -> bytes:
    return FOLDER + b"/" + name.encode("ascii")
