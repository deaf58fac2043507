"""A comment that somebody without a key, or a reader of another group, wrote does not become a value."""

from __future__ import annotations

import pytest
from people import ENV, EVIL, JSON, YAML, Repo, every_file
from plants import push, share

pytestmark = pytest.mark.many_variants

BEFORE = {YAML: "  user:", JSON: '    "user":', ENV: "DB_USER="}
SIGN = {YAML: "# ", JSON: "// ", ENV: "#"}
ENTRY = {YAML: "code: ev!", JSON: '"code": "ev!",', ENV: "CODE=ev!"}
KEY = {YAML: "database.code", JSON: "database.code", ENV: "CODE"}


def comment(path: str) -> str:
    return f"{SIGN[path]}{ENTRY[path]}"


def with_line(text: str, path: str, line: str) -> str:
    """Return *text* with *line* above the database's user."""
    start = BEFORE[path]
    assert text.count(start) == 1
    indent = start[: len(start) - len(start.lstrip())]
    return text.replace(start, f"{indent}{line}\n{start}")


@every_file
def test_a_short_plaintext_comment_is_refused_and_not_printed(
    alice: Repo, bob: Repo, path: str
) -> None:
    push(bob, alice, path, with_line(bob.blob("", path).decode(), path, comment(path)))
    alice.edit(path, comment(path), ENTRY[path])
    alice.sealedfiles("get", path, KEY[path], code=4)
    alice.git("add", path, code=128)
    assert KEY[path] in alice.stderr
    alice.edit(path, "ev!", "own")
    assert alice.sealedfiles("get", path, KEY[path]) == "own\n"
    alice.git("add", path)


@pytest.mark.slow
@every_file
def test_a_comment_that_its_author_wrote_is_toggled(alice: Repo, bob: Repo, path: str) -> None:
    alice.write(path, with_line(alice.read(path), path, comment(path)))
    alice.commit("a comment")
    share(alice, bob)
    for repo, old, new in (
        (bob, comment(path), ENTRY[path]),
        (bob, ENTRY[path], comment(path)),
        (bob, comment(path), ENTRY[path]),
    ):
        repo.edit(path, old, new)
        repo.commit("toggle")
    assert bob.sealedfiles("get", path, KEY[path]) == "ev!\n"
    share(bob, alice)
    assert alice.sealedfiles("get", path, KEY[path]) == "ev!\n"


def test_a_comment_of_another_group_is_refused_and_not_printed(alice: Repo, bob: Repo) -> None:
    """Bob, who reads `default`, moves a comment to a place of `production`."""
    bob.edit(YAML, "  user:", f"  # pin: {EVIL}\n  user:")
    bob.git("add", YAML)
    text = bob.blob("", YAML).decode()
    line = next(one for one in text.split("\n") if one.lstrip().startswith("# sealed"))
    assert ":default:" in line
    forged = text.replace(line + "\n", "").replace("production:\n", f"production:\n{line}\n")
    bob.git("reset", "--quiet", "--hard")
    push(bob, alice, YAML, forged)
    alice.edit(YAML, f"  # pin: {EVIL}", f"  other: {EVIL}")
    alice.sealedfiles("get", YAML, "production.other", code=4)
    assert EVIL not in alice.stderr
    alice.git("add", YAML, code=128)
    assert "a comment" in alice.stderr
    alice.edit(YAML, f"  other: {EVIL}\n", "")
    alice.commit("remove it")
    alice.edit(YAML, "production:\n", f"production:\n  other: {EVIL}\n")
    alice.commit("my own")
    assert alice.sealedfiles("get", YAML, "production.other") == f"{EVIL}\n"
