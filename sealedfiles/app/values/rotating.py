"""Rotate one value in two phases: the provider gets the new value, then the file.

The new value is kept, sealed, before the first phase begins, and until the second has ended
(``pending``).  So wherever the process ends, the same command continues with the same value.
"""

from __future__ import annotations

import contextlib
import json

from sealedfiles.app.values.generate import Generated, generate
from sealedfiles.app.values.handover import Postponed, hand_over
from sealedfiles.app.values.pending import Pending, PendingRotations
from sealedfiles.app.values.target import Alone, Change, Target, authentic_value, rehearse, write
from sealedfiles.errors import SealedFilesError, UsageError
from sealedfiles.formats.base import Data
from sealedfiles.keys.epochs import today
from sealedfiles.light_typing import NamedTuple
from sealedfiles.model.value_spec import ValueSpec
from sealedfiles.util.messages import shell_key, shell_path

_MESSAGE_VERSION = 1
_STAND_IN = "x" * 40
"""Written in a rehearsal for a value that a command will make."""


class Request(NamedTuple):
    """How to rotate."""

    spec: ValueSpec | None
    """How to generate the new value; None: the command prints it."""
    command: str | None
    """The user's command line that hands the value over, or gets one; None: no other system knows it."""
    previous: bool
    """Whether to keep the old value next to the new one."""


class Rotated(NamedTuple):
    """What was done."""

    is_staged: bool
    public: str = ""
    """The public key of a generated key pair."""
    is_continued: bool = False
    """Whether an earlier, unfinished rotation was finished."""


class UnfinishedError(SealedFilesError):
    """A new value is kept, and not in its file."""


class InterruptedRotationError(SealedFilesError):
    """A signal arrived before anything was changed."""


def rotate(target: Target, request: Request, alone: Alone, signals: Postponed) -> Rotated:
    """Rotate the value *target*, or finish its rotation.

    Raises UnfinishedError if the new value is kept for another attempt, otherwise the errors of reading,
    sealing and writing; then nothing was changed.
    """
    kept = PendingRotations(target.place.workspace, target.clone)
    with kept.alone():
        pending = kept.read(target.file, target.key)
        if pending:
            pending = _continued(pending, target, request)
        if pending and (pending.is_handed_over or pending.new == target.old):
            return _finish(kept, pending, target, alone)
        if signals.received:
            raise InterruptedRotationError(f"{target.name}: interrupted; nothing was changed")
        if request.command is None:
            return _rotate_here(target, request, alone)
        return _rotate_with(kept, pending, target, request, request.command, alone, signals)


def finish(target: Target, alone: Alone) -> Rotated:
    """Write the kept value to the file, because the provider has it, whatever the file has now."""
    kept = PendingRotations(target.place.workspace, target.clone)
    with kept.alone():
        pending = require_pending(kept, target)
        return _finish(kept, pending._replace(old=target.old), target, alone)


def require_pending(kept: PendingRotations, target: Target) -> Pending:
    """Return the unfinished rotation of *target*.  Raises UsageError."""
    pending = kept.read(target.file, target.key)
    if pending is None:
        raise UsageError(
            f"{target.name}: there is no unfinished rotation", "list them: sealedfiles rotate-value"
        )
    return pending


def new_value(pending: Pending, target: Target) -> str:
    """Return the new value of a rotation.  Raises UnfinishedError if it is not known or not UTF-8."""
    if pending.new is None:
        raise UnfinishedError(
            f"{target.name}: the command was interrupted before it printed a new value",
            "find out whether the provider has a new value",
            *_ways_on(target)[-1:],
        )
    return pending.new


def _continued(pending: Pending, target: Target, request: Request) -> Pending:
    """Return the unfinished rotation to continue.  Raises UnfinishedError if the user must decide."""
    if target.old not in (pending.old, pending.new):
        raise UnfinishedError(
            f"{target.name}: an unfinished rotation of {pending.date[:10]} began with another value than "
            "the file has now",
            *_ways_on(target),
        )
    if request.command is None and not pending.is_handed_over and pending.new != target.old:
        raise UnfinishedError(
            f"{target.name}: a rotation of {pending.date[:10]} is not finished: "
            "it is unknown whether the provider has the new value",
            "to hand the same value over again: give --with",
            *_ways_on(target),
        )
    return pending


def _rotate_here(target: Target, request: Request, alone: Alone) -> Rotated:
    """Rotate a value that only the readers of the file know."""
    if request.spec is None:
        raise UsageError("give --generate or --with")
    if request.previous:
        authentic_value(target)
    generated = generate(request.spec)
    change = Change(generated.text, request.previous)
    rehearse(target, change)
    return Rotated(write(target, change, alone), generated.public)


def _rotate_with(
    kept: PendingRotations,
    pending: Pending | None,
    target: Target,
    request: Request,
    command: str,
    alone: Alone,
    signals: Postponed,
) -> Rotated:
    old = authentic_value(target)
    generated = generate(request.spec) if request.spec else None
    if generated and pending and pending.new is not None:
        generated = Generated(pending.new, pending.public)
    new, public = generated or (pending.new if pending else None, "")
    previous = request.previous or bool(pending and pending.previous)
    rehearse(target, Change(generated.text if generated else _STAND_IN, previous))
    record = Pending(
        target.file, target.key, today(), target.old, new, previous=previous, public=public
    )
    kept.write(record, target.group)
    printed: list[Pending] = []

    def keep(output: bytes) -> None:
        text = output.decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")
        if text:
            printed.append(record._replace(new=text))
            _try_to_keep(kept, printed[0], target)

    message = _message(target, old, generated)
    secrets = [str(one) for one in (old, new) if one is not None]
    try:
        status = hand_over(command, message, secrets, signals, None if generated else keep)
    except OSError as error:
        raise _unfinished(target, f"the command cannot be used ({error.strerror})") from None
    record = printed[0] if printed else record
    if status:
        how = (
            f"failed with exit status {status}" if status > 0 else f"was ended by signal {-status}"
        )
        raise _unfinished(target, f"the command {how}", is_new_known=record.new is not None)
    if not (generated or printed):
        if record.new is None:
            kept.remove(target.file, target.key)
        raise SealedFilesError(
            f"{target.name}: the command printed no value, and the file was not changed",
            "without --generate, it must print the new value on stdout",
        )
    record = record._replace(is_handed_over=True)
    _try_to_keep(kept, record, target)
    done = _finish(kept, record, target, alone)
    return done._replace(is_continued=pending is not None)


def _finish(kept: PendingRotations, pending: Pending, target: Target, alone: Alone) -> Rotated:
    """Write the new value to the file, stage it, and remove the record."""
    change = Change(new_value(pending, target), pending.previous)
    try:
        is_staged = write(target._replace(old=pending.old), change, alone)
    except (SealedFilesError, OSError) as error:
        raise _not_written(kept, pending, target, error) from None
    kept.remove(target.file, target.key)
    return Rotated(is_staged, pending.public, is_continued=True)


def _message(target: Target, old: Data, generated: Generated | None) -> bytes:
    """Return what the command reads: one line of JSON in ASCII."""
    message = {
        "version": _MESSAGE_VERSION,
        "file": target.file,
        "key": target.key,
        "old": old,
        **({"new": generated.text} if generated else {}),
        **({"public": generated.public} if generated and generated.public else {}),
    }
    return json.dumps(message).encode("ascii") + b"\n"


def _ways_on(target: Target) -> tuple[str, ...]:
    what = f"{shell_path(target.place.path)} {shell_key(target.key)}"
    return (
        f"print the new value, to try it: sealedfiles rotate-value {what} --print",
        f"if the provider has it: sealedfiles rotate-value {what} --finish",
        f"if not: sealedfiles rotate-value {what} --discard",
    )


def _unfinished(target: Target, what: str, *, is_new_known: bool = True) -> UnfinishedError:
    return UnfinishedError(
        f"{target.name}: {what}, and the file was not changed",
        "to try again with the same value: run the same command"
        if is_new_known
        else "the command printed no value; to try again, run the same command",
        *_ways_on(target)[0 if is_new_known else 2 :],
    )


def _try_to_keep(kept: PendingRotations, pending: Pending, target: Target) -> None:
    """Keep the new value; if that fails, continue: the file may be writable."""
    with contextlib.suppress(SealedFilesError, OSError):
        kept.write(pending, target.group)


def _not_written(
    kept: PendingRotations, pending: Pending, target: Target, error: SealedFilesError | OSError
) -> UnfinishedError:
    """Return the error for a value that the provider has, and the file has not.

    If it could not be kept, the error contains the record, which is sealed.
    """
    reason = error.message if isinstance(error, SealedFilesError) else error.strerror or "I/O error"
    hints = list(error.hints) if isinstance(error, SealedFilesError) else []
    file = kept.file(pending.path, pending.key)
    if kept.has(pending):
        hints.append(f"the new value is kept, sealed, in {file}; in CI, save this file")
    else:
        hints.append(
            f"the new value could not be kept: write this line, which is sealed, to {file}"
        )
        hints.append(kept.text(pending, target.group))
    return UnfinishedError(
        f"{target.name}: the provider has the new value, but it could not be written: {reason}",
        *hints,
        "to write it, run the same command again",
    )
