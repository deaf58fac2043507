"""`sealedfiles doctor`: the report on a healthy clone, and on every problem."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from people import (
    ENV,
    SECRET,
    YAML,
    Installation,
    Person,
    Repo,
    at_home_of_its_own,
    put_file_in_place_of_state,
)

from sealedfiles.app.doctor.caches import IN_CLONE
from sealedfiles.app.doctor.point import error
from sealedfiles.git.clone import Clone
from sealedfiles.git.repository import find_repository

if TYPE_CHECKING:
    from pathlib import Path


def points(repo: Repo, code: int = 0) -> dict[str, tuple[str, str, str]]:
    """Return the most severe point of each name: level, text, fix."""
    data = json.loads(repo.sealedfiles("doctor", "--json", code=code))
    assert data["version"] == 1
    order = ["ok", "warning", "error"]
    found: dict[str, tuple[str, str, str]] = {}
    for point in data["checks"]:
        row = (point["severity"], point["message"], point["fix"])
        known = found.get(point["name"])
        if known is None or order.index(row[0]) > order.index(known[0]):
            found[point["name"]] = row
    return found


def test_a_healthy_clone_has_no_errors_and_no_warnings(repo: Repo) -> None:
    assert {name: row for name, row in points(repo).items() if row[0] != "ok"} == {}


def test_the_text_has_a_command_below_each_problem(repo: Repo) -> None:
    repo.git("config", "filter.sealedfiles.required", "false")
    lines = repo.sealedfiles("doctor", code=1).split("\n")
    at = next(n for n, line in enumerate(lines) if line.startswith("error"))
    assert lines[at + 1].split() == ["->", "git", "config", "filter.sealedfiles.required", "true"]


def test_outside_of_any_workspace_the_installation_alone_is_checked(
    alice: Person, tmp_path: Path
) -> None:
    out, _ = alice.run(["sealedfiles", "doctor"], cwd=tmp_path)
    assert b"no .sealedfiles here" in out


def test_a_filter_that_is_not_configured(repo: Repo) -> None:
    repo.git("config", "--remove-section", "filter.sealedfiles")
    assert points(repo, code=1)["filter"][::2] == ("error", "sealedfiles unlock")


def test_a_filter_that_is_installed_in_the_working_tree(repo: Repo) -> None:
    installation = Installation(repo.path / "tools")
    repo.raw(str(installation.program), "unlock")
    level, text, fix = points(repo)["filter place"]
    assert level == "warning"
    assert f"{installation.folder}" in text
    assert "sealedfiles unlock" in fix
    repo.git("config", "filter.sealedfiles.process", f"{repo.path}/.git/tools/sealedfiles")
    assert "filter place" not in points(repo, code=1)


def test_a_file_in_the_place_of_a_folder_is_a_finding(repo: Repo) -> None:
    put_file_in_place_of_state(repo)
    level, text, fix = points(repo, code=1)["keys"]
    assert level == "error"
    assert "not a directory" in text
    assert "ls -ld" in fix


def test_a_filter_whose_program_is_missing(repo: Repo) -> None:
    repo.git("config", "filter.sealedfiles.process", "/gone/bin/sealedfiles git filter-process")
    level, text, fix = points(repo, code=1)["filter start"]
    assert (level, fix) == ("error", "sealedfiles unlock")
    assert "does not start" in text


def test_a_filter_that_only_a_shell_finds_does_not_start_for_programs_with_windows(
    repo: Repo,
) -> None:
    repo.git("config", "filter.sealedfiles.process", "sealedfiles git filter-process")
    assert points(repo, code=1)["filter start"][0] == "error"


def test_a_pattern_that_a_pull_took_away(repo: Repo) -> None:
    attributes = repo.path / ".gitattributes"
    kept = [line for line in attributes.read_text().split("\n") if not line.startswith("*.env")]
    assert len(kept) < len(attributes.read_text().split("\n"))
    attributes.write_text("\n".join(kept))
    level, text, _ = points(repo)["attributes"]
    assert level == "warning"
    assert "*.env" in text


def test_an_identity_file_that_others_can_read(repo: Repo, tmp_path: Path) -> None:
    repo = at_home_of_its_own(repo, tmp_path)
    repo.person.identities.chmod(0o644)
    level, _, fix = points(repo, code=1)["identity file"]
    assert level == "error"
    assert fix.startswith("chmod 600")


def test_a_clone_without_an_identity(repo: Repo, tmp_path: Path) -> None:
    repo = at_home_of_its_own(repo, tmp_path)
    repo.person.identities.unlink()
    assert points(repo)["identity"][::2] == ("warning", "sealedfiles keygen")


def test_plaintext_in_the_index(repo: Repo) -> None:
    oid = repo.git("hash-object", "-w", "--no-filters", ENV).strip()
    repo.git("update-index", "--cacheinfo", f"100644,{oid},{ENV}")
    assert points(repo, code=1)["files"][::2] == ("error", "sealedfiles status --fix")


def test_files_that_are_still_sealed_in_an_unlocked_clone(repo: Repo) -> None:
    (repo.path / YAML).write_text(repo.git("show", f"HEAD:{YAML}"))
    assert points(repo)["files"][::2] == ("warning", "sealedfiles unlock")


def test_a_locked_clone_is_healthy(repo: Repo) -> None:
    repo.sealedfiles("lock")
    found = points(repo)
    assert found["files"][0] == "ok"
    assert "locked" in found["keys"][1]


def test_plaintext_in_the_memory_of_conflicts(repo: Repo) -> None:
    cache = repo.path / ".git" / "rr-cache" / ("0" * 40)
    cache.mkdir(parents=True)
    (cache / "preimage").write_text(f"<<<<<<<\npassword: {SECRET}-db-alpha\n=======\n>>>>>>>\n")
    level, _, fix = points(repo, code=1)["rr-cache"]
    assert level == "error"
    assert fix.startswith("rm -r")


def test_conflicts_of_other_files_in_that_memory_are_fine(repo: Repo) -> None:
    cache = repo.path / ".git" / "rr-cache" / ("0" * 40)
    cache.mkdir(parents=True)
    (cache / "preimage").write_text("<<<<<<<\nnothing: special\n=======\n>>>>>>>\n")
    assert points(repo)["rr-cache"][0] == "ok"


def test_a_cache_of_textconv(repo: Repo) -> None:
    repo.git("update-ref", "refs/notes/textconv/sealedfiles", "HEAD")
    level, _, fix = points(repo, code=1)["textconv cache"]
    assert (level, fix) == ("error", "git update-ref -d refs/notes/textconv/sealedfiles")


def test_a_textconv_cache_that_is_switched_on(repo: Repo) -> None:
    repo.git("config", "diff.sealedfiles.cachetextconv", "true")
    assert points(repo)["textconv cache"][0] == "warning"


def test_an_edit_that_was_kept(repo: Repo) -> None:
    folder = repo.path / ".git" / "sealedfiles" / "recovery"
    folder.mkdir()
    (folder / "app.yaml").write_text("password: new\n")
    assert points(repo)["recovery"][0] == "warning"


def test_hooks_that_are_wanted_and_missing(repo: Repo) -> None:
    assert points(repo)["hooks"][0] == "ok"
    repo.git("config", "sealedfiles.hooks", "true")
    assert points(repo)["hooks"][::2] == ("warning", "sealedfiles hook install")
    repo.sealedfiles("hook", "install")
    assert points(repo)["hooks"][0] == "ok"


def test_what_check_finds(repo: Repo) -> None:
    policy = repo.path / ".sealedfiles" / "policy.yaml"
    policy.write_text(policy.read_text() + "  - files: nothing/at/all\n    plain: true\n")
    repo.git("add", ".sealedfiles")
    assert points(repo)["check"][::2] == ("warning", "sealedfiles check")


def test_a_shallow_clone(repo: Repo, tmp_path: Path) -> None:
    (repo.path / "more").write_text("a second commit\n")
    repo.git("add", "more")
    repo.git("commit", "-qm", "more")
    repo.git("clone", "-q", "--depth=1", f"file://{repo.path}", str(tmp_path / "shallow"))
    shallow = Repo(repo.person, tmp_path / "shallow")
    shallow.sealedfiles("unlock")
    assert points(shallow)["history"][::2] == ("warning", "git fetch --unshallow")


def test_a_policy_in_the_middle_of_a_merge(repo: Repo) -> None:
    policy = repo.path / ".sealedfiles" / "policy.yaml"
    policy.write_text("<<<<<<< ours\n" + policy.read_text())
    assert points(repo, code=1)["policy"][0] == "error"


def test_epochs_that_cannot_be_read(repo: Repo) -> None:
    (repo.path / ".sealedfiles" / "keys" / "default" / "epochs").write_text("nonsense\n")
    assert points(repo, code=1)["group default"][0] == "error"


def test_a_report_names_no_file_no_person_and_no_value(repo: Repo, tmp_path: Path) -> None:
    repo = at_home_of_its_own(repo, tmp_path)
    repo.person.identities.chmod(0o644)
    shutil.rmtree(repo.path / ".git" / "hooks", ignore_errors=True)
    report = repo.sealedfiles("doctor", "--report", code=1)
    for private in (SECRET, str(repo.path), str(repo.person.home), "age1", "orders", "production"):
        assert private not in report


@pytest.mark.parametrize("option", ["--json", "--report", ""])
def test_nothing_is_changed(repo: Repo, option: str) -> None:
    before = sorted((f, f.stat().st_mtime_ns) for f in (repo.path / ".git").rglob("*"))
    repo.sealedfiles("doctor", *([option] if option else []))
    after = sorted((f, f.stat().st_mtime_ns) for f in (repo.path / ".git").rglob("*"))
    assert after == before


def test_clone_state_that_this_user_may_not_read(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sudo git pull` creates such a file."""
    file = repo.folder("sealedfiles") / "keys"
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != file and access(path, mode))
    repository = find_repository(repo.path)
    assert repository is not None
    (point,) = IN_CLONE["clone state"](Clone(repository))
    assert point == error(
        f"you cannot read and write: {file}",
        "sudo chown -R $(id -u) .git",
    )


@pytest.mark.slow
def test_keys_that_the_commands_refuse_are_an_error(repo: Repo) -> None:
    """As on a branch from before a rotation."""
    repo.git("branch", "old")
    repo.sealedfiles("rotate", "default")
    repo.commit("rotate")
    repo.git("checkout", "--quiet", "old")
    repo.sealedfiles("get", ENV, "DB_PASSWORD", code=4)
    level, text, fix = points(repo, code=1)["group default"]
    assert level == "error"
    assert "do not include the newest key seen" in text
    assert fix
    assert points(repo, code=1)["group production"][0] == "ok"
