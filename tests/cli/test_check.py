"""`sealedfiles check`: findings as text, as data, and by exit status."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from people import ENV, FILES, JSON, SECRET, YAML, Repo

from sealedfiles.app.check.kinds import KINDS

if TYPE_CHECKING:
    from pathlib import Path

UNFILTERED = [
    word
    for setting in ("process=", "clean=cat", "required=false")
    for word in ("-c", f"filter.sealedfiles.{setting}")
]


def leak(repo: Repo, path: str = YAML) -> None:
    """Stage a file as a program does that runs no filters."""
    repo.git(*UNFILTERED, "add", "--renormalize", path)


@pytest.mark.slow
def test_ordinary_use_has_no_findings(repo: Repo) -> None:
    """No warnings either: in every commit, in the index, in the whole history, with and without keys."""

    def commit(message: str) -> None:
        repo.git("add", "--all")
        assert repo.sealedfiles("check", "--staged", "--strict") == ""
        assert repo.stderr == ""
        repo.git("commit", "--quiet", "--message", message)

    for path in FILES:
        repo.edit(path, "s3cr3t-db-alpha", "s3cr3t-db-beta")
    commit("a new password")
    repo.edit(
        YAML, "  scopes: [s3cr3t-read, s3cr3t-write]", "  scopes: [s3cr3t-write, s3cr3t-read]"
    )
    repo.edit(YAML, "  user: s3cr3t-user", "  # user: s3cr3t-user\n  login: s3cr3t-user")
    repo.edit(ENV, "CACHE_URL=", "#CACHE_URL=")
    repo.edit(JSON, '"port": 8080', '"port": 9090')
    commit("another order, another name, a comment, a plain value")
    repo.git("mv", JSON, "config/moved.json")
    (repo.path / YAML).rename(repo.path / "secrets/renamed.yaml")
    commit("other names, with and without git's knowledge")
    repo.write(
        "secrets/deep/new.yaml",
        "service: {name: x}\nproduction: {pin: s3cr3t-pin}\nplace: s3cr3t\n",
    )
    repo.sealedfiles("track", "certs/*")
    repo.write("certs/key.pem", b"s3cr3t \xff")
    commit("new files")
    repo.sealedfiles(
        "track", "secrets/**/*.yaml", "--values", "place", "--group", "production", "--yes"
    )
    commit("a value to another group")
    repo.git("checkout", "--quiet", "-b", "branch", "HEAD~2")
    repo.edit(ENV, "API_TOKEN=s3cr3t-api-alpha", "API_TOKEN=s3cr3t-api-beta")
    commit("a branch")
    repo.git("checkout", "--quiet", "main")
    repo.git("merge", "--quiet", "--no-edit", "branch")
    for scope in ([], ["--all"], ["--keyed"], ["--all", "--keyed"]):
        assert repo.sealedfiles("check", "--strict", *scope) == ""
        assert "no problems found" in repo.stderr
        assert "no key is available" not in repo.stderr


def test_a_finding_is_one_line_and_gives_exit_1(repo: Repo) -> None:
    stored = repo.blob("", YAML)
    repo.write(YAML, stored + b"new: s3cr3t-open\n")
    leak(repo)
    lines = repo.sealedfiles("check", code=1).split("\n")[:-1]
    last = stored.count(b"\n") + 1
    assert lines == [
        f"{YAML}:{last}: new: in plaintext; the policy seals it to default [plain-value] -> sealedfiles status --fix"
    ]
    assert "checked 3 sealed files: 1 error" in repo.stderr
    assert "check --explain plain-value" in repo.stderr
    assert SECRET not in repo.stderr


def test_the_command_that_is_named_fixes_it(repo: Repo) -> None:
    leak(repo)
    repo.sealedfiles("check", "--staged", code=1)
    repo.sealedfiles("status", "--fix", "--yes")
    assert repo.sealedfiles("check", "--staged") == ""
    assert repo.sealedfiles("check") == ""


def test_warnings_count_with_strict_only(repo: Repo) -> None:
    repo.write("sub/.sealedfiles/policy.yaml", "version: 1\n")
    repo.git("add", "--all")
    assert "warning: " in repo.sealedfiles("check")
    assert "1 warning" in repo.stderr
    repo.sealedfiles("check", "--strict", code=1)


def test_data_for_programs(repo: Repo) -> None:
    leak(repo)
    data = json.loads(repo.sealedfiles("check", "--json", code=1))
    assert data["version"] == 1
    assert {(one["path"], one["code"]) for one in data["findings"]} == {(YAML, "sealed-before")}
    assert SECRET not in json.dumps(data)
    sarif = json.loads(repo.sealedfiles("check", "--sarif", code=1))
    assert {one["ruleId"] for one in sarif["runs"][0]["results"]} == {"sealed-before"}
    assert SECRET not in json.dumps(sarif)


def test_paths_are_as_seen_from_where_one_is(repo: Repo) -> None:
    leak(repo, YAML)
    leak(repo, ENV)
    folder = Repo(repo.person, repo.path / "secrets")
    assert f"{YAML}:" in folder.sealedfiles("check", "app.yaml", code=1)
    assert ENV not in folder.sealedfiles("check", ".", code=1)
    assert ENV in folder.sealedfiles("check", "..", code=1)
    folder.sealedfiles("check", "no-such-file", code=2)
    folder.sealedfiles("check", "../..", code=2)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--staged", "--all"],
        ["--rev", "HEAD", "--all"],
        ["--json", "--sarif"],
        ["--new"],
        ["--new-on", "origin", "--staged"],
        ["--rev", "nothing"],
        ["--rev=--all"],
        ["--explain", "nothing"],
        ["--what"],
    ],
)
def test_wrong_usage_gives_exit_2(repo: Repo, arguments: list[str]) -> None:
    assert repo.sealedfiles("check", *arguments, code=2) == ""
    assert repo.stderr.startswith("sealedfiles: ")


def test_every_finding_is_explained(repo: Repo) -> None:
    assert "Why it matters." in repo.sealedfiles("check", "--explain", "hidden-reader")
    listed = repo.sealedfiles("check", "--explain", "list").split("\n")[:-1]
    assert [line.split()[0] for line in listed] == list(KINDS)
    data = json.loads(repo.sealedfiles("check", "--explain", "list", "--json"))
    assert [(one["code"], one["severity"]) for one in data["codes"]] == [
        (kind.code, kind.severity) for kind in KINDS.values()
    ]
    data = json.loads(repo.sealedfiles("check", "--explain", "hidden-reader", "--json"))
    assert [one["what"] for one in data["codes"]] == [KINDS["hidden-reader"].what]
    repo.sealedfiles("check", "--explain", "hidden", code=2)
    assert "hidden-reader" in repo.stderr


def test_outside_of_a_repository_and_before_init(fresh: Repo, tmp_path: Path) -> None:
    fresh.sealedfiles("check", code=2)
    assert "set it up: sealedfiles init" in fresh.stderr
    fresh.write("a.env", "A=1\n")
    fresh.git("add", "--all")
    assert fresh.sealedfiles("check", "--staged") == "", "a hook for all repositories"
    outside = Repo(fresh.person, tmp_path)
    outside.sealedfiles("check", code=2)
    assert "no git repository" in outside.stderr


def test_a_new_repository_has_no_findings(fresh: Repo) -> None:
    fresh.sealedfiles("init", "--name", "alice")
    fresh.sealedfiles("track", "*.env")
    fresh.write("a.env", "A=s3cr3t\n")
    fresh.git("add", "--all")
    for scope in ([], ["--staged"], ["--all"]):
        assert fresh.sealedfiles("check", "--strict", *scope) == ""
    fresh.commit("first")
    for scope in ([], ["--staged"], ["--all"], ["--rev", "HEAD"]):
        assert fresh.sealedfiles("check", "--strict", *scope) == ""


def test_before_the_first_commit_of_an_orphan_branch(repo: Repo) -> None:
    """The folder is in the working tree, and nothing has to be merged."""
    repo.git("checkout", "--quiet", "--orphan", "fresh")
    repo.git("rm", "-r", "--quiet", "--cached", ".")
    repo.sealedfiles("check", code=3)
    assert "git add .sealedfiles .gitattributes" in repo.stderr
    repo.git("add", "--all")
    assert "s3cr3t" not in repo.git("show", f":{YAML}")
    repo.sealedfiles("check")


def test_no_key_is_needed_and_none_is_looked_for(repo: Repo, tmp_path: Path) -> None:
    marker = tmp_path / "asked"
    repo.folder("sealedfiles/keys").unlink()
    nobody = Repo(
        repo.person.having(
            HOME=str(tmp_path),
            XDG_CONFIG_HOME=str(tmp_path),
            SEALEDFILES_KEY_CMD=f"touch '{marker}'",
        ),
        repo.path,
    )
    nobody.git("config", "--global", "--add", "safe.directory", "*")
    for scope in ([], ["--staged"], ["--all"]):
        assert nobody.sealedfiles("check", *scope) == ""
    assert not marker.exists()


def test_decrypting_everything_needs_a_key(repo: Repo, tmp_path: Path) -> None:
    repo.folder("sealedfiles/keys").unlink()
    home = str(tmp_path / "nobody")
    nobody = Repo(repo.person.having(HOME=home, XDG_CONFIG_HOME=home), repo.path)
    nobody.sealedfiles("check", "--keyed", code=3)
    assert "none of your keys can decrypt values" in nobody.stderr


def test_commits_put_in_the_place_of_others_hide_nothing(repo: Repo) -> None:
    leak(repo)
    repo.git("commit", "--quiet", "--no-verify", "--message", "a leak")
    repo.git("replace", "HEAD", "HEAD~1")
    assert "sealed-before" in repo.sealedfiles("check", "--rev", "HEAD^!", code=1)


def test_a_policy_in_conflict_is_named_with_the_way_out(repo: Repo) -> None:
    """Not as missing: restoring it from HEAD would drop the rules of the other side."""
    policy = repo.read(".sealedfiles/policy.yaml")
    for branch, group in (("other", "one"), ("main", "two")):
        repo.git("checkout", "--quiet", "-B", branch)
        rule = f"  - files: 'late/*.env'\n    group: {group}\n"
        repo.write(".sealedfiles/policy.yaml", policy.rstrip("\n") + "\n" + rule)
        repo.git("commit", "--quiet", "--all", "--no-verify", "--message", branch)
        repo.git("checkout", "--quiet", "-B", "main", "HEAD~1" if branch == "other" else "HEAD")
    repo.git("merge", "--quiet", "other", code=1)
    shown = repo.sealedfiles("check", code=1)
    assert "policy.yaml: has a merge conflict" in shown
    assert "git add .sealedfiles/policy.yaml" in shown
    assert "is missing" not in shown
