"""Dates of commits, which anyone can forge."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sealedfiles.git.commits import describe_commits
from sealedfiles.git.dates import AUTHORED, authored, parse_time, show_time
from sealedfiles.git.repository import find_repository

if TYPE_CHECKING:
    from people import Repo

ZERO, END = "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"
FORGED = {
    "x": ZERO,
    "²": ZERO,
    "253402300800": END,
    str(2**64 - 1): END,
    "9" * 5000: END,
}


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("1800000000", "2027-01-15T08:00:00Z"),
        ("0001800000000", "2027-01-15T08:00:00Z"),
        ("253402300799", END),
        ("", ZERO),
        *FORGED.items(),
    ],
)
def test_every_date_is_read(text: str, date: str) -> None:
    assert show_time(parse_time(text)) == date


def test_every_time_is_shown() -> None:
    assert show_time(1 << 80) == END
    assert show_time(-1) == ZERO


@pytest.mark.slow
@pytest.mark.parametrize("date", FORGED)
def test_no_command_fails_because_of_a_forged_date(repo: Repo, date: str) -> None:
    repo.write("notes.md", "password: Zx9-forged-date-77\n")
    repo.write(".sealedfiles/recipients/mallory.pub", "none\n")
    repo.write(".sealedfiles/keys/production/mallory.age", "none\n")
    repo.git("add", "--all", "--force")
    who = f"m <m@example.com> {date} +0000"
    text = (
        f"tree {repo.git('write-tree').strip()}\nparent {repo.head()}\nauthor {who}\ncommitter {who}\n\n"
        "m\n\nSealedfiles-Rotated: notes.md x\n"
    )
    forged = repo.git(
        "hash-object", "-t", "commit", "-w", "--literally", "--stdin", answers=text
    ).strip()
    repo.git("reset", "--quiet", "--hard", forged)
    repo.sealedfiles("who", "--log")
    events = json.loads(repo.sealedfiles("who", "--log", "--json"))["events"]
    found = {event["what"]: event["date"] for event in events if event["commit"] == forged}
    assert found == {"granted": FORGED[date], "value-rotated": FORGED[date]}
    repo.sealedfiles("who", "--html", "who.html")
    repository = find_repository(repo.path)
    assert repository is not None
    day = FORGED[date][:10]
    assert describe_commits(repository, [forged])[forged].date == day
    words = repo.git("log", "-1", f"--format={AUTHORED}").strip("\n")
    assert authored(words) == f"{forged[:7]} by m <m@example.com> on {day}"
    repo.sealedfiles("status", "--age")
    for command in (["scan", "--history"], ["exposure", "--history"], ["exposure", "mallory"]):
        repo.sealedfiles(*command, code=None)
        assert "internal error" not in repo.stderr, command
    repo.sealedfiles("revoke", "bob", "--yes", code=None)
    assert "internal error" not in repo.stderr
