"""`sealedfiles exposure --history`: the sealed values that git's history has in plaintext."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest
from people import SECRET, Person, Repo

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

TOKEN = f"glpat-{SECRET}2cD3eF4gH5iJ6"
BEFORE = f"""\
name: orders
database:
  password: {SECRET}-database
  url: postgres://shop:{SECRET}@db/shop
token: {TOKEN}
old_token: {SECRET}-of-last-year
port: 8080
"""


@pytest.fixture(scope="module")
def leaking_once(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    base = tmp_path_factory.mktemp("leaking")
    repo = Person.at(base / "alice").repository(base / "orders")
    repo.write("notes.md", f"the password is {SECRET}-database\n")
    repo.commit("notes")
    repo.write("app.yaml", BEFORE)
    repo.commit("settings")
    repo.edit("app.yaml", f"old_token: {SECRET}-of-last-year\n", "")
    repo.write("notes.md", "nothing\n")
    repo.commit("clean up")
    repo.sealedfiles("init", "--name", "alice")
    repo.sealedfiles("track", "app.yaml")
    repo.commit("seal")
    return repo


@pytest.fixture
def leaking(leaking_once: Repo, tmp_path: Path) -> Repo:
    """A repository that had secrets in plaintext before they were sealed."""
    return leaking_once.copy(tmp_path / "orders")


def rows(repo: Repo, code: int = 1) -> dict[str, dict[str, Any]]:
    """Return the rows by key, and check that no value is shown."""
    output = repo.sealedfiles("exposure", "--history", "--json", code=code)
    text = repo.sealedfiles("exposure", "--history", code=code)
    assert SECRET not in output + repo.stderr + text
    data = json.loads(output)
    assert (data["version"], data["complete"]) == (1, True)
    return {row["key"]: row for row in data["values"]}


def classes(repo: Repo, code: int = 1) -> dict[str, str]:
    return {key: row["class"] for key, row in rows(repo, code).items()}


def test_what_was_in_plaintext_must_change_and_the_first_commit_is_named(leaking: Repo) -> None:
    found = rows(leaking)
    assert {key: row["class"] for key, row in found.items()} == {
        "database.password": "must-change",
        "database.url": "must-change",
        "token": "must-change",
        "name": "review",
        "port": "review",
        "old_token": "removed",
    }
    notes, settings = leaking.head(":/notes"), leaking.head(":/settings")
    assert found["database.password"]["first_commit"]["id"] == notes
    assert found["database.password"]["first_path"] == "notes.md"
    for key in ("token", "old_token", "name"):
        assert found[key]["first_commit"]["id"] == settings
        assert found[key]["first_path"] == "app.yaml"
    assert found["token"]["provider"] == "GitLab"
    assert found["token"]["page"].startswith("https://gitlab.com/")
    assert not found["token"]["pushed"]
    output = leaking.sealedfiles("exposure", "--history", code=1)
    assert output.startswith("must change (3)\n  app.yaml: database.password  since ")
    assert "(notes.md)" in output
    assert "must be changed at their source: 3 values" in leaking.stderr
    assert "this repository has no remote" in leaking.stderr
    assert "sealedfiles set app.yaml database.password" in leaking.stderr


@pytest.mark.slow
def test_a_value_leaves_the_list_when_it_is_changed(leaking: Repo) -> None:
    new = {"database.password": "one", "database.url": "two", "token": "three"}
    for key, text in new.items():
        leaking.sealedfiles("set", "app.yaml", key, answers=f"{SECRET}-new-{text}")
        leaking.git("add", "app.yaml")
        assert classes(leaking, code=0 if text == "three" else 1)[key] == "changed"
    commit = leaking.commit("new values")
    found = rows(leaking, code=0)
    assert {found[key]["commit"] for key in new} == {commit}
    assert "no current secret is in plaintext in the history" in leaking.stderr
    leaking.sealedfiles("unset", "app.yaml", "token")
    leaking.commit("no token")
    assert classes(leaking, code=0)["token"] == "removed"


@pytest.mark.slow
def test_a_value_that_leaks_later_is_listed_too(leaking: Repo) -> None:
    for key, text in (("database.password", "pw"), ("database.url", "url"), ("token", "token")):
        leaking.sealedfiles("set", "app.yaml", key, answers=f"{SECRET}-new-{text}")
    leaking.commit("new values")
    encoded = base64.b64encode(f"{SECRET}-new-token".encode()).decode()
    leaking.git("commit", "--quiet", "--allow-empty", "--no-verify", "-m", f"use {encoded}")
    found = rows(leaking)
    assert found["token"]["class"] == "must-change"
    assert found["token"]["first_path"] == "commit message"
    assert "(commit message)" in leaking.sealedfiles("exposure", "--history", code=1)
    new = leaking.read("app.yaml").replace("token: ", "api_key: ") + f"more_token: {SECRET}-x1\n"
    leaking.write("app.yaml", new)
    leaking.commit("another name and another token")
    assert classes(leaking)["api_key"] == "must-change"
    leaking.git("commit", "--quiet", "--allow-empty", "--no-verify", "-m", f"with {SECRET}-x1")
    commit = leaking.head()
    leaking.write("app.yaml", new.replace(f"{SECRET}-x1", f"{SECRET}-y2"))
    leaking.commit("changed")
    assert rows(leaking)["more_token"]["class"] == "changed"
    assert rows(leaking)["more_token"]["first_commit"]["id"] == commit
    leaking.write("app.yaml", new.partition("more_token")[0])
    leaking.commit("removed")
    assert rows(leaking)["more_token"]["class"] == "removed"
    assert rows(leaking)["more_token"]["first_commit"]["id"] == commit


def test_what_was_only_staged_in_plaintext_is_not_listed(leaking: Repo) -> None:
    leaking.sealedfiles("set", "app.yaml", "token", answers=f"{SECRET}-new-token")
    leaking.commit("new token")
    leaking.raw("git", "hash-object", "-w", "--stdin", answers=f"it is {SECRET}-new-token")
    assert classes(leaking)["token"] == "changed"


def test_the_policy_allows_a_value_with_a_reason(leaking: Repo) -> None:
    allow = (
        "allow: [{finding: earlier-plaintext, files: app.yaml, values: token, reason: revoked}]\n"
    )
    leaking.write(".sealedfiles/policy.yaml", leaking.read(".sealedfiles/policy.yaml") + allow)
    leaking.sealedfiles("trust", "policy", "--yes")
    assert classes(leaking)["token"] == "allowed"


def test_values_that_are_not_like_secrets_do_not_hide_the_others(leaking: Repo) -> None:
    leaking.write("more.env", "".join(f"SETTING_{number}=on\n" for number in range(20)))
    leaking.git("add", "more.env")
    leaking.commit("settings")
    leaking.sealedfiles("track", "more.env")
    output = leaking.sealedfiles("exposure", "--history", code=1)
    assert output.count("more.env: ") == 8
    assert "  and 12 more (--json has all)\n" in output
    assert len(rows(leaking)) == 6 + 20


def test_pushed_values_and_the_remote_without_its_password(leaking: Repo, tmp_path: Path) -> None:
    leaking.git("init", "--quiet", "--bare", str(tmp_path / "remote"))
    leaking.git("remote", "add", "origin", str(tmp_path / "remote"))
    leaking.git("push", "--quiet", "--no-verify", "origin", "HEAD~1:refs/heads/main")
    leaking.git("remote", "set-url", "origin", f"https://bob:{SECRET}@git.example/a/b")
    assert {row["pushed"] for row in rows(leaking).values()} == {True}
    leaking.sealedfiles("exposure", "--history", code=1)
    assert "3 of them were pushed to origin (git.example/a/b)" in leaking.stderr


def test_without_a_key_nothing_can_be_compared(leaking: Repo, tmp_path: Path) -> None:
    stranger = Person.at(tmp_path / "stranger").clone(leaking, tmp_path / "clone")
    stranger.git("config", "core.hooksPath", "/dev/null")
    found = classes(stranger)
    assert found["token"] == "cannot-compare"
    assert "not compared because no key is available" in stranger.stderr


def test_a_shallow_clone_says_that_it_is_one(leaking: Repo, tmp_path: Path) -> None:
    shallow = leaking.person.clone(leaking, tmp_path / "clone", "--depth", "1", "--no-local")
    assert not json.loads(shallow.sealedfiles("exposure", "--history", "--json"))["complete"]
    assert "this clone is shallow: older commits were not checked" in shallow.stderr


def test_filter_repo_removes_the_values_of_the_file(leaking: Repo, tmp_path: Path) -> None:
    file = tmp_path / "values.txt"
    leaking.sealedfiles("exposure", "--history", "--replace-text", str(file), code=1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert f"git filter-repo --sensitive-data-removal --replace-text {file}" in leaking.stderr
    assert SECRET not in leaking.stderr
    if shutil.which("git-filter-repo", path=os.path.dirname(sys.executable)) is None:
        pytest.skip("git-filter-repo is not installed")
    clone = leaking.person.clone(leaking, tmp_path / "clone", "--no-local")
    clone.git("filter-repo", "--sensitive-data-removal", "--replace-text", str(file))
    assert [name for name, data in clone.objects() if SECRET.encode() in data] == []
    clone.sealedfiles("unlock")
    expected = BEFORE.replace(f"old_token: {SECRET}-of-last-year\n", "")
    assert clone.read("app.yaml") == expected
    assert classes(clone, code=0).keys() == {"name", "port"}


def filtered(repo: Repo, folder: Path) -> Repo:
    """Rewrite the history in a new clone, as the hints say."""
    if shutil.which("git-filter-repo", path=os.path.dirname(sys.executable)) is None:
        pytest.skip("git-filter-repo is not installed")
    file = folder / "values.txt"
    repo.sealedfiles("exposure", "--history", "--replace-text", str(file), code=1)
    command = (
        f"git filter-repo --sensitive-data-removal --replace-text {file} --replace-message {file}"
    )
    assert f"then: {command}" in repo.stderr
    clone = repo.person.clone(repo, folder / "clone", "--no-local")
    clone.git(*command.split(" ")[1:])
    return clone


def test_filter_repo_removes_values_from_messages_of_commits_and_tags(
    leaking: Repo, tmp_path: Path
) -> None:
    leaking.git("commit", "--quiet", "--no-verify", "--allow-empty", "-m", f"use {TOKEN} for now")
    leaking.git("tag", "-a", "v1", "-m", f"with {TOKEN}")
    assert TOKEN in leaking.git("log", "-1", "--format=%B")
    clone = filtered(leaking, tmp_path)
    assert "use REMOVED for now" in clone.git("log", "-1", "--format=%B")
    assert [name for name, data in clone.objects() if TOKEN.encode() in data] == []


@pytest.mark.slow
def test_filter_repo_removes_all_of_a_long_value_in_base64_on_one_line_or_several(
    leaking: Repo, tmp_path: Path
) -> None:
    """Of a key that is only cut off at its end, enough would be left."""
    body = "\n".join(f"{SECRET}{number:02}" + "MIIEvQIBADANBgkqhkiG9w0" * 2 for number in range(20))
    pem = f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
    lines = "".join(f"  {line}\n" for line in pem.split("\n")[:-1])
    one, several = (
        base64.b64encode(pem.encode()).decode(),
        base64.encodebytes(b"xy" + pem.encode()).decode(),
    )
    leaking.write("tls.yaml", f"tls_key: |\n{lines}")
    leaking.write("secret.yaml", f"data:\n  tls.key: {one}\n")
    leaking.write("note.txt", several)
    leaking.write("note.json", json.dumps({"note": base64.encodebytes(pem.encode()).decode()}))
    leaking.git("add", "--all")
    leaking.git("commit", "--quiet", "--no-verify", "--message", "a key")
    leaking.git("rm", "--quiet", "secret.yaml", "note.txt", "note.json")
    leaking.sealedfiles("track", "tls.yaml", "--yes")
    leaking.git("commit", "--quiet", "--no-verify", "--message", "sealed")
    clone = filtered(leaking, tmp_path)
    pieces = {one[at : at + 16] for at in range(0, len(one) - 20, 4)}
    pieces |= {several.replace("\n", "")[at : at + 16] for at in range(4, len(several) - 60, 4)}
    for name, data in clone.objects():
        text = re.sub(rb"\\n|\n", b"", data).decode("utf-8", "replace")
        assert not [piece for piece in pieces if piece in text], name
        assert SECRET not in text, name


def test_earlier_secrets_are_removed_and_other_texts_are_not(leaking: Repo, tmp_path: Path) -> None:
    leaking.sealedfiles("set", "app.yaml", "token", answers=f"{SECRET}-new-token")
    leaking.commit("new token")
    file = tmp_path / "values.txt"
    leaking.sealedfiles("exposure", "--history", "--replace-text", str(file), code=1)
    lines = file.read_text().split("\n")
    assert f"literal:{TOKEN}==>REMOVED" in lines
    assert f"literal:{SECRET}-of-last-year==>REMOVED" in lines
    assert not [line for line in lines if "new-token" in line or line.startswith("literal:orders")]


SPELLED = f"""\
a_password: correct {SECRET} battery staple
b_password: 'it''s {SECRET}-quoted'
c_password: "\\u00e9\\x41 {SECRET}-escaped"
d_password: "{SECRET}-folded\\
  -{SECRET}"
e_token: |
  {SECRET}-first-line
  {SECRET}-second-line
"""


@pytest.mark.slow
def test_a_value_at_a_key_of_a_secret_is_no_prose_and_all_its_spellings_are_removed(
    leaking: Repo, tmp_path: Path
) -> None:
    leaking.write("other.yaml", SPELLED)
    leaking.write("other.env", f"F_PASSWORD='it\\'s {SECRET}-env'\n")
    leaking.commit("other settings")
    leaking.sealedfiles("track", "other.*", "--yes")
    leaking.commit("seal them")
    found = classes(leaking)
    names = {"a_password", "b_password", "c_password", "d_password", "e_token", "F_PASSWORD"}
    assert {found[name] for name in names} == {"must-change"}
    if shutil.which("git-filter-repo", path=os.path.dirname(sys.executable)) is None:
        pytest.skip("git-filter-repo is not installed")
    file = tmp_path / "values.txt"
    leaking.sealedfiles("exposure", "--history", "--replace-text", str(file), code=1)
    clone = leaking.person.clone(leaking, tmp_path / "clone", "--no-local")
    clone.git("filter-repo", "--sensitive-data-removal", "--replace-text", str(file))
    assert [name for name, data in clone.objects() if SECRET.encode() in data] == []


def test_the_file_with_values_is_private_and_new_and_outside_of_any_repository(
    leaking: Repo, tmp_path: Path
) -> None:
    def refused(name: str) -> str:
        leaking.sealedfiles("exposure", "--history", "--replace-text", name, code=2)
        return leaking.stderr

    assert "is inside the repository" in refused("values.txt")
    assert not (leaking.path / "values.txt").exists()
    (tmp_path / "there").write_text("")
    assert "already exists" in refused(str(tmp_path / "there"))
    assert "does not exist" in refused(str(tmp_path / "no/values"))


@pytest.mark.parametrize(
    "arguments", [[], ["alice", "--history"], ["alice", "--replace-text", "x"]]
)
def test_wrong_usage(leaking: Repo, arguments: list[str]) -> None:
    leaking.sealedfiles("exposure", *arguments, code=2)
