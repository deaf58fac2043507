"""A reader of one of two groups: his values are plaintext, the others are tokens, which every operation
preserves. (The other flow tests also run for this reader.)"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    FILES,
    TOKEN,
    YAML,
    Repo,
    assert_no_plaintext,
    assert_one_token_changed,
    assert_sound,
    every_file,
    groups,
    tokens,
)

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

pytestmark = pytest.mark.many_variants


@pytest.fixture
def bob(world: World, tmp_path: Path) -> Repo:
    return world.copy("bob", tmp_path / "bob")


@every_file
def test_he_sees_his_values_and_other_tokens(bob: Repo, path: str) -> None:
    text = bob.read(path)
    found = tokens(text)
    assert len(found) == 1
    assert groups(text) == {"production"}
    assert found[0] in bob.tokens("HEAD", path)
    (start, end), plain = TOKEN.search(text).span(), FILES[path]  # type: ignore[union-attr]
    # In YAML and JSON the token is quoted; so is the value in each of these files.
    bare = path == ENV
    quote = 0 if bare else 1
    assert plain.startswith(text[: start - quote])
    assert plain.endswith(text[end + quote :])


def test_nothing_is_reported_about_other_groups(bob: Repo) -> None:
    for path in FILES:
        (bob.path / path).unlink()
    bob.git("checkout", "--", ".")
    assert bob.stderr == ""
    bob.git("switch", "--create", "feature")
    assert "sealed" not in bob.stderr


@every_file
def test_a_value_of_a_group_he_lacks_is_refused(bob: Repo, path: str) -> None:
    text = bob.read(path)
    token = tokens(text)[0]
    bob.write(path, text.replace(token, "s3cr3t-mine"))
    stage = bob.git("ls-files", "--stage")
    bob.git("add", path, code=128)
    assert path in bob.stderr
    assert "production" in bob.stderr
    assert bob.git("ls-files", "--stage") == stage
    assert_no_plaintext(bob)
    bob.write(path, text)
    assert_sound(bob)


def test_he_may_remove_what_he_cannot_read(bob: Repo) -> None:
    for path in FILES:
        text = bob.read(path)
        line = next(line for line in text.split("\n") if TOKEN.search(line))
        bob.write(path, text.replace(f"{line}\n", ""))
    bob.commit("no production any more")
    for path in FILES:
        before, after = bob.tokens("HEAD~", path), bob.tokens("HEAD", path)
        assert after == [token for token in before if groups(token) != {"production"}]
    assert_sound(bob)


def test_he_may_comment_out_what_he_cannot_read(bob: Repo) -> None:
    line = next(line for line in bob.read(ENV).split("\n") if TOKEN.search(line))
    bob.edit(ENV, line, f"# {line}")
    text = bob.read(ENV)
    bob.commit("not now")
    assert f"# {line}" in bob.blob("HEAD", ENV).decode()
    (bob.path / ENV).unlink()
    bob.git("checkout", "--", ENV)
    assert bob.read(ENV) == text
    bob.edit(ENV, f"# {line}", line)
    bob.commit("now")
    assert bob.tokens("HEAD", ENV) == bob.tokens("HEAD~2", ENV)
    assert_sound(bob)


def test_a_comment_that_may_belong_to_two_groups_takes_the_keys_of_both(
    team: tuple[Repo, Repo],
) -> None:
    """``pin`` is a key of both groups, so it is unknown whose value the comment contained."""
    alice, bob = team
    alice.edit(YAML, "cache:\n", "cache:\n  pin: s3cr3t-cache-pin\n")
    alice.commit("a pin for the cache")
    alice.edit(YAML, "  pin: s3cr3t-cache-pin\n", "  # pin: s3cr3t-other-pin\n")
    text = alice.read(YAML)
    alice.commit("not now")
    alice.git("push", "--quiet")
    assert_no_plaintext(alice)
    bob.git("pull", "--quiet")
    assert len(tokens(bob.read(YAML))) == 2
    bob.edit(YAML, "db-alpha", "db-beta")
    bob.commit("new password")
    assert_one_token_changed(bob.tokens("HEAD~", YAML), bob.tokens("HEAD", YAML))
    bob.git("push", "--quiet")
    alice.git("pull", "--quiet")
    assert alice.read(YAML) == text.replace("db-alpha", "db-beta")


def test_he_may_comment_out_what_he_can_read(bob: Repo) -> None:
    bob.edit(YAML, '  password: "s3cr3t-db-alpha"', '  # password: "s3cr3t-db-alpha"')
    text = bob.read(YAML)
    bob.commit("not now")
    (bob.path / YAML).unlink()
    bob.git("checkout", "--", YAML)
    assert bob.read(YAML) == text
    assert_sound(bob)


@pytest.mark.slow
@every_file
def test_a_conflict_in_values_of_other_groups_is_between_tokens(
    team: tuple[Repo, Repo], path: str
) -> None:
    alice, bob = team
    for branch, new in (("feature", "s3cr3t-production-2"), ("main", "s3cr3t-production-3")):
        alice.git("switch", "--quiet", *(["--create"] if branch == "feature" else []), branch)
        alice.edit(path, "s3cr3t-production", new)
        alice.commit(f"on {branch}")
    alice.git("push", "--quiet", "origin", "main", "feature")
    bob.git("pull", "--quiet")
    bob.git("merge", "origin/feature", code=1)
    assert len(tokens(bob.read(path))) == 2
    bob.git("checkout", "--theirs", path)
    bob.edit(path, "db-alpha", "db-beta")
    bob.git("add", path)
    bob.git("commit", "--no-edit")
    assert_one_token_changed(bob.tokens("origin/feature", path), bob.tokens("HEAD", path))
    assert_no_plaintext(bob)
    bob.git("push", "--quiet")

    alice.git("pull", "--quiet")
    assert alice.read(path) == FILES[path].replace("db-alpha", "db-beta").replace(
        "s3cr3t-production", "s3cr3t-production-2"
    )


@pytest.mark.slow
def test_both_edit_their_values_in_one_file(team: tuple[Repo, Repo]) -> None:
    alice, bob = team
    for path in FILES:
        alice.edit(path, "s3cr3t-production", "s3cr3t-production-2")
        bob.edit(path, "db-alpha", "db-beta")
    alice.commit("new production password")
    alice.git("push", "--quiet")
    bob.commit("new password")
    bob.git("pull", "--quiet", "--rebase")
    bob.git("push", "--quiet")
    alice.git("pull", "--quiet")
    for path, text in FILES.items():
        assert alice.read(path) == text.replace("db-alpha", "db-beta").replace(
            "s3cr3t-production", "s3cr3t-production-2"
        )
        assert_one_token_changed(bob.tokens("HEAD~", path), bob.tokens("HEAD", path))
        assert_one_token_changed(bob.tokens("HEAD~2", path), bob.tokens("HEAD~", path))


def test_a_reader_who_is_granted_the_other_group_sees_it_after_unlock(
    team: tuple[Repo, Repo],
) -> None:
    alice, bob = team
    alice.sealedfiles("grant", "bob", "--to", "production")
    assert alice.status() == [
        "A  .sealedfiles/keys/production/bob.age",
        "A  .sealedfiles/keys/production/bob.grant",
    ]
    alice.git("commit", "-m", "let bob read production")
    alice.git("push", "--quiet")
    bob.git("pull", "--quiet")
    bob.sealedfiles("unlock")
    assert bob.texts() == FILES
    assert_sound(bob)


def test_a_file_sealed_as_a_whole_to_a_group_he_lacks(team: tuple[Repo, Repo]) -> None:
    alice, bob = team
    alice.sealedfiles("track", "certs/*", "--group", "production", "--format", "whole")
    alice.write("certs/server.pem", "-----BEGIN s3cr3t-----\n")
    alice.commit("a certificate")
    alice.git("push", "--quiet")
    bob.git("pull", "--quiet")
    assert bob.read_bytes("certs/server.pem") == bob.blob("HEAD", "certs/server.pem")
    assert_sound(bob)
    assert bob.sealedfiles("cat", "certs/server.pem", code=3) == bob.read("certs/server.pem")
    assert "no key of production is available" in bob.stderr
    bob.git("mv", "certs/server.pem", "certs/orders.pem")
    bob.git("commit", "-m", "move")
    bob.git("push", "--quiet")
    alice.git("pull", "--quiet")
    assert alice.read("certs/orders.pem") == "-----BEGIN s3cr3t-----\n"
    assert_sound(alice)
