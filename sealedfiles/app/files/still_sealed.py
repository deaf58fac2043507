"""Ensure that a token is never returned as a value.

If a requested value stays sealed, raise an error with file, line and key, or leave the value out.
"""

from __future__ import annotations

from itertools import chain

from sealedfiles.app.files.suspects import accept_hint
from sealedfiles.app.workspace import Workspace
from sealedfiles.errors import NoKeyError, TamperedError
from sealedfiles.formats.base import Data
from sealedfiles.git.filter.problems import UNKNOWN_KEY_HINTS, describe_problem, misplaced_hints
from sealedfiles.keys.expected import UnexpectedKeyError
from sealedfiles.light_typing import TYPE_CHECKING, Protocol
from sealedfiles.model.token import TOKEN, UNAUTHENTICATED_TOKEN, UNKNOWN_TOKEN, split
from sealedfiles.sealing import File, Opened, Problem
from sealedfiles.sealing.file import show_path
from sealedfiles.sealing.sealed_text import SealedText, inspect_file, is_rewritten
from sealedfiles.util.messages import shell_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import NoReturn


class OpenedFile(Protocol):
    """A decrypted file (``working_file.WorkingFile``)."""

    @property
    def workspace(self) -> Workspace: ...  # noqa: D102
    @property
    def path(self) -> bytes: ...  # noqa: D102
    @property
    def described(self) -> File: ...  # noqa: D102
    @property
    def data(self) -> bytes | None: ...  # noqa: D102
    @property
    def opened(self) -> Opened: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102


def refuse_tokens(place: OpenedFile, value: Data) -> None:
    """Raise an error if *value*, or anything in it, is a token that stays sealed.

    Raises NoKeyError if its key is not available, TamperedError for any other reason.
    """
    closed = _closed(place)
    for text in _texts(value):
        problem = _problem_in(text, closed)
        if problem:
            _refuse(place, problem)
        # Compiling the patterns takes longer than the rest.
        is_like_token = text.startswith("sealed:v")
        if is_like_token and UNAUTHENTICATED_TOKEN.fullmatch(text):
            raise unauthenticated(place.path, split(text).group)
        if is_like_token and UNKNOWN_TOKEN.fullmatch(text):
            raise NoKeyError(
                f"{place.name}: a value stays sealed: its token has an unsupported version",
                "update sealedfiles",
            )
        if is_rewritten(text):
            raise TamperedError(
                f"{place.name}: a value is a token that another program rewrote; it is not decrypted",
                f"find the commit that did it: git log -p -- {shell_path(place.path)}",
                f"restore the line, or set the value: sealedfiles set {shell_path(place.path)} KEY",
            )


def unauthenticated(path: bytes, group: str, key: str = "") -> TamperedError:
    """Return the error for an unauthenticated token in the file at *path*."""
    name = show_path(path)
    where = f"{name}: {key}" if key else f"{name}: a value"
    return TamperedError(
        f"{where} was written by a non-reader for the group {group}, and is not authenticated",
        f"find who wrote it: git log -p -- {shell_path(path)}",
        accept_hint(path),
    )


def leave_out_tokens(place: OpenedFile, value: Data) -> Data:
    """Return *value* without the keys and list items that are sealed to groups of other readers.

    Raises NoKeyError if nothing could be decrypted, or if the key of one of the user's own groups is
    missing; TamperedError as ``refuse_tokens``.
    """
    closed = _closed(place)
    mine = place.workspace.ring.is_member

    def is_closed(item: Data) -> bool:
        problem = _problem_in(item, closed) if isinstance(item, str) else None
        if problem and (problem.reason != "no-key" or mine(problem.group)):
            _refuse(place, problem)
        return problem is not None

    if is_closed(value) or _is_all_closed(place):
        refuse_tokens(place, value)
    for node in _collections(value):
        if isinstance(node, dict):
            for key in [key for key, item in node.items() if is_closed(item)]:
                del node[key]
        else:
            node[:] = [item for item in node if not is_closed(item)]
    # Any remaining token has an unsupported version, or is not authenticated.
    refuse_tokens(place, value)
    return value


def _closed(place: OpenedFile) -> dict[str, Problem]:
    """Return the problem at the first occurrence of each token that stays sealed."""
    return {problem.token: problem for problem in reversed(place.opened.problems)}


def _problem_in(text: str, closed: Mapping[str, Problem]) -> Problem | None:
    """Return the problem of the first token in *text* that stays sealed, or None."""
    if text in closed:
        return closed[text]
    for token in TOKEN.findall(text) if "sealed:v1:" in text else ():
        if token in closed:
            return closed[token]
        # In a .env file a token may be part of another value, followed by characters of the token alphabet.
        for known, problem in closed.items():
            if token.startswith(known):
                return problem
    return None


def _is_all_closed(place: OpenedFile) -> bool:
    """Return True if none of the values that the policy seals is readable, decrypted or in plaintext.

    If all of them were left out, a program would start without any of its secrets and without a warning.
    """
    if place.opened.opened or not place.opened.problems:
        return False
    file, rules = place.workspace.describe(place.path)
    return not inspect_file(place.data or b"", file, rules).plain


def _refuse(place: OpenedFile, problem: Problem) -> NoReturn:
    line = describe_problem(place.name, _with_key(place, problem))
    if problem.reason != "no-key":
        raise TamperedError(line, *misplaced_hints([problem], place.path))
    ring = place.workspace.ring
    for refusal in (ring.refusal(problem.group), *ring.troubles):
        if isinstance(refusal, UnexpectedKeyError):
            raise TamperedError(f"{line}: {refusal.message}", *refusal.hints)
    if ring.is_member(problem.group):
        raise NoKeyError(line, *UNKNOWN_KEY_HINTS)
    troubles = dict.fromkeys((error.message, *error.hints) for error in ring.troubles)
    raise place.workspace.no_key(line, problem.group, *chain(*troubles))


def _with_key(place: OpenedFile, problem: Problem) -> Problem:
    """Return *problem* with the key path of its token, which opening does not always determine."""
    if problem.path is not None:
        return problem
    version = SealedText(place.data or b"", place.described)
    found = (span.path for span in version.values if problem.token in version.literal(span))
    return problem._replace(path=next(found, None))


def _texts(value: Data) -> Iterator[str]:
    """Yield every string in *value*, except mapping keys."""
    if isinstance(value, str):
        yield value
    for node in _collections(value):
        items = node.values() if isinstance(node, dict) else node
        yield from (item for item in items if isinstance(item, str))


def _collections(value: Data) -> Iterator[dict[str, Data] | list[Data]]:
    """Yield every mapping and list in *value* once, even if several aliases refer to it."""
    waiting: list[Data] = [value]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if not isinstance(node, (dict, list)) or id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        # Reversed, because pop() takes the last item first.
        waiting.extend(reversed(node.values()) if isinstance(node, dict) else reversed(node))
