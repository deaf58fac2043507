"""`sealedfiles grant` and `keygen`: adding readers."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, Person, Repo

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World


def keygen(person: Person, *options: str) -> str:
    from people import program

    return person.run([*program(), "keygen", *options], person.home)[0].decode().strip()


def test_keygen_prints_nothing_but_the_public_key_on_stdout(alice: Person) -> None:
    assert re.fullmatch(r"age1pq1[a-z0-9]+", keygen(alice, "-o", "key.txt"))
    assert "AGE-SECRET-KEY-PQ-1" in (alice.home / "key.txt").read_text()


def test_keygen_classic_makes_an_x25519_key(alice: Person) -> None:
    assert re.fullmatch(r"age1(?!pq)[a-z0-9]{58}", keygen(alice, "--classic", "-o", "key.txt"))


def test_keygen_never_overwrites_a_key(alice: Person) -> None:
    from people import program

    keygen(alice, "-o", "key.txt")
    before = (alice.home / "key.txt").read_bytes()
    alice.run([*program(), "keygen", "-o", "key.txt"], alice.home, code=2)
    assert (alice.home / "key.txt").read_bytes() == before


def test_keygen_adds_to_the_identities_that_are_there(alice: Person) -> None:
    first, second = keygen(alice), keygen(alice)
    text = alice.identities.read_text()
    assert first in text
    assert second in text


def test_a_granted_reader_unlocks_a_clone(
    world: World, origin: Path, tmp_path: Path, repo: Repo
) -> None:
    carol = Person.at(tmp_path / "carol")
    repo.sealedfiles("grant", "carol", carol.keygen(), "--to", "default", "--to", "production")
    repo.git("commit", "--quiet", "--message", "let carol read everything")
    clone = carol.clone(repo, tmp_path / "carol's")
    clone.sealedfiles("unlock")
    assert clone.texts() == FILES


def test_grant_takes_a_key_file_with_comments(repo: Repo, tmp_path: Path) -> None:
    carol = Person.at(tmp_path / "carol")
    (tmp_path / "carol.pub").write_text(f"# carol's laptop\n{carol.keygen()}\n\n")
    repo.sealedfiles("grant", "carol", "--key-file", str(tmp_path / "carol.pub"), "--to", "default")
    assert (repo.path / ".sealedfiles/keys/default/carol.age").exists()


def test_grant_makes_a_group_that_does_not_exist_with_the_caller_in_it(
    repo: Repo, tmp_path: Path
) -> None:
    carol = Person.at(tmp_path / "carol")
    repo.sealedfiles("grant", "carol", carol.keygen(), "--to", "staging")
    members = {p.name for p in (repo.path / ".sealedfiles/keys/staging").glob("*.age")}
    assert members == {"alice.age", "carol.age"}


def test_somebody_who_does_not_read_a_group_cannot_grant_it(world: World, tmp_path: Path) -> None:
    clone = world.copy("bob", tmp_path / "bob's")
    carol = Person.at(tmp_path / "carol")
    clone.sealedfiles("grant", "carol", carol.keygen(), "--to", "production", code=3)
    assert "alice" in clone.stderr, "who could"
    assert not (clone.path / ".sealedfiles/recipients/carol.pub").exists()


def test_a_public_key_that_was_swapped_gets_nothing(repo: Repo, tmp_path: Path) -> None:
    mallory = Person.at(tmp_path / "mallory")
    repo.write(".sealedfiles/recipients/bob.pub", mallory.keygen() + "\n")
    repo.sealedfiles("grant", "bob", "--to", "production", code=4)
    assert "bob" in repo.stderr
    assert not (repo.path / ".sealedfiles/keys/production/bob.age").exists()


def test_a_grant_for_another_group_does_not_verify_a_public_key(
    team: tuple[Repo, Repo], tmp_path: Path
) -> None:
    """Every reader of `default` can make one, with any public key."""
    alice, bob = team
    dora, eve = Person.at(tmp_path / "dora"), Person.at(tmp_path / "eve")
    alice.sealedfiles("grant", "dora", dora.keygen(), "--to", "default")
    alice.commit("let dora read")
    alice.git("push", "--quiet")
    bob.git("pull", "--quiet")
    bob.sealedfiles("revoke", "dora", "--yes")
    bob.sealedfiles("grant", "dora", eve.keygen(), "--to", "default")
    bob.commit("dora has a new key")
    bob.git("push", "--quiet")
    alice.git("pull", "--quiet")
    alice.sealedfiles("grant", "dora", "--to", "production", code=2)
    assert "only other groups have a grant that proves it" in alice.stderr
    assert "these are not the public keys of dora that you gave" in alice.stderr
    alice.sealedfiles("trust", "dora", "--yes")
    alice.sealedfiles("grant", "dora", "--to", "production")
    assert (alice.path / ".sealedfiles/keys/production/dora.age").exists()


def test_a_public_key_that_was_given_before_is_verified(repo: Repo, tmp_path: Path) -> None:
    repo.sealedfiles("grant", "dora", Person.at(tmp_path / "dora").keygen(), "--to", "default")
    repo.sealedfiles("grant", "dora", "--to", "production", "--to", "ops")
    assert "dora can now read ops" in repo.stderr


def test_another_public_key_of_the_user_gets_no_new_group(fresh: Repo, tmp_path: Path) -> None:
    """Whoever reads a group with the user can add it, with a grant for that group."""
    bob = Person.at(tmp_path / "bob")
    public = bob.keygen()
    fresh.sealedfiles("init", "--name", "alice")
    fresh.sealedfiles("grant", "bob", public, "--to", "default")
    fresh.commit("bob")
    clone = bob.clone(fresh, tmp_path / "bob's")
    clone.sealedfiles("unlock")
    keys = tmp_path / "keys"
    keys.write_text(clone.read(".sealedfiles/recipients/alice.pub") + public + "\n")
    clone.sealedfiles("revoke", "alice", "--yes")
    clone.sealedfiles("grant", "alice", "--key-file", str(keys), "--to", "default")
    clone.commit("alice has two keys")
    fresh.git("pull", "--quiet", str(clone.path))
    fresh.sealedfiles("track", "ops/*.yaml", "--group", "ops")
    assert "ops is encrypted only to the key in use" in fresh.stderr
    fresh.commit("a group without bob")
    clone.git("pull", "--quiet", str(fresh.path))
    clone.sealedfiles("unlock")
    assert "you can read: default (" in clone.stderr


def test_a_reader_does_not_get_other_keys_by_a_second_grant(repo: Repo, tmp_path: Path) -> None:
    mallory = Person.at(tmp_path / "mallory")
    before = (repo.path / ".sealedfiles/recipients/bob.pub").read_text()
    repo.sealedfiles("grant", "bob", mallory.keygen(), "--to", "production", code=2)
    assert (repo.path / ".sealedfiles/recipients/bob.pub").read_text() == before


@pytest.mark.parametrize("key", ["age1nonsense", "AGE-SECRET-KEY-1", "ssh-dss AAAA", "hello"])
def test_an_invalid_public_key_is_refused_and_not_repeated(repo: Repo, key: str) -> None:
    repo.sealedfiles("grant", "carol", key, "--to", "default", code=2)
    assert not (repo.path / ".sealedfiles/recipients/carol.pub").exists()


def test_a_reader_without_a_key_is_refused(repo: Repo) -> None:
    repo.sealedfiles("grant", "carol", "--to", "default", code=2)
    assert "keygen" in repo.stderr


def test_the_key_file_opens_with_the_real_age_program(repo: Repo, tmp_path: Path) -> None:
    import os
    import shutil

    age = shutil.which("age")
    if age is None:
        if os.environ.get("SEALEDFILES_REQUIRE_REAL_PARTS"):
            pytest.fail("the age program is not installed")
        pytest.skip("the age program is not installed")
    carol = Person.at(tmp_path / "carol")
    public = keygen(carol, "--classic", "-o", "key.txt")
    repo.sealedfiles("grant", "carol", public, "--to", "default")
    file = repo.path / ".sealedfiles/keys/default/carol.age"
    opened = subprocess.run(
        [age, "-d", "-i", carol.home / "key.txt", file], capture_output=True, check=True
    )
    cached = repo.folder("sealedfiles/keys").read_text().split("\n")
    assert f"default {opened.stdout.decode().strip()}" in cached


@pytest.mark.many_variants
@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_somebody_who_has_an_ssh_key_needs_no_other(repo: Repo, tmp_path: Path, kind: str) -> None:
    import os
    import shutil

    if shutil.which("ssh-keygen") is None:
        if os.environ.get("SEALEDFILES_REQUIRE_REAL_PARTS"):
            pytest.fail("ssh-keygen is not installed")
        pytest.skip("ssh-keygen is not installed")
    carol = Person.at(tmp_path / "carol")
    key = carol.home / ".ssh" / f"id_{kind}"
    key.parent.mkdir(mode=0o700)
    carol.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(key)], carol.home)
    repo.sealedfiles("grant", "carol", "--key-file", f"{key}.pub", "--to", "default")
    repo.git("commit", "--quiet", "--message", "let carol read, with the key she has on the server")
    clone = carol.clone(repo, tmp_path / "carol's")
    clone.sealedfiles("unlock")
    assert "s3cr3t-db-alpha" in clone.read(ENV)
    assert clone.status() == []


def test_a_reader_is_not_called_like_the_policy(repo: Repo) -> None:
    key = repo.read(".sealedfiles/recipients/alice.pub").strip()
    repo.sealedfiles("grant", "policy", key, "--to", "default", code=2)
    assert "a reader cannot be called policy" in repo.stderr
    assert repo.status() == []
