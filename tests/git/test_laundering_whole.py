"""A value that was not written by a reader of its group gets no token through a file that is sealed whole.

A file that does not parse is sealed whole. When it is fixed later, all of its values would be sealed as
if the user had typed them. So `git add` refuses it while it may contain such a value.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from people import ENV, EVIL, FILES, JSON, YAML, Repo, every_file
from plants import PIN, every_plant, plant_token, push, remove, share

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.many_variants

BREAK = {YAML: b"x: [\n", JSON: b"]\n", ENV: b"# caf\xe9\n"}


def assert_refused(repo: Repo, key: str, *paths: str) -> None:
    before = repo.git("ls-files", "--stage")
    repo.git("add", *(paths or ["--all"]), code=128)
    assert key in repo.stderr
    assert "sealed whole" in repo.stderr
    assert "git log -p -- " in repo.stderr
    assert EVIL not in repo.stderr
    assert repo.git("ls-files", "--stage") == before


@every_plant
@every_file
def test_a_broken_file_is_refused(
    alice: Repo, bob: Repo, plant: object, keys: dict[str, str], path: str
) -> None:
    assert callable(plant)
    plant(bob, alice, path)
    text = alice.read(path)
    assert EVIL in text
    alice.write(path, text.encode() + BREAK[path])
    assert_refused(alice, keys[path])
    alice.git("commit", "--quiet", "--all", "--no-verify", "--message", "broken", code=128)
    assert alice.status() == [f" M {path}"]
    alice.write(path, text)
    alice.git("add", "--all")
    alice.sealedfiles("get", path, keys[path], code=4)


@every_plant
def test_a_text_with_conflict_markers_is_refused(
    alice: Repo, bob: Repo, plant: object, keys: dict[str, str]
) -> None:
    assert callable(plant)
    plant(bob, alice, YAML)
    line = "  token: s3cr3t-api-alpha  # issued by the billing provider\n"
    alice.edit(YAML, line, f"<<<<<<< ours\n{line}=======\n  token: other\n>>>>>>> theirs\n")
    assert_refused(alice, keys[YAML])


@every_plant
def test_a_broken_file_that_was_moved_is_refused(
    alice: Repo, bob: Repo, plant: object, keys: dict[str, str]
) -> None:
    assert callable(plant)
    plant(bob, alice, YAML)
    alice.write("secrets/new.yaml", alice.read_bytes(YAML) + BREAK[YAML])
    (alice.path / YAML).unlink()
    assert_refused(alice, keys[YAML], "secrets/new.yaml")


@every_plant
def test_a_rule_that_seals_the_file_whole_hides_nothing(
    alice: Repo, bob: Repo, plant: object, keys: dict[str, str]
) -> None:
    assert callable(plant)
    plant(bob, alice, YAML)
    policy = alice.read(".sealedfiles/policy.yaml")
    rule = f"rules:\n  - files: {YAML}\n    group: production\n    format: whole\n"
    alice.write(".sealedfiles/policy.yaml", policy.replace("rules:\n", rule))
    alice.sealedfiles("trust", "policy", "--yes", code=1)
    assert keys[YAML] in alice.stderr
    alice.edit(YAML, "s3cr3t-api-alpha", "s3cr3t-api-own")
    assert_refused(alice, keys[YAML], YAML)
    assert "database.password" not in alice.stderr


@every_plant
def test_edit_does_not_seal_it_whole(
    alice: Repo, bob: Repo, plant: object, keys: dict[str, str]
) -> None:
    assert callable(plant)
    plant(bob, alice, YAML)
    alice.write(YAML, alice.blob("HEAD", YAML))
    alice.sealedfiles("lock", code=None)
    alice.sealedfiles("unlock", code=None)
    before = alice.git("ls-files", "--stage")
    editor = alice.person.having(EDITOR="sed -i '$ a x: ['")
    replace(alice, person=editor).sealedfiles("edit", YAML, answers="n\n", code=None)
    alice.git("add", "--all", code=None)
    assert alice.git("ls-files", "--stage") == before


def test_seal_does_not_accept_a_token_of_another_group(alice: Repo, bob: Repo) -> None:
    plant_token(bob, alice, YAML)
    text = alice.read_bytes(YAML) + BREAK[YAML]
    alice.write(YAML, text)
    alice.sealedfiles("seal", YAML, "--yes", code=1)
    assert "production.pin" in alice.stderr
    assert alice.read_bytes(YAML) == text


def test_a_comment_in_plaintext_is_refused(alice: Repo, bob: Repo) -> None:
    push(bob, alice, YAML, f"{bob.blob('', YAML).decode()}# user: {EVIL}\n")
    alice.write(YAML, alice.read_bytes(YAML) + BREAK[YAML])
    assert_refused(alice, "a comment")


def test_a_value_that_was_replaced_is_no_reason(alice: Repo, bob: Repo) -> None:
    plant_token(bob, alice, YAML)
    alice.write(YAML, alice.read_bytes(YAML).replace(EVIL.encode(), b"mine") + BREAK[YAML])
    alice.git("add", "--all")
    assert alice.blob("", YAML).startswith(b'"sealed:v1:')


def test_other_commands_of_git_continue(alice: Repo, bob: Repo) -> None:
    plant_token(bob, alice, YAML)
    text = alice.read_bytes(YAML) + BREAK[YAML]
    alice.write(YAML, text)
    assert alice.status() == [f" M {YAML}"]
    alice.git("diff")
    alice.git("reset", "--quiet")
    assert alice.read_bytes(YAML) == text
    assert_refused(alice, "production.pin")


def test_stash_is_refused(alice: Repo, bob: Repo) -> None:
    """Otherwise `git checkout stash -- FILE` would add its token to the index."""
    plant_token(bob, alice, YAML)
    text = alice.read_bytes(YAML) + BREAK[YAML]
    alice.write(YAML, text)
    alice.git("stash", "--quiet", code=1)
    assert "production.pin" in alice.stderr
    assert alice.read_bytes(YAML) == text
    assert alice.git("stash", "list") == ""


@pytest.mark.slow
def test_a_token_of_a_removed_reader_is_refused(alice: Repo, bob: Repo) -> None:
    bob.edit(YAML, "s3cr3t-user", EVIL)
    bob.git("add", YAML)
    forged = bob.blob("", YAML).decode()
    bob.git("reset", "--quiet", "--hard")
    remove(alice, bob)
    push(bob, alice, YAML, forged)
    assert EVIL in alice.read(YAML)
    alice.write(YAML, alice.read_bytes(YAML) + BREAK[YAML])
    assert_refused(alice, "database.user")


# A file that is one token of a group to which its policy gives only a part of the file.

SEAL_WHOLE = """
import sys
from sealedfiles.git.filter.clean_smudge import Filter
from sealedfiles.sealing.whole import seal_to_groups
clone = Filter.here().clone
path, groups = sys.argv[1].encode(), sys.argv[2:]
before = clone.objects.read(b"HEAD:" + path).data
sealed = seal_to_groups(sys.stdin.buffer.read(), groups, before, clone.describe_for_smudge(path), clone.ring)
sys.stdout.buffer.write(sealed)
"""


def seal_whole(repo: Repo, path: str, text: str, *groups: str) -> str:
    """Return *text* sealed whole to *groups* with the keys of the owner of *repo*."""
    command = [sys.executable, "-c", SEAL_WHOLE, path, *groups]
    return repo.raw(*command, answers=text).decode()


def plant_whole(bob: Repo, alice: Repo, path: str) -> None:
    """Plant the file sealed whole to `default`, with a value of `production` that Bob invented."""
    text = re.sub(r'sealed:v1:production:[^"\s]+', EVIL, bob.read(path))
    push(bob, alice, path, seal_whole(bob, path, text, "default"))
    assert EVIL in alice.read(path)


def assert_unused(alice: Repo, path: str) -> None:
    assert alice.sealedfiles("get", path, PIN[path], code=4) == ""
    assert EVIL not in alice.stderr


@every_file
def test_an_edit_of_a_file_that_a_reader_of_another_group_sealed_whole_is_refused(
    alice: Repo, bob: Repo, path: str
) -> None:
    plant_whole(bob, alice, path)
    assert_unused(alice, path)
    alice.edit(path, "s3cr3t-api-alpha", "s3cr3t-api-own")
    before = alice.git("ls-files", "--stage")
    alice.git("add", "--all", code=128)
    assert PIN[path] in alice.stderr
    assert "is sealed whole in git: 1 stored value is not proved" in alice.stderr
    assert EVIL not in alice.stderr
    alice.git("stash", "--quiet", code=1)
    assert alice.git("ls-files", "--stage") == before
    assert alice.status() == [f" M {path}"]
    assert_unused(alice, path)


def test_so_is_another_value_set_in_it(alice: Repo, bob: Repo) -> None:
    plant_whole(bob, alice, YAML)
    before = alice.read(YAML)
    alice.sealedfiles("set", YAML, "api.token", "--value", "mine", code=1)
    assert PIN[YAML] in alice.stderr
    assert alice.read(YAML) == before
    assert_unused(alice, YAML)


def test_a_right_value_in_place_of_the_forged_one_is_accepted(alice: Repo, bob: Repo) -> None:
    plant_whole(bob, alice, YAML)
    alice.edit(YAML, EVIL, "s3cr3t-mine")
    alice.git("add", "--all")
    assert alice.sealedfiles("get", YAML, PIN[YAML]) == "s3cr3t-mine\n"


def test_tracking_it_again_asks(alice: Repo, bob: Repo) -> None:
    plant_whole(bob, alice, YAML)
    shown = alice.sealedfiles("track", YAML, code=2) + alice.stderr
    assert "default (key " in shown
    assert "-> default+production" in shown
    assert_unused(alice, YAML)


def test_a_merge_does_not_take_it_in(alice: Repo, bob: Repo) -> None:
    alice.edit(YAML, "s3cr3t-api-alpha", "s3cr3t-api-own")
    alice.commit("our change")
    ours = alice.git("rev-parse", "HEAD").strip()
    alice.git("reset", "--quiet", "--hard", "HEAD~1")
    plant_whole(bob, alice, YAML)
    theirs = alice.git("rev-parse", "HEAD").strip()
    alice.git("reset", "--quiet", "--hard", ours)
    alice.git("merge", "--quiet", theirs, code=1)
    assert "is sealed whole and cannot be merged" in alice.stderr
    assert EVIL not in alice.read(YAML)


@pytest.mark.slow
@pytest.mark.parametrize("layers", [["default"], ["default", "production"]])
def test_the_file_of_a_removed_reader_is_neither_printed_nor_sealed_again(
    alice: Repo, bob: Repo, layers: list[str]
) -> None:
    """All layers are checked, not only the outermost."""
    path = "secrets/notes.txt"
    alice.write(path, "a line of the file\n")
    alice.sealedfiles("track", path)
    alice.commit("a file without values")
    alice.git("push", "--quiet", "origin", "HEAD:main")
    # Alice stands in for a former reader of both groups.
    forged = seal_whole(alice, path, f"a line of the file\n{EVIL}\n", *layers)
    remove(alice, bob)
    push(bob, alice, path, forged)
    assert "a removed reader may have written them" in alice.stderr
    assert EVIL in alice.read(path)
    assert alice.sealedfiles("cat", path, code=4) == ""
    assert EVIL not in alice.stderr
    assert "retired key" in alice.stderr
    alice.write(path, alice.read(path) + "one more line\n")
    alice.git("add", "--all", code=128)
    assert "the whole file" in alice.stderr
    alice.git("checkout", "--quiet", "--", path)
    alice.write("secrets/copy.txt", alice.read(path))
    alice.sealedfiles("track", "secrets/copy.txt")
    alice.git("add", "secrets/copy.txt", code=128)
    assert "checked out from a token under a retired key" in alice.stderr
    (alice.path / "secrets/copy.txt").unlink()
    alice.sealedfiles("rotate", "--group", layers[-1], code=None, answers="n\n")
    assert alice.sealedfiles("cat", path, code=4) == ""


@pytest.mark.parametrize("name", ["notes.txt", "notes.yaml"])
def test_what_git_restore_wrote_of_such_a_file_is_not_printed(
    alice: Repo, bob: Repo, name: str
) -> None:
    path = f"secrets/{name}"
    alice.write(path, "text: a line of the file\n")
    alice.sealedfiles("track", path, "--format", "whole")
    alice.commit("a file without values")
    alice.git("push", "--quiet", "origin", "HEAD:main")
    forged = seal_whole(alice, path, f"text: {EVIL}\n", "default")
    remove(alice, bob)
    push(bob, alice, path, forged)
    alice.git("branch", "forged")
    alice.git("reset", "--quiet", "--hard", "HEAD~1")
    alice.git("restore", "--source", "forged", "--", path)
    copy = f"secrets/copy-of-{name}"
    alice.write(copy, alice.read(path))
    alice.sealedfiles("track", copy, "--format", "whole")
    for one in (path, copy):
        assert EVIL in alice.read(one)
        for command in ("cat", "unseal"):
            assert alice.sealedfiles(command, one, code=4) == ""
            assert "checked out from a token under a retired key" in alice.stderr
            assert EVIL not in alice.stderr
        assert alice.sealedfiles("cat", one, "--allow-retired") == f"text: {EVIL}\n"
    alice.sealedfiles("seal", path, "--yes")
    alice.git("add", path)
    assert alice.sealedfiles("cat", path) == f"text: {EVIL}\n"


def test_a_line_that_is_added_to_a_file_without_values_does_not_make_it_the_user_s(
    alice: Repo, bob: Repo
) -> None:
    path = "secrets/notes.txt"
    alice.write(path, "a line of the file\n")
    alice.sealedfiles("track", path)
    alice.commit("a file without values")
    share(alice, bob)
    push(bob, alice, path, f"{EVIL}\n")
    alice.write(path, alice.read(path) + "one more line\n")
    alice.git("add", "--all", code=128)
    assert "the whole file" in alice.stderr
    edited = alice.read(path)
    alice.write(path, "all new\n")
    alice.git("add", "--all")
    alice.git("reset", "--quiet", "--hard")
    alice.write(path, edited)
    alice.sealedfiles("seal", path, "--yes")
    alice.git("add", "--all")
    assert alice.sealedfiles("cat", path) == edited


def test_but_in_the_commit_that_begins_to_seal_it_its_lines_are_known(alice: Repo) -> None:
    alice.write("notes.txt", "a line of the file\n")
    alice.commit("in plaintext")
    alice.sealedfiles("track", "notes.txt")
    alice.write("notes.txt", "a line of the file\none more line\n")
    alice.git("add", "--all")
    assert alice.blob("", "notes.txt").startswith(b"sealed:v1:")


@pytest.mark.parametrize("is_edited", [False, True], ids=["as-it-is", "renamed-key"])
@every_file
def test_plaintext_that_did_not_parse_is_refused_once_it_is_fixed(
    alice: Repo, bob: Repo, path: str, is_edited: bool
) -> None:
    """Nobody can find its values in git's version, so they would be sealed as if Alice had typed them."""
    forged = FILES[path].replace("s3cr3t-db-alpha", f"{EVIL}-12345678").encode()
    bob.write(path, forged + BREAK[path])
    off = ("filter.sealedfiles.process=", "filter.sealedfiles.clean=cat")
    options = [word for one in (*off, "filter.sealedfiles.required=false") for word in ("-c", one)]
    bob.git(*options, "commit", "--quiet", "--no-verify", "--all", "--message", "forge")
    bob.git("push", "--quiet", "--no-verify", "origin", "HEAD:main")
    alice.git("pull", "--quiet", "--ff-only", "origin", "main")
    fixed = forged.decode()
    if is_edited:
        fixed = re.sub('(?i)password(?=[=:"])', "pass_phrase", fixed)
    alice.write(path, fixed)
    before = alice.git("ls-files", "--stage")
    alice.git("add", "--all", code=128)
    assert "not proved to be from a current reader: a line" in alice.stderr
    assert alice.git("ls-files", "--stage") == before
    alice.sealedfiles("cat", path, code=4)
    # She decides; afterwards the values are hers.
    alice.sealedfiles("seal", path, "--yes")
    alice.git("add", "--all")
    assert EVIL.encode() not in alice.blob("", path)
    assert alice.sealedfiles("cat", path) == fixed
