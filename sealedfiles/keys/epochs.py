"""The epochs of a group: its keys over time, and the chain that proves their order (docs/format.md).

Each line is authenticated with the previous key.  So nobody without a key of the group can add a key, or
change or reorder the file.
"""

from __future__ import annotations

import hmac
from collections.abc import Container, Iterable, Mapping

from sealedfiles.errors import SealedFilesError, TamperedError
from sealedfiles.keys.folder import MetadataSource
from sealedfiles.keys.keyfile import is_date
from sealedfiles.keys.state import Seen
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.token import BASE64URL, base64url, is_key_id, key_id, proof

_MOST = 1 << 20
"""Maximum size of an ``epochs`` file in bytes, because verifying each line takes time: about 600 keys,
or 8000 without public keys."""


class MissingKeyError(TamperedError):
    """A group has a key that no key file of the user contains, as after the user was removed."""


class NewGroupError(TamperedError):
    """The group was never used in this clone, and the user has not accepted it."""


def new_group(group: str) -> NewGroupError:
    """Return the error for a group that is new in this clone."""
    return NewGroupError(
        f"the group {group} is new in this clone and was not accepted",
        f"find who created it: git log -- .sealedfiles/keys/{group}",
        f"if you expected it: sealedfiles unlock --accept {group}",
    )


def flood(group: str) -> TamperedError:
    """Return the error for a group with too many key files."""
    return TamperedError(
        f".sealedfiles/keys/{group} has too many key files to try",
        f"find who added them: git log --stat -- .sealedfiles/keys/{group}",
    )


def fork(group: str, seen: Seen | None) -> TamperedError:
    """Return the error for keys that do not descend from the newest key *seen*."""
    newest = f"{seen.key_id} ({seen.where})" if seen else "which this version does not have"
    return TamperedError(
        f"the keys of the group {group} do not descend from the newest key seen, {newest}",
        "if they were rotated on another branch or commit, merge it, then run: sealedfiles sync",
        "if git does not merge because of your edit, which it cannot stash either: copy the file to another "
        "folder, git restore it, merge, and repeat the edit",
        f"if a commit restored old keys, git revert it; to find it: git log -p -- .sealedfiles/keys/{group}",
        f"if that rotation was abandoned: sealedfiles sync --forget {group}",
    )


class SeenKeys:
    """The keys that the epochs of each group must list, because this clone has seen them."""

    def __init__(
        self, newest: Mapping[str, Seen], revocations: Mapping[str, Iterable[Seen]]
    ) -> None:
        self.newest = dict(newest)
        """The newest key of each group."""
        self._revocations = {group: [*seen] for group, seen in revocations.items()}

    def require(self, group: str, revocations: Iterable[Seen]) -> None:
        """Require *revocations*, keys of *group* that history shows, besides the newest key."""
        self._revocations[group] = [*revocations]

    def missing(self, group: str, listed: Container[str]) -> Seen | None:
        """Return a required key of *group* that is not in *listed*, the newest one first, or None."""
        newest = self.newest.get(group)
        required = [*([newest] if newest else []), *self._revocations.get(group, ())]
        return next((seen for seen in required if seen.key_id not in listed), None)


class Epoch(NamedTuple):
    """One line of an ``epochs`` file."""

    key_id: str
    date: str
    why: str
    parent: str
    public_key: str
    """To write values without reading (``model.unauthenticated``); ``-`` if there is none."""
    proof: str

    @property
    def line(self) -> str:
        """The line, without a line ending."""
        return " ".join(self)


def today() -> str:
    """Return the current time as ``YYYY-MM-DDTHH:MM:SSZ`` (UTC), the format of all dates."""
    from datetime import datetime, timezone  # imported here because reading does not need it

    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_epochs(data: bytes, group: str) -> list[Epoch]:
    """Parse an ``epochs`` file: at least one epoch, oldest first.  Raises TamperedError."""
    found = []
    if len(data) > _MOST:
        raise _broken(group, "it has too many lines")
    text = data.decode("ascii", "replace")
    if not text.endswith("\n"):
        raise _broken(group, "its last line is cut off")
    for number, line in enumerate(text[:-1].split("\n"), 1):
        fields = line.split(" ")
        if len(fields) != len(Epoch._fields) or not _is_valid(epoch := Epoch(*fields)):
            raise _broken(group, f"line {number} is not a valid epoch")
        found.append(epoch)
    for number, (parent, epoch) in enumerate(zip([None, *found], found, strict=False), 1):
        expected = parent.key_id if parent else "-"
        if epoch.parent != expected:
            raise _broken(group, f"line {number} does not continue the line before it")
    return found


def _is_valid(epoch: Epoch) -> bool:
    """Return True if each field has its form; a regular expression would take longer to compile."""
    return (
        is_key_id(epoch.key_id)
        and is_date(epoch.date)
        and epoch.why in ("created", "rotated", "revoked")
        and (epoch.parent == "-" or is_key_id(epoch.parent))
        and epoch.public_key != ""
        and epoch.public_key.isascii()
        and epoch.public_key.isprintable()
        and len(epoch.proof) == 43
        and not epoch.proof.strip(BASE64URL)
    )


def keys_in_use(epochs: list[Epoch]) -> set[str] | None:
    """Return the ids of the keys from the last ``revoked`` line on; None if there was no revocation.

    After a revocation, every other key is retired, even if it is not listed: a removed reader still has the
    older keys, and can build another chain from them.
    """
    last = max((n for n, epoch in enumerate(epochs) if epoch.why == "revoked"), default=0)
    return {epoch.key_id for epoch in epochs[last:]} if last else None


def read_epochs(folder: MetadataSource, group: str) -> list[Epoch]:
    """Return the epochs of *group* in *folder*.  Raises TamperedError, also if there are none."""
    return parse_epochs(folder.read(f"keys/{group}/epochs") or b"", group)


def epoch_ids(folder: MetadataSource, group: str) -> list[str]:
    """Return the key ids of the epochs of *group* in *folder*, oldest first; empty if they cannot be read."""
    try:
        return [one.key_id for one in read_epochs(folder, group)]
    except SealedFilesError:
        return []


def format_epochs(epochs: list[Epoch]) -> bytes:
    """Return the bytes of an ``epochs`` file."""
    return "".join(epoch.line + "\n" for epoch in epochs).encode("ascii")


def new_epoch(
    group: str, secret: bytes, why: str, parent: Epoch | None = None, parent_secret: bytes = b""
) -> Epoch:
    """Return the line for the new key *secret*, proved with its *parent* (the first key proves itself)."""
    public_key = public_key_of(secret)
    epoch = Epoch(key_id(secret), today(), why, parent.key_id if parent else "-", public_key, "")
    return epoch._replace(proof=_proof(group, epoch, secret, parent_secret if parent else secret))


def prove_again(
    group: str, epoch: Epoch, secret: bytes, parent: Epoch | None, parent_secret: bytes
) -> Epoch:
    """Return the line of a key with the same date and reason, proved with a new *parent*."""
    moved = epoch._replace(parent=parent.key_id if parent else "-", proof="")
    return moved._replace(proof=_proof(group, moved, secret, parent_secret if parent else secret))


def verify_epochs(group: str, epochs: list[Epoch], secrets: Mapping[str, bytes]) -> None:
    """Verify every line with the group's keys; *secrets* maps key ids to keys.

    Raises TamperedError if a line is not proved, or if its key is not in *secrets*: a reader of a group
    has all its keys.
    """
    parent_secret = b""
    for number, epoch in enumerate(epochs, 1):
        secret = secrets.get(epoch.key_id)
        if secret is None:
            raise MissingKeyError(
                f".sealedfiles/keys/{group}/epochs: the key of line {number} is not among the keys "
                "encrypted to you",
                "if you were removed from the group, seal its values and forget its keys here: "
                "sealedfiles lock; then sealedfiles unlock, which shows by whom",
                "after a merge: sealedfiles sync",
                "otherwise find who changed it: git log -p -- .sealedfiles/keys",
            )
        expected = _proof(group, epoch, secret, parent_secret or secret)
        if not hmac.compare_digest(expected, epoch.proof):
            raise _broken(group, f"line {number} is not proved by the key before it")
        parent_secret = secret


def are_proved(group: str, epochs: list[Epoch], secrets: Mapping[str, bytes]) -> bool:
    """Return True if the first of *epochs* for which *secrets* has a key is proved by it.

    Then they are the epochs of these keys, and not of another group with this name.
    """
    parent_secret = b""
    for epoch in epochs:
        secret = secrets.get(epoch.key_id)
        if secret and hmac.compare_digest(
            _proof(group, epoch, secret, parent_secret or secret), epoch.proof
        ):
            return True
        parent_secret = secret or b""
    return False


def public_key_of(secret: bytes) -> str:
    """Return the public key that belongs to the group key *secret*, or ``-`` if ML-KEM is not available."""
    # Imported here because reading does not need it.
    from sealedfiles.age import UnsupportedKeyError
    from sealedfiles.model.unauthenticated import derive_public_key

    try:
        return derive_public_key(secret).text
    except UnsupportedKeyError:
        return "-"


def _proof(group: str, epoch: Epoch, secret: bytes, parent_secret: bytes) -> str:
    line = " ".join(epoch[:-1])
    message = b"%b\x00%b\x00%b" % (group.encode("ascii"), line.encode("ascii"), secret)
    return base64url(proof(parent_secret, b"sealedfiles/v1/chain", message))


def _broken(group: str, what: str) -> TamperedError:
    return TamperedError(
        f".sealedfiles/keys/{group}/epochs: {what}",
        "find who changed it: git log -p -- .sealedfiles/keys",
        "after a merge: sealedfiles sync",
    )
