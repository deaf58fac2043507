"""Find the identities of the user who runs the command (docs/keys.md, Key lookup).

Places are read lazily, in a fixed order; the first identity that can decrypt the data is used.  The places
read so far and their results are stored for the error message if no identity can.
"""

from __future__ import annotations

import contextlib
import os
from functools import cache, cached_property

from sealedfiles import age
from sealedfiles.errors import NoKeyError, SealedFilesError, UsageError
from sealedfiles.light_typing import TYPE_CHECKING, NamedTuple
from sealedfiles.util.messages import shell_path

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

    from sealedfiles.keys.epochs import Epoch
    from sealedfiles.keys.expected import Expected
    from sealedfiles.keys.folder import MetadataSource
    from sealedfiles.keys.identity.locations import KeyLocation

_NAMING = ("SEALEDFILES_KEY", "SEALEDFILES_KEY_FILE")
"""The variables that specify a key text, in addition to ``--identity``; others start a program."""


class SourceResult(NamedTuple):
    """The result of reading one place."""

    place: str
    absent: str
    identities: list[age.Identity]
    error: SealedFilesError | None = None
    expected: Expected = {}  # noqa: RUF012 - never changed
    """The first keys of groups, from the comments in the key text."""


class Identities:
    """The available identities.  Places are read only when the next identity is requested."""

    def __init__(self, explicit: str | None = None) -> None:
        self._explicit = explicit
        self._found: dict[int, SourceResult] = {}
        self._expected = _expected_by_environment()
        self.folders: Callable[[], Iterable[MetadataSource]] = tuple
        """Returns the versions of ``.sealedfiles/`` to search for the file of SEALEDFILES_KMS."""

    @cached_property
    def _places(self) -> list[KeyLocation]:
        # Imported here because the filter usually needs no identity: it has cached keys.
        from sealedfiles.keys.identity.locations import all_places

        places = all_places(self._explicit, lambda: self.folders())
        # A pipe can be read only once.
        return [one._replace(load=cache(one.load)) if one.required else one for one in places]

    @property
    def expected(self) -> Expected:
        """The expected keys of groups, from the environment, the key texts read so far, and those that the
        user specified.

        The environment replaces what the key texts say of a group: a newer key there refuses a repository
        that was put back to a state before it.
        """
        return _union(*(one.expected for one in self._found.values()), self._named) | self._expected

    @cached_property
    def _named(self) -> Expected:
        """The expected keys in the key texts that the user specified, without reading their identities."""
        if not self._explicit and not any(map(os.environ.get, _NAMING)):
            return {}
        from sealedfiles.keys.expected import expected_in
        from sealedfiles.keys.identity.text import comments_of

        found = []
        for place in self._places:
            if place.required and not place.costly:
                # An unusable place is reported when its identities are needed.
                with contextlib.suppress(OSError, NoKeyError):
                    found.append(expected_in(comments_of(place.load() or b"")))
        return _union(*found)

    def verify_expected(self, group: str, epochs: list[Epoch]) -> None:
        """Verify the *epochs* of *group* as ``expected.verify_expected`` does, also in a clone with a record
        of its keys, whose cached keys need no identity.

        Only the environment and the key texts that the user specified count: other places may have the key of
        another repository.  Raises StartError, also if a comment is invalid: a checkout must not fail.
        """
        try:
            expected = self._named | self._expected
        except UsageError as error:
            from sealedfiles.keys.expected import StartError

            raise StartError(error.message, *error.hints) from None
        if expected:
            from sealedfiles.keys.expected import verify_expected  # few users have any

            verify_expected(expected, group, epochs)

    def __iter__(self) -> Iterator[age.Identity]:
        """Yield every identity; read the next place only when the caller asks for more.

        Raises NoKeyError if a place that the user specified is unusable.
        """
        for _, found in self._walk(lambda _place: True):
            yield from found.identities

    def without_prompt(self) -> Iterator[age.Identity]:
        """Yield the identities that need no prompt and no program.

        This is for calls that are frequent and likely to find no key: for a reader of only some groups, the
        filter finds values of other groups hundreds of times a day.
        """
        for _, found in self._walk(lambda place: not place.costly, may_prompt=False):
            yield from (identity for identity in found.identities if identity.kind != "plugin")

    def read_named(self) -> None:
        """Read the places that the user specified, and those that need no prompt and no program.

        Their texts may contain the first keys of groups (``expected``).  Unusable places are ignored.
        """
        for number, place in enumerate(self._places):
            if number not in self._found and (place.required or not place.costly):
                found = _read_place(place, may_prompt=False)
                if found is not None:
                    self._found[number] = found

    def own(self) -> Iterator[tuple[age.Identity, str]]:
        """Yield the identities that were generated or specified for sealedfiles, with their places."""
        for place, found in self._walk(lambda place: not place.borrowed):
            if not place.borrowed:
                yield from ((identity, place.name) for identity in found.identities)

    def no_key(self, message: str, *hints: str) -> NoKeyError:
        """Return the error *message* with *hints* and the list of all places that were read.

        If a file is encrypted to an identity that needs a missing Python package, returns that error instead.
        """
        from sealedfiles.keys.identity.passphrase import failure_of

        for _, found in sorted(self._found.items()):
            for identity in found.identities:
                error = failure_of(identity)
                if isinstance(error, age.MissingPackageError):
                    return NoKeyError(f"{found.place}: {error.message}", *error.hints)
        return NoKeyError(message, *hints, *self._lines(said=hints))

    def report(self) -> list[str]:
        """Return lines that list every place that was read, with the public keys found there."""
        return self._lines()

    def _lines(self, said: Collection[str] = ()) -> list[str]:
        """Return what ``report`` does, without errors that are among the lines *said*."""
        lines = []
        absent: dict[str, list[str]] = {}
        for _, found in sorted(self._found.items()):
            if found.error and found.error.message in said:
                continue
            if found.error:
                lines.append(_on_one_line(found))
            elif found.identities:
                keys = ", ".join(map(_describe, found.identities))
                lines.append(f"checked {found.place}: {keys}")
            else:
                absent.setdefault(found.absent, []).append(found.place)
        return lines + [f"{how}: {', '.join(places)}" for how, places in absent.items()]

    def _walk(
        self, accepts: Callable[[KeyLocation], bool], may_prompt: bool = True
    ) -> Iterator[tuple[KeyLocation, SourceResult]]:
        """Yield the places found so far, then read the remaining places that *accepts* allows."""
        for number, place in enumerate(self._places):
            found = self._found.get(number)
            if found is None and accepts(place):
                found = _read_place(place, may_prompt)
            if found is None:
                continue
            self._found[number] = found
            if found.error and place.required:
                raise found.error
            yield place, found


class QuietIdentities(Identities):
    """Only the identities that need no prompt and no program, for hooks."""

    def __iter__(self) -> Iterator[age.Identity]:
        """Yield them as ``without_prompt`` does."""
        yield from self.without_prompt()


def _union(*parts: Expected) -> Expected:
    """Return the key ids of each group in all of *parts*."""
    found: Expected = {}
    for part in parts:
        for group, key_ids in part.items():
            found.setdefault(group, set()).update(key_ids)
    return found


def _expected_by_environment() -> Expected:
    """Return the expected keys in SEALEDFILES_EXPECT, which few users set.  Raises UsageError."""
    if "SEALEDFILES_EXPECT" not in os.environ:
        return {}
    from sealedfiles.keys.expected import expected_by_environment

    return expected_by_environment()


def _read_place(place: KeyLocation, may_prompt: bool) -> SourceResult | None:
    """Return the content of *place*; None if reading it needs a prompt and *may_prompt* is False."""
    identities: list[age.Identity] = []
    error: SealedFilesError | None = None
    expected: Expected = {}
    try:
        data = place.load()
        if data is not None:
            from sealedfiles.keys.expected import expected_in
            from sealedfiles.keys.identity.passphrase import needs_passphrase
            from sealedfiles.keys.identity.text import comments_of, repair

            expected = expected_in(comments_of(data))
            data = repair(data)
            if not may_prompt and needs_passphrase(data, place.name):
                return None
            identities = _open(place, data)
    except age.AgeError as reason:
        error = NoKeyError(f"{place.name}: no usable key ({reason.message})", *reason.hints)
    except OSError as reason:
        error = NoKeyError(f"{place.name}: cannot be read ({reason.strerror or 'unknown reason'})")
    except SealedFilesError as reason:
        error = reason
    return SourceResult(place.name, place.absent, identities, error, expected)


def _open(place: KeyLocation, data: bytes) -> list[age.Identity]:
    from sealedfiles.keys.identity.passphrase import open_identities

    public = _read_public(place.public) if place.public else None
    found = open_identities(data, place.name, public)
    if place.public and any(identity.recipient is None for identity in found):
        # Without its public key, only a prompt would show if it can decrypt a file; usually it cannot.
        raise age.KeyUnavailableError(
            "it is protected by a passphrase, and its public key is not in the same directory",
            f"ssh-keygen -y -f {shell_path(place.name)} > {shell_path(str(place.public))}",
        )
    return found


def _read_public(path: Path) -> age.Recipient | None:
    try:
        return age.parse_recipient(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, age.AgeError):
        return None


def public_name(identity: age.Identity) -> str:
    """Return the name of an identity in messages: an SSH key's fingerprint, or the public key."""
    from sealedfiles.keys.recipients import ssh_fingerprint

    recipient = identity.recipient
    if recipient is None:
        return "a key with an unknown public key"
    print_of_ssh = ssh_fingerprint(recipient)
    if print_of_ssh:
        return f"{recipient.kind} {print_of_ssh}"
    text = str(recipient)
    return text if len(text) <= 80 else f"{text[:24]}…{text[-8:]}"


def _describe(identity: age.Identity) -> str:
    from sealedfiles.keys.identity.passphrase import describe, failure_of

    failure = failure_of(identity)
    return public_name(identity) + (f" ({describe(failure)})" if failure else "")


def _on_one_line(found: SourceResult) -> str:
    error = found.error
    assert error is not None  # noqa: S101 - the caller has looked
    words = "; ".join((error.message, *error.hints))
    return f"checked {words}" if words.startswith(f"{found.place}: ") else words
