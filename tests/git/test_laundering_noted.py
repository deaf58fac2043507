"""What a checkout wrote in plaintext gets no token by way of a comment, or of a file sealed whole.

The index and HEAD have other versions by then: only the clone's memory shows who wrote it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import ENV, EVIL, JSON, YAML, Repo, every_file
from plants import forge, push, remove, share

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.many_variants

USER = {YAML: "  user: ", JSON: '    "user": ', ENV: "DB_USER="}
END = {YAML: "\n", JSON: ",\n", ENV: "\n"}
SIGN = {YAML: "# ", JSON: "// ", ENV: "#"}
KEY = {YAML: "database.user", JSON: "database.user", ENV: "DB_USER"}
SHORT = "ev!"

every_length = pytest.mark.parametrize("value", [SHORT, EVIL])


def live(path: str, value: str) -> str:
    """Return the line of the user."""
    value = f'"{value}"' if path == JSON else value
    return f"{USER[path]}{value}{END[path]}"


def commented(path: str, value: str) -> str:
    line = live(path, value)
    return line.replace(line.lstrip(), SIGN[path] + line.lstrip())


def user_line(text: str, path: str) -> str:
    return next(one for one in text.splitlines(True) if one.startswith(USER[path]))


def plant(bob: Repo, alice: Repo, path: str, line: str) -> None:
    """Push *line* in place of the user; Alice has it in the working tree, but neither in the index nor HEAD."""
    text = bob.blob("", path).decode()
    push(bob, alice, path, text.replace(user_line(text, path), line))
    alice.git("reset", "--quiet", "HEAD^")
    assert line in alice.read(path)


def assert_refused(alice: Repo, path: str) -> None:
    before = alice.git("ls-files", "--stage")
    alice.git("add", path, code=128)
    assert EVIL not in alice.stderr
    assert alice.git("ls-files", "--stage") == before
    alice.git("status", "--short")


@pytest.mark.parametrize(
    "merging",
    [
        ["merge", "-m", "merged", "other", "origin/main"],
        ["merge", "--strategy=resolve", "-m", "merged", "origin/main"],
        ["cherry-pick", "--strategy=resolve", "origin/main"],
    ],
    ids=["octopus", "resolve", "cherry-pick"],
)
@every_file
def test_nor_what_a_merge_wrote_without_the_filter(
    team: tuple[Repo, Repo], path: str, merging: list[str]
) -> None:
    alice, bob = team
    text = bob.blob("", path).decode()
    forge(bob, path, text.replace(user_line(text, path), live(path, EVIL)))
    alice.git("fetch", "--quiet")
    alice.git("switch", "--quiet", "--create", "other")
    alice.write("notes.txt", "a file\n")
    alice.commit("another change")
    alice.git("switch", "--quiet", "main")
    alice.write(path, f"\n{alice.read(path)}")
    before = alice.commit("a change")
    alice.git("status")  # git refuses to merge if it does not know that the files are unchanged
    alice.git(*merging, code=None)
    assert EVIL in alice.read(path)
    alice.git("reset", "--quiet", before)
    assert_refused(alice, path)


@every_file
@every_length
def test_a_value_that_is_commented_out_is_refused(
    alice: Repo, bob: Repo, path: str, value: str
) -> None:
    plant(bob, alice, path, live(path, value))
    alice.edit(path, live(path, value), commented(path, value))
    assert_refused(alice, path)
    assert "a comment" in alice.stderr
    alice.edit(path, value, "mine")
    alice.git("add", path)


@every_file
@every_length
def test_a_comment_whose_sign_is_removed_is_refused(
    alice: Repo, bob: Repo, path: str, value: str
) -> None:
    plant(bob, alice, path, commented(path, value))
    alice.edit(path, commented(path, value), live(path, value))
    assert_refused(alice, path)
    assert KEY[path] in alice.stderr
    alice.sealedfiles("get", path, KEY[path], code=4)
    alice.sealedfiles("seal", path, "--yes")
    alice.git("add", path)
    assert alice.sealedfiles("get", path, KEY[path]) == f"{value}\n"


PROSE = {
    YAML: ("# source: {}\n", "source: {}\n", "source"),
    ENV: ("# note: {}\n", "NOTE={}\n", "NOTE"),
    JSON: ('// see "a": "{}"\n', '"a": "{}",\n', "a"),
}
START = {YAML: "", ENV: "", JSON: "{\n"}


@every_file
@pytest.mark.parametrize("accept", ["seal", "set"])
def test_prose_whose_sign_is_removed_is_refused(
    alice: Repo, bob: Repo, path: str, accept: str
) -> None:
    comment, entry, key = PROSE[path]
    start = START[path]
    text = bob.blob("", path).decode()
    push(bob, alice, path, text.replace(start, start + comment.format(EVIL), 1))
    alice.git("reset", "--quiet", "HEAD^")
    alice.edit(path, comment.format(EVIL), entry.format(EVIL))
    assert_refused(alice, path)
    assert key in alice.stderr
    alice.sealedfiles("get", path, key, code=4)
    if accept == "seal":
        alice.sealedfiles("seal", path, "--yes")
    else:
        alice.edit(path, entry.format(EVIL), entry.format("another"))
        alice.sealedfiles("set", path, key, answers=EVIL)
    alice.git("add", path)
    assert alice.sealedfiles("get", path, key) == f"{EVIL}\n"


def test_prose_does_not_count_in_another_file(alice: Repo, bob: Repo) -> None:
    """Prose stays in plaintext everywhere: in another file, the user may have typed it."""
    push(bob, alice, YAML, f"# source: {EVIL}\n{bob.blob('', YAML).decode()}")
    alice.git("reset", "--quiet", "HEAD^")
    alice.edit(YAML, f"# source: {EVIL}\n", f"source: {EVIL}\n")
    assert_refused(alice, YAML)
    alice.write("secrets/new.yaml", f"source: {EVIL}\n")
    alice.git("add", "secrets/new.yaml")


IN_ANOTHER_FILE = [
    ("secrets/new.yaml", "# source1: evil-evil\n", "source: evil-evil\n"),
    ("secrets/new.yaml", "# - evil-evil\n", "x: mine\n# - evil-evil\n"),
    ("secrets/new.yaml", "# n:\n#   evil-evil\n", "n:\n  evil-evil\n"),
    ("secrets/new.yaml", 'n: "evil-evil\n  second"\n', '# n: "evil-evil\n#   second"\n'),
    ("config/new.json", '/*\n"n": "evil-evil",\n*/\n', '{\n"n": "evil-evil"\n}\n'),
    ("config/new.json", '// "n": ["evil-evil"],\n', '{"n": ["evil-evil"]}\n'),
    ("config/new.json", '/**\n * "n": "evil-evil",\n */\n', '{"z": "evil-evil"}\n'),
    ("secrets/new.yaml", "# <<: {n: evil-evil}\n", "<<: {n: evil-evil}\n"),
]


@pytest.mark.parametrize(("new", "planted", "taken"), IN_ANOTHER_FILE)
def test_nor_in_another_file(alice: Repo, bob: Repo, new: str, planted: str, taken: str) -> None:
    path = JSON if new.endswith("json") else YAML
    text = bob.blob("", path).decode()
    start = "{\n" if path == JSON else ""
    push(bob, alice, path, text.replace(start, start + planted, 1) if start else planted + text)
    assert planted in alice.read(path)
    alice.write(new, taken)
    alice.git("add", new, code=128)
    assert "checked out in plaintext from commit" in alice.stderr


@every_file
@every_length
@pytest.mark.parametrize("line", [live, commented])
def test_a_file_that_does_not_parse_any_more_is_refused(
    alice: Repo, bob: Repo, path: str, value: str, line: Callable[[str, str], str]
) -> None:
    if path == ENV:
        pytest.skip("every text is a .env file")
    plant(bob, alice, path, line(path, value))
    alice.write(path, alice.read(path) + "{{ if }}\n")
    alice.sealedfiles("cat", path, code=4)
    assert_refused(alice, path)
    alice.edit(path, value, "mine")
    alice.git("add", path)
    assert alice.blob("", path).startswith((b"sealed:v1:", b'"sealed:v1:'))


def test_nor_does_a_rule_that_seals_the_file_whole_hide_it(alice: Repo, bob: Repo) -> None:
    plant(bob, alice, YAML, live(YAML, EVIL))
    alice.sealedfiles("track", YAML, "--format", "whole", "--yes")
    assert_refused(alice, YAML)
    alice.sealedfiles("cat", YAML, code=4)


def test_the_lines_of_a_file_without_values_are_recognized(alice: Repo, bob: Repo) -> None:
    path = "tls/server.key"
    alice.sealedfiles("track", "tls/*")
    alice.write(path, "first line of mine\nsecond line of mine\n")
    alice.commit("a key")
    alice.git("push", "--quiet", "origin", "HEAD:main")
    bob.git("pull", "--quiet", "--ff-only", "origin", "main")
    text = f"first line of mine\n{EVIL} is a line\n"
    bob.write(path, text)
    push(bob, alice, path, text)
    alice.git("reset", "--quiet", "HEAD^")
    alice.write(path, alice.read(path) + "one more line\n")
    assert_refused(alice, path)
    alice.sealedfiles("cat", path, code=4)
    alice.edit(path, EVIL, "this")
    alice.git("add", path)


def test_the_lines_of_a_longer_value_are_recognized(alice: Repo, bob: Repo) -> None:
    lines = f"  user: |\n    first line of it\n    {EVIL}\n"
    plant(bob, alice, YAML, lines)
    alice.edit(YAML, lines, f"  # user: |\n  #   another line\n  #   {EVIL}\n")
    assert_refused(alice, YAML)


@pytest.mark.slow
def test_a_new_comment_that_shares_a_line_is_never_stored_in_plaintext(
    alice: Repo, bob: Repo
) -> None:
    path = "secrets/server.xml"
    alice.sealedfiles("track", path)
    alice.write(path, "<a>\n  <b>1</b>\n</a>\n")
    alice.commit("a server")
    share(alice, bob)
    push(bob, alice, path, f"<a>\n  <server>\n    <user>{EVIL}</user>\n  </server>\n</b>\n")
    alice.git("reset", "--quiet", "HEAD^")
    comment = "<!--\n  <server>\n    <user>s3cr3t-mine</user>\n  </server>\n  -->"
    alice.write(path, f"<a>\n  <b>1</b>\n  {comment}\n</a>\n")
    assert_refused(alice, path)
    assert "a comment" in alice.stderr
    alice.sealedfiles("seal", path, "--yes")
    alice.git("add", path)
    stored = alice.blob("", path).decode()
    assert "s3cr3t-mine" not in stored
    assert "  <!-- sealed:v1:" in stored


def forged(bob: Repo, line: str) -> str:
    """Return Bob's sealed version with *line* in place of the user, made with the keys that he has."""
    text = bob.read(YAML)
    bob.write(YAML, text.replace(user_line(text, YAML), line))
    bob.git("add", YAML)
    found = bob.blob("", YAML).decode()
    assert EVIL not in found
    bob.git("reset", "--quiet", "--hard")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("line", [live, commented])
@pytest.mark.parametrize("change", ["toggled", "broken"])
def test_the_same_holds_under_a_retired_key(
    alice: Repo, bob: Repo, line: Callable[[str, str], str], change: str
) -> None:
    text = forged(bob, line(YAML, EVIL))
    remove(alice, bob)
    push(bob, alice, YAML, text)
    alice.git("reset", "--quiet", "--hard", "HEAD^")
    alice.git("restore", "--source=origin/main", "--", YAML)
    if change == "broken":
        alice.write(YAML, alice.read(YAML) + "{{ if }}\n")
    else:
        other = commented if line is live else live
        alice.edit(YAML, line(YAML, EVIL), other(YAML, EVIL))
    alice.git("add", YAML, code=128)
    assert EVIL not in alice.stderr


@pytest.mark.parametrize("change", ["commented out", "moved", "broken"])
def test_a_value_that_a_reader_sealed_stays_theirs_also_if_it_was_pushed_in_plaintext(
    alice: Repo, bob: Repo, change: str
) -> None:
    sealed = bob.blob("", YAML).decode()
    push(bob, alice, YAML, sealed.replace(user_line(sealed, YAML), live(YAML, "s3cr3t-user")))
    push(bob, alice, YAML, sealed)
    text = alice.read(YAML)
    if change == "commented out":
        text = text.replace(live(YAML, "s3cr3t-user"), commented(YAML, "s3cr3t-user"))
    elif change == "moved":
        text = text.replace("  user: ", "  user_name: ")
    else:
        text += "{{ if }}\n"
    alice.write(YAML, text)
    alice.git("add", YAML)
    assert "s3cr3t-user" not in alice.blob("", YAML).decode()
    if change == "moved":
        assert alice.sealedfiles("get", YAML, "database.user_name") == "s3cr3t-user\n"
