"""Write values for a group that the user does not read, for ``set --group`` and ``seal --group``.

Each is encrypted to the group's public key, in an unauthenticated token (``model.unauthenticated``).  The
rest of the file stays as it is on disk.
"""

from __future__ import annotations

from sealedfiles.app.files.working_file import WorkingFile, encoded, read_again, replace_unchanged
from sealedfiles.errors import FormatError, RoundTripError, UsageError
from sealedfiles.formats.base import Format, Scan, Span, splice
from sealedfiles.light_typing import TYPE_CHECKING
from sealedfiles.model.address import Address, show_address
from sealedfiles.model.paths import show
from sealedfiles.model.unauthenticated import write_unauthenticated
from sealedfiles.sealing.comments import Reasons, groups_of_comments, is_sealed_comment
from sealedfiles.sealing.conflict import sides_of
from sealedfiles.sealing.file import decide_file_id, is_whole, line_of, structured_text
from sealedfiles.sealing.sealed_text import stays_token
from sealedfiles.util import atomic
from sealedfiles.util.messages import shell_word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sealedfiles.app.files.assignment import EditedText
    from sealedfiles.app.public_keys import CurrentPublicKey
    from sealedfiles.formats.base import Editor


def require_group(place: WorkingFile, path: bytes, group: str) -> None:
    """Raise UsageError unless the policy in force assigns the value at the key path *path* to *group*."""
    wanted = place.workspace.describe(place.path)[1].sealing_group(path)
    if wanted is None:
        raise UsageError(
            f"{place.name}: the policy leaves {show(path)} in plaintext", "leave out --group"
        )
    if wanted != group:
        raise UsageError(
            f"{place.name}: the policy assigns {show(path)} to {wanted}, not to {group}",
            f"if that is right: --group {shell_word(wanted)}",
        )


def set_unread(
    place: WorkingFile,
    address: Address,
    change: Callable[[Editor, str], EditedText],
    key: CurrentPublicKey,
) -> EditedText:
    """Apply *change*, which sets the value at *address*, to the text on disk, and encrypt the value to *key*.

    Raises UsageError if the value is empty or a collection, or if the policy assigns it to another group, and
    as ``set_value``; then nothing is written.
    """
    with atomic.alone_in(place.file.parent):
        now = read_again(place)
        bom, text = _text_on_disk(now)
        changed = change(now.editor(), text)
        span = now.editor().locate(changed.text, address)
        require_group(now, span.path, key.group)
        if changed.added is not None or span.start == span.end:
            what = "is a mapping or list" if changed.added is not None else "is empty"
            raise UsageError(
                f"{show_address(address)}: the value {what}, and cannot be written without reading",
                "set one value at a time",
            )
        new = _written(now, changed.text, [span], {key.group: key})
        replace_unchanged(now, encoded(bom + new))
    return changed._replace(text=new, is_same=False)


def write_unread(place: WorkingFile, keys: Mapping[str, CurrentPublicKey]) -> int:
    """Encrypt each plaintext value that the policy assigns to a group in *keys*; return their number.

    Raises FormatError, and UsageError for a file without separate values.
    """
    with atomic.alone_in(place.file.parent):
        now = read_again(place)
        bom, text = _text_on_disk(now)
        form = _format_of(now)
        rules = now.workspace.describe(now.path)[1]
        spans = [
            span
            for span in form.scan(text).values
            if not stays_token(text[span.start : span.end], form)
            and rules.sealing_group(span.path) in keys
        ]
        if spans:
            replace_unchanged(now, encoded(bom + _written(now, text, spans, keys)))
    return len(spans)


def _written(
    place: WorkingFile, text: str, spans: Sequence[Span], keys: Mapping[str, CurrentPublicKey]
) -> str:
    """Return *text* with a token for each of the values at *spans*.

    Raises RoundTripError if that would change the other values or the key paths.
    """
    form = _format_of(place)
    rules = place.workspace.describe(place.path)[1]
    file_id = _file_id(place, text)
    _refuse_comments(place, text, spans, keys)
    edits = []
    for start, end, path in spans:
        key = keys[rules.sealing_group(path) or ""]
        literal = text[start:end]
        prefix = f"sealed:v2:{key.group}:{key.key_id}:{file_id}:"
        token = write_unauthenticated(key.public_key, prefix, path, encoded(literal))
        edits.append((start, end, form.write_token(literal, token)))
    new = splice(text, edits)
    changed = {start for start, _, _ in edits}
    if not is_same_but(text, form.scan(text), new, form, changed):
        raise RoundTripError(
            f"{place.name}: the value cannot be written there without changing others",
            "use another key, or ask a reader of the group to set it",
        )
    return new


def _refuse_comments(
    place: WorkingFile, text: str, spans: Sequence[Span], keys: Mapping[str, CurrentPublicKey]
) -> None:
    """Raise UsageError for a plaintext comment that sealing the values at *spans* as usual would seal, too.

    It would have to be encrypted to a group in *keys*, and unauthenticated tokens are values only.
    """
    form = _format_of(place)
    rules = place.workspace.describe(place.path)[1]
    scan = form.scan(text)
    comments = scan.comments()
    sealed = ((path, text[at:end], rules.sealing_group(path) or "") for at, end, path in spans)
    reasons = Reasons(form, rules, sealed, [])
    decided = groups_of_comments(text, scan.values, comments, reasons)
    for (start, end), groups in zip(comments, decided, strict=True):
        if groups & keys.keys() and not is_sealed_comment(text[start:end]):
            raise UsageError(
                f"{place.name}:{line_of(text, start)}: a comment has a value of the group "
                f"{min(groups & keys.keys())}, and cannot be written without reading",
                "remove the comment",
            )


def is_same_but(text: str, scan: Scan, new: str, form: Format, changed: set[int]) -> bool:
    """Return True if *new* has the values of *text*, whose scan is *scan*, at the same key paths.

    The values that start at *changed* in *text* may differ.
    """
    try:
        values = form.scan(new).values
    except FormatError:
        return False
    return len(values) == len(scan.values) and all(
        old.path == now.path
        and (old.start in changed or text[old.start : old.end] == new[now.start : now.end])
        for old, now in zip(scan.values, values, strict=True)
    )


def _text_on_disk(place: WorkingFile) -> tuple[str, str]:
    """Return the BOM (or an empty string) and the text on disk, in which tokens stay tokens.

    Raises UsageError for a file without separate values, and for one with conflict markers.
    """
    data = place.data or b""
    structured = structured_text(data) if place.described.format else None
    if structured is None or is_whole(data):
        raise UsageError(
            f"{place.name} is sealed as a whole: it has no separate values",
            "only a reader of all its groups can change it",
        )
    if sides_of(structured[1]):
        raise UsageError(f"{place.name} has conflict markers", "resolve the merge first")
    return structured


def _format_of(place: WorkingFile) -> Format:
    assert place.described.format is not None  # noqa: S101 - _text_on_disk has refused
    return place.described.format


def _file_id(place: WorkingFile, text: str) -> str:
    """Return the file id: that of the tokens in git's version or on disk, otherwise a new one."""
    file = place.workspace.describe(place.path)[0]
    versions = (one.decode("utf-8", "replace") for one in place.stored_versions())
    return decide_file_id(file, *versions, text)
