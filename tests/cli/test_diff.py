"""`sealedfiles diff`: the values that differ, by key."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, JSON, SECRET, YAML, Repo, commit_blob, forge_user, program

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World


def changes(repo: Repo, *arguments: str, code: int = 0) -> list[tuple[str, str | None, str]]:
    """Return file, key and kind of each change."""
    found = json.loads(repo.sealedfiles("diff", "--json", *arguments, code=code))["changes"]
    return [(one["path"], one["key"], one["change"]) for one in found]


def edit_everything(repo: Repo) -> None:
    repo.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    repo.edit(JSON, '"port": 8080', '"port": "8080"')
    repo.edit(YAML, "[s3cr3t-read, s3cr3t-write]", "[s3cr3t-read, s3cr3t-admin, s3cr3t-write]")
    repo.edit(YAML, "  user: s3cr3t-user\n", "")
    repo.edit(YAML, "api:\n", "api:\n  url: s3cr3t-url\n")


EDITED = [
    (ENV, "DB_PASSWORD", "changed"),
    (JSON, "service.port", "spelling"),
    (YAML, "api.url", "added"),
    (YAML, "api.scopes[]", "added"),
    (YAML, "database.user", "removed"),
]


def test_changes_are_listed_by_key_and_values_only_on_request(repo: Repo) -> None:
    assert repo.sealedfiles("diff", "--exit-code") == ""
    edit_everything(repo)
    assert changes(repo) == EDITED
    shown = repo.sealedfiles("diff", "--exit-code", code=1)
    assert shown.startswith(f"{ENV}\n  DB_PASSWORD: changed\n{JSON}\n  service.port: same text")
    assert SECRET not in shown + repo.stderr
    shown = repo.sealedfiles("diff", "--show")
    assert '  DB_PASSWORD: changed: "s3cr3t-db-alpha" -> "s3cr3t-db-beta"\n' in shown
    assert '  api.scopes[]: added: "s3cr3t-admin"\n' in shown
    assert '  database.user: removed: "s3cr3t-user"\n' in shown
    one = json.loads(repo.sealedfiles("diff", "--json", "--show", ENV))["changes"]
    assert one == [
        {
            "path": ENV,
            "from": None,
            "key": "DB_PASSWORD",
            "change": "changed",
            "group": "default",
            "reason": None,
            "old_suspect": None,
            "new_suspect": None,
            "old": "s3cr3t-db-alpha",
            "new": "s3cr3t-db-beta",
        }
    ]


@pytest.mark.slow
def test_what_is_staged_and_other_commits_are_compared(repo: Repo) -> None:
    edit_everything(repo)
    assert changes(repo, "--cached") == []
    repo.git("add", "--", ENV)
    assert changes(repo, "--cached") == EDITED[:1]
    assert changes(repo) == EDITED
    repo.commit("edited")
    assert changes(repo) == []
    assert changes(repo, "HEAD~", "--cached") == EDITED
    assert changes(repo, "HEAD~", YAML, "config") == EDITED[1:]
    run = [*program(), "diff", "--json", "HEAD~", "--", "app.yaml"]
    out = repo.person.run(run, repo.path / "secrets")[0]
    assert len(json.loads(out)["changes"]) == 3
    repo.sealedfiles("rotate")
    repo.commit("rotated")
    assert changes(repo, "HEAD~") == [], "other tokens of the same values"


@pytest.mark.parametrize("state", ["locked", "no filter", "fresh clone"])
def test_it_works_where_git_decrypts_nothing(repo: Repo, tmp_path: Path, state: str) -> None:
    edit_everything(repo)
    repo.commit("edited")
    if state == "locked":
        repo.sealedfiles("lock")
    elif state == "no filter":
        repo.git("config", "--remove-section", "filter.sealedfiles")
    else:
        repo = repo.person.clone(repo, tmp_path / "clone")
    assert changes(repo, "HEAD~") == EDITED
    if state == "fresh clone":
        # A value is set in the sealed file.
        repo.sealedfiles("set", YAML, "api.token", "--value", "s3cr3t-new")
        assert changes(repo) == [(YAML, "api.token", "changed")]


def test_values_of_other_groups_are_named_and_not_compared(world: World, tmp_path: Path) -> None:
    alice, bob = world.copy("alice", tmp_path / "alice's"), world.copy("bob", tmp_path / "bob's")
    alice.edit(YAML, "s3cr3t-production", "s3cr3t-production-2")
    alice.edit(YAML, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    alice.commit("two values")
    bob.git("pull", "--quiet", "--no-rebase", str(alice.path), "main")
    assert changes(bob, "HEAD~") == [
        (YAML, "database.password", "changed"),
        (YAML, "production.pin", "unknown"),
    ]
    shown = bob.sealedfiles("diff", "HEAD~", "--show")
    assert (
        "production.pin: changed, cannot be compared (no key of the group production is available)"
        in shown
    )
    assert "1 value could not be compared: no key of production" in bob.stderr
    stranger = world.alice.at(tmp_path / "stranger").clone(alice, tmp_path / "clone")
    assert {kind for _, _, kind in changes(stranger, "HEAD~", code=3)} == {"unknown"}
    assert "2 values could not be compared" in stranger.stderr
    alice.edit(YAML, "s3cr3t-db-beta", "s3cr3t-db-gamma")
    alice.commit("one value")
    stranger.git("pull", "--quiet")
    assert changes(stranger, "HEAD~", code=3) == [(YAML, "database.password", "unknown")]
    assert "1 value could not be compared: no key of default\n" in stranger.stderr


def test_a_value_that_was_written_without_reading_is_not_compared(
    world: World, tmp_path: Path
) -> None:
    alice, bob = world.copy("alice", tmp_path / "alice's"), world.copy("bob", tmp_path / "bob's")
    listed = json.loads(alice.sealedfiles("group", "keys", "--json"))["groups"]
    (key,) = (one["fingerprint"] for one in listed if one["group"] == "production")
    write = ["set", "--group", "production", "--expect-key", f"production={key}"]
    bob.sealedfiles(*write, YAML, "production.pin", answers="s3cr3t-new")
    bob.git("add", YAML)
    assert changes(bob, "--cached") == [(YAML, "production.pin", "unknown")]
    assert "no reader has accepted it yet" in bob.sealedfiles("diff", "--cached", "--show")


def test_a_partial_clone_fetches_what_is_compared(repo: Repo, tmp_path: Path) -> None:
    edit_everything(repo)
    repo.commit("edited")
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("config", "uploadpack.allowAnySHA1InWant", "true")
    partial = repo.person.clone(repo, tmp_path / "partial", "--filter=blob:none", "--no-local")
    assert changes(partial, "HEAD~") == EDITED


def test_a_token_at_another_key_is_reported_as_such(repo: Repo) -> None:
    sealed = repo.blob("HEAD", YAML).decode()
    user, password = repo.tokens("HEAD", YAML)[:2]
    commit_blob(repo, YAML, sealed.replace(user, password))
    assert changes(repo, "HEAD~", code=4) == [(YAML, "database.user", "unknown")]
    assert "it was made for another key of the file" in repo.sealedfiles("diff", "HEAD~", code=4)


def test_files_that_appear_vanish_or_do_not_parse(repo: Repo) -> None:
    (repo.path / JSON).unlink()
    repo.write("new.env", "A=s3cr3t\n")
    repo.write("cert.bin", b"\x00s3cr3t")
    repo.write("plain.txt", "not sealed\n")
    repo.git("add", "--intent-to-add", "new.env", "plain.txt")
    repo.write(YAML, FILES[YAML].replace("api:", "api: [{"))
    found = changes(repo)
    assert [one for one in found if one[0] == JSON][:1] == [(JSON, "service.name", "removed")]
    assert ("new.env", "A", "added") in found
    assert [one for one in found if one[0] == YAML] == [(YAML, None, "unknown")]
    assert "the whole file: changed, cannot be compared (it does not parse" in repo.sealedfiles(
        "diff"
    )
    assert "plain.txt" not in repo.sealedfiles("diff")
    repo.git("checkout", "--quiet", "--", JSON)
    repo.write(YAML, FILES[YAML].replace("# changed on every", "# changed on the"))
    assert changes(repo, YAML) == [(YAML, None, "layout")]
    assert "  only comments or layout\n" in repo.sealedfiles("diff", YAML)


@pytest.mark.slow
def test_a_renamed_file_is_compared_with_its_old_version(repo: Repo) -> None:
    """Also if all tokens differ, because the new file was written without the old one."""
    repo.sealedfiles("track", "moved/*", "key.bin")
    repo.write("key.bin", b"\x00s3cr3t")
    start = repo.commit("tracked")
    (repo.path / "moved").mkdir()
    repo.git("mv", YAML, "moved/app.yaml")
    repo.edit("moved/app.yaml", "s3cr3t-db-alpha", "s3cr3t-db-beta")
    text = repo.read(ENV)
    repo.git("rm", "--quiet", ENV, "key.bin")
    repo.commit("one moved, one removed")
    repo.write("moved/prod.env", text)
    repo.write("moved/other.env", "APP_NAME=orders\nA=s3cr3t-other\nB=s3cr3t-another\n")
    repo.write("moved/key.bin", b"\x00s3cr3t")
    repo.commit("the others are back")
    assert not {*repo.tokens(start, ENV)} & {*repo.tokens("HEAD", "moved/prod.env")}
    expected = [
        ("moved/app.yaml", None, "renamed"),
        ("moved/app.yaml", "database.password", "changed"),
        ("moved/key.bin", None, "renamed"),
        ("moved/other.env", "APP_NAME", "added"),
        ("moved/other.env", "A", "added"),
        ("moved/other.env", "B", "added"),
        ("moved/prod.env", None, "renamed"),
    ]
    for options in ([], ["--cached"]):
        assert changes(repo, start, *options) == expected
    shown = repo.sealedfiles("diff", start, "--show")
    assert shown.startswith(
        f"{YAML} -> moved/app.yaml: renamed\n"
        '  database.password: changed: "s3cr3t-db-alpha" -> "s3cr3t-db-beta"\n'
        "key.bin -> moved/key.bin: renamed\nmoved/other.env\n"
    )
    assert "may not come from a reader" not in repo.stderr
    rows = json.loads(repo.sealedfiles("diff", start, "--json"))["changes"]
    assert {one["path"]: one["from"] for one in rows} == {
        "moved/app.yaml": YAML,
        "moved/key.bin": "key.bin",
        "moved/other.env": None,
        "moved/prod.env": ENV,
    }
    repo.sealedfiles("diff", start, "--exit-code", "moved/key.bin", code=1)


def test_a_file_sealed_whole_changes_as_a_whole(repo: Repo) -> None:
    repo.sealedfiles("track", "key.bin")
    repo.write("key.bin", b"\x00s3cr3t")
    repo.commit("binary")
    assert changes(repo, "HEAD~") == [("key.bin", None, "added")]
    repo.write("key.bin", b"\x00s3cr3t-2")
    assert changes(repo) == [("key.bin", None, "changed")]
    (repo.path / "key.bin").unlink()
    assert changes(repo) == [("key.bin", None, "removed")]


def test_a_conflict_is_not_compared_by_key(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "-b", "theirs")
    repo.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    repo.commit("beta")
    repo.git("checkout", "--quiet", "main")
    repo.edit(ENV, "s3cr3t-db-alpha", "s3cr3t-db-gamma")
    repo.commit("gamma")
    repo.git("merge", "theirs", code=1)
    assert "it has conflict markers" in repo.sealedfiles("diff")
    repo.sealedfiles("diff", "--cached", code=2)
    assert "has a merge conflict" in repo.stderr


def test_a_repository_without_commits_is_compared_with_nothing(fresh: Repo) -> None:
    fresh.sealedfiles("init", "--name", "alice")
    fresh.sealedfiles("track", "*.env")
    fresh.write("a.env", "A=s3cr3t\n")
    fresh.git("add", "a.env")
    assert changes(fresh, "--cached") == [("a.env", "A", "added")]
    assert changes(fresh) == [("a.env", "A", "added")]


def test_names_that_mean_nothing_or_two_things_are_refused(repo: Repo) -> None:
    repo.sealedfiles("diff", "no-such-thing", code=2)
    assert "no-such-thing is neither a commit nor a file" in repo.stderr
    repo.write("main", "")
    repo.sealedfiles("diff", "main", code=2)
    assert "sealedfiles diff HEAD main" in repo.stderr
    repo.sealedfiles("diff", "HEAD", "../outside", code=2)
    shutil.rmtree(repo.path / "config")
    assert changes(repo, "config")[0][0] == JSON


def test_control_characters_of_values_do_not_reach_the_terminal(repo: Repo) -> None:
    repo.write("e.json", json.dumps({"a": "s3cr3t\x1b[2J\nnext"}))
    repo.sealedfiles("track", "e.json")
    repo.git("add", "e.json")
    shown = repo.sealedfiles("diff", "--cached", "--show", "e.json")
    assert "\x1b" not in shown
    assert '"s3cr3t\\u001b[2J\\nnext"' in shown


@pytest.mark.slow
def test_values_that_a_reader_may_not_have_written_are_marked(team: tuple[Repo, Repo]) -> None:
    """Also in a branch that somebody has pushed, before it is merged."""
    alice, bob = team
    alice.sealedfiles("revoke", "bob")
    alice.commit("bob left")
    bob.edit(YAML, "db-alpha", "db-bob")
    bob.commit("from bob")
    alice.git("fetch", "--quiet", str(bob.path), "main:pushed")
    commit_blob(alice, ENV, forge_user(alice.blob("HEAD", ENV).decode()))
    retired = "sealed with a retired key of the group default"
    plain = "in plaintext in git, but the policy seals it to default"

    assert f"password: changed (old value: {retired})" in alice.sealedfiles("diff", "pushed")
    assert "may not come from a reader" in alice.stderr
    assert f"git log -p -- {YAML}" in alice.stderr
    alice.git("merge", "--quiet", "--no-edit", "pushed")
    shown = alice.sealedfiles("diff", "HEAD~2", "--show")
    assert f'password: changed (new value: {retired}): "s3cr3t-db-alpha" -> ' in shown
    assert f"DB_USER: changed (new value: {plain})" in shown
    assert shown == alice.sealedfiles("diff", "HEAD~2", "--show", "--cached")
    rows = json.loads(alice.sealedfiles("diff", "HEAD~2", "--json"))["changes"]
    assert {(one["old_suspect"], one["new_suspect"]) for one in rows} == {
        (None, retired),
        (None, plain),
    }
    # The values of the commit before the revocation were the readers' own.
    alice.edit(YAML, "cache-alpha", "cache-beta")
    assert "cache.url: changed\n" in alice.sealedfiles("diff", "HEAD~3", YAML)
