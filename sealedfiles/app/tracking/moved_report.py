"""The list of values that get other readers, before the user is asked."""

from __future__ import annotations

from collections.abc import Sequence

from sealedfiles.app.dialog import Dialog
from sealedfiles.git.moved_values import MovedValue
from sealedfiles.util.messages import counted

_SHOWN = 10


def report_moved(moved: Sequence[MovedValue], dialog: Dialog) -> None:
    """List *moved*, those under a retired key first: a removed reader may have written them."""
    dialog.say(f"{counted(len(moved), 'sealed value')} would change readers:")
    ordered = sorted(moved, key=lambda one: not one.is_retired)
    shown = max(_SHOWN, sum(one.is_retired for one in moved))
    for one in ordered[:shown]:
        dialog.say(one.line)
    if len(moved) > shown:
        dialog.say(f"and {len(moved) - shown} more")
