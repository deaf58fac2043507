"""Show the date and commit of a change, for the commands that read history."""

from __future__ import annotations

from sealedfiles.git.commits import Commit

_SHORT = 12


def dated(commit: Commit | None) -> dict[str, str | None]:
    """Return the date of a change and its commit, as JSON fields; both are None if it is only staged."""
    if commit is None or not commit.oid:
        return {"date": None, "commit": None}
    return {"date": commit.date, "commit": commit.oid}


def shown_date(commit: Commit | None) -> str:
    """Return the day and the commit of a change, as text; a staged change has no commit yet."""
    return (
        f"{commit.date[:10]}  {commit.oid[:_SHORT]}" if commit and commit.oid else "not committed"
    )
