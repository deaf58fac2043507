"""`sealedfiles who`: access by reader, group, file and value, without a key."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    FILES,
    JSON,
    YAML,
    Person,
    Repo,
    at_home_of_its_own,
    commit_blob,
    forge_user,
    program,
)

if TYPE_CHECKING:
    from pathlib import Path


def readers(repo: Repo) -> dict[str, dict[str, object]]:
    data = json.loads(repo.sealedfiles("who", "--json"))
    assert data["version"] == 1
    return {reader["reader"]: reader for reader in data["readers"]}


def values(repo: Repo, *arguments: str) -> dict[str, tuple[str, list[str], list[str] | None]]:
    data = json.loads(repo.sealedfiles("who", *arguments, "--json"))
    return {v["key"]: (v["state"], v["groups"], v["readers"]) for v in data["values"]}


def states(repo: Repo, name: str) -> dict[str, str]:
    return {one["group"]: one["state"] for one in readers(repo)[name]["access"]}  # type: ignore[attr-defined]


# Readers and groups


def test_readers_by_groups_with_their_keys(repo: Repo) -> None:
    groups, keys = repo.sealedfiles("who").split("\n\n")
    rows = [line.split() for line in groups.split("\n")]
    assert rows[0] == ["reader", "default", "production"]
    assert [row[0] for row in rows[1:]] == ["alice", "bob"]
    assert [row.count("●") for row in rows[1:]] == [2, 1]
    assert keys.count("post-quantum hybrid  yes") == 2
    prints = repo.sealedfiles("key", "list").split()
    assert any(word in keys.split() for word in prints)


def test_a_stdout_that_knows_only_ascii_gets_ascii(repo: Repo) -> None:
    repo.person = repo.person.having(PYTHONIOENCODING="ascii")
    repo.write("secrets/größe.yaml", "größe: s3cr3t\n")
    repo.git("add", "--all")
    shown = repo.sealedfiles("who") + repo.sealedfiles("who", "secrets/größe.yaml")
    assert shown.isascii()
    assert "x 20" in shown
    assert "gr\\xf6\\xdfe" in shown


def test_it_needs_no_key(repo: Repo, tmp_path: Path) -> None:
    repo.sealedfiles("lock")
    repo = at_home_of_its_own(repo, tmp_path)
    repo.person.identities.unlink()
    assert set(readers(repo)) == {"alice", "bob"}
    assert values(repo, YAML)["database.password"] == ("sealed", ["default"], ["alice", "bob"])


def test_kinds_of_keys_and_whether_they_are_post_quantum(repo: Repo, tmp_path: Path) -> None:
    kinds = {"ed": ["ed25519"], "rsa": ["rsa", "-b", "2048"]}
    for name, kind in kinds.items():
        command = ["ssh-keygen", "-q", "-N", "", "-f", str(tmp_path / name), "-t", *kind]
        subprocess.run(command, check=True)
        shutil.copy(tmp_path / f"{name}.pub", repo.path / f".sealedfiles/recipients/{name}.pub")
    shown = subprocess.run(
        ["ssh-keygen", "-lf", str(tmp_path / "rsa.pub")], capture_output=True, check=True
    )
    classic = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    plugin = "age1yubikey1q2w7u3vpya839jxxuq8g0sedh3d740d4xvn639sqhr95ejj8vu3hyfumptt"
    repo.write(".sealedfiles/recipients/classic.pub", classic + "\n")
    repo.write(".sealedfiles/recipients/plug.pub", plugin + "\n")
    repo.write(".sealedfiles/recipients/broken.pub", "no key\n")
    found = {
        name: [(key["kind"], key["post_quantum"]) for key in reader["public_keys"]]  # type: ignore[attr-defined]
        for name, reader in readers(repo).items()
    }
    assert found["alice"] == [("age, post-quantum hybrid", True)]
    assert found["classic"] == [("age, X25519", False)]
    assert found["ed"] == [("ssh-ed25519", False)]
    for_ssh = shown.stdout.decode().split()[1]
    assert [key["ssh_fingerprint"] for key in readers(repo)["rsa"]["public_keys"]] == [for_ssh]  # type: ignore[attr-defined]
    assert [key["ssh_fingerprint"] for key in readers(repo)["alice"]["public_keys"]] == [None]  # type: ignore[attr-defined]
    assert f" ({for_ssh})" in repo.sealedfiles("who")
    assert found["rsa"] == [("ssh-rsa", False)]
    assert found["plug"] == [("plugin yubikey", None)]
    assert found["broken"] == []
    repo.sealedfiles("who")
    assert "broken: the public key cannot be read" in repo.stderr


def test_a_public_key_that_was_swapped_is_marked(repo: Repo, tmp_path: Path) -> None:
    key = Person.at(tmp_path / "mallory").keygen()
    repo.write(".sealedfiles/recipients/bob.pub", key + "\n")
    assert states(repo, "bob") == {"default": "changed-key"}
    shown = repo.sealedfiles("who")
    assert "!" in next(line for line in shown.split("\n") if line.startswith("bob"))
    assert "bob: the public key changed after access to default was granted" in repo.stderr
    assert "sealedfiles trust bob" in repo.stderr


def test_a_reader_without_a_grant_or_with_an_old_one_is_marked(repo: Repo) -> None:
    folder = repo.path / ".sealedfiles/keys/default"
    old = (folder / "bob.grant").read_bytes()
    repo.sealedfiles("rotate", "default")
    (folder / "bob.grant").write_bytes(old)
    assert states(repo, "bob") == {"default": "old-grant"}
    (folder / "bob.grant").unlink()
    assert states(repo, "bob") == {"default": "no-grant"}


def test_epochs_that_are_in_the_middle_of_a_merge(repo: Repo) -> None:
    epochs = repo.path / ".sealedfiles/keys/default/epochs"
    epochs.write_bytes(b"<<<<<<< HEAD\n" + epochs.read_bytes())
    assert states(repo, "bob") == {"default": "granted"}
    repo.sealedfiles("who")
    assert "default: the list of its keys cannot be read" in repo.stderr


def test_a_reader_who_has_no_public_key_any_more_is_listed(repo: Repo) -> None:
    (repo.path / ".sealedfiles/recipients/bob.pub").unlink()
    assert readers(repo)["bob"]["public_keys"] == []
    repo.sealedfiles("who")
    assert "bob: the public key is missing" in repo.stderr


def test_if_the_folder_is_not_checked_out_the_index_is_read(repo: Repo) -> None:
    shutil.rmtree(repo.path / ".sealedfiles")
    assert set(readers(repo)) == {"alice", "bob"}


# Values of a file


@pytest.mark.parametrize("path", FILES)
def test_every_value_with_its_group_and_readers(repo: Repo, path: str) -> None:
    found = values(repo, path)
    password = "DB_PASSWORD" if path == ENV else "database.password"
    pin = "PROD_PIN" if path == ENV else "production.pin"
    name = "APP_NAME" if path == ENV else "service.name"
    assert found[password] == ("sealed", ["default"], ["alice", "bob"])
    assert found[name] == ("plain", [], None)
    if path != ENV:  # whose rules, the other way round, leave it to the first
        assert found[pin] == ("sealed", ["production"], ["alice"])


def test_values_for_people_and_in_markdown(repo: Repo) -> None:
    lines = repo.sealedfiles("who", YAML).split("\n")
    assert lines[0] == YAML
    assert ["production.pin", "production", "alice"] in [line.split() for line in lines]
    assert "| `production.pin` | `production` | `alice` |" in repo.sealedfiles(
        "who", YAML, "--markdown"
    )


def test_one_value_and_a_path_where_none_is(repo: Repo) -> None:
    assert list(values(repo, YAML, "production.pin")) == ["production.pin"]
    repo.sealedfiles("who", YAML, "database.pasword", code=2)
    assert "available: database.password" in repo.stderr


def test_the_token_decides_and_not_a_rule_that_came_later(repo: Repo) -> None:
    policy = repo.read(".sealedfiles/policy.yaml")
    repo.write(".sealedfiles/policy.yaml", policy.replace("group: production", "group: staging"))
    repo.sealedfiles("trust", "policy", "--yes")
    repo.edit(YAML, "  pin: 's3cr3t-production'", "  pin: 's3cr3t-production'\n  new: s3cr3t-new")
    found = values(repo, YAML)
    assert found["production.pin"] == ("sealed", ["production"], ["alice"])
    assert found["production.new"] == ("new", ["staging"], [])


def test_plaintext_in_git_is_readable_by_everybody(repo: Repo) -> None:
    off = ("-c", "filter.sealedfiles.process=", "-c", "filter.sealedfiles.clean=cat")
    repo.git(*off, "-c", "filter.sealedfiles.required=false", "add", "--renormalize", JSON)
    assert values(repo, JSON)["database.password"] == ("open", ["default"], None)


def test_whole_files_and_sealed_comments(repo: Repo) -> None:
    repo.edit(YAML, "  token: s3cr3t-api-alpha", "  # token: s3cr3t-api-alpha")
    repo.write("secrets/broken.yaml", "a: [s3cr3t\n")
    repo.git("add", "--all")
    assert ("sealed", ["default"], ["alice", "bob"]) in values(repo, YAML).values()
    assert any(path.startswith("(comment, line") for path in values(repo, YAML))
    # Sealed to both groups: the outermost layer is all that shows.
    found = values(repo, "secrets/broken.yaml")
    assert found == {"(the whole file)": ("sealed", ["production"], ["alice"])}


def test_a_file_that_is_not_sealed(repo: Repo) -> None:
    repo.sealedfiles("who", "README.md", code=2)
    assert "anyone with the repository can read it" in repo.stderr


def test_names_of_files_and_keys_do_nothing_to_a_terminal_or_to_markdown(repo: Repo) -> None:
    name = "secrets/a|b`\x1b[31m.yaml"
    repo.write(name, '"k\\e[31m|`": s3cr3t\n')
    repo.git("add", "--all")
    for option in ((), ("--markdown",), ("--json",)):
        assert "\x1b" not in repo.sealedfiles("who", name, *option)
    row = repo.sealedfiles("who", name, "--markdown").split("\n")[4]
    assert row == '| ``"k\\u001b[31m\\|`"`` | `default` | `alice, bob` |'


def test_outside_of_git(alice: Person, tmp_path: Path, repo: Repo) -> None:
    folder = tmp_path / "no git"
    folder.mkdir()
    shutil.copytree(repo.path / ".sealedfiles", folder / ".sealedfiles")
    (folder / "app.yaml").write_text("a: s3cr3t\n")
    bare = Repo(repo.person, folder)
    assert set(readers(bare)) == {"alice", "bob"}
    assert values(bare, "app.yaml")["a"] == ("new", ["default"], ["alice", "bob"])
    bare.sealedfiles("seal", "app.yaml")
    assert values(bare, "app.yaml")["a"] == ("sealed", ["default"], ["alice", "bob"])
    bare.sealedfiles("who", "--html", "page.html")
    bare.sealedfiles("who", "--log", code=2)


# The page


def test_the_page_has_every_tracked_file(repo: Repo) -> None:
    repo.sealedfiles("who", "--html", "page.html")
    page = repo.read("page.html")
    assert all(f">{path}</th>" in page for path in FILES)
    assert repo.head()[:12] in page
    assert stat.S_IMODE((repo.path / "page.html").stat().st_mode) == 0o644
    repo.sealedfiles("who", YAML, "--html", "page.html")
    assert JSON not in repo.read("page.html")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
def test_the_page_is_written_to_the_file_behind_a_link(repo: Repo) -> None:
    (repo.path / "link.html").symlink_to("page.html")
    repo.sealedfiles("who", "--html", "link.html")
    assert (repo.path / "link.html").is_symlink()
    assert YAML in repo.read("page.html")


def test_the_page_shows_former_readers_who_granted_rules_and_findings(repo: Repo) -> None:
    repo.git("config", "user.name", "Granny & Co")
    repo.sealedfiles("grant", "bob", "--to", "production")
    repo.commit("granted")
    repo.sealedfiles("revoke", "bob", "--from", "production", code=None)
    repo.commit("removed")
    repo.sealedfiles("grant", "bob", "--to", "production")
    repo.git("config", "user.name", "Somebody else")
    repo.commit("granted again")
    commit_blob(repo, YAML, forge_user(repo.blob("", YAML).decode()))
    repo.sealedfiles("who", "--html", "page.html")
    page = re.sub(r"<[^>]*>", " ", repo.read("page.html"))
    shown = re.sub(r"\s+", " ", page)
    today = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    granted, removed = repo.head("HEAD~3")[:12], repo.head("HEAD~2")[:12]
    who = "by Granny &amp; Co"
    assert f"bob production {today} {who} {granted} {today} {who} {removed}" in shown
    assert f"reads production, since {today} by Somebody else" in shown
    assert f"reads default, since {today} by alice" in shown
    assert "*.env PROD_* production" in shown
    assert "database.user: in plaintext" in shown
    assert "Granny & Co" not in page


def test_options_that_do_not_go_together(repo: Repo) -> None:
    for options in (
        ["--json", "--markdown"],
        ["--html", "x", "--json"],
        ["--all"],
        ["--log", YAML],
    ):
        repo.sealedfiles("who", *options, code=2)


# The history


def events(repo: Repo, *options: str) -> list[tuple[str, str | None, str | None]]:
    data = json.loads(repo.sealedfiles("who", "--log", "--json", *options))
    assert data["version"] == 1
    return [(event["what"], event["group"], event["reader"]) for event in data["events"]]


def test_the_history_lists_grants_and_revocations_newest_first(repo: Repo, tmp_path: Path) -> None:
    first = events(repo)
    assert first[0] == ("granted", "default", "bob")
    assert ("created", "default", None) in first
    assert ("granted", "production", "alice") in first
    repo.sealedfiles("rotate", "production")
    repo.git("commit", "--quiet", "-m", "rotate")
    repo.sealedfiles("revoke", "bob")
    repo.git("commit", "--quiet", "-m", "bob has left")
    assert events(repo) == [
        ("revoked-key", "default", None),
        ("revoked", "default", "bob"),
        ("key-removed", None, "bob"),
        ("rotated", "production", None),
        *first,
    ]
    lines = repo.sealedfiles("who", "--log").split("\n")
    assert lines[1].endswith("alice  revoked bob: default")
    assert repo.head()[:12] in lines[1]
    assert repo.stderr == ""


def test_public_keys_that_change_and_grants_for_them(repo: Repo, tmp_path: Path) -> None:
    key = Person.at(tmp_path / "mallory").keygen()
    repo.write(".sealedfiles/recipients/bob.pub", key + "\n")
    repo.commit("a new laptop")
    repo.sealedfiles("trust", "bob", "--yes")
    repo.git("commit", "--quiet", "-m", "confirmed")
    # The old private key has the old group keys: they are retired.
    assert events(repo)[:3] == [
        ("revoked-key", "default", None),
        ("confirmed", "default", "bob"),
        ("key-changed", None, "bob"),
    ]


def test_an_author_does_nothing_to_a_terminal_whatever_git_is_told_to_show(repo: Repo) -> None:
    for key in ("log.showSignature", "log.decorate", "color.ui"):
        repo.git("config", key, "always" if key == "color.ui" else "true")
    repo.git("config", "log.showRoot", "false")
    repo.git("config", "user.name", "Mallory \x1b[31m")
    repo.sealedfiles("revoke", "bob")
    repo.git("commit", "--quiet", "-m", "\x1b[31mx")
    shown = repo.sealedfiles("who", "--log")
    assert "Mallory \\x1b[31m" in shown
    assert "\x1b" not in shown + repo.stderr


def test_branches_and_what_a_merge_made_of_them(repo: Repo) -> None:
    repo.git("switch", "--quiet", "-c", "leaving")
    repo.sealedfiles("revoke", "bob")
    repo.git("commit", "--quiet", "-m", "bob has left")
    repo.git("switch", "--quiet", "main")
    assert ("revoked", "default", "bob") not in events(repo)
    assert ("revoked", "default", "bob") in events(repo, "--all")
    # A merge that keeps him, which no commit's own changes show.
    repo.git("merge", "--quiet", "-s", "ours", "leaving", "-m", "merge")
    assert ("revoked", "default", "bob") in events(repo)
    assert "bob and default differs from HEAD" in repo.stderr


def test_what_a_merge_itself_brought(repo: Repo) -> None:
    repo.git("switch", "--quiet", "-c", "side")
    repo.git("commit", "--quiet", "--allow-empty", "-m", "side")
    repo.git("switch", "--quiet", "main")
    repo.git("merge", "--quiet", "--no-ff", "--no-commit", "side")
    repo.git("rm", "--quiet", ".sealedfiles/keys/default/bob.age")
    repo.git("commit", "--quiet", "-m", "merge")
    assert events(repo)[0] == ("revoked", "default", "bob")


def test_a_shallow_clone_reports_that_history_is_missing(repo: Repo, tmp_path: Path) -> None:
    clone = repo.person.clone(repo, tmp_path / "shallow", "--depth=1", "--no-local")
    clone.sealedfiles("who", "--log")
    assert "this clone is shallow" in clone.stderr


def test_a_closed_pager_ends_the_log(repo: Repo) -> None:
    command = f"'{program()[0]}' who --log | head -n 1"
    shown, _ = repo.person.run(["sh", "-c", command], repo.path)
    assert shown.count(b"\n") == 1
