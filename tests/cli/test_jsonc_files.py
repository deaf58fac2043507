"""JSON with comments, from `git add` to a merge conflict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from people import Repo

pytestmark = pytest.mark.many_variants

TEXT = """\
{
  // for local work
  "db": { "user": "admin", "password": "s3cr3t-one", }, // why
  // "password": "s3cr3t-two"
  "port": 5432, /* p */
}
"""


@pytest.fixture
def ready(fresh: Repo) -> Repo:
    fresh.sealedfiles("init", "--name", "alice")
    fresh.sealedfiles("track", "*.json", "*.jsonc", "*.json5")
    fresh.write("a.json", TEXT)
    fresh.commit("set up")
    return fresh


def test_commands_work_on_values_and_keep_comments(ready: Repo) -> None:
    assert len(ready.tokens("", "a.json")) == 4
    assert "// for local work" in ready.blob("", "a.json").decode()
    assert ready.sealedfiles("get", "a.json", "db.password") == "s3cr3t-one\n"
    assert ready.sealedfiles("cat", "--format", "env", "a.json") == (
        "DB_USER=admin\nDB_PASSWORD=s3cr3t-one\nPORT=5432\n"
    )
    ready.sealedfiles("set", "a.json", "db.password", "--value", "s3cr3t-new")
    ready.sealedfiles("set", "a.json", "db.host", "--value", "h")
    ready.sealedfiles("unset", "a.json", "port")
    expected = TEXT.replace("s3cr3t-one", "s3cr3t-new").replace('-new", }', '-new", "host": "h", }')
    assert ready.read("a.json") == expected.replace('  "port": 5432, /* p */\n', "")
    ready.commit("changed")
    assert ready.sealedfiles("check", "--keyed") == ""
    ready.sealedfiles("lock")
    assert "s3cr3t" not in ready.read("a.json")
    ready.sealedfiles("unlock")
    assert "s3cr3t-new" in ready.read("a.json")


@pytest.mark.parametrize("comments", [True, False])
def test_a_merge_and_a_conflict(ready: Repo, comments: bool) -> None:
    if not comments:
        ready.write("a.json", '{\n  "note": 1,\n  "db": { "user": "admin" },\n  "port": 5432\n}\n')
        ready.commit("strict")
    start = ready.read("a.json")
    ready.git("checkout", "-q", "-b", "other")
    ready.write("a.json", start.replace("admin", "root"))
    ready.commit("theirs")
    ready.git("checkout", "-q", "main")
    ready.write("a.json", start.replace("5432", "5433"))
    ready.commit("ours")
    ready.git("merge", "-q", "other")
    assert ready.read("a.json") == start.replace("5432", "5433").replace("admin", "root")
    ready.write("a.json", start.replace("5432", "5434"))
    ready.commit("ours again")
    ready.git("checkout", "-q", "other")
    ready.write("a.json", start.replace("5432", "5435"))
    ready.commit("theirs again")
    ready.git("merge", "main", code=1)
    assert "in plaintext" not in ready.stderr
    shown = ready.read("a.json")
    assert "<<<<<<<" in shown
    assert "5434" in shown
    assert "5435" in shown
    assert "sealed:v1:" not in shown
