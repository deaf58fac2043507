"""`sealedfiles reseal`: current keys, the groups of the rules, the file's own id; no value changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    FILES,
    YAML,
    Person,
    Repo,
    assert_clean,
    assert_no_plaintext,
    assert_sound,
    commit_blob,
    groups,
    tokens,
)

from sealedfiles.model.token import file_id

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

pytestmark = pytest.mark.many_variants


def key_ids(repo: Repo, revision: str, path: str, group: str = "default") -> set[str]:
    found = (token.split(":") for token in repo.tokens(revision, path))
    return {parts[3] for parts in found if parts[2] == group}


def ids(repo: Repo, path: str) -> set[str]:
    return {token.split(":")[4] for token in repo.tokens("", path)}


def test_a_file_from_before_a_rotation_is_sealed_with_the_current_key(repo: Repo) -> None:
    old = repo.blob("HEAD", YAML)
    repo.sealedfiles("rotate", "default")
    repo.commit("rotate")
    new = key_ids(repo, "HEAD", YAML)
    # As a revert, or a merge tool, brings the old lines back.
    oid = repo.git("hash-object", "-w", "--stdin", "--no-filters", answers=old.decode()).strip()
    repo.git("update-index", "--cacheinfo", f"100644,{oid},{YAML}")
    assert key_ids(repo, "", YAML) != new
    text = repo.read(YAML)
    repo.sealedfiles("reseal", YAML)
    assert "values resealed" in repo.stderr
    assert key_ids(repo, "", YAML) == new
    assert repo.read(YAML) == text == FILES[YAML]
    assert set(repo.tokens("", YAML)) == set(repo.tokens("HEAD", YAML))
    repo.git("commit", "--quiet", "--allow-empty", "-m", "resealed")
    assert_sound(repo)


def test_if_everything_is_current_nothing_changes(repo: Repo) -> None:
    before = repo.blob("", YAML)
    repo.sealedfiles("reseal", *FILES)
    assert repo.stderr.count("nothing to do") == len(FILES)
    assert repo.blob("", YAML) == before
    assert repo.status() == []


def test_a_renamed_file_takes_the_id_of_its_own_path(repo: Repo) -> None:
    repo.git("mv", YAML, "secrets/renamed.yaml")
    assert ids(repo, "secrets/renamed.yaml") == {file_id(YAML.encode())}
    repo.sealedfiles("reseal", "secrets/renamed.yaml")
    assert ids(repo, "secrets/renamed.yaml") == {file_id(b"secrets/renamed.yaml")}
    assert repo.read("secrets/renamed.yaml") == FILES[YAML]
    repo.git("commit", "--quiet", "-m", "renamed")
    assert_clean(repo)
    assert_no_plaintext(repo)


@pytest.mark.parametrize("repo", ["bob"], indirect=True)
def test_somebody_who_cannot_open_all_of_it_leaves_the_id_so_that_nothing_becomes_foreign(
    repo: Repo,
) -> None:
    repo.git("mv", YAML, "secrets/renamed.yaml")
    before = repo.tokens("", "secrets/renamed.yaml")
    repo.sealedfiles("reseal", "secrets/renamed.yaml")
    assert (
        "values of the group production keep their tokens, because you do not read it"
        in repo.stderr
    )
    assert repo.tokens("", "secrets/renamed.yaml") == before


def test_rules_changed_by_hand_move_values_to_their_groups_and_open_none(repo: Repo) -> None:
    policy = repo.read(".sealedfiles/policy.yaml")
    rules = [
        {"files": f'"{YAML}"', "values": "api.token", "group": "production"},
        {"files": f'"{YAML}"', "values": "cache.url", "plain": "true"},
    ]
    new = "".join(
        "  - " + "\n    ".join(f"{key}: {value}" for key, value in rule.items()) + "\n"
        for rule in rules
    )
    repo.write(".sealedfiles/policy.yaml", policy.replace("rules:\n", f"rules:\n{new}"))
    before = repo.tokens("", YAML)
    repo.sealedfiles("reseal", YAML, code=1)
    assert "sealedfiles trust policy" in repo.stderr
    assert repo.tokens("", YAML) == before
    repo.sealedfiles("trust", "policy", "--yes")
    repo.sealedfiles("reseal", YAML, code=2)
    assert f"{YAML}: api.token: default (key " in repo.stderr
    assert "no terminal to ask on" in repo.stderr
    repo.sealedfiles("reseal", YAML, answers="n\n", code=2)
    assert repo.tokens("", YAML) == before
    repo.sealedfiles("reseal", YAML, "--yes")
    after = repo.tokens("", YAML)
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert [(groups(old), groups(new)) for old, new in changed] == [({"default"}, {"production"})]
    assert repo.read(YAML) == FILES[YAML]
    assert_no_plaintext(repo)


def test_a_renamed_file_does_not_get_other_readers_unasked(repo: Repo) -> None:
    """Anyone with push access can rename a file, and `check` says how to reseal it."""
    repo.sealedfiles("track", "ops/*", "--group", "production", "--yes")
    repo.write("notes.txt", "sealed whole\n")
    repo.sealedfiles("track", "notes.txt")
    repo.commit("a pattern of another group")
    (repo.path / "ops").mkdir()
    for path in (ENV, "notes.txt"):
        repo.git("mv", path, f"ops/{path}")
        before = repo.tokens("", f"ops/{path}")
        repo.sealedfiles("reseal", f"ops/{path}", code=2)
        assert "would change readers" in repo.stderr
        assert repo.tokens("", f"ops/{path}") == before
        repo.sealedfiles("reseal", f"ops/{path}", "--yes")
        assert repo.tokens("", f"ops/{path}") != before


def test_tokens_that_were_copied_from_another_file_get_no_other_readers(repo: Repo) -> None:
    """In the working tree, they are the only tokens: the others are decrypted."""
    repo.sealedfiles("track", "ops/*", "--group", "production", "--yes")
    repo.write("ops/new.env", "OWN=s3cr3t-own\n")
    repo.commit("a file of another group")
    copied = repo.blob("", "ops/new.env").decode() + repo.blob("", ENV).decode()
    commit_blob(repo, "ops/new.env", copied)
    repo.sealedfiles("reseal", "ops/new.env", "--yes", code=4)
    assert "it was made for another file" in repo.stderr
    for text in (repo.read("ops/new.env"), repo.blob("", "ops/new.env").decode()):
        assert {"default"} in map(groups, tokens(text))


def test_what_is_staged_stays_and_what_is_not_stays_out(repo: Repo) -> None:
    repo.sealedfiles("rotate", "default")
    repo.commit("rotate")
    repo.git("mv", ENV, "other.env")
    repo.edit("other.env", "db-alpha", "db-beta")
    repo.git("add", "other.env")
    repo.edit("other.env", "api-alpha", "api-beta")
    repo.sealedfiles("reseal", "other.env")
    assert "db-beta" in repo.git("show", "--textconv", ":other.env")
    assert "api-alpha" in repo.git("show", "--textconv", ":other.env")
    assert "api-beta" in repo.read("other.env")
    assert repo.status() == [f"D  {ENV}", "AM other.env"]
    assert_no_plaintext(repo)


def test_in_a_locked_clone_the_file_itself_is_resealed_too(repo: Repo) -> None:
    repo.git("mv", YAML, "secrets/renamed.yaml")
    repo.git("commit", "--quiet", "-m", "renamed")
    repo.sealedfiles("lock")
    repo.sealedfiles("reseal", "secrets/renamed.yaml")
    assert repo.read_bytes("secrets/renamed.yaml") == repo.blob("", "secrets/renamed.yaml")
    assert ids(repo, "secrets/renamed.yaml") == {file_id(b"secrets/renamed.yaml")}
    assert repo.status() == ["M  secrets/renamed.yaml"]
    repo.git("commit", "--quiet", "-m", "resealed")
    repo.sealedfiles("unlock")
    assert repo.read("secrets/renamed.yaml") == FILES[YAML]
    assert_no_plaintext(repo)


def test_sealed_comments_stay_sealed_whatever_was_their_reason(repo: Repo) -> None:
    repo.edit(ENV, "export API_TOKEN", "#export API_TOKEN")
    repo.commit("not now")
    repo.edit(ENV, "DB_USER=s3cr3t-user\n", "")
    repo.commit("gone")
    repo.sealedfiles("rotate", "default")
    assert_no_plaintext(repo)
    repo.git("mv", ENV, "other.env")
    repo.sealedfiles("reseal", "other.env")
    repo.git("commit", "--quiet", "-m", "moved")
    assert ids(repo, "other.env") == {file_id(b"other.env")}
    assert "#export API_TOKEN=s3cr3t-api-alpha\n" in repo.read("other.env")
    assert_no_plaintext(repo)


def test_a_value_that_is_plain_and_should_be_sealed_is_sealed(repo: Repo) -> None:
    blob = repo.blob("HEAD", YAML).decode() + "mail: s3cr3t-mail\n"
    repo.sealedfiles("lock")
    repo.write(YAML, blob)
    repo.sealedfiles("reseal", YAML)
    assert "s3cr3t" not in repo.read(YAML)
    assert len(tokens(repo.read(YAML))) == len(tokens(blob)) + 1


def test_a_file_sealed_whole_takes_its_id_too(repo: Repo) -> None:
    repo.sealedfiles("track", "*.p12")
    repo.write("a.p12", b"s3cr3t\x00")
    repo.commit("a store")
    repo.git("mv", "a.p12", "b.p12")
    repo.sealedfiles("reseal", "b.p12")
    assert ids(repo, "b.p12") == {file_id(b"b.p12")}
    assert repo.git("show", "--textconv", ":b.p12") == "s3cr3t\x00"


@pytest.mark.parametrize("answer", ["y", "n"])
def test_values_that_appeared_under_a_retired_key_are_asked_about(
    team: tuple[Repo, Repo], answer: str
) -> None:
    """A removed reader may have written them; resealed, they would look like everybody's. A merge does not
    add such values."""
    alice, bob = team
    alice.sealedfiles("revoke", "bob")
    alice.commit("bob left")
    bob.edit(YAML, "db-alpha", "db-bob")
    bob.commit("from bob")
    alice.git("pull", "--quiet", "--no-rebase", str(bob.path), "main")
    assert "s3cr3t-db-bob" in alice.read(YAML)
    both = key_ids(alice, "", YAML)
    assert len(both) == 2
    alice.sealedfiles("reseal", YAML, answers=answer, code=0 if answer == "y" else 1)
    assert "default: 1 value under a retired key, added after its retirement" in alice.stderr
    assert f"hint: find who wrote them: git log -p -- {YAML}" in alice.stderr
    assert (f"sealedfiles reseal --yes {YAML}" in alice.stderr) == (answer == "n")
    assert len(key_ids(alice, "", YAML)) == (1 if answer == "y" else 2)
    alice.sealedfiles("reseal", "--yes", YAML)
    assert len(key_ids(alice, "", YAML)) == 1


def test_without_a_key_nothing_is_reported_as_current(origin: Path, tmp_path: Path) -> None:
    clone = Person.at(tmp_path / "nobody").clone(origin, tmp_path / "clone")
    clone.sealedfiles("reseal", YAML, code=3)
    assert "you read none of its groups" in clone.stderr
    assert "nothing to do" not in clone.stderr


@pytest.mark.parametrize("command", ["rotate", "sync"])
def test_without_a_key_no_group_is_reported_as_resealed(
    origin: Path, tmp_path: Path, command: str
) -> None:
    clone = Person.at(tmp_path / "nobody").clone(origin, tmp_path / "clone")
    clone.sealedfiles(command, "--yes", code=3)
    assert "no key for the group default is available" in clone.stderr
    assert "resealed" not in clone.stderr


def test_outside_of_git_the_file_is_rewritten(world: World, tmp_path: Path) -> None:
    alice = world.copy("alice", tmp_path / "clone")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    alice.sealedfiles("lock")
    (alice.path / ".sealedfiles").rename(folder / ".sealedfiles")
    (folder / "renamed.yaml").write_bytes(alice.read_bytes(YAML))
    repo = Repo(alice.person, folder)
    repo.sealedfiles("reseal", "renamed.yaml")
    found = {token.split(":")[4] for token in tokens(repo.read("renamed.yaml"))}
    assert found == {file_id(b"renamed.yaml")}
    repo.sealedfiles(
        "unseal", "renamed.yaml", code=4
    )  # plaintext that no rule leaves under this name
    repo.sealedfiles("seal", "renamed.yaml")
    repo.sealedfiles("unseal", "renamed.yaml")
    assert repo.read("renamed.yaml") == FILES[YAML]


def test_unsealed_files_and_conflicts_are_refused(repo: Repo) -> None:
    repo.sealedfiles("reseal", "README.md", code=2)
    assert "README.md is not sealed" in repo.stderr
    repo.sealedfiles("reseal", "nowhere.yaml", code=2)
    for branch, word in (("feature", "beta"), ("main", "gamma")):
        repo.git("switch", "--quiet", *(["--create"] if word == "beta" else []), branch)
        repo.edit(YAML, "db-alpha", f"db-{word}")
        repo.commit(word)
    repo.git("merge", "feature", code=1)
    repo.sealedfiles("reseal", YAML, code=2)
    assert "has a merge conflict" in repo.stderr


def test_a_damaged_token_is_reported_and_not_counted_as_current(repo: Repo) -> None:
    repo.sealedfiles("lock")
    token = tokens(repo.read(ENV))[0]
    repo.write(ENV, repo.read(ENV).replace(token, token[:-5] + "AAAAA"))
    repo.git("add", ENV)
    repo.sealedfiles("reseal", ENV, code=4)
    assert "nothing to do: all other values use the current keys" in repo.stderr
    assert f"{ENV}:6: DB_USER: a token of the group default stays sealed" in repo.stderr
    assert "1 token not resealed" in repo.stderr


@pytest.mark.parametrize("lost", ["filter", "attributes"])
def test_without_the_filter_no_plaintext_is_staged(repo: Repo, lost: str) -> None:
    """git would store the files of the working tree as they are."""
    if lost == "filter":
        repo.git("config", "--remove-section", "filter.sealedfiles")
    else:
        repo.write(".gitattributes", "")
        repo.write(".git/info/attributes", "")
    repo.sealedfiles("rotate", "default")
    for path in FILES:
        assert b"s3cr3t" not in repo.blob("", path)
    assert_no_plaintext(repo)
