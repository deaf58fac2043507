"""A plaintext value that a checkout wrote to the working tree is never sealed without confirmation.

The index and HEAD may have changed by then, so only the clone's memory distinguishes the value from one
that the user typed. `git add` refuses it, because leaving it in plaintext could add a user's own equal
value to git.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from people import ENV, EVIL, USER_KEYS, YAML, Repo, every_file, forge_user, keep_theirs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.many_variants


def push(mallory: Repo) -> None:
    mallory.commit("tune the pool")
    mallory.git("push", "--quiet", "origin", "pr")


def plant(mallory: Repo, path: str) -> None:
    """Replace the token of the database's user on the branch ``pr``, and push the branch."""
    mallory.write(path, forge_user(mallory.read(path)))
    push(mallory)


def restore(repo: Repo, path: str) -> None:
    repo.git("restore", "--source=origin/pr", "--", path)


def reset_mixed(repo: Repo, path: str) -> None:
    del path
    repo.git("checkout", "--quiet", "origin/pr")
    repo.git("reset", "--quiet", "origin/main")


def reset_after_pull(repo: Repo, path: str) -> None:
    del path
    repo.git("pull", "--quiet", "--ff-only", "origin", "pr")
    repo.git("reset", "--quiet", "HEAD^")


def symbolic_ref(repo: Repo, path: str) -> None:
    """Move HEAD and the index without changing the working tree."""
    del path
    repo.git("checkout", "--quiet", "origin/pr")
    repo.git("symbolic-ref", "HEAD", "refs/heads/main")
    repo.git("read-tree", "main")


def stash(repo: Repo, path: str) -> None:
    """Stash the restored file, and pop the stash."""
    restore(repo, path)
    repo.git("stash", "--quiet")
    assert EVIL not in repo.read(path)
    repo.git("stash", "pop", "--quiet")


def stash_from_there(repo: Repo, path: str) -> None:
    """Check out the working tree from a stash that was created on their branch."""
    repo.git("checkout", "--quiet", "origin/pr")
    repo.edit(path, "s3cr3t-api-alpha", "s3cr3t-api-mine")
    repo.git("stash", "--quiet")
    repo.git("checkout", "--quiet", "main")
    repo.git("restore", "--source=stash@{0}", "--", path)


def checkout_merging(repo: Repo, path: str) -> None:
    restore(repo, path)
    repo.git("commit", "--quiet", "--allow-empty", "--message", "other")
    repo.git("checkout", "--quiet", "-m", "origin/main")


def reset_soft(repo: Repo, path: str) -> None:
    del path
    repo.git("checkout", "--quiet", "origin/pr")
    repo.git("checkout", "--quiet", "--detach")
    repo.git("reset", "--quiet", "--soft", "origin/main")
    repo.git("reset", "--quiet")


def renamed(repo: Repo, path: str) -> None:
    restore(repo, path)
    repo.git("mv", path, path.replace("app", "other").replace(".env", "other.env"))


def one_process_each(repo: Repo, path: str) -> None:
    """Use the one-shot filters that git starts for each file."""
    repo.git("config", "--unset", "filter.sealedfiles.process")
    restore(repo, path)


def show(repo: Repo, path: str) -> None:
    """Write git's stored content without the filter."""
    repo.write(path, repo.git("show", f"origin/pr:{path}"))


def show_and_set(repo: Repo, path: str) -> None:
    show(repo, path)
    repo.sealedfiles("set", path, "database.password", answers="s3cr3t-own\n")


def show_what_was_fetched(repo: Repo, path: str) -> None:
    repo.git("update-ref", "-d", "refs/remotes/origin/pr")
    repo.git("fetch", "--quiet", "--refmap=", "origin", "pr")
    repo.write(path, repo.git("show", f"FETCH_HEAD:{path}"))


WAYS = [
    restore,
    reset_mixed,
    reset_after_pull,
    symbolic_ref,
    stash,
    stash_from_there,
    checkout_merging,
    reset_soft,
    renamed,
    one_process_each,
    show,
    show_and_set,
    show_what_was_fetched,
]


def stored(repo: Repo) -> str:
    """Return the content of all files in the index."""
    names = repo.git("ls-files", "-z").split("\0")[:-1]
    return "\n".join(repo.blob("", name).decode(errors="replace") for name in names)


def assert_refused(repo: Repo) -> str:
    """Check that nothing is added; return stderr."""
    before = stored(repo)
    repo.git("add", "--all", code=128)
    message = repo.stderr
    assert stored(repo) == before
    assert EVIL not in before
    return message


@pytest.mark.parametrize("way", WAYS, ids=[way.__name__ for way in WAYS])
def test_no_way_turns_it_into_a_token(
    alice: Repo, mallory: Repo, way: Callable[[Repo, str], None]
) -> None:
    plant(mallory, YAML)
    alice.git("fetch", "--quiet")
    way(alice, YAML)
    message = assert_refused(alice)
    assert "database.user" in message
    assert "sealedfiles seal FILE" in message


@every_file
def test_the_same_in_every_format(alice: Repo, mallory: Repo, path: str) -> None:
    plant(mallory, path)
    alice.git("fetch", "--quiet")
    restore(alice, path)
    alice.edit(path, "s3cr3t-api-alpha", "s3cr3t-api-own")
    assert_refused(alice)
    alice.sealedfiles("seal", path, "--yes")
    alice.git("add", "--all")
    assert "s3cr3t" not in stored(alice)
    assert EVIL not in stored(alice)


def test_other_commands_of_git_continue(alice: Repo, mallory: Repo) -> None:
    plant(mallory, YAML)
    alice.git("fetch", "--quiet")
    restore(alice, YAML)
    assert alice.status() == [f" M {YAML}"]
    assert EVIL in alice.git("diff")
    alice.git("commit", "--quiet", "--all", "--message", "mine", code=128)
    assert "database.user" in alice.stderr
    alice.git("stash", "--quiet")
    assert EVIL in alice.blob("stash@{0}", YAML).decode()
    alice.git("stash", "drop", "--quiet")
    restore(alice, YAML)
    alice.git("restore", "--", YAML)
    alice.git("add", "--all")
    assert alice.status() == []


def test_a_whole_file_is_refused(alice: Repo, mallory: Repo) -> None:
    alice.sealedfiles("track", "*.key")
    alice.write("tls.key", "s3cr3t\n")
    alice.commit("seal the key")
    alice.git("push", "--quiet", "origin", "main")
    mallory.git("pull", "--quiet", "--no-rebase", "origin", "main")
    mallory.write("tls.key", f"{EVIL}\n")
    push(mallory)
    alice.git("fetch", "--quiet")
    restore(alice, "tls.key")
    assert "tls.key" in assert_refused(alice)
    alice.sealedfiles("cat", "tls.key", code=4)
    alice.sealedfiles("seal", "tls.key", "--yes")
    alice.git("add", "--all")
    assert EVIL not in stored(alice)


def test_a_file_without_a_token_is_refused_after_an_edit(alice: Repo, mallory: Repo) -> None:
    """Then no commit has this version, and only the memory contains the value."""
    mallory.write(YAML, f"database:\n  user: {EVIL}\n  password: theirs\n")
    push(mallory)
    alice.git("fetch", "--quiet")
    restore(alice, YAML)
    alice.edit(YAML, "theirs", "s3cr3t-mine")
    assert "database.user" in assert_refused(alice)


@pytest.mark.parametrize("path", [ENV, YAML])
def test_a_comment_is_refused(alice: Repo, mallory: Repo, path: str) -> None:
    entry = "DB_USER=" if path == ENV else "user: "
    mallory.write(path, f"{mallory.read(path)}# {entry}{EVIL}\n")
    push(mallory)
    alice.git("fetch", "--quiet")
    restore(alice, path)
    assert "a comment" in assert_refused(alice)
    alice.sealedfiles("seal", path, "--yes")
    alice.git("add", "--all")
    assert EVIL not in stored(alice)


def test_a_line_within_a_sealed_comment_is_refused(alice: Repo, mallory: Repo) -> None:
    alice.write(
        YAML, f"{alice.read(YAML)}# key: |\n#   s3cr3t-one\n#   s3cr3t-two\n#   s3cr3t-three\n"
    )
    alice.commit("comment it out")
    alice.git("push", "--quiet", "origin", "main")
    mallory.git("pull", "--quiet", "--no-rebase", "origin", "main")
    lines = mallory.read(YAML).split("\n")
    lines[-3] = f"#   {EVIL}"
    mallory.write(YAML, "\n".join(lines))
    push(mallory)
    alice.git("fetch", "--quiet")
    restore(alice, YAML)
    assert EVIL in alice.read(YAML)
    assert "s3cr3t-three" in alice.read(YAML)
    assert "a comment" in assert_refused(alice)


def test_commands_for_another_value_do_not_accept_it(alice: Repo, mallory: Repo) -> None:
    plant(mallory, YAML)
    alice.git("fetch", "--quiet")
    restore(alice, YAML)
    alice.sealedfiles("set", YAML, "database.password", answers="s3cr3t-own\n")
    editor = alice.person.having(EDITOR="sed -i s/s3cr3t-api-alpha/s3cr3t-api-own/")
    replace(alice, person=editor).sealedfiles("edit", YAML)
    assert "s3cr3t-api-own" in alice.read(YAML)
    assert_refused(alice)


def test_a_sealed_file_on_the_disk_keeps_it_in_plaintext(alice: Repo, mallory: Repo) -> None:
    plant(mallory, YAML)
    alice.git("fetch", "--quiet")
    restore(alice, YAML)
    alice.sealedfiles("seal", YAML, code=1)
    alice.write(YAML, alice.blob("HEAD", YAML).replace(*evil_in(alice)))
    alice.sealedfiles("set", YAML, "database.password", answers="s3cr3t-own\n")
    assert f'user: "{EVIL}"' in alice.read(YAML)
    alice.sealedfiles("reseal", YAML, code=None)
    assert f'user: "{EVIL}"' in alice.read(YAML)


def evil_in(repo: Repo) -> tuple[bytes, bytes]:
    """Return the line of the database's user in the index, and as the attacker wrote it."""
    line = re.search(rb"user: .*", repo.blob("HEAD", YAML))
    assert line
    return line[0], b'user: "%b"' % EVIL.encode()


def test_no_command_gives_it_out(alice: Repo, mallory: Repo) -> None:
    plant(mallory, YAML)
    alice.git("fetch", "--quiet")
    restore(alice, YAML)
    alice.sealedfiles("get", YAML, "database.user", code=4)
    assert "sealedfiles seal " in alice.stderr
    alice.sealedfiles("cat", YAML, code=4)
    shown = alice.sealedfiles("get", YAML, "database.user", "--allow-plaintext")
    assert shown == f"{EVIL}\n"
    assert alice.sealedfiles("get", YAML, "database.password") == "s3cr3t-db-alpha\n"


def test_seal_names_the_commit_and_asks(alice: Repo, mallory: Repo) -> None:
    plant(mallory, YAML)
    alice.git("fetch", "--quiet")
    restore(alice, YAML)
    alice.sealedfiles("seal", YAML, code=1)
    assert "database.user" in alice.stderr
    assert "mallory" in alice.stderr
    assert "tune the pool" in alice.stderr
    assert EVIL in alice.read(YAML)
    alice.sealedfiles("seal", YAML, "--yes")
    alice.git("add", "--all")
    assert EVIL not in stored(alice)
    # It is accepted, in other files as well.
    alice.git("commit", "--quiet", "--message", "mine")
    alice.git("checkout", "HEAD", "--", YAML)
    shutil.copy(alice.path / YAML, alice.path / "secrets/other.yaml")
    alice.git("add", "--all")
    assert EVIL not in stored(alice)
    assert alice.sealedfiles("get", YAML, "database.user") == f"{EVIL}\n"


def test_status_fix_accepts_it(alice: Repo, mallory: Repo) -> None:
    plant(mallory, YAML)
    alice.git("fetch", "--quiet")
    alice.git("merge", "--quiet", "--ff-only", "origin/pr")
    alice.sealedfiles("status", "--fix", "--yes")
    alice.git("commit", "--quiet", "--message", "seal it")
    shutil.copy(alice.path / YAML, alice.path / "secrets/other.yaml")
    alice.git("add", "--all")
    assert EVIL not in stored(alice)


def test_a_value_that_the_user_types_is_sealed(alice: Repo, mallory: Repo) -> None:
    plant(mallory, YAML)
    alice.git("fetch", "--quiet")
    restore(alice, YAML)
    alice.git("restore", "--", YAML)
    alice.sealedfiles("set", YAML, "database.user", answers=f"{EVIL}\n")
    alice.git("add", "--all")
    assert EVIL not in stored(alice)
    assert alice.sealedfiles("get", YAML, "database.user") == f"{EVIL}\n"


def test_a_value_with_a_token_keeps_it(alice: Repo) -> None:
    """The history has values in plaintext from before the file was tracked."""
    alice.write("old/app.yaml", "user: s3cr3t-user\n")
    before = alice.commit("in plaintext")
    alice.sealedfiles("track", "old/*.yaml")
    alice.commit("seal it")
    tokens = alice.tokens("HEAD", "old/app.yaml")
    alice.git("checkout", "--quiet", before)
    alice.git("checkout", "--quiet", "main")
    alice.write("old/app.yaml", "user: s3cr3t-user\nother: s3cr3t\n")
    alice.git("add", "--all")
    assert alice.tokens("", "old/app.yaml")[0] == tokens[0]
    assert "s3cr3t" not in stored(alice)


def test_showing_a_commit_notes_nothing(alice: Repo, mallory: Repo) -> None:
    plant(mallory, YAML)
    alice.git("fetch", "--quiet")
    assert EVIL in alice.git("diff", "--textconv", "origin/main", "origin/pr")
    alice.edit(YAML, "s3cr3t-user", EVIL)
    alice.git("add", "--all")
    assert EVIL not in stored(alice)


def test_unlock_notes_what_it_writes(alice: Repo, mallory: Repo) -> None:
    plant(mallory, YAML)
    alice.git("fetch", "--quiet")
    alice.sealedfiles("lock")
    alice.git("checkout", "--quiet", "origin/pr")
    (alice.path / ".git/sealedfiles/plaintext").unlink()
    alice.sealedfiles("unlock")
    alice.git("reset", "--quiet", "origin/main")
    assert_refused(alice)


@pytest.mark.parametrize("damage", ["damaged", "a folder"])
def test_a_checkout_never_fails(alice: Repo, mallory: Repo, damage: str) -> None:
    plant(mallory, YAML)
    alice.git("fetch", "--quiet")
    file = alice.path / ".git/sealedfiles/plaintext"
    if damage == "damaged":
        file.write_bytes(b"\xff\0\n" * 100)
    else:
        file.mkdir()
    alice.git("checkout", "--quiet", "origin/pr")
    assert EVIL in alice.read(YAML)
    alice.git("reset", "--quiet", "origin/main")
    if damage == "damaged":
        assert_refused(alice)


def test_a_copy_of_another_file_is_sealed(alice: Repo) -> None:
    """A template that is not sealed."""
    alice.write("example", "USER=s3cr3t-user\n")
    alice.commit("add a template")
    shutil.copy(alice.path / "example", alice.path / "new.env")
    alice.git("add", "--all")
    assert "s3cr3t" not in alice.blob("", "new.env").decode()


def test_what_was_never_committed_is_sealed(alice: Repo) -> None:
    """Another clone, or this one before it was set up, may have stored the object."""
    alice.write("new.env", "USER=s3cr3t-user\n")
    alice.git("hash-object", "-w", "--no-filters", "new.env")
    alice.git("add", "--all")
    assert "s3cr3t" not in stored(alice)


@pytest.mark.parametrize("how", ["merge", "cherry-pick"])
@pytest.mark.parametrize("path", [YAML, ENV])
def test_nor_does_a_conflict_that_is_resolved_by_hand_and_abandoned(
    alice: Repo, mallory: Repo, path: str, how: str
) -> None:
    plant(mallory, path)
    alice.git("fetch", "--quiet", "origin")
    alice.edit(path, "s3cr3t-user", "s3cr3t-mine")
    alice.commit("mine")
    alice.git(how, "origin/pr", code=1)
    assert EVIL in alice.read(path)
    keep_theirs(alice, path)
    alice.git("reset", "--quiet")
    alice.git("add", path, code=128)
    assert "checked out" in alice.stderr


def make_link(mallory: Repo, text: str) -> None:
    """Replace the YAML file by a symbolic link to *text*, which no pattern tracks, and push the branch."""
    mallory.write("notes.txt", text)
    (mallory.path / YAML).unlink()
    (mallory.path / YAML).symlink_to("../notes.txt")
    push(mallory)


@pytest.fixture
def behind_link(alice: Repo, mallory: Repo) -> Repo:
    """Alice's clone, after a program replaced the link by a file with her edit of another value."""
    make_link(mallory, alice.read(YAML).replace("user: s3cr3t-user", f"user: {EVIL}"))
    alice.git("pull", "--quiet", "--ff-only", "origin", "pr")
    text = alice.read(YAML)
    (alice.path / YAML).unlink()
    alice.write(YAML, text.replace("s3cr3t-api-alpha", "s3cr3t-api-mine"))
    return alice


def test_nor_does_what_was_behind_a_symbolic_link(behind_link: Repo) -> None:
    behind_link.git("add", "--all", code=128)
    assert "symbolic link in git" in behind_link.stderr
    assert EVIL not in behind_link.stderr
    assert behind_link.git("status", "--porcelain") == f" T {YAML}\n"
    behind_link.sealedfiles("get", YAML, "database.user", code=4)
    behind_link.sealedfiles("cat", YAML, code=4)


def test_seal_accepts_what_was_behind_a_symbolic_link(behind_link: Repo) -> None:
    behind_link.sealedfiles("seal", YAML, code=1)
    assert "commit" not in behind_link.stderr  # no commit has this plaintext at this path
    behind_link.sealedfiles("seal", YAML, "--yes")
    behind_link.git("add", "--all")
    assert EVIL not in behind_link.blob("", YAML).decode()
    behind_link.git("commit", "--quiet", "--message", "a file again")
    assert behind_link.sealedfiles("get", YAML, "database.user") == f"{EVIL}\n"


LINES = f"{EVIL} \nand a second line"
"""A value whose blank before the line end some editors remove."""
REWRITTEN = [
    (ENV, f'CA="{LINES}"\n', lambda text: text.replace("\n", "\r\n")),
    (ENV, f'CA="{LINES}"\n', lambda text: text.replace(" \n", "\n")),
    (
        YAML,
        f"ca: |\n  {LINES.replace(chr(10), chr(10) + '  ')}\n",
        lambda text: text.replace(" \n", "\n"),
    ),
    (YAML, "pay_to: 44430000.0\n", lambda text: text.replace("0000.0", "0000")),
    (YAML, "pay_to: yes\n", lambda text: text.replace("yes", "true")),
    (YAML, "port: 0x1F40\n", lambda text: text.replace("0x1F40", "8000")),
    (
        YAML,
        "day: 2031-12-14T21:59:43Z\n",
        lambda text: text.replace("T21:59:43Z", " 21:59:43+00:00"),
    ),
]


@pytest.mark.parametrize(("path", "evil", "rewrite"), REWRITTEN)
def test_what_a_formatter_rewrites_does_not_become_the_user_s(
    alice: Repo, mallory: Repo, path: str, evil: str, rewrite: Callable[[str], str]
) -> None:
    mallory.write(path, mallory.read(path) + evil)
    push(mallory)
    alice.git("pull", "--quiet", "--ff-only", "origin", "pr")
    old = alice.tokens("HEAD", path)
    alice.write(path, rewrite(alice.read(path)).encode())
    key = "CA" if path == ENV else evil.split(":")[0]
    alice.sealedfiles("get", path, key, code=4)
    alice.git("add", "--all")
    assert len(alice.tokens("", path)) == len(old)
    # In a file that was written from a branch, only the memory has the value.
    alice.git("reset", "--quiet", "--hard", "origin/main")
    alice.git("restore", "--source=origin/pr", "--", path)
    alice.write(path, rewrite(alice.read(path)).encode())
    alice.git("add", "--all", code=128)


def test_nor_is_it_after_its_record_could_not_be_written(alice: Repo, mallory: Repo) -> None:
    plant(mallory, YAML)
    alice.git("fetch", "--quiet")
    record = alice.folder("sealedfiles/plaintext")
    record.mkdir()
    restore(alice, YAML)
    assert "no record of the plaintext" in alice.stderr
    record.rmdir()
    alice.edit(YAML, "db-alpha", "db-beta")
    alice.sealedfiles("get", YAML, "database.user", code=1)
    for _ in range(2):
        alice.git("add", YAML, code=128)
        assert "could not be written" in alice.stderr
        alice.sealedfiles("unlock")
        assert "a checkout may have written it" in alice.stderr
    alice.git("checkout", "--quiet", "--", YAML)
    alice.write("secrets/new.yaml", "a: b\n")
    alice.sealedfiles("unlock")
    assert "secrets/new.yaml: a checkout may have written it" in alice.stderr
    (alice.path / "secrets/new.yaml").unlink()
    alice.sealedfiles("unlock")
    alice.edit(YAML, "db-alpha", "db-beta")
    alice.commit("my own change")
    assert EVIL.encode() not in alice.blob("HEAD", YAML)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
@pytest.mark.parametrize("path", [ENV, YAML])
def test_nor_does_another_encoding_seal_it_with_the_whole_file(
    alice: Repo, mallory: Repo, path: str, encoding: str
) -> None:
    plant(mallory, path)
    alice.git("pull", "--quiet", "--ff-only", "origin", "pr")
    text = alice.read(path) + "# \u00e9\n"
    alice.write(path, text.encode(encoding))
    alice.git("add", path, code=128)
    assert "not proved to be from a current reader" in alice.stderr
    alice.sealedfiles("cat", path, code=4)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "latin-1"])
@pytest.mark.parametrize("moved_on", [True, False])
def test_nor_does_utf_8_seal_a_text_that_was_pushed_in_another_encoding(
    alice: Repo, mallory: Repo, encoding: str, *, moved_on: bool
) -> None:
    alice.sealedfiles("track", "*.txt")
    alice.commit("track texts")
    alice.git("push", "--quiet", "origin", "HEAD:main", "HEAD:pr")
    mallory.git("pull", "--quiet", "--ff-only", "origin", "pr")
    (mallory.path / "notes.txt").write_bytes(f"{EVIL}\u00e9\n".encode(encoding))
    mallory.git("add", "notes.txt")
    mallory.git("commit", "--quiet", "--no-verify", "--message", "notes")
    mallory.git("push", "--quiet", "--no-verify", "origin", "HEAD:pr")
    alice.git("pull", "--quiet", "--ff-only", "origin", "pr")
    if moved_on:
        alice.git("reset", "--quiet", "HEAD^")
    alice.write("notes.txt", f"{EVIL}\u00e9\n")
    alice.git("add", "notes.txt", code=128 if moved_on else 0)
    assert moved_on or b"sealed:v1:" not in alice.blob("", "notes.txt")


def test_nor_is_it_printed_from_a_text_that_does_not_parse(alice: Repo, mallory: Repo) -> None:
    plant(mallory, YAML)
    alice.git("pull", "--quiet", "--ff-only", "origin", "pr")
    alice.write(YAML, alice.read(YAML) + "list: [1,\n")
    alice.sealedfiles("cat", YAML, code=4)
    assert EVIL not in alice.stderr
    assert EVIL in alice.sealedfiles("cat", YAML, "--allow-plaintext")


@pytest.mark.parametrize(
    "first",
    ["without a key", "after the reset", "in another worktree", "restored", "without commits"],
)
@pytest.mark.parametrize("path", [YAML, ENV])
def test_nor_is_it_what_a_checkout_wrote_before_the_filter_was_set_up(
    alice: Repo, mallory: Repo, origin: Path, tmp_path: Path, path: str, first: str
) -> None:
    plant(mallory, path)
    late = alice.person.clone(origin, tmp_path / "late", "--branch", "pr")
    if first == "restored":
        late = alice.person.clone(origin, tmp_path / "restored", "--branch", "main")
        late.git("restore", "--source=origin/pr", "--", path)
    if first == "without a key":
        key = late.person.identities
        away = key.rename(key.with_name("away"))
        late.sealedfiles("unlock", code=3)
        away.rename(key)
    if first == "in another worktree":
        late.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"))
        late.git("reset", "--quiet", "--hard", "HEAD~1")
        late.sealedfiles("unlock")
        late = Repo(late.person, tmp_path / "tree")
    if first == "without commits":
        late.git("checkout", "--quiet", "--orphan", "new")
        late.git("reset", "--quiet")
    elif first != "restored":
        late.git("reset", "--quiet", "HEAD~1")
    late.sealedfiles("unlock", code=None)
    late.sealedfiles("get", path, USER_KEYS[path], code=4)
    late.write(path, late.read(path) + ("extra: mine\n" if path == YAML else "EXTRA=mine\n"))
    assert EVIL in late.read(path)
    late.git("add", path, code=None)
    assert EVIL not in late.sealedfiles("get", path, USER_KEYS[path], code=None)
