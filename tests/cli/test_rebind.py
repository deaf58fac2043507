"""`sealedfiles rebind`: a token that was moved as text is reported, and bound to its place after
confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    FILES,
    JSON,
    SECRET,
    YAML,
    Person,
    Repo,
    assert_no_plaintext,
    assert_sound,
    every_file,
    groups,
    tokens,
)

from sealedfiles.keys.keyfile import parse_key_line
from sealedfiles.model.paths import key_step
from sealedfiles.model.token import VALUE, FileKey, file_id

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.many_variants

RENAMED = {
    ENV: ("DB_PASSWORD=", "DATABASE_PASSWORD=", "DATABASE_PASSWORD"),
    JSON: ('"password":', '"pass":', "database.pass"),
    YAML: ("password:", "pass:", "database.pass"),
}


@pytest.fixture
def server(origin: Path, tmp_path: Path) -> Repo:
    """A clone without a key or filter, as in a web editor or of a colleague who has not set it up."""
    return Person.at(tmp_path / "carol").clone(origin, tmp_path / "carol's")


@pytest.fixture
def alice(team: tuple[Repo, Repo]) -> Repo:
    return team[0]


def push(server: Repo, alice: Repo) -> str:
    """Commit and push the change, and pull it as Alice; return her stderr."""
    server.commit("a rename")
    server.git("push", "--quiet", "origin", "main")
    alice.git("pull", "--quiet")
    return alice.stderr


@every_file
def test_a_key_renamed_in_a_clone_without_keys(server: Repo, alice: Repo, path: str) -> None:
    old, new, key = RENAMED[path]
    server.edit(path, old, new)
    said = push(server, alice)
    assert f": {key}: a token of the group default stays sealed" in said
    assert "if it belongs there: sealedfiles rebind FILE" in said
    alice.sealedfiles("cat", path, code=4)
    assert f"hint: if it belongs there: sealedfiles rebind {path}" in alice.stderr

    alice.sealedfiles("rebind", path, answers="y")
    assert f": {key} has a token of the group default that was made for another key" in alice.stderr
    assert "the person who moved the token chose where the value appears" in alice.stderr
    assert "Bind 1 value to their current key paths? [y/N]" in alice.stderr
    assert SECRET not in alice.stderr
    assert alice.read(path) == FILES[path].replace(old, new)
    assert alice.status() == [f"M  {path}"]
    alice.commit("bound")
    alice.sealedfiles("rebind", path)
    assert "every token is at its own key path" in alice.stderr
    assert_sound(alice)


def test_declining_changes_nothing(server: Repo, alice: Repo) -> None:
    server.edit(YAML, "password:", "pass:")
    push(server, alice)
    shown = alice.read(YAML)
    for answer, code in (("n", 1), ("", 2)):
        alice.sealedfiles("rebind", YAML, answers=answer, code=code)
        assert "nothing was changed" in alice.stderr
        assert ("to confirm: --yes" in alice.stderr) == (code == 2)
        assert alice.read(YAML) == shown
        assert alice.status() == []


def test_values_are_shown_only_on_request(server: Repo, alice: Repo) -> None:
    server.edit(YAML, "password:", "pass:")
    push(server, alice)
    assert alice.sealedfiles("rebind", YAML, answers="n", code=1) == ""
    assert SECRET not in alice.stderr
    out = alice.sealedfiles("rebind", "--show", YAML, answers="n", code=1)
    assert out == 'database.pass: "s3cr3t-db-alpha"\n'


def test_a_line_copied_from_another_file_is_named_with_that_file(server: Repo, alice: Repo) -> None:
    line = next(line for line in server.read(ENV).split("\n") if line.startswith("DB_USER="))
    server.write("other.env", f"{server.read(ENV)}OTHER={tokens(server.read(YAML))[0]}\n{line}2\n")
    server.write("more.env", "A=b\n")
    text = server.read(YAML).replace(
        "database:", f'copied: "{tokens(server.read(JSON))[0]}"\ndatabase:'
    )
    server.write(YAML, text)
    push(server, alice)
    alice.sealedfiles("rebind", YAML, "--yes")
    assert f"copied has a token of the group default that was made for {JSON}" in alice.stderr
    assert 'copied: "s3cr3t-user"\n' in alice.read(YAML)
    assert len({token.split(":")[4] for token in alice.tokens("", YAML)}) == 1
    alice.commit("bound")
    assert_no_plaintext(alice)


def test_only_the_key_paths_that_are_named_are_bound(server: Repo, alice: Repo) -> None:
    server.edit(YAML, "password:", "pass:")
    server.edit(YAML, "user:", "name:")
    push(server, alice)
    alice.sealedfiles("rebind", YAML, "database.nothing", "--yes", code=2)
    assert "there is one at database.name" in alice.stderr
    alice.sealedfiles("rebind", YAML, "database.pass", "--yes")
    assert 'pass: "s3cr3t-db-alpha"\n' in alice.read(YAML)
    assert 'name: "sealed:' in alice.read(YAML)
    alice.sealedfiles("rebind", YAML, "database.*", "--yes")
    assert not tokens(alice.read(YAML))


def test_a_value_stays_with_its_group_wherever_it_was_put(server: Repo, alice: Repo) -> None:
    """Otherwise whoever moves a token would also choose its readers."""
    text = server.read(YAML)
    pin = next(token for token in tokens(text) if ":production:" in token)
    text = text.replace("  name: orders\n", f'  name: orders\n  pin: "{pin}"\n')
    server.write(YAML, f'{text}more:\n  pin: "{pin}"\n')
    push(server, alice)
    alice.sealedfiles("rebind", YAML, "--yes")
    assert alice.read(YAML).count("pin: 's3cr3t-production'") == 3
    bound = set(alice.tokens("", YAML)) - set(tokens(server.read(YAML)))
    assert len(bound) == 2
    assert {group for token in bound for group in groups(token)} == {"production"}
    assert_no_plaintext(alice)


@pytest.mark.parametrize("repo", ["bob"], indirect=True)
def test_somebody_who_cannot_open_a_token_cannot_bind_it(repo: Repo) -> None:
    repo.edit(YAML, "  pin:", "  code:")
    repo.commit("a rename of what is not ours")
    shown = repo.read(YAML)
    repo.sealedfiles("rebind", YAML, "--yes", code=None)
    assert repo.read(YAML) == shown


def test_local_changes_are_kept_and_left_to_be_added(repo: Repo) -> None:
    """The token was pasted into the decrypted file; the staged version does not change."""
    token = repo.tokens("HEAD", YAML)[0]
    repo.edit(YAML, "api:\n", f'copy: "{token}"\n\napi:\n')
    repo.edit(YAML, "db-alpha", "db-beta")
    before = repo.blob("", YAML)
    repo.sealedfiles("rebind", YAML, "--yes")
    assert f"add it: git add {YAML}" in repo.stderr
    assert "copy: s3cr3t-user\n" in repo.read(YAML)
    assert "s3cr3t-db-beta" in repo.read(YAML)
    assert repo.blob("", YAML) == before
    repo.commit("added")
    assert_sound(repo)


def test_in_a_locked_clone_the_file_stays_sealed(repo: Repo) -> None:
    repo.sealedfiles("lock")
    repo.edit(YAML, "password:", "pass:")
    repo.git("add", YAML)
    repo.sealedfiles("rebind", YAML, "--yes")
    assert SECRET not in repo.read(YAML)
    assert repo.read_bytes(YAML) == repo.blob("", YAML)
    repo.git("commit", "--quiet", "-m", "renamed and bound")
    repo.sealedfiles("unlock")
    assert repo.read(YAML) == FILES[YAML].replace("password:", "pass:")
    assert_sound(repo)


def test_outside_of_git(repo: Repo, tmp_path: Path) -> None:
    repo.sealedfiles("lock")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (repo.path / ".sealedfiles").rename(folder / ".sealedfiles")
    there = Repo(repo.person, folder)
    there.write(YAML, repo.read(YAML).replace("password:", "pass:"))
    there.sealedfiles("rebind", YAML, "--yes")
    assert there.sealedfiles("cat", YAML) == FILES[YAML].replace("password:", "pass:")
    assert SECRET not in there.read(YAML)


def minted(repo: Repo, path: str, key: str, literal: str) -> str:
    """Return a token for any literal that a malicious reader created with the real key."""
    lines = repo.folder("sealedfiles/keys").read_text().split("\n")
    secret = next(parse_key_line(line[8:]).secret for line in lines if line.startswith("default "))
    made = FileKey("default", secret, file_id(path.encode()))
    return made.seal(VALUE, 0, made.path_tag(key_step(key)), literal.encode())


def test_a_value_that_would_change_the_structure_is_refused(server: Repo, alice: Repo) -> None:
    token = minted(alice, YAML, "elsewhere", "x\nadmin: true")
    server.write(YAML, f'evil: "{token}"\n{server.read(YAML)}'.replace("password:", "pass:"))
    push(server, alice)
    alice.sealedfiles("rebind", YAML, "--yes", code=4)
    assert f"{YAML}:1: evil: the value would change the text around it" in alice.stderr
    assert f"sealedfiles set {YAML} evil" in alice.stderr
    assert "1 value bound" in alice.stderr
    assert "admin" not in alice.read(YAML)
    assert 'pass: "s3cr3t-db-alpha"' in alice.read(YAML)


def test_a_damaged_token_is_named_and_cannot_be_fixed(server: Repo, alice: Repo) -> None:
    token = tokens(server.read(YAML))[0]
    server.edit(YAML, token, token[:-6] + "AAAAAA")
    push(server, alice)
    shown = alice.read(YAML)
    alice.sealedfiles("rebind", YAML, "--yes", code=4)
    assert "it is damaged, or was not made with the group's key" in alice.stderr
    assert "sealedfiles rebind" not in alice.stderr
    assert alice.read(YAML) == shown
    server.edit(YAML, "password:", "pass:")
    push(server, alice)
    alice.sealedfiles("rebind", YAML, "--yes", code=4)
    assert "1 value bound" in alice.stderr
    assert "it is damaged, or was not made with the group's key" in alice.stderr


def test_a_token_under_a_retired_key_is_reported(team: tuple[Repo, Repo]) -> None:
    alice, bob = team
    bob.sealedfiles("lock")
    bob.edit(YAML, "password:", "pass:")
    bob.commit("renamed")
    alice.sealedfiles("revoke", "bob")
    alice.commit("bob left")
    alice.git("pull", "--quiet", "--no-rebase", str(bob.path), "main", code=None)
    alice.git("checkout", "--theirs", YAML, code=None)
    alice.write(YAML, bob.read(YAML))
    alice.git("add", YAML)
    alice.sealedfiles("rebind", YAML, "--yes")
    assert "its key was retired when a reader was removed" in alice.stderr
