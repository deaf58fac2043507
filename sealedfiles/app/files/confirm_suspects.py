"""Ask for confirmation before values that a reader may not have sealed are unsealed, or sealed again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sealedfiles.app.dialog import Dialog, require_agreement
from sealedfiles.app.files.provenance import find_all
from sealedfiles.app.files.suspects import PLAINTEXT, describe_suspect
from sealedfiles.app.files.working_file import WorkingFile
from sealedfiles.util.messages import shell_path


def confirm_suspects(
    places: Iterable[WorkingFile], dialog: Dialog, *, yes: bool, only: str = ""
) -> None:
    """List the suspect tokens of *places*, and ask, unless *yes* is set, whether to use their values.

    Nothing refuses the values any more then: they look as if the user had written them.  With *only*, those
    with this reason count.  What is in plaintext already is left out: its commit still shows who wrote it.
    Raises UsageError unless the user agrees.
    """
    paths = []
    for place in places:
        lines = list(_suspect_tokens(place, only))
        for line in lines:
            dialog.warn(line)
        if lines:
            paths.append(place.path)
    if not paths:
        return
    dialog.warn(
        "these values may not come from a reader",
        *(f"find who wrote them: git log -p -- {shell_path(path)}" for path in paths),
    )
    require_agreement(dialog, "Use them as they are?", yes=yes)


def _suspect_tokens(place: WorkingFile, only: str) -> Iterator[str]:
    """Yield a line for each suspect token of *place*, which is a version of git."""
    for one in find_all(place):
        if one.reason == only if only else one.reason != PLAINTEXT:
            yield describe_suspect(place.path, one)
    if only:
        return
    from sealedfiles.sealing.unproved import UnprovedCheck  # few files need it

    workspace = place.workspace
    rules = workspace.describe(place.path)[1]
    check = UnprovedCheck(
        place.described, rules, workspace.ring, workspace.is_retired, tokens_only=True
    )
    for comment in check.comments_of(place.data or b""):
        if not comment.groups:
            yield f"{place.name}: a comment: sealed with a retired key"
        elif comment.places:  # only of an entry it is known which group is right
            yield f"{place.name}: a comment: sealed to {', '.join(sorted(comment.groups))}"
