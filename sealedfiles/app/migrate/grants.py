"""Which readers of another tool get access.

Their public keys are in files that anyone with push access can change.  So a key is used only if the user
gives it, or its fingerprint, in the command, or confirms the fingerprint when asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sealedfiles import age
from sealedfiles.app.dialog import Dialog, agree
from sealedfiles.app.migrate.policy_rules import PlannedFile
from sealedfiles.app.migrate.source import Reader
from sealedfiles.errors import UsageError
from sealedfiles.keys.folder import NAME, POLICY
from sealedfiles.keys.recipients import check_name, describe_key, fingerprint, ssh_fingerprint
from sealedfiles.light_typing import NamedTuple
from sealedfiles.util.messages import shell_word


class Grant(NamedTuple):
    """A reader to grant access."""

    name: str
    key: str
    """The public key, as the tool's files have it."""
    groups: list[str]
    is_confirmed: bool
    """Whether the user gave the public key, or its fingerprint."""

    @property
    def recipient(self) -> age.Recipient:
        """The public key, parsed."""
        return age.parse_recipient(self.key)


def groups_for(files: Iterable[PlannedFile], used: frozenset[str], reader: Reader) -> list[str]:
    """Return the groups of *files* whose files *reader* can decrypt already, without those *used* before."""
    paths: dict[str, set[bytes]] = {}
    for one in files:
        paths.setdefault(one.group, set()).add(one.path)
    return sorted(g for g, some in paths.items() if g not in used and some <= reader.files)


def advice_for(files: Iterable[PlannedFile], reader: Reader) -> tuple[str, ...]:
    """Return what the user can do for *reader*, who could read more in the groups of *files* than before."""
    own = [one for one in files if one.path in reader.files]
    grant = f"grant it: sealedfiles grant {shell_word(reader.name)} KEY --to GROUP"
    if not own:
        return (grant,)
    if any(one.has_group for one in own):
        policy = f"{NAME}/{POLICY}"
        new = f"change the group of their files in {policy} to a new one, then: sealedfiles migrate"
    else:
        new = "migrate their files to a new group: sealedfiles migrate PATH --group GROUP"
    return (new, f"or {grant}")


def resolve_grants(
    requests: tuple[str, ...],
    readers: list[Reader],
    groups_of: Callable[[Reader], list[str]],
    advice_of: Callable[[Reader], tuple[str, ...]],
) -> list[Grant]:
    """Return the grants that *requests*, each ``NAME`` or ``NAME=KEY``, ask for.  Raises UsageError.

    *groups_of* and *advice_of* are ``groups_for`` and ``advice_for``, for the files to migrate.
    """
    return [_resolve(request, readers, groups_of, advice_of) for request in requests]


def _resolve(
    request: str,
    readers: list[Reader],
    groups_of: Callable[[Reader], list[str]],
    advice_of: Callable[[Reader], tuple[str, ...]],
) -> Grant:
    name, equals, key = request.partition("=")
    check_name(name)
    usable = [one for one in readers if one.key]
    if equals:
        found = [one for one in usable if key.strip() in _spellings(one)]
    else:
        found = [one for one in usable if one.name == name]
    if not found:
        what = (
            f"no reader has the key of --grant {name}" if equals else f"no reader {name} was found"
        )
        raise UsageError(
            what, *(f"there is --grant {one.name}={_shortest(one)}" for one in usable[:5])
        )
    if len({one.key for one in found}) > 1:
        raise UsageError(
            f"several readers are named {name}", *(f"choose: {option_for(one)}" for one in found)
        )
    reader = found[0]
    groups = groups_of(reader)
    if not groups:
        raise UsageError(f"{name} would get access to more values than before", *advice_of(reader))
    return Grant(name, reader.key, groups, bool(equals))


def _spellings(reader: Reader) -> list[str]:
    recipient = age.parse_recipient(reader.key)
    return [
        reader.key,
        str(recipient),
        fingerprint(recipient),
        *filter(None, [ssh_fingerprint(recipient)]),
    ]


def _shortest(reader: Reader) -> str:
    recipient = age.parse_recipient(reader.key)
    return ssh_fingerprint(recipient) or fingerprint(recipient)


def option_for(reader: Reader) -> str:
    """Return the option that grants *reader* access."""
    return f"--grant {shell_word(reader.name)}={_shortest(reader)}"


def confirm_grants(grants: list[Grant], dialog: Dialog) -> None:
    """Ask about each key that the user did not give.  Raises UsageError unless they are confirmed."""
    for grant in grants:
        if grant.is_confirmed:
            continue
        shown = describe_key(grant.recipient)
        dialog.say(f"public key of {grant.name}, from a file in the repository: {shown}")
        if not agree(dialog, f"Has {grant.name} confirmed this fingerprint in person?"):
            raise UsageError(
                f"nothing was changed: the public key of {grant.name} was not confirmed",
                f"compare the fingerprint with {grant.name}, then give it in the command: "
                f"--grant {shell_word(grant.name)}={fingerprint(grant.recipient)}",
            )
